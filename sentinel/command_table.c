/* The table of commands: one row each, and finding a row by name. */
#include "command_table.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#define QUIET (TRAIT_LOADING | TRAIT_STALE)
#define PLAIN (TRAIT_NOSCRIPT | QUIET)
#define SLOW_CONNECTION (CATEGORY_SLOW | CATEGORY_CONNECTION)
#define FAST_CONNECTION (CATEGORY_FAST | CATEGORY_CONNECTION)
#define ADMIN_ONLY (CATEGORY_ADMIN | CATEGORY_SLOW | CATEGORY_DANGEROUS)
#define ADMIN_CONNECTION (ADMIN_ONLY | CATEGORY_CONNECTION)
#define SUBSCRIPTION (TRAIT_PUBSUB | PLAIN | TRAIT_SUBSCRIBED)
#define SLOW_PUBSUB (CATEGORY_PUBSUB | CATEGORY_SLOW)

static const struct command rows[] = {
    {"ping", -1, TRAIT_FAST | TRAIT_SUBSCRIBED, FAST_CONNECTION, command_ping,
     "1.0.0", "connection", "O(1)",
     "request_policy:all_shards response_policy:all_succeeded",
     "Answer, to show that the process is alive", NULL},
    {"auth", -2, PLAIN | TRAIT_FAST | TRAIT_NO_AUTH | TRAIT_ALLOW_BUSY,
     FAST_CONNECTION, command_auth, "1.0.0", "connection", "O(1)", NULL,
     "Log in with a password, or with a user name and a password", NULL},
    {"hello", -1, PLAIN | TRAIT_FAST | TRAIT_NO_AUTH | TRAIT_ALLOW_BUSY,
     FAST_CONNECTION, command_hello, "6.0.0", "connection", "O(1)", NULL,
     "Choose the protocol version, and log in and name the connection", NULL},
    {"quit", -1,
     PLAIN | TRAIT_FAST | TRAIT_NO_AUTH | TRAIT_ALLOW_BUSY | TRAIT_SUBSCRIBED |
         TRAIT_EXTRA,
     FAST_CONNECTION, command_quit, "1.0.0", "connection", "O(1)", NULL,
     "Close the connection after an answer", NULL},
    {"reset", 1,
     PLAIN | TRAIT_FAST | TRAIT_NO_AUTH | TRAIT_ALLOW_BUSY | TRAIT_SUBSCRIBED |
         TRAIT_EXTRA,
     FAST_CONNECTION, command_reset, "6.2.0", "connection", "O(1)", NULL,
     "Put the connection back into the state of a new one", NULL},
    {"role", 1, PLAIN | TRAIT_FAST,
     CATEGORY_ADMIN | CATEGORY_FAST | CATEGORY_DANGEROUS, command_role,
     "2.8.12", "server", "O(1)", NULL,
     "Return the role of the instance in the context of replication", NULL},
    {"info", -1, QUIET, CATEGORY_SLOW | CATEGORY_DANGEROUS, command_info,
     "1.0.0", "server", "O(1)",
     "nondeterministic_output request_policy:all_shards "
     "response_policy:special",
     "Figures of the process and of the monitored masters", NULL},
    {"shutdown", -1, TRAIT_ADMIN | PLAIN | TRAIT_NO_MULTI | TRAIT_ALLOW_BUSY,
     ADMIN_ONLY, command_shutdown, "1.0.0", "server", "O(1)", NULL,
     "Write the state and end the process", NULL},
    {"subscribe", -2, SUBSCRIPTION, SLOW_PUBSUB, command_subscribe, "2.0.0",
     "pubsub", "O(N) where N is the number of channels given", NULL,
     "Get the notices of the channels given", NULL},
    {"psubscribe", -2, SUBSCRIPTION, SLOW_PUBSUB, command_subscribe, "2.0.0",
     "pubsub", "O(N) where N is the number of patterns given", NULL,
     "Get the notices of all channels that match the patterns given", NULL},
    {"unsubscribe", -1, SUBSCRIPTION, SLOW_PUBSUB, command_unsubscribe, "2.0.0",
     "pubsub", "O(N) where N is the number of channels given", NULL,
     "End subscriptions of channels, all when none is given", NULL},
    {"punsubscribe", -1, SUBSCRIPTION, SLOW_PUBSUB, command_unsubscribe,
     "2.0.0", "pubsub", "O(N) where N is the number of patterns given", NULL,
     "End subscriptions of patterns, all when none is given", NULL},
    {"publish", 3, TRAIT_PUBSUB | QUIET | TRAIT_FAST,
     CATEGORY_PUBSUB | CATEGORY_FAST, command_publish, "2.0.0", "pubsub",
     "O(1)", NULL, "Hand a hello message of another sentinel to this one",
     NULL},

    {"client", -2, TRAIT_CONTAINER, CATEGORY_SLOW, NULL, "2.4.0", "connection",
     "Depends on subcommand.", NULL, "Commands about connections", NULL},
    {"client|caching", 3, PLAIN, SLOW_CONNECTION, command_client_caching,
     "6.0.0", "connection", "O(1)", NULL,
     "Refused: a sentinel has no keys to track",
     "CACHING (YES|NO)\n    Refused: there are no keys to track here."},
    {"client|getredir", 2, PLAIN, SLOW_CONNECTION, command_client_getredir,
     "6.0.0", "connection", "O(1)", NULL,
     "Always -1: a sentinel has no keys to track",
     "GETREDIR\n    Always -1: there are no keys to track here."},
    {"client|getname", 2, PLAIN, SLOW_CONNECTION, command_client_getname,
     "2.6.9", "connection", "O(1)", NULL, "The name of this connection",
     "GETNAME\n    The name of this connection."},
    {"client|id", 2, PLAIN, SLOW_CONNECTION, command_client_id, "5.0.0",
     "connection", "O(1)", NULL, "The number of this connection",
     "ID\n    The number of this connection."},
    {"client|info", 2, PLAIN, SLOW_CONNECTION, command_client_info, "6.2.0",
     "connection", "O(1)", "nondeterministic_output",
     "The line that CLIENT LIST has for this connection",
     "INFO\n    The line that LIST has for this connection."},
    {"client|kill", -3, TRAIT_ADMIN | PLAIN, ADMIN_CONNECTION,
     command_client_kill, "2.4.0", "connection",
     "O(N) where N is the number of connections", NULL,
     "Close connections chosen by address, number, type or user",
     "KILL <ip:port>\n"
     "    Close the connection from <ip:port>.\n"
     "KILL <option> <value> [<option> <value> [...]]\n"
     "    Close the connections that fit all options:\n"
     "    * ADDR (<ip:port>|<unixsocket>:0)\n"
     "      come from this address.\n"
     "    * LADDR (<ip:port>|<unixsocket>:0)\n"
     "      came to this local address.\n"
     "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)\n"
     "      are of this type.\n"
     "    * USER <username>\n"
     "      logged in as <username>.\n"
     "    * ID <client-id>\n"
     "      have this number.\n"
     "    * SKIPME (YES|NO)\n"
     "      NO: this connection is not spared (default: yes)."},
    {"client|list", -2, TRAIT_ADMIN | PLAIN, ADMIN_CONNECTION,
     command_client_list, "2.4.0", "connection",
     "O(N) where N is the number of connections", "nondeterministic_output",
     "One line for each connection",
     "LIST [options ...]\n"
     "    One line for each connection. Options:\n"
     "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)\n"
     "      Only those of this type.\n"
     "    * ID <client-id> [<client-id> ...]\n"
     "      Only those with these numbers."},
    {"client|unpause", 2, TRAIT_ADMIN | PLAIN, ADMIN_CONNECTION,
     command_client_unpause, "6.2.0", "connection", "O(1)", NULL,
     "Accepted without effect", "UNPAUSE\n    Accepted without effect."},
    {"client|pause", -3, TRAIT_ADMIN | PLAIN, ADMIN_CONNECTION,
     command_client_pause, "2.9.50", "connection", "O(1)", NULL,
     "Accepted without effect: other sentinels must not be kept waiting",
     "PAUSE <timeout> [WRITE|ALL]\n"
     "    Accepted without effect: other sentinels must not be kept waiting."},
    {"client|reply", 3, PLAIN, SLOW_CONNECTION, command_client_reply, "3.2.0",
     "connection", "O(1)", NULL, "Leave out replies to this connection",
     "REPLY (ON|OFF|SKIP)\n    Leave out replies: all, or the next one."},
    {"client|setname", 3, PLAIN, SLOW_CONNECTION, command_client_setname,
     "2.6.9", "connection", "O(1)", NULL, "Name this connection",
     "SETNAME <name>\n    Name this connection."},
    {"client|setinfo", 4, PLAIN | TRAIT_EXTRA, SLOW_CONNECTION,
     command_client_setinfo, "7.2.0", "connection", "O(1)", NULL,
     "Tell the name or the version of the client library",
     "SETINFO (LIB-NAME|LIB-VER) <value>\n"
     "    Tell the name or the version of the client library."},
    {"client|unblock", -3, TRAIT_ADMIN | PLAIN, ADMIN_CONNECTION,
     command_client_unblock, "5.0.0", "connection", "O(1)", NULL,
     "Always 0: no command of a sentinel blocks",
     "UNBLOCK <clientid> [TIMEOUT|ERROR]\n"
     "    Always 0: no command blocks here."},
    {"client|tracking", -3, PLAIN, SLOW_CONNECTION, command_client_tracking,
     "6.0.0", "connection", "O(1)", NULL,
     "OFF is accepted, ON refused: a sentinel has no keys to track",
     "TRACKING (ON|OFF)\n    ON is refused: there are no keys to track here."},
    {"client|trackinginfo", 2, PLAIN, SLOW_CONNECTION,
     command_client_trackinginfo, "6.2.0", "connection", "O(1)", NULL,
     "Tells that tracking is off",
     "TRACKINGINFO\n    Tells that tracking is off."},
    {"client|no-evict", 3, TRAIT_ADMIN | PLAIN, ADMIN_CONNECTION,
     command_client_switch, "7.0.0", "connection", "O(1)", NULL,
     "Accepted without effect: clients are not evicted",
     "NO-EVICT (ON|OFF)\n    Accepted without effect."},
    {"client|no-touch", 3, PLAIN | TRAIT_EXTRA, SLOW_CONNECTION,
     command_client_switch, "7.2.0", "connection", "O(1)", NULL,
     "Accepted without effect: there are no keys",
     "NO-TOUCH (ON|OFF)\n    Accepted without effect."},
    {"client|help", 2, QUIET, SLOW_CONNECTION, command_help, "5.0.0",
     "connection", "O(1)", NULL, "Help on CLIENT",
     "HELP\n    Prints this help."},

    {"command", -1, QUIET | TRAIT_CONTAINER, SLOW_CONNECTION, command_command,
     "2.8.13", "server", "O(N) where N is the number of commands",
     "nondeterministic_output_order", "Describe all commands",
     "(no subcommand)\n    Describe all commands."},
    {"command|count", 2, QUIET, SLOW_CONNECTION, command_count, "2.8.13",
     "server", "O(1)", NULL, "Number of commands",
     "COUNT\n    Number of commands."},
    {"command|list", -2, QUIET, SLOW_CONNECTION, command_list, "7.0.0",
     "server", "O(N) where N is the number of commands",
     "nondeterministic_output_order", "Names of commands and subcommands",
     "LIST [FILTERBY (MODULE <name>|ACLCAT <category>|PATTERN <pattern>)]\n"
     "    Names of commands and subcommands."},
    {"command|info", -2, QUIET, SLOW_CONNECTION, command_command_info, "2.8.13",
     "server", "O(N) where N is the number of names",
     "nondeterministic_output_order", "Describe commands by name",
     "INFO [<command-name> ...]\n"
     "    Describe the commands named, or all."},
    {"command|docs", -2, QUIET, SLOW_CONNECTION, command_docs, "7.0.0",
     "server", "O(N) where N is the number of names",
     "nondeterministic_output_order", "Documentation of commands by name",
     "DOCS [<command-name> ...]\n"
     "    Documentation of the commands named, or of all."},
    {"command|getkeys", -4, QUIET, SLOW_CONNECTION, command_getkeys, "2.8.13",
     "server", "O(1)", NULL, "An error: no command here has keys",
     "GETKEYS <full-command>\n    An error: no command here has keys."},
    {"command|getkeysandflags", -4, QUIET, SLOW_CONNECTION, command_getkeys,
     "7.0.0", "server", "O(1)", NULL, "An error: no command here has keys",
     "GETKEYSANDFLAGS <full-command>\n"
     "    An error: no command here has keys."},
    {"command|help", 2, QUIET, SLOW_CONNECTION, command_help, "5.0.0", "server",
     "O(1)", NULL, "Help on COMMAND", "HELP\n    Prints this help."},

    {"acl", -2, TRAIT_CONTAINER, CATEGORY_SLOW, NULL, "6.0.0", "server",
     "Depends on subcommand.", NULL, "Commands about users and permissions",
     NULL},
    {"acl|cat", -2, PLAIN, CATEGORY_SLOW, command_acl_cat, "6.0.0", "server",
     "O(N) where N is the number of commands", NULL,
     "Categories, or the commands of one category",
     "CAT [<category>]\n    Categories, or the commands of <category>."},
    {"acl|deluser", -3, TRAIT_ADMIN | PLAIN, ADMIN_ONLY, command_acl_deluser,
     "6.0.0", "server", "O(N) where N is the number of clients", NULL,
     "Delete users, and disconnect their clients",
     "DELUSER <username> [<username> ...]\n"
     "    Delete these users, and disconnect their clients."},
    {"acl|dryrun", -4, TRAIT_ADMIN | PLAIN, ADMIN_ONLY, command_acl_dryrun,
     "7.0.0", "server", "O(1)", NULL, "Tell whether a user may run a command",
     "DRYRUN <username> <command> [<arg> ...]\n"
     "    Tell whether the user may run the command; it is not run."},
    {"acl|genpass", -2, PLAIN, CATEGORY_SLOW, command_acl_genpass, "6.0.0",
     "server", "O(1)", NULL, "A random password, as hexadecimal digits",
     "GENPASS [<bits>]\n"
     "    A random password of so many bits (default: 256), as hexadecimal "
     "digits."},
    {"acl|getuser", 3, TRAIT_ADMIN | PLAIN, ADMIN_ONLY, command_acl_getuser,
     "6.0.0", "server", "O(1)", NULL, "One user with its permissions",
     "GETUSER <username>\n    One user with its permissions."},
    {"acl|list", 2, TRAIT_ADMIN | PLAIN, ADMIN_ONLY, command_acl_list, "6.0.0",
     "server", "O(N) where N is the number of users", NULL,
     "The users with their permissions, as the file has them",
     "LIST\n    The users with their permissions, as the file has them."},
    {"acl|load", 2, TRAIT_ADMIN | PLAIN, ADMIN_ONLY, command_acl_file, "6.0.0",
     "server", "O(N) where N is the number of users", NULL,
     "Replace all users by those of the ACL file",
     "LOAD\n    Replace all users by those of the ACL file."},
    {"acl|log", -2, TRAIT_ADMIN | PLAIN, ADMIN_ONLY, command_acl_log, "6.0.0",
     "server", "O(N) where N is the number of entries", NULL,
     "What was refused, and to whom",
     "LOG [<count> | RESET]\n"
     "    What was refused, and to whom: the latest <count> (default: 10), or\n"
     "    forget all."},
    {"acl|save", 2, TRAIT_ADMIN | PLAIN, ADMIN_ONLY, command_acl_file, "6.0.0",
     "server", "O(N) where N is the number of users", NULL,
     "Write all users into the ACL file",
     "SAVE\n    Write all users into the ACL file."},
    {"acl|setuser", -3, TRAIT_ADMIN | PLAIN, ADMIN_ONLY, command_acl_setuser,
     "6.0.0", "server", "O(N) where N is the number of rules", NULL,
     "Create a user, or change its permissions",
     "SETUSER <username> [<rule> ...]\n"
     "    Create a user, or change its permissions: all rules, or none."},
    {"acl|users", 2, TRAIT_ADMIN | PLAIN, ADMIN_ONLY, command_acl_users,
     "6.0.0", "server", "O(N) where N is the number of users", NULL,
     "Names of the users", "USERS\n    Names of the users."},
    {"acl|whoami", 2, PLAIN, CATEGORY_SLOW, command_acl_whoami, "6.0.0",
     "server", "O(1)", NULL, "The user of this connection",
     "WHOAMI\n    The user of this connection."},
    {"acl|help", 2, QUIET, CATEGORY_SLOW, command_help, "6.0.0", "server",
     "O(1)", NULL, "Help on ACL", "HELP\n    Prints this help."},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

const struct command *command_rows(size_t *count)
{
    *count = ROWS;
    return rows;
}

const struct command *command_row(size_t n)
{
    size_t more;
    const struct command *sentinel = command_rows_sentinel(&more);

    if (n < ROWS)
        return &rows[n];
    return n - ROWS < more ? &sentinel[n - ROWS] : NULL;
}

size_t command_index(const struct command *command)
{
    size_t more;
    const struct command *sentinel = command_rows_sentinel(&more);

    if (command >= rows && command < rows + ROWS)
        return (size_t)(command - rows);
    assert(command >= sentinel && command < sentinel + more);
    return ROWS + (size_t)(command - sentinel);
}

struct acl_commands command_vocabulary(void)
{
    static struct acl_command words[ACL_COMMANDS_LIMIT];
    const struct command *row;
    size_t n = 0;

    for (; (row = command_row(n)) != NULL; n++) {
        assert(n < ACL_COMMANDS_LIMIT);
        words[n] = (struct acl_command){
            .name = row->name,
            .categories = row->categories,
            .container = (row->traits & TRAIT_CONTAINER) != 0};
    }
    return (struct acl_commands){.rows = words, .count = n};
}

/* ---- Finding a row. The index is a hash table of fixed size, filled at the
 * first look-up: no allocation, one probe as a rule. ---- */

#define INDEX_SLOTS 256u
#define NAME_LIMIT 64

static const struct command *index_slots[INDEX_SLOTS];
static bool index_ready;

static uint32_t hash_bytes(uint32_t hash, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        hash ^= (uint32_t)tolower((unsigned char)bytes[i]);
        hash *= 16777619u;
    }
    return hash;
}

