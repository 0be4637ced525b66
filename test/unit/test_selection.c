/* links: lib */
/* Which replica to promote. */
#include "../../lib/selection.h"
#include "core_world.h"

/* A master with three replicas, all well, the second with most data. */
static void start_replicas(void)
{
    struct state_master *master = plan_master(2);

    plan_replica(master, REPLICA_1, RUNID_1, 10);
    plan_replica(master, REPLICA_2, RUNID_2, 30);
    plan_replica(master, "10.0.0.4", RUNID_3, 20);
    start_core();
    run_for(3000);
}

static const char *best(void)
{
    struct instance *replica = selection_best(core, the_master(), 0);

    return replica != NULL ? replica->addr.ip : "none";
}

static void master_is_down_for(uint64_t ms)
{
    the_master()->instance.flags |= FLAG_SDOWN;
    the_master()->instance.sdown_ms = now_ms - ms;
}

START_TEST(more_data_is_better)
{
    start_replicas();
    ck_assert_str_eq(best(), REPLICA_2);
}
END_TEST

START_TEST(lower_priority_goes_before_more_data)
{
    start_replicas();
    the_replica(REPLICA_1)->priority = 50;
    ck_assert_str_eq(best(), REPLICA_1);
    the_replica("10.0.0.4")->priority = 50;
    ck_assert_str_eq(best(), "10.0.0.4");
}
END_TEST

START_TEST(smaller_run_id_decides_in_the_end)
{
    start_replicas();
    the_replica(REPLICA_1)->offset = 30;
    the_replica("10.0.0.4")->offset = 30;
    ck_assert_str_eq(best(), REPLICA_1);
    the_replica(REPLICA_1)->runid[0] = '\0';
    ck_assert_str_eq(best(), REPLICA_2);
    memset(the_replica(REPLICA_2)->runid, 'a', 40);
    memset(the_replica("10.0.0.4")->runid, 'B', 40);
    ck_assert_str_eq(best(), REPLICA_2);
}
END_TEST

/* Each row makes the best replica not eligible, or nearly so. */
START_TEST(conditions)
{
    enum what {
        SDOWN,
        ODOWN,
        NO_COMMAND,
        NO_PUBSUB,
        SILENT,
        PRIORITY,
        INFO_AGE,
        INFO_NEVER,
        LINK_DOWN
    };
    static const struct {
        enum what what;
        uint64_t ms;
        bool master_down;
        bool eligible;
    } rows[] = {
        {SDOWN, 0, false, false},        {ODOWN, 0, false, false},
        {NO_COMMAND, 0, false, false},   {NO_PUBSUB, 0, false, false},
        {SILENT, 5000, false, true},     {SILENT, 5001, false, false},
        {PRIORITY, 0, false, false},     {PRIORITY, 1, false, true},
        {INFO_AGE, 30000, false, true},  {INFO_AGE, 30001, false, false},
        {INFO_AGE, 5000, true, true},    {INFO_AGE, 5001, true, false},
        {INFO_NEVER, 0, false, false},   {INFO_NEVER, 0, true, false},
        {LINK_DOWN, 50000, false, true}, {LINK_DOWN, 51000, false, false},
        {LINK_DOWN, 57000, true, true}, /* down for 7000 */
        {LINK_DOWN, 58000, true, false},
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct instance *replica;

        world_renew();
        start_replicas();
        replica = the_replica(REPLICA_2);
        if (rows[i].master_down)
            master_is_down_for(7000);
        if (rows[i].what == SDOWN)
            replica->flags |= FLAG_SDOWN;
        else if (rows[i].what == ODOWN)
            replica->flags |= FLAG_ODOWN;
        else if (rows[i].what == SILENT)
            replica->link->last_avail_ms = now_ms - rows[i].ms;
        else if (rows[i].what == PRIORITY)
            replica->priority = (int64_t)rows[i].ms;
        else if (rows[i].what == INFO_AGE)
            replica->info_ms = now_ms - rows[i].ms;
        else if (rows[i].what == INFO_NEVER)
            replica->info_known = false;
        else if (rows[i].what == LINK_DOWN)
            replica->master_link_down_ms = (int64_t)rows[i].ms;
        /* a second break within a second is not mended at once */
        for (int j = 0; j < 2 && rows[i].what == NO_COMMAND; j++)
            break_conn(replica->link->command.conn, "x");
        for (int j = 0; j < 2 && rows[i].what == NO_PUBSUB; j++)
            break_conn(replica->link->pubsub.conn, "x");
        ck_assert_msg(selection_is_eligible(core, replica) == rows[i].eligible,
                      "row %zu", i);
        if (!rows[i].eligible)
            ck_assert_str_eq(best(), "10.0.0.4");
    }
}
END_TEST

START_TEST(hidden_replica_is_eligible)
{
    start_replicas();
    the_replica(REPLICA_2)->announced = false;
    ck_assert_str_eq(best(), REPLICA_2);
}
END_TEST

START_TEST(never_synced_replica_only_if_there_is_nothing_better)
{
    start_replicas();
    the_replica(REPLICA_2)->master_link_down_ms = -1000;
    the_replica(REPLICA_2)->priority = 1;
    ck_assert_str_eq(best(), "10.0.0.4");
    the_replica("10.0.0.4")->priority = 0;
    the_replica(REPLICA_1)->priority = 0;
    ck_assert_str_eq(best(), REPLICA_2);
}
END_TEST

/* A leader that was lost has promoted it already. */
START_TEST(replica_promoted_since_the_master_went_down_is_first)
{
    start_replicas();
    master_is_down_for(500);
    the_replica(REPLICA_1)->reports_master = true;
    the_replica(REPLICA_1)->role_ms = now_ms - 100;
    ck_assert_str_eq(best(), REPLICA_1);
    the_replica(REPLICA_1)->role_ms = now_ms - 1000;
    ck_assert_str_eq(best(), REPLICA_2);
}
END_TEST

START_TEST(no_replica_at_all)
{
    plan_master(1);
    start_core();
    ck_assert_str_eq(best(), "none");
    ck_assert(!selection_is_incomplete(core, the_master(), now_ms));
}
END_TEST

START_TEST(only_fresh_answers_count_when_asked_for)
{
    start_replicas();
    ck_assert(selection_is_incomplete(core, the_master(), now_ms));
    ck_assert_ptr_null(selection_best(core, the_master(), now_ms));
    the_replica("10.0.0.4")->info_answered_ms = now_ms;
    ck_assert_ptr_eq(selection_best(core, the_master(), now_ms),
                     the_replica("10.0.0.4"));
    ck_assert(selection_is_incomplete(core, the_master(), now_ms));
    the_replica(REPLICA_1)->info_answered_ms = now_ms;
    the_replica(REPLICA_2)->info_answered_ms = now_ms + 5;
    ck_assert(!selection_is_incomplete(core, the_master(), now_ms));
    ck_assert_ptr_eq(selection_best(core, the_master(), now_ms),
                     the_replica(REPLICA_2));
    /* whoever is not eligible is not waited for */
    the_replica(REPLICA_2)->info_answered_ms = 0;
    the_replica(REPLICA_2)->priority = 0;
    ck_assert(!selection_is_incomplete(core, the_master(), now_ms));
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        more_data_is_better,
        lower_priority_goes_before_more_data,
        smaller_run_id_decides_in_the_end,
        conditions,
        hidden_replica_is_eligible,
        never_synced_replica_only_if_there_is_nothing_better,
        replica_promoted_since_the_master_went_down_is_first,
        no_replica_at_all,
        only_fresh_answers_count_when_asked_for,
    };

    return RUN_WORLDS("selection", cases);
}
