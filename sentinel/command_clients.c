/* CLIENT LIST, INFO and KILL: what concerns other connections too. */
#include "command_table.h"

#include "server.h"
#include "settings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Types by which clients are told apart. There are no masters and replicas
 * among the clients of a sentinel. */
enum client_type {
    TYPE_NORMAL,
    TYPE_MASTER,
    TYPE_REPLICA,
    TYPE_PUBSUB,
    TYPE_ANY
};

static bool parse_type(struct call *call, size_t index, enum client_type *type)
{
    static const struct {
        const char *name;
        enum client_type type;
    } names[] = {{"normal", TYPE_NORMAL},
                 {"slave", TYPE_REPLICA},
                 {"replica", TYPE_REPLICA},
                 {"pubsub", TYPE_PUBSUB},
                 {"master", TYPE_MASTER}};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (command_word_is(call, index, names[i].name)) {
            *type = names[i].type;
            return true;
        }
    }
    resp_errorf(call->out, "ERR Unknown client type '%.128s'",
                call->words[index]);
    return false;
}

static bool type_fits(const struct client *client, enum client_type type)
{
    if (type == TYPE_ANY)
        return true;
    return type == (client_subscribed(client) ? TYPE_PUBSUB : TYPE_NORMAL);
}

/* ---- The line of a client ---- */

static const char *text_or_empty(const char *text)
{
    return text != NULL ? text : "";
}

static uint64_t seconds_since(uint64_t now_ms, uint64_t then_ms)
{
    return now_ms > then_ms ? (now_ms - then_ms) / 1000 : 0;
}

