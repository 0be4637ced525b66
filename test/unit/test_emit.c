/* links: lib */
#include "../../lib/emit.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

static struct emitter emitter;

static void setup(void)
{
    emitter_init(&emitter);
    emitter_begin(&emitter);
}

static void teardown(void)
{
    emitter_clear(&emitter);
}

static const struct action *only(void)
{
    const struct action_list *list = emitter_end(&emitter);

    ck_assert_uint_eq(list->count, 1);
    return &list->actions[0];
}

START_TEST(actions_keep_their_order)
{
    const struct action_list *list;

    for (uint64_t i = 1; i <= 500; i++)
        emit_persist(&emitter, i);
    list = emitter_end(&emitter);
    ck_assert_uint_eq(list->count, 500);
    for (uint64_t i = 0; i < 500; i++)
        ck_assert_uint_eq(list->actions[i].persist.serial, i + 1);
    emitter_begin(&emitter);
    ck_assert_uint_eq(emitter_end(&emitter)->count, 0);
}
END_TEST

START_TEST(texts_are_copied_and_stay_until_the_next_step)
{
    char text[16];
    const struct action_list *list;

    /* More than one block of memory. */
    for (int i = 0; i < 2000; i++) {
        snprintf(text, sizeof(text), "t%d", i);
        emit_notice(&emitter, WAIT_TURN, LEVEL_NOTICE, "+x", text);
    }
    list = emitter_end(&emitter);
    for (int i = 0; i < 2000; i++) {
        snprintf(text, sizeof(text), "t%d", i);
        ck_assert_str_eq(list->actions[i].notice.text, text);
    }
}
END_TEST

START_TEST(text_longer_than_a_block)
{
    char *text = malloc(100001);

    ck_assert_ptr_nonnull(text);
    memset(text, 'x', 100000);
    text[100000] = '\0';
    emit_logf(&emitter, LEVEL_WARNING, "%s!", text);
    free(text);
    ck_assert_uint_eq(strlen(only()->log.text), 100001);
    emitter_begin(&emitter);
    emit_resolve(&emitter, "host", "");
    ck_assert_str_eq(only()->resolve.host, "host");
}
END_TEST

START_TEST(send_copies_words)
{
    char first[] = "PING";
    const char *words[] = {first, "x"};
    struct command_tag tag = {COMMAND_PING, 4, 5};
    const struct action *action;

    emit_send(&emitter, WAIT_DISK, 9, tag, words, 2);
    first[0] = '?';
    action = only();
    ck_assert_int_eq(action->type, ACTION_SEND);
    ck_assert_int_eq(action->wait, WAIT_DISK);
    ck_assert_uint_eq(action->send.conn, 9);
    ck_assert_uint_eq(action->send.tag.instance, 4);
    ck_assert_uint_eq(action->send.tag.serial, 5);
    ck_assert_uint_eq(action->send.count, 2);
    ck_assert_str_eq(action->send.words[0], "PING");
    ck_assert_str_eq(action->send.words[1], "x");
    ck_assert_ptr_null(action->send.words[2]);
}
END_TEST

START_TEST(plain_actions)
{
    const char *words[] = {"+sdown", "text"};
    const struct action *action;

    emit_connect(&emitter, 3, "10.0.0.1", 6379);
    emit_close(&emitter, 3, "why");
    emit_crash(&emitter);
    emit_log_until(&emitter, LEVEL_WARNING, "until ", 77);
    emit_script(&emitter, WAIT_TURN, "/bin/x", words, 2);
    action = emitter_end(&emitter)->actions;
    ck_assert_int_eq(action[0].type, ACTION_CONNECT);
    ck_assert_str_eq(action[0].connect.ip, "10.0.0.1");
    ck_assert_int_eq(action[0].connect.port, 6379);
    ck_assert_int_eq(action[1].type, ACTION_CLOSE);
    ck_assert_str_eq(action[1].close.reason, "why");
    ck_assert_int_eq(action[2].type, ACTION_CRASH);
    ck_assert_int_eq(action[2].wait, WAIT_TURN);
    ck_assert_uint_eq(action[3].log.until_ms, 77);
    ck_assert_str_eq(action[4].script.path, "/bin/x");
    ck_assert_uint_eq(action[4].script.count, 2);
}
END_TEST

START_TEST(answer_that_needs_the_disk_has_a_failed_form)
{
    const struct action *action;

    emit_ok(&emitter, 8);
    action = only();
    ck_assert_int_eq(action->type, ACTION_REPLY);
    ck_assert_int_eq(action->wait, WAIT_DISK);
    ck_assert_uint_eq(action->reply.client, 8);
    ck_assert_int_eq(action->reply.ok.type, ANSWER_OK);
    ck_assert_int_eq(action->reply.failed.type, ANSWER_ERROR);
    ck_assert_str_eq(action->reply.failed.text,
                     "ERR Failed to save config file. Check server logs.");
}
END_TEST

START_TEST(error_is_said_at_once)
{
    char text[] = "ERR no";
    const struct action *action;

    emit_error(&emitter, 8, text);
    text[0] = '?';
    action = only();
    ck_assert_int_eq(action->wait, WAIT_NOTHING);
    ck_assert_int_eq(action->reply.ok.type, ANSWER_ERROR);
    ck_assert_str_eq(action->reply.ok.text, "ERR no");
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        actions_keep_their_order,
        texts_are_copied_and_stay_until_the_next_step,
        text_longer_than_a_block,
        send_copies_words,
        plain_actions,
        answer_that_needs_the_disk_has_a_failed_form,
        error_is_said_at_once,
    };

    return run_suite("emit", cases, ROWS(cases), setup, teardown);
}
