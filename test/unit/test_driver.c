/* links: sentinel/driver.o sentinel/held.o */
/* What waits for the disk, and what becomes of it: the driver with a real core
 * and a disk that ends its writes when the test says so. */
#include "../../lib/text.h"
#include "../../sentinel/command.h"
#include "../../sentinel/conn.h"
#include "../../sentinel/driver.h"
#include "../../sentinel/log.h"
#include "../../sentinel/pubsub.h"
#include "../../sentinel/resolve.h"
#include "../../sentinel/script.h"
#include "../../sentinel/server.h"
#include "../../sentinel/settings.h"
#include "../../sentinel/store.h"
#include "suite.h"

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#define MY_ID "5555555555555555555555555555555555555555"
#define PEER "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define CLIENT 7

static uv_loop_t loop;
static struct settings settings;
static struct context context;
static struct driver *driver;
static struct client the_client;
static struct text said; /* notices and answers, a line each */

static store_done *done;
static void *done_arg;
static struct state *writing; /* by the write under way, or NULL */
static size_t writes;         /* begun */
static size_t late_writes;    /* on the thread of the loop */

/* ---- The disk ---- */

void store_set_done(struct store *store, store_done *new_done, void *arg)
{
    (void)store;
    done = new_done;
    done_arg = arg;
}

bool store_busy(const struct store *store)
{
    (void)store;
    return writing != NULL;
}

void store_write(struct store *store, struct state *state)
{
    ck_assert(!store_busy(store));
    writing = state;
    writes++;
}

int store_write_now(struct store *store, const struct state *state,
                    const char **error)
{
    ck_assert(!store_busy(store));
    ck_assert_ptr_nonnull(state);
    *error = NULL;
    late_writes++;
    return 0;
}

/* The write under way ends, well unless there is an ERROR. */
static void end_write(const char *error)
{
    ck_assert_ptr_nonnull(writing);
    state_free(writing);
    writing = NULL;
    done(done_arg, error);
}

/* The epoch of the vote that is being written. */
static uint64_t vote_being_written(void)
{
    ck_assert_ptr_nonnull(writing);
    return writing->masters[0].leader_epoch;
}

/* ---- Clients and notices ---- */

struct client *server_client(struct server *server, uint64_t id)
{
    (void)server;
    return id == CLIENT ? &the_client : NULL;
}

void command_answer(struct client *client, const struct answer *answer)
{
    static const char *const forms[] = {"OK", "error", "integer", "vote"};

    ck_assert_ptr_eq(client, &the_client);
    text_addf(&said, "answer %s", forms[answer->type]);
    if (answer->type == ANSWER_DOWN)
        text_addf(&said, " %s %llu", answer->text,
                  (unsigned long long)answer->epoch);
    text_add(&said, "\n");
}

void client_answered(struct client *client)
{
    ck_assert_ptr_eq(client, &the_client);
}

void log_printf(enum log_level level, const char *format, ...)
{
    char line[1024];
    va_list arguments;

    (void)level;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    text_addf(&said, "%s\n", line);
}

void log_write(enum log_level level, const char *text)
{
    (void)level;
    (void)text;
}

void log_close(void)
{
}

/* ---- What these tests have no need of ---- */

struct conn_pool *conn_pool_new(struct uv_loop_s *of,
                                const struct conn_callbacks *callbacks,
                                void *arg, const char *source_address)
{
    (void)of, (void)callbacks, (void)arg, (void)source_address;
    return NULL;
}

void conn_open(struct conn_pool *pool, uint64_t id, const char *ip, int port)
{
    (void)pool, (void)id, (void)ip, (void)port;
}

void conn_send(struct conn_pool *pool, uint64_t id,
               const struct command_tag *tag, const char *const *words,
               size_t count)
{
    (void)pool, (void)id, (void)tag, (void)words, (void)count;
}

void conn_close(struct conn_pool *pool, uint64_t id, const char *reason)
{
    (void)pool, (void)id, (void)reason;
}

void conn_pool_stop(struct conn_pool *pool)
{
    (void)pool;
}

void conn_pool_free(struct conn_pool *pool)
{
    (void)pool;
}

size_t pubsub_publish(struct pubsub *pubsub, const char *channel,
                      const char *text)
{
    ck_abort_msg("%p is not there: %s %s", (void *)pubsub, channel, text);
    return 0;
}

void script_queue_add(struct script_queue *queue, const char *path,
                      const char *const *words, size_t count)
{
    (void)queue, (void)words;
    ck_abort_msg("no script is set: %s %zu", path, count);
}

