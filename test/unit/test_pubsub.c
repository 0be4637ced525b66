/* links: sentinel/resp.o sentinel/pubsub.o */
#include "../../lib/xalloc.h"
#include "../../sentinel/pubsub.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLIENTS 3

static struct client clients[CLIENTS];
static struct pubsub *pubsub;
static size_t flushed;
static struct client *closes; /* when flushed */

void client_flush(struct client *client)
{
    ck_assert_ptr_nonnull(client->stream);
    flushed++;
    if (closes != NULL) {
        struct client *victim = closes;
        closes = NULL;
        pubsub_forget(pubsub, victim);
        victim->stream = NULL;
    }
}

static void setup(void)
{
    static char socket_stand_in;

    pubsub = pubsub_new();
    flushed = 0;
    closes = NULL;
    memset(clients, 0, sizeof(clients));
    for (size_t i = 0; i < CLIENTS; i++) {
        clients[i].stream = (struct stream *)&socket_stand_in;
        resp_writer_init(&clients[i].output, i == 2 ? 3 : 2);
    }
}

static void teardown(void)
{
    pubsub_free(pubsub);
    for (size_t i = 0; i < CLIENTS; i++)
        resp_writer_clear(&clients[i].output);
}

static void expect(size_t client, const char *wanted)
{
    struct resp_writer *out = &clients[client].output;

    ck_assert_msg(
        out->length == strlen(wanted) &&
            memcmp(out->length > 0 ? out->data : "", wanted, out->length) == 0,
        "client %zu got \"%.*s\", not \"%s\"", client, (int)out->length,
        out->data, wanted);
    out->length = 0;
}

static void subscribe(size_t client, const char *name, bool pattern)
{
    pubsub_subscribe(pubsub, &clients[client], name, strlen(name), pattern);
}

static void unsubscribe(size_t client, const char *name, bool pattern)
{
    pubsub_unsubscribe(pubsub, &clients[client], name,
                       name != NULL ? strlen(name) : 0, pattern);
}

START_TEST(confirmations_in_resp2)
{
    subscribe(0, "+switch-master", false);
    expect(0, "*3\r\n$9\r\nsubscribe\r\n$14\r\n+switch-master\r\n:1\r\n");
    subscribe(0, "*", true);
    expect(0, "*3\r\n$10\r\npsubscribe\r\n$1\r\n*\r\n:2\r\n");
    subscribe(0, "*", true); /* again: no effect */
    expect(0, "*3\r\n$10\r\npsubscribe\r\n$1\r\n*\r\n:2\r\n");
    unsubscribe(0, "nosuch", false);
    expect(0, "*3\r\n$11\r\nunsubscribe\r\n$6\r\nnosuch\r\n:2\r\n");
    unsubscribe(0, NULL, false);
    expect(0, "*3\r\n$11\r\nunsubscribe\r\n$14\r\n+switch-master\r\n:1\r\n");
    unsubscribe(0, NULL, true);
    expect(0, "*3\r\n$12\r\npunsubscribe\r\n$1\r\n*\r\n:0\r\n");
    unsubscribe(0, NULL, false);
    expect(0, "*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n");
    ck_assert(!client_subscribed(&clients[0]));
}
END_TEST

START_TEST(confirmations_in_resp3)
{
    subscribe(2, "ch", false);
    expect(2, ">3\r\n$9\r\nsubscribe\r\n$2\r\nch\r\n:1\r\n");
    unsubscribe(2, "ch", false);
    expect(2, ">3\r\n$11\r\nunsubscribe\r\n$2\r\nch\r\n:0\r\n");
    unsubscribe(2, NULL, true);
    expect(2, ">3\r\n$12\r\npunsubscribe\r\n_\r\n:0\r\n");
}
END_TEST

START_TEST(all_are_dropped_in_order)
{
    subscribe(0, "a", false);
    subscribe(0, "p*", true);
    subscribe(0, "b", false);
    clients[0].output.length = 0;
    unsubscribe(0, NULL, false);
    expect(0, "*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:2\r\n"
              "*3\r\n$11\r\nunsubscribe\r\n$1\r\nb\r\n:1\r\n");
    ck_assert_uint_eq(clients[0].patterns, 1);
}
END_TEST

