/* The connections to an address: made, kept alive, judged stale, shared. */
#include "link.h"

#include "core_internal.h"
#include "names.h"
#include "notice.h"
#include "revival.h"
#include "send.h"
#include "xalloc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A connection attempt to a black hole is given up after so many times the
 * ping period: two, so that one lost SYN is sent again before. */
#define CONNECT_PERIODS 2

/* The least time between two attempts. */
#define QUICK_RETRY_MS 20

static void start_clocks(struct link *link, uint64_t now_ms)
{
    link->ping_outstanding = true;
    link->act_ping_ms = now_ms;
    link->pinged = false;
    link->last_avail_ms = now_ms;
    link->last_pong_ms = now_ms;
}

static void add_user(struct link *link, struct instance *instance)
{
    instance->link = link;
    instance->next_user = link->users;
    link->users = instance;
    link->user_count++;
}

void link_attach_new(struct core *core, struct instance *instance)
{
    struct link *link = xcalloc(1, sizeof(*link));

    heap_node_init(&link->deadline, OWNER_LINK);
    link->command.link = link;
    link->pubsub.link = link;
    link->wants_pubsub = instance->kind != KIND_SENTINEL;
    link->awaits_name = names_awaited(core, instance->addr.host);
    start_clocks(link, core->now_ms);
    add_user(link, instance);
    heap_set(&core->deadlines, &link->deadline, core->now_ms);
}

static void drop_channel(struct core *core, struct channel *channel)
{
    struct link *link = channel->link;
    struct instance *user;

    assert(channel->conn != 0);
    HASH_DEL(core->channels, channel);
    channel->conn = 0;
    channel->up = false;
    if (channel == &link->command)
        link->pending = 0;
    for (user = link->users; user != NULL; user = user->next_user) {
        if (channel == &link->command) {
            user->hello_pending = false;
            user->info_pending = false;
            user->ask_pending = false;
            user->replication_pending = false;
        }
        instance_touch(core, user);
    }
    heap_set(&core->deadlines, &link->deadline, core->now_ms);
}

static void close_channel(struct core *core, struct channel *channel,
                          const char *reason)
{
    if (channel->conn == 0)
        return;
    emit_close(&core->out, channel->conn, reason);
    drop_channel(core, channel);
}

void link_close(struct core *core, struct link *link, const char *reason)
{
    close_channel(core, &link->command, reason);
    close_channel(core, &link->pubsub, reason);
}

void link_detach(struct core *core, struct instance *instance)
{
    struct link *link = instance->link;
    struct instance **slot = &link->users;

    while (*slot != instance)
        slot = &(*slot)->next_user;
    *slot = instance->next_user;
    link->user_count--;
    instance->link = NULL;
    if (link->users != NULL)
        return;
    link_close(core, link, "no longer monitored");
    heap_set(&core->deadlines, &link->deadline, HEAP_NEVER);
    free(link);
}

void link_share(struct core *core, struct instance *instance,
                struct instance *other)
{
    assert(instance->kind == KIND_SENTINEL && other->kind == KIND_SENTINEL);
    assert(instance->link != other->link);
    link_detach(core, instance);
    add_user(other->link, instance);
}

void link_exchange(struct instance *instance, struct instance *donor)
{
    struct link *link = instance->link;

    assert(link->user_count == 1 && donor->link->user_count == 1);
    instance->link = donor->link;
    donor->link = link;
    instance->link->users = instance;
    donor->link->users = donor;
}

void link_reset_clocks(struct core *core, struct link *link)
{
    start_clocks(link, core->now_ms);
    link->ping_outstanding = false;
    link->command.attempted = false;
    link->pubsub.attempted = false;
    heap_set(&core->deadlines, &link->deadline, core->now_ms);
}

void link_name_answered(struct core *core, struct link *link)
{
    if (!link->awaits_name)
        return;
    link->awaits_name = false;
    start_clocks(link, core->now_ms);
    for (struct instance *user = link->users; user != NULL;
         user = user->next_user)
        instance_touch(core, user);
}

bool link_disconnected(const struct link *link)
{
    return link->command.conn == 0 ||
           (link->wants_pubsub && link->pubsub.conn == 0);
}

bool link_is_up(const struct link *link)
{
    return link->command.up;
}

uint64_t link_ping_interval_ms(const struct core *core, const struct link *link)
{
    uint64_t interval = core->intervals[PING_PERIOD];

    for (const struct instance *user = link->users; user != NULL;
         user = user->next_user)
        interval = heap_earlier(interval,
                                (uint64_t)user->master->options.down_after_ms);
    return interval;
}

/* The longest patience of its users: a shared link is stale only when it is
 * for all of them. */
static uint64_t stale_after_ms(const struct link *link)
{
    int64_t longest = 0;

    for (const struct instance *user = link->users; user != NULL;
         user = user->next_user)
        if (user->master->options.down_after_ms > longest)
            longest = user->master->options.down_after_ms;
    return (uint64_t)longest / 2;
}

