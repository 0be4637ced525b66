/* ACL: what can be told as long as there is one user, `default`, who may do
 * everything. */
#include "command_table.h"

#include "password.h"
#include "settings.h"

#include <stdio.h>
#include <string.h>

static const char *const categories[] = {
    "keyspace", "read",     "write",     "set",        "sortedset",
    "list",     "hash",     "string",    "bitmap",     "hyperloglog",
    "geo",      "stream",   "pubsub",    "admin",      "fast",
    "slow",     "blocking", "dangerous", "connection", "transaction",
    "scripting"};
#define CATEGORY_COUNT (sizeof(categories) / sizeof(categories[0]))

static unsigned category_bit(const char *name)
{
    static const char *const bits[CATEGORIES] = {
        "pubsub", "admin", "fast", "slow", "dangerous", "connection"};

    for (size_t i = 0; i < CATEGORIES; i++)
        if (strcmp(name, bits[i]) == 0)
            return 1u << i;
    return 0;
}

static size_t put_category(struct resp_writer *out, unsigned bit)
{
    const struct command *row;
    size_t count = 0;

    for (size_t n = 0; (row = command_row(n)) != NULL; n++) {
        if (!(row->categories & bit) || (row->traits & TRAIT_EXTRA))
            continue;
        count++;
        if (out != NULL)
            resp_text(out, row->name);
    }
    return count;
}

void command_acl_cat(struct call *call)
{
    if (call->count > 3) {
        resp_error(call->out, "ERR unknown subcommand or wrong number of "
                              "arguments for 'CAT'. Try ACL HELP.");
        return;
    }
    if (call->count == 2) {
        resp_array(call->out, CATEGORY_COUNT);
        for (size_t i = 0; i < CATEGORY_COUNT; i++)
            resp_text(call->out, categories[i]);
        return;
    }
    for (size_t i = 0; i < CATEGORY_COUNT; i++) {
        if (command_word_is(call, 2, categories[i])) {
            const unsigned bit = category_bit(categories[i]);
            resp_array(call->out, put_category(NULL, bit));
            put_category(call->out, bit);
            return;
        }
    }
    resp_errorf(call->out, "ERR Unknown category '%.128s'", call->words[2]);
}

/* ACL LOAD and SAVE. */
void command_acl_file(struct call *call)
{
    resp_error(call->out,
               "ERR This Redis instance is not configured to use an ACL file. "
               "You may want to specify users via the ACL SETUSER command and "
               "then issue a CONFIG REWRITE (assuming you have a Redis "
               "configuration file set) in order to store users in the Redis "
               "configuration.");
}

void command_acl_log(struct call *call)
{
    int64_t count;

    if (call->count == 3 && command_word_is(call, 2, "reset"))
        resp_status(call->out, "OK");
    else if (call->count > 2 && !command_word_number(call, 2, &count))
        resp_error(call->out, "ERR value is not an integer or out of range");
    else
        resp_array(call->out, 0);
}

typedef void visit_hash(struct resp_writer *out, const char *hash);

/* Visits the hashes of the default user's passwords; returns their number. */
static size_t visit_hashes(const struct settings *settings, visit_hash *visit,
                           struct resp_writer *out)
{
    size_t count = settings->password_hash_count;
    char hash[PASSWORD_HASH_SIZE];

    if (settings->requirepass != NULL) {
        count++;
        password_hash(settings->requirepass, strlen(settings->requirepass),
                      hash);
        visit(out, hash);
    }
    for (size_t i = 0; i < settings->password_hash_count; i++)
        visit(out, settings->password_hashes[i]);
    return count;
}

static void count_hash(struct resp_writer *out, const char *hash)
{
    (void)out;
    (void)hash;
}

static void append_hash(struct resp_writer *out, const char *hash)
{
    resp_raw(out, " #", 2);
    resp_raw(out, hash, strlen(hash));
}

/* Appends the line of the default user to LINE, as the file has it. */
static void put_user(struct resp_writer *line, const struct settings *settings)
{
    static const char begin[] = "user default on";
    static const char end[] = " ~* &* +@all";

    resp_raw(line, begin, strlen(begin));
    if (visit_hashes(settings, append_hash, line) == 0)
        resp_raw(line, " nopass", 7);
    resp_raw(line, end, strlen(end));
}

void command_acl_getuser(struct call *call)
{
    const struct settings *settings = call->context->settings;
    struct resp_writer *out = call->out;
    const bool password = settings_password_required(settings);

    if (!command_word_clean(call, 2) ||
        strcmp(call->words[2], "default") != 0) {
        resp_null(out);
        return;
    }
    resp_map(out, 6);
    resp_text(out, "flags");
    resp_set(out, password ? 1 : 2);
    resp_text(out, "on");
    if (!password)
        resp_text(out, "nopass");
    resp_text(out, "passwords");
    resp_array(out, visit_hashes(settings, count_hash, NULL));
    visit_hashes(settings, resp_text, out);
    resp_text(out, "commands");
    resp_text(out, "+@all");
    resp_text(out, "keys");
    resp_text(out, "~*");
    resp_text(out, "channels");
    resp_text(out, "&*");
    resp_text(out, "selectors");
    resp_array(out, 0);
}

void command_acl_list(struct call *call)
{
    struct resp_writer line;

    resp_writer_init(&line, 2);
    put_user(&line, call->context->settings);
    resp_array(call->out, 1);
    resp_bulk(call->out, line.data, line.length);
    resp_writer_clear(&line);
}

void command_acl_users(struct call *call)
{
    resp_array(call->out, 1);
    resp_text(call->out, "default");
}

void command_acl_whoami(struct call *call)
{
    resp_text(call->out,
              call->client->user != NULL ? call->client->user : "default");
}
