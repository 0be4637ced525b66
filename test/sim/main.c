/* Runs the scenarios. CK_RUN_SUITE and CK_RUN_CASE choose some of them. */
#include "suites.h"
#include "world.h"

#include <stdlib.h>

static void end_test(const char *text)
{
    ck_abort_msg("%s", text);
}

int main(void)
{
    SRunner *runner = srunner_create(suite_discovery());
    int failed;

    world_on_failure(end_test, true);
    coverage_open();
    trace_on_match(coverage_note);
    srunner_add_suite(runner, suite_failover());
    srunner_add_suite(runner, suite_election());
    srunner_add_suite(runner, suite_partition());
    srunner_add_suite(runner, suite_replicas());
    srunner_add_suite(runner, suite_operator());
    srunner_add_suite(runner, suite_handover());
    srunner_add_suite(runner, suite_addresses());
    srunner_add_suite(runner, suite_tilt());
    srunner_add_suite(runner, suite_disk());
    srunner_add_suite(runner, suite_links());
    srunner_add_suite(runner, suite_account());
    srunner_add_suite(runner, suite_mixed());
    srunner_add_suite(runner, suite_found());
    srunner_add_suite(runner, suite_reference_faults());
    srunner_add_suite(runner, suite_succession());
    srunner_add_suite(runner, suite_chaos());
    /* Only a full run can have expected every notice. */
    if (getenv("CK_RUN_SUITE") == NULL && getenv("CK_RUN_CASE") == NULL)
        srunner_add_suite(runner, suite_coverage());
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    coverage_close();
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
