/* links: lib */
#include "../../lib/info.h"
#include "../../lib/text.h"
#include "suite.h"

#include <string.h>

#define RUNID "0123456789abcdef0123456789abcdef01234567"

static struct info info;

static void teardown(void)
{
    info_clear(&info);
}

static void parse(const char *text)
{
    info_clear(&info);
    info_parse(&info, text);
}

START_TEST(text_of_a_master)
{
    parse("# Server\r\nredis_version:7.0.15\r\nrun_id:" RUNID "\r\n\r\n"
          "# Replication\r\nrole:master\r\nconnected_slaves:2\r\n"
          "slave0:ip=10.0.0.2,port=6379,state=online,offset=1,lag=0\r\n"
          "slave1:ip=fe80::3,port=6380,state=wait_bgsave,offset=0,lag=9\r\n"
          "master_repl_offset:14\r\n");
    ck_assert(!info.malformed);
    ck_assert(info.has_role && info.is_master);
    ck_assert_str_eq(info.runid, RUNID);
    ck_assert_uint_eq(info.replica_count, 2);
    ck_assert_str_eq(info.replicas[0].host, "10.0.0.2");
    ck_assert_int_eq(info.replicas[0].port, 6379);
    ck_assert_str_eq(info.replicas[1].host, "fe80::3");
    ck_assert_int_eq(info.replicas[1].port, 6380);
}
END_TEST

START_TEST(text_of_a_replica)
{
    parse("role:slave\r\nmaster_host:10.0.0.1\r\nmaster_port:6379\r\n"
          "master_link_status:up\r\nslave_repl_offset:123456789012\r\n"
          "slave_priority:90\r\nreplica_announced:0\r\n");
    ck_assert(!info.malformed);
    ck_assert(info.has_role && !info.is_master);
    ck_assert_str_eq(info.master_host, "10.0.0.1");
    ck_assert_int_eq(info.master_port, 6379);
    ck_assert(info.has_link_status && info.link_up);
    ck_assert(info.has_priority);
    ck_assert_int_eq(info.priority, 90);
    ck_assert(info.has_offset);
    ck_assert_uint_eq(info.offset, 123456789012);
    ck_assert(info.has_announced && !info.announced);
    ck_assert_int_eq(info.link_down_ms, 0);
    ck_assert_str_eq(info.runid, "");
}
END_TEST

START_TEST(replica_fields_count_only_behind_the_role)
{
    parse("master_host:10.0.0.1\r\nslave_priority:1\r\nrole:slave\r\n");
    ck_assert_ptr_null(info.master_host);
    ck_assert(!info.has_priority);
    parse("role:master\r\nmaster_host:10.0.0.1\r\nslave_priority:1\r\n");
    ck_assert_ptr_null(info.master_host);
    ck_assert(!info.has_priority);
}
END_TEST

START_TEST(link_down_time)
{
    static const struct {
        const char *text;
        int64_t ms;
        bool malformed;
    } rows[] = {
        {"role:slave\r\n", 0, false},
        {"role:slave\r\nmaster_link_down_since_seconds:7\r\n", 7000, false},
        {"master_link_down_since_seconds:7\r\nrole:slave\r\n", 7000, false},
        {"role:slave\r\nmaster_link_down_since_seconds:-1\r\n", -1000, false},
        {"role:slave\r\nmaster_link_down_since_seconds:x\r\n", 0, true},
        {"role:slave\r\nmaster_link_down_since_seconds:\r\n", 0, true},
        {"role:slave\r\nmaster_link_down_since_seconds:"
         "9223372036854775807\r\n",
         0, true},
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        parse(rows[i].text);
        ck_assert_msg(info.link_down_ms == rows[i].ms, "%s", rows[i].text);
        ck_assert_int_eq(info.malformed, rows[i].malformed);
    }
}
END_TEST

START_TEST(old_form_of_a_replica_line)
{
    parse("role:master\nslave0:10.0.0.2,6379,online\nslave10:10.0.0.3,1,x\n");
    ck_assert(!info.malformed);
    ck_assert_uint_eq(info.replica_count, 2);
    ck_assert_str_eq(info.replicas[0].host, "10.0.0.2");
    ck_assert_int_eq(info.replicas[1].port, 1);
}
END_TEST

