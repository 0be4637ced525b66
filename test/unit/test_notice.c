/* links: lib */
/* The table of notices, and the texts made from it. */
#include "../../lib/notice.h"
#include "core_world.h"

static const struct {
    enum notice notice;
    const char *channel;
    enum log_level level;
} rows[] = {
    {NOTICE_MONITOR, "+monitor", LEVEL_WARNING},
    {NOTICE_UNMONITOR, "-monitor", LEVEL_WARNING},
    {NOTICE_SET, "+set", LEVEL_WARNING},
    {NOTICE_RESET_MASTER, "+reset-master", LEVEL_WARNING},
    {NOTICE_SLAVE, "+slave", LEVEL_NOTICE},
    {NOTICE_SENTINEL, "+sentinel", LEVEL_NOTICE},
    {NOTICE_SENTINEL_ADDRESS_SWITCH, "+sentinel-address-switch", LEVEL_NOTICE},
    {NOTICE_SENTINEL_ADDRESS_UPDATE, "+sentinel-address-update", LEVEL_NOTICE},
    {NOTICE_SENTINEL_INVALID_ADDR, "+sentinel-invalid-addr", LEVEL_NOTICE},
    {NOTICE_SDOWN, "+sdown", LEVEL_WARNING},
    {NOTICE_NOT_SDOWN, "-sdown", LEVEL_WARNING},
    {NOTICE_ODOWN, "+odown", LEVEL_WARNING},
    {NOTICE_NOT_ODOWN, "-odown", LEVEL_WARNING},
    {NOTICE_NEW_EPOCH, "+new-epoch", LEVEL_WARNING},
    {NOTICE_VOTE_FOR_LEADER, "+vote-for-leader", LEVEL_WARNING},
    {NOTICE_TRY_FAILOVER, "+try-failover", LEVEL_WARNING},
    {NOTICE_ELECTED_LEADER, "+elected-leader", LEVEL_WARNING},
    {NOTICE_STATE_SELECT_SLAVE, "+failover-state-select-slave", LEVEL_WARNING},
    {NOTICE_SELECTED_SLAVE, "+selected-slave", LEVEL_WARNING},
    {NOTICE_STATE_SEND_SLAVEOF_NOONE, "+failover-state-send-slaveof-noone",
     LEVEL_NOTICE},
    {NOTICE_STATE_WAIT_PROMOTION, "+failover-state-wait-promotion",
     LEVEL_NOTICE},
    {NOTICE_PROMOTED_SLAVE, "+promoted-slave", LEVEL_WARNING},
    {NOTICE_STATE_RECONF_SLAVES, "+failover-state-reconf-slaves",
     LEVEL_WARNING},
    {NOTICE_SLAVE_RECONF_SENT, "+slave-reconf-sent", LEVEL_NOTICE},
    {NOTICE_SLAVE_RECONF_INPROG, "+slave-reconf-inprog", LEVEL_NOTICE},
    {NOTICE_SLAVE_RECONF_DONE, "+slave-reconf-done", LEVEL_NOTICE},
    {NOTICE_SLAVE_RECONF_SENT_TIMEOUT, "-slave-reconf-sent-timeout",
     LEVEL_NOTICE},
    {NOTICE_SLAVE_RECONF_SENT_BE, "+slave-reconf-sent-be", LEVEL_NOTICE},
    {NOTICE_FAILOVER_END_FOR_TIMEOUT, "+failover-end-for-timeout",
     LEVEL_WARNING},
    {NOTICE_FAILOVER_END, "+failover-end", LEVEL_WARNING},
    {NOTICE_SWITCH_MASTER, "+switch-master", LEVEL_WARNING},
    {NOTICE_CONFIG_UPDATE_FROM, "+config-update-from", LEVEL_WARNING},
    {NOTICE_ABORT_NOT_ELECTED, "-failover-abort-not-elected", LEVEL_WARNING},
    {NOTICE_ABORT_NO_GOOD_SLAVE, "-failover-abort-no-good-slave",
     LEVEL_WARNING},
    {NOTICE_ABORT_SLAVE_TIMEOUT, "-failover-abort-slave-timeout",
     LEVEL_WARNING},
    {NOTICE_ABORT_MASTER_TIMEOUT, "-failover-abort-master-timeout",
     LEVEL_WARNING},
    {NOTICE_ROLE_CHANGE, "+role-change", LEVEL_VERBOSE},
    {NOTICE_NOT_ROLE_CHANGE, "-role-change", LEVEL_VERBOSE},
    {NOTICE_REBOOT, "+reboot", LEVEL_NOTICE},
    {NOTICE_CONVERT_TO_SLAVE, "+convert-to-slave", LEVEL_NOTICE},
    {NOTICE_FIX_SLAVE_CONFIG, "+fix-slave-config", LEVEL_NOTICE},
    {NOTICE_TILT, "+tilt", LEVEL_WARNING},
    {NOTICE_NOT_TILT, "-tilt", LEVEL_WARNING},
    {NOTICE_CMD_LINK_RECONNECTION, "-cmd-link-reconnection", LEVEL_DEBUG},
    {NOTICE_PUBSUB_LINK_RECONNECTION, "-pubsub-link-reconnection", LEVEL_DEBUG},
};