static void fill_index(void)
{
    const struct command *row;

    for (size_t n = 0; (row = command_row(n)) != NULL; n++) {
        uint32_t slot = hash_bytes(2166136261u, row->name, strlen(row->name));
        assert(n < INDEX_SLOTS / 2);
        while (index_slots[slot % INDEX_SLOTS] != NULL)
            slot++;
        index_slots[slot % INDEX_SLOTS] = row;
    }
    index_ready = true;
}

/* Compares a row's name with PREFIX (a container's name, or NULL), '|' and
 * NAME. */
static bool name_equals(const char *full, const char *prefix,
                        size_t prefix_length, const char *name, size_t length)
{
    if (prefix != NULL) {
        if (strncmp(full, prefix, prefix_length) != 0 ||
            full[prefix_length] != '|')
            return false;
        full += prefix_length + 1;
    }
    return strlen(full) == length && strncasecmp(full, name, length) == 0;
}

static const struct command *find(const char *prefix, const char *name,
                                  size_t length)
{
    const size_t prefix_length = prefix != NULL ? strlen(prefix) : 0;
    const struct command *row;
    uint32_t slot = 2166136261u;

    if (length == 0 || length > NAME_LIMIT)
        return NULL;
    if (!index_ready)
        fill_index();
    if (prefix != NULL) {
        slot = hash_bytes(slot, prefix, prefix_length);
        slot = hash_bytes(slot, "|", 1);
    }
    slot = hash_bytes(slot, name, length);
    while ((row = index_slots[slot % INDEX_SLOTS]) != NULL) {
        if (name_equals(row->name, prefix, prefix_length, name, length))
            return row;
        slot++;
    }
    return NULL;
}

const struct command *command_find_full(const char *name, size_t length)
{
    return find(NULL, name, length);
}

const struct command *command_find(const char *name, size_t length)
{
    if (memchr(name, '|', length) != NULL)
        return NULL;
    return find(NULL, name, length);
}

const struct command *command_find_sub(const struct command *container,
                                       const char *name, size_t length)
{
    return find(container->name, name, length);
}

bool command_is_sub(const struct command *container, const struct command *sub)
{
    const size_t length = strlen(container->name);
    return strncmp(sub->name, container->name, length) == 0 &&
           sub->name[length] == '|';
}

bool command_arity_fits(const struct command *command, size_t count)
{
    if (command->arity >= 0)
        return count == (size_t)command->arity;
    return count >= (size_t)-command->arity;
}