START_TEST(messages_reach_channels_and_patterns)
{
    subscribe(0, "+sdown", false);
    subscribe(1, "[-+]sdown", true);
    subscribe(2, "+sdown", false);
    subscribe(2, "+*", true);
    for (size_t i = 0; i < CLIENTS; i++)
        clients[i].output.length = 0;
    ck_assert_uint_eq(pubsub_publish(pubsub, "+sdown", "m"), 4);
    expect(0, "*3\r\n$7\r\nmessage\r\n$6\r\n+sdown\r\n$1\r\nm\r\n");
    expect(1, "*4\r\n$8\r\npmessage\r\n$9\r\n[-+]sdown\r\n$6\r\n+sdown\r\n"
              "$1\r\nm\r\n");
    expect(2, ">3\r\n$7\r\nmessage\r\n$6\r\n+sdown\r\n$1\r\nm\r\n"
              ">4\r\n$8\r\npmessage\r\n$2\r\n+*\r\n$6\r\n+sdown\r\n"
              "$1\r\nm\r\n");
    ck_assert_uint_eq(flushed, 4);
    ck_assert_uint_eq(pubsub_publish(pubsub, "-sdown", ""), 1);
    expect(0, "");
    expect(1, "*4\r\n$8\r\npmessage\r\n$9\r\n[-+]sdown\r\n$6\r\n-sdown\r\n"
              "$0\r\n\r\n");
    expect(2, "");
    ck_assert_uint_eq(pubsub_publish(pubsub, "sdown", "x"), 0);
}
END_TEST

START_TEST(counts_topics_once)
{
    size_t channels;
    size_t patterns;

    subscribe(0, "a", false);
    subscribe(1, "a", false);
    subscribe(1, "b", false);
    subscribe(1, "a", true);
    pubsub_counts(pubsub, &channels, &patterns);
    ck_assert_uint_eq(channels, 2);
    ck_assert_uint_eq(patterns, 1);
    pubsub_forget(pubsub, &clients[1]);
    pubsub_counts(pubsub, &channels, &patterns);
    ck_assert_uint_eq(channels, 1);
    ck_assert_uint_eq(patterns, 0);
    ck_assert_uint_eq(clients[1].channels, 0);
}
END_TEST

START_TEST(a_client_may_close_while_publishing)
{
    for (size_t i = 0; i < CLIENTS; i++) {
        subscribe(i, "+sdown", false);
        subscribe(i, "*", true);
        clients[i].output.length = 0;
    }
    closes = &clients[1];
    ck_assert_uint_eq(pubsub_publish(pubsub, "+sdown", "m"), 6);
    ck_assert_uint_eq(flushed, 4); /* not the closed one */
    ck_assert_ptr_null(clients[1].subscriptions);
    ck_assert_uint_eq(pubsub_publish(pubsub, "+sdown", "m"), 4);
}
END_TEST

START_TEST(subscriptions_are_limited)
{
    char name[2000];
    struct resp_writer *out = &clients[0].output;

    for (int i = 0; i < 1024; i++) {
        snprintf(name, sizeof(name), "channel-%d", i);
        subscribe(0, name, i % 2 == 0);
    }
    ck_assert_uint_eq(clients[0].channels + clients[0].patterns, 1024);
    out->length = 0;
    subscribe(0, "one-more", false);
    expect(0, "-ERR more than 1024 subscriptions\r\n");
    subscribe(0, "channel-1", false); /* there already */
    expect(0, "*3\r\n$9\r\nsubscribe\r\n$9\r\nchannel-1\r\n:1024\r\n");
    memset(name, 'x', sizeof(name));
    pubsub_subscribe(pubsub, &clients[1], name, 1024, false);
    ck_assert_uint_eq(clients[1].channels, 1);
    clients[1].output.length = 0;
    pubsub_subscribe(pubsub, &clients[1], name, 1025, false);
    expect(1, "-ERR name of a subscription longer than 1024 bytes\r\n");
    ck_assert_uint_eq(clients[1].channels, 1);
}
END_TEST

START_TEST(names_may_hold_any_bytes)
{
    pubsub_subscribe(pubsub, &clients[0], "+sdown\0x", 8, false);
    pubsub_subscribe(pubsub, &clients[0], "+sdown\0", 7, true);
    pubsub_subscribe(pubsub, &clients[0], "", 0, false);
    ck_assert_uint_eq(clients[0].channels, 2);
    clients[0].output.length = 0;
    ck_assert_uint_eq(pubsub_publish(pubsub, "+sdown", "m"), 0);
    expect(0, "");
    pubsub_unsubscribe(pubsub, &clients[0], "+sdown\0x", 8, false);
    ck_assert_uint_eq(clients[0].channels, 1);
    ck_assert_uint_eq(pubsub_publish(pubsub, "", "m"), 1);
}
END_TEST

static Suite *pubsub_suite(void)
{
    Suite *suite = suite_create("pubsub");
    TCase *tests = tcase_create("pubsub");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, confirmations_in_resp2);
    tcase_add_test(tests, confirmations_in_resp3);
    tcase_add_test(tests, all_are_dropped_in_order);
    tcase_add_test(tests, messages_reach_channels_and_patterns);
    tcase_add_test(tests, counts_topics_once);
    tcase_add_test(tests, a_client_may_close_while_publishing);
    tcase_add_test(tests, subscriptions_are_limited);
    tcase_add_test(tests, names_may_hold_any_bytes);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(pubsub_suite());
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