static void send_ping(struct core *core, struct link *link)
{
    const char *words[] = {"PING"};

    if (!link->ping_outstanding) {
        link->ping_outstanding = true;
        link->act_ping_ms = core->now_ms;
    }
    link->pinged = true;
    link->last_ping_ms = core->now_ms;
    send_words(core, link->users, &link->command, WAIT_NOTHING, COMMAND_PING, 0,
               words, 1);
}

static void open_channel(struct core *core, struct channel *channel)
{
    const struct addr *addr = &channel->link->users->addr;

    channel->conn = ++core->last_conn;
    channel->up = false;
    channel->hurried = false;
    channel->opened_ms = core->now_ms;
    HASH_ADD(hh, core->channels, conn, sizeof(channel->conn), channel);
    emit_connect(&core->out, channel->conn, addr->ip, addr->port);
}

static void open_command(struct core *core, struct link *link)
{
    open_channel(core, &link->command);
    link->pending = 0;
    send_greeting(core, link->users, &link->command, "cmd");
    send_ping(core, link);
    for (struct instance *user = link->users; user != NULL;
         user = user->next_user)
        instance_touch(core, user);
}

static void open_pubsub(struct core *core, struct link *link)
{
    const char *words[] = {"SUBSCRIBE", "__sentinel__:hello"};

    open_channel(core, &link->pubsub);
    link->pubsub_active_ms = core->now_ms;
    send_greeting(core, link->users, &link->pubsub, "pubsub");
    send_words(core, link->users, &link->pubsub, WAIT_NOTHING,
               COMMAND_SUBSCRIBE, 0, words, 2);
}

/* A ping period must pass between attempts; but a connection that existed and
 * was closed, as by the CLIENT KILL of a failover, is made anew nearly at once,
 * or the pause would count as silence. Once in a ping period, in case the
 * server closes every one. */
static uint64_t next_attempt_ms(const struct core *core,
                                const struct channel *channel)
{
    uint64_t period = core->intervals[PING_PERIOD];

    if (!channel->attempted)
        return core->now_ms;
    if (channel->was_up &&
        (channel->quick_ms == 0 || channel->quick_ms + period <= core->now_ms))
        return channel->attempted_ms + QUICK_RETRY_MS;
    return channel->attempted_ms + period;
}

/* Opens CHANNEL when it is missing and may be tried. Returns when to look
 * again. */
static uint64_t run_connect(struct core *core, struct channel *channel)
{
    struct link *link = channel->link;
    const struct addr *addr = &link->users->addr;
    uint64_t again = next_attempt_ms(core, channel);

    if (channel->conn != 0)
        return HEAP_NEVER;
    if (core->now_ms < again)
        return again;
    if (channel->attempted &&
        core->now_ms < channel->attempted_ms + core->intervals[PING_PERIOD])
        channel->quick_ms = core->now_ms;
    channel->attempted = true;
    channel->attempted_ms = core->now_ms;
    channel->was_up = false;
    /* The name may have moved; until the answer comes the last good address
     * serves. */
    if (core->global.resolve_hostnames && !addr_is_numeric(addr->host))
        names_ask(core, addr->host);
    if (addr->ip[0] == '\0')
        return core->now_ms + core->intervals[PING_PERIOD];
    if (channel == &link->command)
        open_command(core, link);
    else
        open_pubsub(core, link);
    return HEAP_NEVER;
}

/* Closes CHANNEL when it has not been established in time. Returns when to
 * look again. */
static uint64_t run_connect_timeout(struct core *core, struct channel *channel)
{
    uint64_t limit = channel->opened_ms +
                     (channel->hurried
                          ? QUICK_RETRY_MS
                          : CONNECT_PERIODS * core->intervals[PING_PERIOD]);

    if (channel->conn == 0 || channel->up)
        return HEAP_NEVER;
    if (core->now_ms < limit)
        return limit;
    if (channel->hurried)
        channel->attempted = false;
    close_channel(core, channel, "connection attempt timed out");
    return core->now_ms;
}

/* The command connection is stale when it is old and PING has had no reply
 * for half the down-after time. */
static uint64_t run_command_stale(struct core *core, struct link *link)
{
    uint64_t patience = stale_after_ms(link);
    uint64_t at;

    if (link->command.conn == 0 || !link->ping_outstanding)
        return HEAP_NEVER;
    at = link->command.opened_ms + core->intervals[MIN_LINK_RECONNECT_PERIOD];
    if (at < link->act_ping_ms + patience)
        at = link->act_ping_ms + patience;
    if (at < link->last_pong_ms + patience)
        at = link->last_pong_ms + patience;
    if (core->now_ms <= at)
        return at + 1;
    close_channel(core, &link->command, "no reply to PING");
    return core->now_ms;
}

/* Our own hello comes back on it, so silence means that it is dead. */
static uint64_t run_pubsub_stale(struct core *core, struct link *link)
{
    uint64_t at;

    if (link->pubsub.conn == 0)
        return HEAP_NEVER;
    at = link->pubsub.opened_ms + core->intervals[MIN_LINK_RECONNECT_PERIOD];
    if (at < link->pubsub_active_ms + 3 * core->intervals[PUBLISH_PERIOD])
        at = link->pubsub_active_ms + 3 * core->intervals[PUBLISH_PERIOD];
    if (core->now_ms <= at)
        return at + 1;
    close_channel(core, &link->pubsub, "no message received");
    return core->now_ms;
}

