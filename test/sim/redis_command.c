/* The commands of the model server. */
#include "redis.h"

#include "../../lib/xalloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct call {
    struct redis *redis;
    struct redis_client *client;
    char *const *words;
    size_t count;
};

struct command {
    const char *name;
    size_t least_words;
    bool while_loading;
    bool while_busy;
    bool not_queued; /* runs at once inside a transaction */
    bool when_stale; /* also with refuses_stale and the link down */
    struct reply *(*run)(const struct call *call);
};

static bool is(const char *word, const char *name)
{
    return strcasecmp(word, name) == 0;
}

static struct reply *run_auth(const struct call *call)
{
    const char *given = call->words[call->count - 1];

    if (call->redis->password == NULL)
        return reply_error("ERR AUTH <password> called without any password "
                           "configured for the default user. Are you sure "
                           "your configuration is correct?");
    call->client->authorised = strcmp(given, call->redis->password) == 0;
    if (!call->client->authorised)
        return reply_error("WRONGPASS invalid username-password pair or user "
                           "is disabled.");
    return reply_status("OK");
}

static struct reply *run_ping(const struct call *call)
{
    (void)call;
    return reply_status("PONG");
}

static struct reply *run_info(const struct call *call)
{
    char *text = redis_info(call->redis);
    struct reply *reply = reply_string(text);

    free(text);
    return reply;
}

static struct reply *run_client(const struct call *call)
{
    if (is(call->words[1], "SETNAME"))
        return reply_status("OK");
    if (is(call->words[1], "KILL") && call->count == 4 &&
        is(call->words[2], "TYPE"))
        return reply_integer(
            redis_kill_clients(call->redis, call->client, call->words[3]));
    if (is(call->words[1], "PAUSE") && call->count == 4 &&
        is(call->words[3], "WRITE")) {
        call->redis->paused_until_ms = world_now_ms(call->redis->world) +
                                       (uint64_t)atoll(call->words[2]);
        return reply_status("OK");
    }
    if (is(call->words[1], "UNPAUSE")) {
        call->redis->paused_until_ms = 0;
        return reply_status("OK");
    }
    return reply_error("ERR syntax error");
}

static struct reply *run_failover(const struct call *call)
{
    return redis_failover(call->redis, call->words, call->count);
}

static struct reply *run_subscribe(const struct call *call)
{
    struct reply *reply = reply_array(3);

    call->client->subscribed = true;
    reply_set(reply, 0, reply_string("subscribe"));
    reply_set(reply, 1, reply_string(call->words[1]));
    reply_set(reply, 2, reply_integer(1));
    return reply;
}

static struct reply *run_publish(const struct call *call)
{
    const char *const words[] = {call->words[1], call->words[2]};
    struct redis_client *client;
    int count = 0;

    for (client = call->redis->clients; client != NULL; client = client->next)
        if (client->subscribed && !client->closed) {
            redis_send(call->redis, client,
                       packet_new(PACKET_MESSAGE, words, 2));
            count++;
        }
    return reply_integer(count);
}

static struct reply *run_multi(const struct call *call)
{
    if (call->client->in_transaction)
        return reply_error("ERR MULTI calls can not be nested");
    call->client->in_transaction = true;
    call->client->spoilt = false;
    return reply_status("OK");
}

static struct reply *run_replicaof(const struct call *call)
{
    if (call->redis->failover_target >= 0)
        return reply_error("ERR REPLICAOF not allowed while failing over.");
    if (is(call->words[1], "NO") && is(call->words[2], "ONE"))
        redis_follow(call->redis, "", 0);
    else
        redis_follow(call->redis, call->words[1], atoi(call->words[2]));
    return reply_status("OK");
}

static struct reply *run_config(const struct call *call)
{
    struct redis *redis = call->redis;

    if (!is(call->words[1], "REWRITE"))
        return reply_error("ERR unknown subcommand");
    if (redis->rewrite_fails)
        return reply_error("ERR Rewriting config file: Permission denied");
    snprintf(redis->stored_ip, sizeof(redis->stored_ip), "%s",
             redis->master_ip);
    redis->stored_port = redis->master_port;
    return reply_status("OK");
}

static struct reply *run_script(const struct call *call)
{
    if (!is(call->words[1], "KILL"))
        return reply_error("ERR unknown subcommand");
    if (!call->redis->busy)
        return reply_error("NOTBUSY No scripts in execution right now.");
    call->redis->busy = false;
    call->redis->script_killed = true;
    return reply_status("OK");
}

static struct reply *run_exec(const struct call *call);