START_TEST(table_is_as_documented)
{
    struct state_master *master = plan_master(1);

    xreplace(&master->options.notification_script, "/bin/notify");
    start_core();
    ck_assert_uint_eq(ROWS(rows), NOTICE_COUNT);
    for (size_t i = 0; i < ROWS(rows); i++) {
        const struct action_list *list;

        ck_assert_uint_eq(rows[i].notice, i);
        ck_assert_str_eq(notice_channel(rows[i].notice), rows[i].channel);
        begin_call();
        notice_instance(core, rows[i].notice, &the_master()->instance, "%s",
                        "");
        list = emitter_end(&core->out);
        ck_assert_str_eq(list->actions[0].notice.channel, rows[i].channel);
        ck_assert_msg(list->actions[0].notice.level == rows[i].level,
                      "level of %s", rows[i].channel);
        /* the script runs for warnings, and only for them */
        ck_assert_uint_eq(list->count, rows[i].level == LEVEL_WARNING ? 2 : 1);
    }
}
END_TEST

/* What tells of a vote, an epoch or a promotion waits for the disk. */
START_TEST(durable_notices_wait_for_the_disk)
{
    plan_master(1);
    start_core();
    for (size_t i = 0; i < ROWS(rows); i++) {
        enum notice notice = rows[i].notice;
        bool durable = notice >= NOTICE_NEW_EPOCH &&
                       notice <= NOTICE_STATE_RECONF_SLAVES;

        begin_call();
        notice_instance(core, notice, &the_master()->instance, "%s", "");
        ck_assert_msg(emitter_end(&core->out)->actions[0].wait ==
                          (durable ? WAIT_DISK : WAIT_TURN),
                      "%s", rows[i].channel);
    }
}
END_TEST

START_TEST(texts_of_the_three_kinds)
{
    struct state_master *master = plan_master(2);

    plan_replica(master, REPLICA_1, RUNID_2, 1);
    plan_peer(master, PEER_A_IP, PEER_A);
    start_core();
    begin_call();
    notice_instance(core, NOTICE_SDOWN, &the_master()->instance, "%s", "");
    notice_instance(core, NOTICE_SDOWN, the_replica(REPLICA_1), " #%d", 5);
    notice_instance(core, NOTICE_SDOWN, the_peer(PEER_A), "%s", "");
    notice_text(core, NOTICE_TILT, NULL, "#%s", "x");
    end_call();
    expect("+sdown master mymaster 10.0.0.1 6379");
    expect("+sdown slave 10.0.0.2:6379 10.0.0.2 6379 @ mymaster 10.0.0.1 "
           "6379 #5");
    expect("+sdown sentinel " PEER_A " 10.0.1.1 26379 @ mymaster 10.0.0.1 "
           "6379");
    expect("+tilt #x");
}
END_TEST

START_TEST(names_are_shown_when_they_are_announced)
{
    struct addr addr;

    plan_master(1);
    start_core();
    addr_init(&addr, "redis-a", 6379);
    memcpy(addr.ip, MASTER_IP, sizeof(MASTER_IP));
    addr_clear(&the_master()->instance.addr);
    the_master()->instance.addr = addr;
    begin_call();
    notice_instance(core, NOTICE_SDOWN, &the_master()->instance, "%s", "");
    core->global.announce_hostnames = true;
    notice_instance(core, NOTICE_SDOWN, &the_master()->instance, "%s", "");
    end_call();
    expect_in_order("+sdown master mymaster 10.0.0.1 6379",
                    "+sdown master mymaster redis-a 6379", NULL);
}
END_TEST

START_TEST(script_gets_channel_and_text)
{
    struct state_master *master = plan_master(1);

    xreplace(&master->options.notification_script, "/bin/notify");
    start_core();
    expect_in_order("+monitor master mymaster 10.0.0.1 6379 quorum 1",
                    "script /bin/notify +monitor master mymaster 10.0.0.1 "
                    "6379 quorum 1",
                    NULL);
    forget();
    begin_call();
    notice_instance(core, NOTICE_SLAVE, &the_master()->instance, "%s", "");
    notice_text(core, NOTICE_TILT, NULL, "x");
    notice_text(core, NOTICE_NEW_EPOCH, &the_master()->instance, "5");
    end_call();
    expect_count("script*", 1);
    expect("script /bin/notify +new-epoch 5 (disk)");
}
END_TEST

START_TEST(text_is_cut_at_1023_bytes)
{
    char many[2000];
    const struct action_list *list;

    plan_master(1);
    start_core();
    memset(many, 'x', sizeof(many) - 1);
    many[sizeof(many) - 1] = '\0';
    begin_call();
    notice_text(core, NOTICE_TILT, NULL, "%s", many);
    notice_instance(core, NOTICE_SDOWN, &the_master()->instance, " %s", many);
    notice_text(core, NOTICE_TILT, NULL, "%.1023s", many);
    list = emitter_end(&core->out);
    for (size_t i = 0; i < list->count; i++)
        ck_assert_uint_eq(strlen(list->actions[i].notice.text), 1023);
    ck_assert(text_starts(list->actions[1].notice.text,
                          "master mymaster 10.0.0.1 6379 xxx"));
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        table_is_as_documented,       durable_notices_wait_for_the_disk,
        texts_of_the_three_kinds,     names_are_shown_when_they_are_announced,
        script_gets_channel_and_text, text_is_cut_at_1023_bytes,
    };

    return RUN_WORLDS("notice", cases);
}
