/* links: lib */
/* What an INFO text means, and what follows from it. */
#include "failover_world.h"

static void start_all(void)
{
    plan_failover()->options.failover_timeout_ms = 20000;
    initial->masters[0].options.quorum = 2;
    start_core();
    run_for(1000);
    forget();
}

/* REPLICA says TEXT now. */
static void tell(struct instance *instance, const char *text)
{
    struct reply reply = string_reply(text);

    feed_reply(instance->link->command.conn,
               (struct command_tag){COMMAND_INFO, instance->id, now_ms},
               &reply);
}

START_TEST(replicas_are_discovered)
{
    plan_master(2);
    set_info(server_at(MASTER_IP, 6379),
             "run_id:" RUNID_1 "\r\nrole:master\r\n"
             "slave0:ip=10.0.0.2,port=6379,state=online\r\n"
             "slave1:ip=::1,port=6380,state=online\r\n");
    start_core();
    expect_in_order("+slave " REPLICA_1_TEXT,
                    "+slave slave [::1]:6380 ::1 6380 @ mymaster 10.0.0.1 "
                    "6379",
                    "persist", NULL);
    expect_count("persist", 1);
    forget();
    run_for(30000);
    expect_none("+slave *");
    expect_none("persist");
}
END_TEST

START_TEST(replica_lines_that_are_not_taken)
{
    start_all();
    tell(&the_master()->instance,
         "role:master\r\nslave0:ip=10.0.0.2,port=6379,x\r\n"
         "slave1:ip=10.0.0.1,port=6379,x\r\n"
         "slave2:ip=a-name,port=6379,x\r\n"
         "slave3:ip=10.0.0.9,port=0,x\r\n");
    expect_none("+slave *");
    ck_assert_uint_eq(master_replica_count(the_master()), 2);
}
END_TEST

START_TEST(replica_does_not_discover_replicas)
{
    start_all();
    tell(the_replica(REPLICA_1),
         "role:slave\r\nslave0:ip=10.0.0.9,port=6379,state=online\r\n");
    expect_none("+slave *");
}
END_TEST

START_TEST(fields_are_kept)
{
    struct instance *replica;

    start_all();
    replica = the_replica(REPLICA_1);
    tell(replica, "role:slave\r\nmaster_link_down_since_seconds:4\r\n"
                  "master_host:10.0.0.1\r\nmaster_port:6379\r\n"
                  "master_link_status:down\r\nslave_priority:7\r\n"
                  "slave_repl_offset:99\r\nreplica_announced:0\r\n");
    ck_assert_int_eq(replica->master_link_down_ms, 4000);
    ck_assert_int_eq(replica->priority, 7);
    ck_assert_uint_eq(replica->offset, 99);
    ck_assert(!replica->announced && !replica->master_link_up);
    tell(replica, "role:slave\r\n");
    ck_assert_int_eq(replica->master_link_down_ms, 0);
    ck_assert_int_eq(replica->priority, 7);
}
END_TEST

START_TEST(new_run_id_is_a_reboot)
{
    start_all();
    tell(the_replica(REPLICA_1), "run_id:" RUNID_1 "\r\nrole:slave\r\n");
    expect_count("+reboot " REPLICA_1_TEXT, 1);
    tell(the_replica(REPLICA_1), "run_id:" RUNID_1 "\r\nrole:slave\r\n");
    tell(the_replica(REPLICA_1), "role:slave\r\n");
    expect_count("+reboot*", 1);
}
END_TEST

START_TEST(malformed_text_is_logged_once)
{
    start_all();
    for (int i = 0; i < 5; i++)
        tell(the_replica(REPLICA_1), "garbage");
    expect_count("log INFO of 10.0.0.2:6379 (10.0.0.2:6379) is malformed and "
                 "ignored",
                 1);
    ck_assert_str_eq(the_replica(REPLICA_1)->runid, RUNID_2);
}
END_TEST

START_TEST(role_changes_are_told)
{
    start_all();
    tell(the_replica(REPLICA_1), "role:master\r\n");
    expect("-role-change " REPLICA_1_TEXT " new reported role is master");
    tell(the_replica(REPLICA_1), "role:slave\r\n");
    expect("+role-change " REPLICA_1_TEXT " new reported role is slave");
    tell(&the_master()->instance, "role:slave\r\n");
    expect("-role-change " MASTER_TEXT " new reported role is slave");
    tell(&the_master()->instance, "role:master\r\n");
    expect("+role-change " MASTER_TEXT " new reported role is master");
}
END_TEST

