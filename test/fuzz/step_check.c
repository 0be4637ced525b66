/* The rules: what a core says rests on its disk; epochs never go back; one
 * vote in one epoch; each request is answered once. */
#include "../../lib/addr.h"
#include "../../lib/hello.h"
#include "step_world.h"

#include <inttypes.h>

/* ---- Votes ---- */

/* LEADER got the vote for MASTER in EPOCH. */
static void state_vote(struct step_world *world, const char *master,
                       uint64_t epoch, const char *leader)
{
    struct step_fact *fact;

    for (size_t i = 0; i < world->fact_count; i++) {
        fact = &world->facts[i];
        if (fact->epoch == epoch && fact->generation == world->generation &&
            strcmp(fact->master, master) == 0) {
            REQUIRE(strcmp(fact->leader, leader) == 0,
                    "two votes for %s in epoch %" PRIu64 ": %s, %s", master,
                    epoch, fact->leader, leader);
            return;
        }
    }
    if (world->fact_count == FACTS_MAX)
        return;
    fact = &world->facts[world->fact_count++];
    fact->epoch = epoch;
    fact->generation = world->generation;
    snprintf(fact->master, sizeof(fact->master), "%s", master);
    snprintf(fact->leader, sizeof(fact->leader), "%s", leader);
}

/* The master at an address, when only one can be meant. */
struct search {
    const char *ip;
    int64_t port;
    size_t found;
    char name[32];
};

static void look_at_master(void *arg, const struct core_view *view)
{
    struct search *search = arg;

    /* What a host name stands for is the core's to know. */
    if (view->port != search->port ||
        (addr_is_numeric(view->ip) && strcmp(view->ip, search->ip) != 0))
        return;
    search->found += addr_is_numeric(view->ip) ? 1 : 2;
    snprintf(search->name, sizeof(search->name), "%s", view->name);
}

static bool find_master(const struct step_world *world, const char *ip,
                        int64_t port, char name[32])
{
    struct search search = {.ip = ip, .port = port};

    core_visit_masters(world->core, world->now_ms, look_at_master, &search);
    memcpy(name, search.name, sizeof(search.name));
    return search.found == 1 && strlen(search.name) + 1 < sizeof(search.name);
}

void step_check_asked(struct step_world *world, uint64_t client, const char *ip,
                      int64_t port)
{
    struct step_asked *asked;

    if (world->ask_count == ASKED_MAX)
        return;
    asked = &world->asks[world->ask_count++];
    asked->client = client;
    if (!find_master(world, ip, port, asked->master))
        asked->master[0] = '\0';
}

static void check_answer(struct step_world *world, uint64_t client,
                         const struct answer *answer)
{
    struct step_asked asked = {0};

    for (size_t i = 0; i < world->ask_count; i++) {
        if (world->asks[i].client != client)
            continue;
        asked = world->asks[i];
        world->asks[i] = world->asks[--world->ask_count];
    }
    if (answer->type != ANSWER_DOWN || strcmp(answer->text, "*") == 0 ||
        asked.master[0] == '\0')
        return;
    REQUIRE(strlen(answer->text) == ID_LENGTH, "a vote for '%s'", answer->text);
    state_vote(world, asked.master, answer->epoch, answer->text);
}

/* ---- What is said rests on the disk ---- */

static const struct state_master *saved_master(const struct step_world *world,
                                               const char *name)
{
    return state_find_master(world->durable, name);
}

static void check_saved_vote(const struct step_world *world,
                             const struct answer *answer)
{
    uint64_t highest = 0;

    if (answer->type != ANSWER_DOWN || strcmp(answer->text, "*") == 0)
        return;
    for (size_t i = 0; i < world->durable->master_count; i++)
        if (world->durable->masters[i].leader_epoch > highest)
            highest = world->durable->masters[i].leader_epoch;
    REQUIRE(answer->epoch <= highest || world->generation > 0,
            "a vote in epoch %" PRIu64 " is told; on disk: %" PRIu64,
            answer->epoch, highest);
}

static void check_hello(const struct step_world *world, const char *text)
{
    char buffer[HELLO_MAX_LENGTH + 1];
    const char *problem = NULL;
    const struct state_master *master;
    struct hello hello;
    const enum hello_result result = hello_decode(&hello, text, buffer,
                                                  &problem);

    /* Counted on from the highest that is believed, nobody follows. */
    if (world->current_epoch > EPOCH_TOLD_MAX)
        return;
    REQUIRE(result == HELLO_OK, "nobody can read our hello: %s: %s", text,
            problem != NULL ? problem : "not eight fields");
    REQUIRE(strcmp(hello.id, OWN_ID) == 0, "the hello of another: %s", text);
    REQUIRE(hello.current_epoch <= world->durable->current_epoch,
            "epoch %" PRIu64 " is told; on disk: %" PRIu64, hello.current_epoch,
            world->durable->current_epoch);
    master = saved_master(world, hello.master_name);
    REQUIRE(master == NULL || world->generation > 0 ||
                hello.config_epoch <= master->config_epoch,
            "config epoch %" PRIu64 " is told; on disk: %" PRIu64,
            hello.config_epoch, master != NULL ? master->config_epoch : 0);
}