START_TEST(lines_that_only_look_like_replicas)
{
    parse("role:slave\r\nslave_read_only:1\r\nslave_priority:100\r\n"
          "slaves:3\r\nslavex:ip=1.2.3.4,port=1\r\n");
    ck_assert(!info.malformed);
    ck_assert_uint_eq(info.replica_count, 0);
}
END_TEST

START_TEST(bad_lines_are_ignored_and_reported)
{
    static const char *const lines[] = {
        "slave0:",
        "slave0:ip=10.0.0.2",
        "slave0:ip=10.0.0.2,port=0",
        "slave0:ip=10.0.0.2,port=65536",
        "slave0:ip=10.0.0.2,port=-1",
        "slave0:ip=10.0.0.2,port=",
        "slave0:ip=,port=1",
        "slave0:ip=a b,port=1",
        "slave0:,,,,,",
        "slave0:port=1",
        "run_id:short",
        "role:sentinel",
    };

    for (size_t i = 0; i < ROWS(lines); i++) {
        struct text text;

        text_init(&text);
        text_addf(&text, "role:master\r\n%s\r\n", lines[i]);
        parse(text.data);
        text_clear(&text);
        ck_assert_msg(info.malformed, "%s", lines[i]);
        ck_assert_uint_eq(info.replica_count, 0);
        ck_assert(info.is_master);
    }
}
END_TEST

START_TEST(bad_replica_fields_are_not_taken)
{
    parse("role:slave\r\nmaster_host:\r\nmaster_port:99999\r\n"
          "slave_priority:many\r\nslave_repl_offset:1e9\r\n");
    ck_assert(info.malformed);
    ck_assert_ptr_null(info.master_host);
    ck_assert(!info.has_master_port);
    ck_assert(!info.has_priority);
    ck_assert(!info.has_offset);
    /* A server without a history says so. */
    parse("role:slave\r\nslave_repl_offset:-1\r\n");
    ck_assert(!info.malformed);
    ck_assert(!info.has_offset);
}
END_TEST

START_TEST(text_without_a_role_is_malformed)
{
    static const char *const texts[] = {
        "", "\r\n", "hello", ":", "::::\n", "role", "# role:master\r\n"};

    for (size_t i = 0; i < ROWS(texts); i++) {
        parse(texts[i]);
        ck_assert(info.malformed);
        ck_assert(!info.has_role);
    }
}
END_TEST

START_TEST(a_repeated_host_does_not_leak)
{
    parse("role:slave\nmaster_host:one\nmaster_host:two\n");
    ck_assert_str_eq(info.master_host, "two");
}
END_TEST

START_TEST(number_of_replicas_is_limited)
{
    struct text text;

    text_init(&text);
    text_add(&text, "role:master\r\n");
    for (int i = 0; i < 3000; i++)
        text_addf(&text, "slave%d:ip=10.1.%d.%d,port=6379\r\n", i, i / 250,
                  i % 250);
    parse(text.data);
    text_clear(&text);
    ck_assert_uint_eq(info.replica_count, INFO_MAX_REPLICAS);
    ck_assert(info.malformed);
}
END_TEST

/* Cut at every byte: never a crash, never a field that was not complete. */
START_TEST(cut_texts)
{
    static const char whole[] =
        "run_id:" RUNID "\r\nrole:slave\r\nmaster_host:10.0.0.1\r\n"
        "master_port:6379\r\nslave0:ip=10.0.0.2,port=6379,x\r\n";

    for (size_t length = 0; length < sizeof(whole); length++) {
        char *copy = malloc(length + 1);

        ck_assert_ptr_nonnull(copy);
        memcpy(copy, whole, length);
        copy[length] = '\0';
        parse(copy);
        free(copy);
        if (length < strlen("run_id:" RUNID))
            ck_assert_str_eq(info.runid, "");
    }
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        text_of_a_master,
        text_of_a_replica,
        replica_fields_count_only_behind_the_role,
        link_down_time,
        old_form_of_a_replica_line,
        lines_that_only_look_like_replicas,
        bad_lines_are_ignored_and_reported,
        bad_replica_fields_are_not_taken,
        text_without_a_role_is_malformed,
        a_repeated_host_does_not_leak,
        number_of_replicas_is_limited,
        cut_texts,
    };

    return run_suite("info", cases, ROWS(cases), teardown, teardown);
}