START_TEST(old_master_is_converted_after_eight_seconds)
{
    uint64_t wait;

    start_all();
    is_master(first, RUNID_2);
    run_until("-role-change*", 10001);
    wait = run_until("+convert-to-slave " REPLICA_1_TEXT, 11000);
    ck_assert_uint_gt(wait, 8000);
    ck_assert_uint_le(wait, 9100);
    expect("send 10.0.0.2 REPLICAOF 10.0.0.1 6379");
    forget();
    /* a server on which it has no effect is not flooded */
    run_for(60000);
    ck_assert_uint_le(count_lines("+convert-to-slave*", NULL), 6);
    ck_assert_uint_ge(count_lines("+convert-to-slave*", NULL), 5);
}
END_TEST

START_TEST(replica_is_not_converted_while_in_doubt)
{
    enum doubt {
        NO_DOUBT,
        MASTER_DOWN,
        MASTER_SAYS_SLAVE,
        WAS_DOWN,
        PROMOTED
    };

    for (enum doubt doubt = NO_DOUBT; doubt <= PROMOTED; doubt++) {
        struct instance *replica;

        world_renew();
        start_all();
        is_master(first, RUNID_2);
        run_until("-role-change*", 10001);
        run_for(7000);
        replica = the_replica(REPLICA_1);
        forget();
        if (doubt == MASTER_DOWN)
            the_master()->instance.info_ms = now_ms - 20000;
        else if (doubt == MASTER_SAYS_SLAVE)
            the_master()->instance.reports_master = false;
        else if (doubt == PROMOTED)
            replica->flags |= FLAG_PROMOTED;
        replica->ever_sdown = doubt == WAS_DOWN;
        replica->sdown_ms = now_ms - 1000;
        now_ms += 1500;
        tell(replica, "role:master\r\n");
        expect_count("+convert-to-slave*", doubt == NO_DOUBT);
        if (doubt == PROMOTED)
            replica->flags &= ~(unsigned)FLAG_PROMOTED;
    }
}
END_TEST

START_TEST(wrong_master_is_put_right_after_the_failover_timeout)
{
    uint64_t wait;

    start_all();
    follows(first, RUNID_2, "10.0.0.9", "up", 1);
    run_for(10001);
    wait = run_until("+fix-slave-config " REPLICA_1_TEXT, 32000);
    ck_assert_uint_gt(wait, 19000);
    expect("send 10.0.0.2 REPLICAOF 10.0.0.1 6379");
    forget();
    run_for(60000);
    ck_assert_uint_le(count_lines("+fix-slave-config*", NULL), 6);
}
END_TEST

START_TEST(replica_that_was_down_is_given_time)
{
    struct instance *replica;

    start_all();
    follows(first, RUNID_2, "10.0.0.9", "up", 1);
    run_for(25000);
    replica = the_replica(REPLICA_1);
    replica->ever_sdown = true;
    replica->sdown_ms = now_ms;
    run_for(19000);
    expect_none("+fix-slave-config*");
    run_for(11100);
    expect("+fix-slave-config " REPLICA_1_TEXT);
}
END_TEST

START_TEST(right_master_is_left_alone)
{
    start_all();
    run_for(60000);
    expect_none("+fix-slave-config*");
    expect_none("send 10.0.0.2 REPLICAOF*");
}
END_TEST

START_TEST(nothing_is_put_right_in_tilt_but_replicas_are_found)
{
    start_all();
    is_master(first, RUNID_2);
    run_until("-role-change*", 10001);
    run_for(6000);
    now_ms += 5000;
    step(&(struct event){.type = EVENT_TIMER});
    expect("+tilt*");
    set_info(server_at(MASTER_IP, 6379),
             "run_id:" RUNID_1 "\r\nrole:master\r\n"
             "slave0:ip=10.0.0.8,port=6379,state=online\r\n");
    run_for(15000);
    expect_none("+convert-to-slave*");
    expect("+slave slave 10.0.0.8:6379 10.0.0.8 6379 @ mymaster 10.0.0.1 "
           "6379");
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        replicas_are_discovered,
        replica_lines_that_are_not_taken,
        replica_does_not_discover_replicas,
        fields_are_kept,
        new_run_id_is_a_reboot,
        malformed_text_is_logged_once,
        role_changes_are_told,
        old_master_is_converted_after_eight_seconds,
        replica_is_not_converted_while_in_doubt,
        wrong_master_is_put_right_after_the_failover_timeout,
        replica_that_was_down_is_given_time,
        right_master_is_left_alone,
        nothing_is_put_right_in_tilt_but_replicas_are_found,
    };

    return RUN_WORLDS("role", cases);
}