/* Who asks for votes has given its own, and it is on disk. */
static void check_question(struct step_world *world, const char *const *words)
{
    const uint64_t epoch = strtoull(words[4], NULL, 10);
    const struct state_master *saved;
    char name[32];

    REQUIRE(epoch <= world->durable->current_epoch,
            "epoch %" PRIu64 " is asked in; on disk: %" PRIu64, epoch,
            world->durable->current_epoch);
    if (strcmp(words[5], OWN_ID) != 0 ||
        !find_master(world, words[2], atoi(words[3]), name))
        return;
    state_vote(world, name, epoch, OWN_ID);
    saved = saved_master(world, name);
    REQUIRE(saved == NULL || world->generation > 0 ||
                saved->leader_epoch >= epoch,
            "votes are asked for in epoch %" PRIu64 "; on disk: %" PRIu64,
            epoch, saved->leader_epoch);
}

void step_check_action(struct step_world *world, const struct action *action)
{
    if (action->type == ACTION_REPLY) {
        check_saved_vote(world, &action->reply.ok);
        check_answer(world, action->reply.client, &action->reply.ok);
    } else if (action->type == ACTION_SEND) {
        REQUIRE(action->send.count > 0, "an empty command");
        if (action->send.tag.kind == COMMAND_HELLO && action->send.count == 3)
            check_hello(world, action->send.words[2]);
        if (action->send.tag.kind == COMMAND_ASK && action->send.count == 6)
            check_question(world, action->send.words);
    }
}

/* ---- Each step ---- */

void step_check_given(struct step_world *world, const struct action *action)
{
    switch (action->type) {
    case ACTION_CONNECT:
        REQUIRE(action->connect.conn > world->last_conn, "an id twice");
        REQUIRE(addr_is_numeric(action->connect.ip), "an address: '%s'",
                action->connect.ip);
        REQUIRE(action->connect.port > 0 && action->connect.port <= 65535,
                "port %d", action->connect.port);
        world->last_conn = action->connect.conn;
        break;
    case ACTION_PERSIST:
        REQUIRE(action->persist.serial > world->asked, "a serial twice");
        break;
    case ACTION_REPLY:
        REQUIRE(action->reply.client == world->client, "nobody has asked");
        world->answers++;
        break;
    case ACTION_CLOSE:
    case ACTION_SEND:
        REQUIRE(world->last_conn >= action->send.conn, "no such connection");
        break;
    case ACTION_NOTICE:
        REQUIRE(action->notice.channel[0] != '\0' &&
                    action->notice.text != NULL,
                "an empty notice");
        break;
    case ACTION_LOG:
        REQUIRE(action->log.text[0] != '\0', "an empty line");
        break;
    case ACTION_SCRIPT:
        REQUIRE(action->script.path[0] != '\0', "no script");
        break;
    case ACTION_RESOLVE:
        REQUIRE(action->resolve.host[0] != '\0', "no name");
        break;
    case ACTION_CRASH:
        break;
    }
}

void step_check_core(struct step_world *world)
{
    struct core_totals totals;

    core_totals(world->core, world->now_ms, &totals);
    REQUIRE(totals.current_epoch >= world->current_epoch,
            "the epoch goes back from %" PRIu64 " to %" PRIu64,
            world->current_epoch, totals.current_epoch);
    REQUIRE(totals.current_epoch <= EPOCH_MAX, "an epoch beyond all limits");
    world->current_epoch = totals.current_epoch;
    REQUIRE(world->client == 0 || world->answers == 1,
            "a request is answered %u times", world->answers);
    REQUIRE(core_deadline(world->core) > world->now_ms,
            "something due was not done");
}

void step_check_write(struct step_world *world, const struct state *state)
{
    const struct state *before = world->durable;

    REQUIRE(strcmp(state->id, before->id) == 0, "the id changes");
    REQUIRE(state->current_epoch >= before->current_epoch,
            "the epoch on disk goes back");
    for (size_t i = 0; i < before->master_count; i++) {
        const struct state_master *old = &before->masters[i];
        const struct state_master *now = state_find_master(state, old->name);

        if (now == NULL || world->generation > 0)
            continue;
        REQUIRE(now->config_epoch >= old->config_epoch &&
                    now->leader_epoch >= old->leader_epoch,
                "an epoch of %s on disk goes back", old->name);
    }
}