/* Appends a formatted piece to OUT, raw. */
static void put(struct resp_writer *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void put(struct resp_writer *out, const char *format, ...)
{
    char piece[512];
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(piece, sizeof(piece), format, arguments);
    va_end(arguments);
    if (length >= (int)sizeof(piece))
        length = (int)sizeof(piece) - 1;
    resp_raw(out, piece, (size_t)length);
}

void command_client_line(struct resp_writer *out, const struct client *client,
                         uint64_t now_ms)
{
    char flags[4];
    size_t count = 0;

    if (client_subscribed(client))
        flags[count++] = 'P';
    if (client->unix_socket)
        flags[count++] = 'U';
    if (count == 0)
        flags[count++] = 'N';
    flags[count] = '\0';
    put(out,
        "id=%llu addr=%s laddr=%s fd=%d name=", (unsigned long long)client->id,
        client->address, client->local_address, client->fd);
    resp_raw(out, text_or_empty(client->name),
             strlen(text_or_empty(client->name)));
    put(out, " age=%llu idle=%llu flags=%s db=0 sub=%zu psub=%zu ssub=0",
        (unsigned long long)seconds_since(now_ms, client->created_ms),
        (unsigned long long)seconds_since(now_ms, client->last_active_ms),
        flags, client->channels, client->patterns);
    put(out,
        " multi=-1 qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=%zu rbp=0"
        " obl=%zu oll=0 omem=0 tot-mem=%zu events=r cmd=%s user=%s redir=-1"
        " resp=%d",
        client->output.capacity, client->output.length,
        sizeof(*client) + client->output.capacity,
        client->last_command != NULL ? client->last_command : "NULL",
        client->user != NULL ? client->user->name : "(deleted)",
        client->output.proto);
    if (client->lib_name != NULL || client->lib_version != NULL)
        put(out, " lib-name=%s lib-ver=%s", text_or_empty(client->lib_name),
            text_or_empty(client->lib_version));
}

static void put_line(struct resp_writer *out, const struct client *client,
                     uint64_t now_ms)
{
    command_client_line(out, client, now_ms);
    resp_raw(out, "\n", 1);
}

/* A text with lines: a verbatim string in RESP3. */
static void reply_lines(struct call *call, const struct resp_writer *lines)
{
    if (call->out->proto == 3) {
        put(call->out, "=%zu\r\ntxt:", lines->length + 4);
        resp_raw(call->out, lines->data, lines->length);
        resp_raw(call->out, "\r\n", 2);
    } else {
        resp_bulk(call->out, lines->length > 0 ? lines->data : "",
                  lines->length);
    }
}

void command_client_info(struct call *call)
{
    struct resp_writer lines;

    resp_writer_init(&lines, call->out->proto);
    put_line(&lines, call->client, call->now_ms);
    reply_lines(call, &lines);
    resp_writer_clear(&lines);
}

/* ---- LIST ---- */

struct listing {
    struct resp_writer lines;
    enum client_type type;
    uint64_t now_ms;
};

static void list_one(void *arg, struct client *client)
{
    struct listing *listing = arg;

    if (client->stream != NULL && type_fits(client, listing->type))
        put_line(&listing->lines, client, listing->now_ms);
}

static bool list_ids(struct call *call, struct listing *listing)
{
    if (!command_names_fit(call, 3))
        return false;
    for (size_t i = 3; i < call->count; i++) {
        int64_t id;
        if (!command_word_number(call, i, &id)) {
            resp_error(call->out, "ERR Invalid client ID");
            return false;
        }
    }
    for (size_t i = 3; i < call->count; i++) {
        struct client *client;
        int64_t id = 0;
        command_word_number(call, i, &id);
        client = server_client(call->context->server, (uint64_t)id);
        if (client != NULL)
            list_one(listing, client);
    }
    return true;
}

void command_client_list(struct call *call)
{
    struct listing listing = {.type = TYPE_ANY, .now_ms = call->now_ms};
    bool fine = true;

    resp_writer_init(&listing.lines, call->out->proto);
    if (call->count == 4 && command_word_is(call, 2, "type")) {
        fine = parse_type(call, 3, &listing.type);
        if (fine)
            server_visit_clients(call->context->server, list_one, &listing);
    } else if (call->count > 3 && command_word_is(call, 2, "id")) {
        fine = list_ids(call, &listing);
    } else if (call->count == 2) {
        server_visit_clients(call->context->server, list_one, &listing);
    } else {
        resp_error(call->out, "ERR syntax error");
        fine = false;
    }
    if (fine)
        reply_lines(call, &listing.lines);
    resp_writer_clear(&listing.lines);
}

/* ---- KILL ---- */

struct filter {
    const char *address; /* NULL: any */
    const char *local_address;
    const struct acl_user *user;
    int64_t id; /* 0: any */
    enum client_type type;
    bool skip_me;
    struct client *me;
    size_t killed;
};

static void kill_one(void *arg, struct client *client)
{
    struct filter *filter = arg;

    if (client->stream == NULL || !type_fits(client, filter->type) ||
        (filter->id != 0 && (uint64_t)filter->id != client->id) ||
        (filter->address != NULL &&
         strcmp(filter->address, client->address) != 0) ||
        (filter->local_address != NULL &&
         strcmp(filter->local_address, client->local_address) != 0) ||
        (filter->user != NULL && client->user != filter->user) ||
        (filter->skip_me && client == filter->me))
        return;
    filter->killed++;
    if (client == filter->me)
        client->close_after_reply = true; /* it gets its answer first */
    else
        client_close(client, "CLIENT KILL");
}

static bool parse_switch(struct call *call, size_t index, bool *value)
{
    if (command_word_is(call, index, "yes")) {
        *value = true;
    } else if (command_word_is(call, index, "no")) {
        *value = false;
    } else {
        resp_error(call->out, "ERR syntax error");
        return false;
    }
    return true;
}

static bool parse_user(struct call *call, size_t index,
                       const struct acl_user **user)
{
    *user = acl_find(call->context->settings->acl, call->words[index],
                     call->lengths[index]);
    if (*user != NULL)
        return true;
    resp_errorf(call->out, "ERR No such user '%.128s'", call->words[index]);
    return false;
}

static bool parse_id(struct call *call, size_t index, int64_t *id)
{
    if (command_word_number(call, index, id) && *id > 0)
        return true;
    resp_error(call->out, "ERR client-id should be greater than 0");
    return false;
}

/* Reads the option at INDEX and its value; false after an error reply. */
static bool parse_option(struct call *call, size_t index, struct filter *filter)
{
    if (index + 1 < call->count) {
        if (command_word_is(call, index, "id"))
            return parse_id(call, index + 1, &filter->id);
        if (command_word_is(call, index, "type"))
            return parse_type(call, index + 1, &filter->type);
        if (command_word_is(call, index, "user"))
            return parse_user(call, index + 1, &filter->user);
        if (command_word_is(call, index, "skipme"))
            return parse_switch(call, index + 1, &filter->skip_me);
        if (command_word_is(call, index, "addr")) {
            filter->address = call->words[index + 1];
            return true;
        }
        if (command_word_is(call, index, "laddr")) {
            filter->local_address = call->words[index + 1];
            return true;
        }
    }
    resp_error(call->out, "ERR syntax error");
    return false;
}

void command_client_kill(struct call *call)
{
    struct filter filter = {
        .type = TYPE_ANY, .skip_me = call->count > 3, .me = call->client};
    const bool old_form = call->count == 3;

    if (old_form)
        filter.address = call->words[2];
    for (size_t i = 2; !old_form && i < call->count; i += 2)
        if (!parse_option(call, i, &filter))
            return;
    server_visit_clients(call->context->server, kill_one, &filter);
    if (!old_form)
        resp_integer(call->out, (int64_t)filter.killed);
    else if (filter.killed > 0)
        resp_status(call->out, "OK");
    else
        resp_error(call->out, "ERR No such client");
}
