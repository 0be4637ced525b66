/* links: lib */
/* Who cannot save the vote for itself is no candidate. */
#include "failover_world.h"

START_TEST(nothing_is_begun_right_after_a_failed_write)
{
    plan_failover();
    start_core();
    run_for(3000);
    kill_server(MASTER_IP);
    run_for(3500);
    disk_works = false;
    request(REQUEST_FLUSH, NULL);
    step(&(struct event){.type = EVENT_PERSISTED,
                         .persisted = {core->persist_asked, false}});
    run_until("+sdown " MASTER_TEXT, 2900);
    run_for(300);
    expect("+odown " MASTER_TEXT " #quorum 1/1");
    expect_none("+try-failover*");
    disk_works = true;
    run_until("+try-failover " MASTER_TEXT " (disk)", 2000);
}
END_TEST

START_TEST(nothing_is_begun_while_a_write_does_not_end)
{
    plan_failover();
    start_core();
    run_for(3000);
    kill_server(MASTER_IP);
    disk_works = false;
    request(REQUEST_FLUSH, NULL);
    run_until("+sdown " MASTER_TEXT, 8000);
    run_for(10000);
    expect("+odown " MASTER_TEXT " #quorum 1/1");
    expect_none("+try-failover*");
    disk_works = true;
    run_until("+try-failover " MASTER_TEXT " (disk)", 1000);
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        nothing_is_begun_right_after_a_failed_write,
        nothing_is_begun_while_a_write_does_not_end,
    };

    return RUN_WORLDS("candidate_disk", cases);
}
