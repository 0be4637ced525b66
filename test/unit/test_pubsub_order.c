/* links: sentinel/resp.o sentinel/pubsub.o */
/* Subscribers that come and go in any order: exactly those that are there get
 * the message. */
#include "../../lib/random.h"
#include "../../sentinel/pubsub.h"
#include "suite.h"

#include <check.h>
#include <string.h>

#define CLIENTS 5
#define CHANNEL "+switch-master"

static struct client clients[CLIENTS];
static struct pubsub *pubsub;

void client_flush(struct client *client)
{
    ck_assert_ptr_nonnull(client);
}

static void set_up(void)
{
    static char stand_in;

    pubsub = pubsub_new();
    memset(clients, 0, sizeof(clients));
    for (size_t i = 0; i < CLIENTS; i++) {
        clients[i].stream = (struct stream *)&stand_in;
        resp_writer_init(&clients[i].output, 2);
    }
}

static void tear_down(void)
{
    pubsub_free(pubsub);
    for (size_t i = 0; i < CLIENTS; i++)
        resp_writer_clear(&clients[i].output);
}

static void come(size_t i, bool pattern)
{
    const char *name = pattern ? "+*" : CHANNEL;

    pubsub_subscribe(pubsub, &clients[i], name, strlen(name), pattern);
}

static void leave(size_t i, bool pattern)
{
    const char *name = pattern ? "+*" : CHANNEL;

    pubsub_unsubscribe(pubsub, &clients[i], name, strlen(name), pattern);
}

/* Publishes, and compares who gets something with the bits of WANTED. */
static void expect_reached(unsigned wanted)
{
    size_t count = 0;

    for (size_t i = 0; i < CLIENTS; i++)
        clients[i].output.length = 0;
    for (size_t i = 0; i < CLIENTS; i++)
        count += wanted >> i & 1u;
    ck_assert_uint_eq(pubsub_publish(pubsub, CHANNEL, "text"), count);
    for (size_t i = 0; i < CLIENTS; i++)
        ck_assert_int_eq(clients[i].output.length > 0, wanted >> i & 1u);
}

static void expect_topics(size_t channels, size_t patterns)
{
    size_t has_channels;
    size_t has_patterns;

    pubsub_counts(pubsub, &has_channels, &has_patterns);
    ck_assert_uint_eq(has_channels, channels);
    ck_assert_uint_eq(has_patterns, patterns);
}

START_TEST(the_last_leaves_and_another_comes)
{
    come(0, false);
    come(1, false);
    leave(1, false);
    come(2, false);
    expect_reached(1u | 4u);
}
END_TEST

START_TEST(nothing_is_kept_for_nobody)
{
    come(0, false);
    come(1, false);
    come(1, true);
    expect_topics(1, 1);
    leave(0, false);
    expect_topics(1, 1);
    pubsub_forget(pubsub, &clients[1]);
    expect_topics(0, 0);
    expect_reached(0);
}
END_TEST

START_TEST(any_order)
{
    const bool pattern = _i == 1;
    struct random random;
    unsigned there = 0;

    random_seed(&random, 1);
    for (int step = 0; step < 500; step++) {
        size_t i = random_below(&random, CLIENTS);

        if ((there >> i & 1u) != 0)
            leave(i, pattern);
        else
            come(i, pattern);
        there ^= 1u << i;
        expect_reached(there);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pubsub_order");
    TCase *tcase = tcase_create("pubsub_order");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, the_last_leaves_and_another_comes);
    tcase_add_test(tcase, nothing_is_kept_for_nobody);
    tcase_add_loop_test(tcase, any_order, 0, 2);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