void resolver_lookup(struct resolver *resolver, const char *host,
                     const char *known, resolve_done *resolved, void *arg)
{
    (void)resolver, (void)known, (void)resolved, (void)arg;
    ck_abort_msg("no name is used: %s", host);
}

/* ---- The world ---- */

static void set_up(void)
{
    struct state *state = state_new();

    memcpy(state->id, MY_ID, sizeof(state->id));
    state_add_master(state, "mymaster", "10.0.0.1", 6379)->options.quorum = 2;
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    context.settings = &settings;
    text_init(&said);
    driver = driver_new(&loop, &context, NULL, 1);
    driver_start(driver, state);
    state_free(state);
    ck_assert_uint_eq(writes, 0);
}

static void tear_down(void)
{
    driver_stop(driver);
    if (writing != NULL)
        end_write(NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    driver_free(driver);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    text_clear(&said);
}

static void ask_for_vote(uint64_t epoch)
{
    driver_request(driver, &(struct request){.type = REQUEST_DOWN,
                                             .client = CLIENT,
                                             .down = {.ip = "10.0.0.1",
                                                      .port = 6379,
                                                      .epoch = epoch,
                                                      .runid = PEER}});
}

static void flush(void)
{
    driver_request(driver,
                   &(struct request){.type = REQUEST_FLUSH, .client = CLIENT});
}

static bool is_said(const char *what)
{
    return strstr(said.data, what) != NULL;
}

START_TEST(vote_is_told_when_it_is_on_disk)
{
    ask_for_vote(5);
    ck_assert_uint_eq(vote_being_written(), 5);
    ck_assert(!is_said("answer"));
    /* and so is what stands behind the write, in its order */
    ck_assert(!is_said("+new-epoch 5"));
    end_write(NULL);
    ck_assert(is_said("+new-epoch 5"));
    ck_assert(is_said("answer vote " PEER " 5\n"));
    ck_assert(strstr(said.data, "+new-epoch 5") < strstr(said.data, "answer"));
    ck_assert_uint_eq(writes, 1);
}
END_TEST

START_TEST(vote_that_came_during_a_write_waits_for_the_next)
{
    flush();
    ck_assert_uint_eq(vote_being_written(), 0);
    ask_for_vote(5);
    ck_assert_uint_eq(writes, 1);
    end_write(NULL);
    ck_assert(is_said("answer OK\n"));
    ck_assert(!is_said("answer vote"));
    ck_assert_uint_eq(writes, 2);
    ck_assert_uint_eq(vote_being_written(), 5);
    end_write(NULL);
    ck_assert(is_said("answer vote " PEER " 5\n"));
    ck_assert_uint_eq(writes, 2);
}
END_TEST

START_TEST(vote_that_could_not_be_written_is_not_told)
{
    ask_for_vote(5);
    end_write("the disk is full");
    ck_assert(is_said("answer vote * 0\n"));
    ck_assert(!is_said("+new-epoch 5"));
    /* asked again, it is written again before it is told */
    ask_for_vote(5);
    ck_assert(!is_said("answer vote " PEER));
    ck_assert_uint_eq(vote_being_written(), 5);
    end_write(NULL);
    ck_assert(is_said("answer vote " PEER " 5\n"));
}
END_TEST

START_TEST(change_that_could_not_be_written_is_an_error)
{
    flush();
    end_write("the disk is full");
    ck_assert(is_said("answer error\n"));
    ck_assert(!is_said("answer OK\n"));
}
END_TEST

/* An answer that rests on no write keeps its place behind one that does. */
START_TEST(answers_keep_their_order_and_turn)
{
    flush();
    driver_request(driver, &(struct request){.type = REQUEST_RESET,
                                             .client = CLIENT,
                                             .name = "nobody"});
    ck_assert(!is_said("answer"));
    end_write("the disk is full");
    ck_assert(is_said("answer error\nanswer integer\n"));
}
END_TEST

START_TEST(end_of_the_process_writes_what_is_left)
{
    flush();
    ask_for_vote(5);
    driver_stop(driver);
    ck_assert_uint_eq(late_writes, 0); /* it must not overtake the other */
    end_write(NULL);
    ck_assert_uint_eq(late_writes, 1);
    ck_assert(!is_said("answer vote"));
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        vote_is_told_when_it_is_on_disk,
        vote_that_came_during_a_write_waits_for_the_next,
        vote_that_could_not_be_written_is_not_told,
        change_that_could_not_be_written_is_an_error,
        answers_keep_their_order_and_turn,
        end_of_the_process_writes_what_is_left,
    };

    return run_suite("driver", cases, ROWS(cases), set_up, tear_down);
}