static const struct command commands[] = {
    {"AUTH", 2, true, true, false, true, run_auth},
    {"PING", 1, false, false, false, false, run_ping},
    {"INFO", 1, true, false, false, true, run_info},
    {"CLIENT", 2, true, false, false, true, run_client},
    {"SUBSCRIBE", 2, true, false, false, true, run_subscribe},
    {"PUBLISH", 3, true, false, false, true, run_publish},
    {"MULTI", 1, true, true, true, true, run_multi},
    {"EXEC", 1, true, true, true, true, run_exec},
    {"REPLICAOF", 3, false, false, false, true, run_replicaof},
    {"SLAVEOF", 3, false, false, false, true, run_replicaof},
    {"FAILOVER", 2, false, false, false, true, run_failover},
    {"CONFIG", 2, true, false, false, true, run_config},
    {"SCRIPT", 2, false, true, false, false, run_script},
};

static const struct command *find(const struct redis *redis, const char *name)
{
    if (redis->old && (is(name, "REPLICAOF") || is(name, "FAILOVER")))
        return NULL;
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (is(name, commands[i].name))
            return &commands[i];
    return NULL;
}

static bool denied(const struct redis *redis, const char *name)
{
    if (is(name, "REPLICAOF"))
        return redis->acl_slaveof || redis->acl_no_change;
    return (is(name, "SLAVEOF") || is(name, "FAILOVER")) &&
           redis->acl_no_change;
}

static struct reply *refuse_unknown(const struct call *call)
{
    char text[200];

    snprintf(
        text, sizeof(text),
        "ERR unknown command `%s`, with args beginning with: ", call->words[0]);
    return reply_error(text);
}

static struct reply *refuse_denied(const struct call *call)
{
    char text[200];

    snprintf(text, sizeof(text),
             "NOPERM this user has no permissions to run the '%s' command",
             call->words[0]);
    return reply_error(text);
}

/* NULL when the command may run, in the order in which Redis looks. */
static struct reply *refuse(const struct call *call,
                            const struct command *command)
{
    const struct redis *redis = call->redis;

    if (command == NULL)
        return refuse_unknown(call);
    if (call->count < command->least_words)
        return reply_error("ERR wrong number of arguments");
    if (redis->password != NULL && !call->client->authorised &&
        command->run != run_auth)
        return reply_error("NOAUTH Authentication required.");
    if (denied(redis, call->words[0]))
        return refuse_denied(call);
    if (!redis_is_master(redis) && !redis->link_up && redis->refuses_stale &&
        !command->when_stale)
        return reply_error("MASTERDOWN Link with MASTER is down and "
                           "replica-serve-stale-data is set to 'no'.");
    if (world_now_ms(redis->world) < redis->loading_until_ms &&
        !command->while_loading)
        return reply_error("LOADING Redis is loading the dataset in memory");
    if (redis->busy && !command->while_busy)
        return reply_error("BUSY Redis is busy running a script. You can "
                           "only call SCRIPT KILL or SHUTDOWN NOSAVE.");
    if (redis->cannot_save && redis_is_master(redis) &&
        command->run == run_ping)
        return reply_error("MISCONF Redis is configured to save RDB "
                           "snapshots, but it's currently unable to persist "
                           "to disk.");
    return NULL;
}

static struct reply *run_exec(const struct call *call)
{
    struct redis_client *client = call->client;
    struct packet_list queued = client->queued;
    struct packet *packet;
    struct reply *reply;
    size_t count = 0;

    if (!client->in_transaction)
        return reply_error("ERR EXEC without MULTI");
    client->in_transaction = false;
    client->queued = (struct packet_list){NULL, NULL};
    if (client->spoilt) {
        packet_drop_all(&queued);
        return reply_error("EXECABORT Transaction discarded because of "
                           "previous errors.");
    }
    for (packet = queued.head; packet != NULL; packet = packet->next)
        count++;
    reply = reply_array(count);
    for (size_t i = 0; i < count; i++) {
        struct call queued_call = {call->redis, client, NULL, 0};

        packet = packet_take(&queued);
        queued_call.words = packet->words;
        queued_call.count = packet->count;
        reply_set(reply, i,
                  find(call->redis, packet->words[0])->run(&queued_call));
        packet_free(packet);
    }
    return reply;
}

void redis_run_command(struct redis *redis, struct redis_client *client,
                       struct packet *packet)
{
    struct call call = {redis, client, packet->words, packet->count};
    const struct command *command = find(redis, packet->words[0]);
    struct reply *reply = refuse(&call, command);

    if (reply != NULL) {
        client->spoilt = client->in_transaction;
        packet_free(packet);
    } else if (client->in_transaction && !command->not_queued) {
        packet_append(&client->queued, packet);
        reply = reply_status("QUEUED");
    } else {
        reply = command->run(&call);
        packet_free(packet);
    }
    redis_send(redis, client, packet_reply(reply));
}