static uint64_t run_ping(struct core *core, struct link *link)
{
    uint64_t interval = link_ping_interval_ms(core, link);
    uint64_t due = link->last_pong_ms + interval;

    if (link->command.conn == 0)
        return HEAP_NEVER;
    if (link->pinged && due < link->last_ping_ms + interval / 2)
        due = link->last_ping_ms + interval / 2;
    if (core->now_ms < due)
        return due;
    if (send_allowed(link))
        send_ping(core, link);
    return core->now_ms + (interval / 2 > 0 ? interval / 2 : 1);
}

void link_ping_now(struct core *core, struct link *link)
{
    if (link->command.up && send_allowed(link))
        send_ping(core, link);
}

void link_run(struct core *core, struct link *link)
{
    uint64_t next;

    assert(link->users != NULL);
    if (link->users->addr.port == 0) {
        heap_set(&core->deadlines, &link->deadline, HEAP_NEVER);
        return;
    }
    run_connect_timeout(core, &link->command);
    run_connect_timeout(core, &link->pubsub);
    run_command_stale(core, link);
    run_pubsub_stale(core, link);
    next = run_connect(core, &link->command);
    if (link->wants_pubsub)
        next = heap_earlier(next, run_connect(core, &link->pubsub));
    next = heap_earlier(next, run_ping(core, link));
    next = heap_earlier(next, run_connect_timeout(core, &link->command));
    next = heap_earlier(next, run_connect_timeout(core, &link->pubsub));
    next = heap_earlier(next, run_command_stale(core, link));
    next = heap_earlier(next, run_pubsub_stale(core, link));
    heap_set(&core->deadlines, &link->deadline, next);
}

/* A channel that is still being made, waits out a pause, or carries nothing
 * any more, is tried anew; not the one that was REACHED. One that was only just
 * begun may have been so before the network was back: it gets little time. */
static void retry_channel(struct core *core, struct channel *channel,
                          const struct channel *reached)
{
    if (channel == reached || (channel->up && channel->link == reached->link))
        return;
    channel->hurried = channel->conn != 0 &&
                       since_ms(core->now_ms, channel->opened_ms) <
                           QUICK_RETRY_MS;
    if (channel->hurried)
        return;
    close_channel(core, channel, "tried anew, as others answer again");
    channel->attempted = false;
}

void link_try_anew(struct core *core, struct link *link,
                   const struct channel *reached)
{
    retry_channel(core, &link->command, reached);
    if (link->wants_pubsub)
        retry_channel(core, &link->pubsub, reached);
    heap_set(&core->deadlines, &link->deadline, core->now_ms);
}

/* Wakes the users that the reply may matter to; the others find out at their
 * own deadlines, so that a PONG on a link shared by many masters is cheap. */
void link_pong(struct core *core, struct link *link, bool valid)
{
    uint64_t next;

    link->last_pong_ms = core->now_ms;
    link->round_trip_ms = since_ms(core->now_ms, link->last_ping_ms);
    if (valid) {
        revival_check(core, &link->command);
        link->last_avail_ms = core->now_ms;
        link->ping_outstanding = false;
    }
    for (struct instance *user = link->users; user != NULL;
         user = user->next_user)
        if ((user->flags & (FLAG_SDOWN | FLAG_MASTER_REBOOT)) != 0)
            instance_touch(core, user);
    next = core->now_ms + link_ping_interval_ms(core, link);
    if (next < link->deadline.at_ms)
        heap_set(&core->deadlines, &link->deadline, next);
}

void link_conn_up(struct core *core, struct channel *channel,
                  const char *local_ip)
{
    channel->up = true;
    channel->was_up = true;
    if (channel == &channel->link->command && local_ip != NULL &&
        strlen(local_ip) < ADDR_IP_SIZE)
        memcpy(channel->link->local_ip, local_ip, strlen(local_ip) + 1);
    revival_check(core, channel);
    for (struct instance *user = channel->link->users; user != NULL;
         user = user->next_user)
        instance_touch(core, user);
    heap_set(&core->deadlines, &channel->link->deadline, core->now_ms);
}

void link_conn_down(struct core *core, struct channel *channel,
                    const char *reason)
{
    struct link *link = channel->link;
    enum notice notice = channel == &link->command
                             ? NOTICE_CMD_LINK_RECONNECTION
                             : NOTICE_PUBSUB_LINK_RECONNECTION;

    notice_instance(core, notice, link->users, " #%s",
                    reason != NULL ? reason : "closed");
    drop_channel(core, channel);
}

struct channel *link_find_channel(struct core *core, uint64_t conn)
{
    struct channel *channel;

    HASH_FIND(hh, core->channels, &conn, sizeof(conn), channel);
    return channel;
}
