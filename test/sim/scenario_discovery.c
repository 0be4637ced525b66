/* Scenarios: how sentinels find servers and each other. */
#include "operator.h"
#include "redis.h"
#include "suites.h"

#include <stdio.h>

START_TEST(sentinels_find_replicas_and_each_other)
{
    struct world *w = world_new((struct world_options){.sentinels = 3});

    expect(w, "* s1 +monitor master mymaster 10.0.0.1 6379 quorum 2\n");
    expect(w, "* s1 +slave slave 10.0.0.2:6379 10.0.0.2 6379 @ mymaster "
              "10.0.0.1 6379\n"
              "* s1 +slave slave 10.0.0.3:6379 10.0.0.3 6379 @ mymaster "
              "10.0.0.1 6379\n");
    expect(w, "* s1 +sentinel sentinel s2 10.1.0.2 26379 @ mymaster 10.0.0.1 "
              "6379\n");
    expect(w, "* s1 +sentinel sentinel s3 10.1.0.3 26379 @ mymaster 10.0.0.1 "
              "6379\n");
    expect(w, "* s3 +sentinel sentinel s1 10.1.0.1 26379 @ mymaster 10.0.0.1 "
              "6379\n");
    world_discover(w);
    world_run_for(w, 30000);
    ck_assert_uint_eq(world_matches(w, "* * +sentinel *"), 6);
    ck_assert_uint_eq(world_matches(w, "* * +slave *"), 6);
    expect_none(w, "* * +sdown *\n* * +tilt *\n* * +new-epoch *\n");
    world_free(w);
}
END_TEST

START_TEST(a_restarted_sentinel_knows_all_from_its_disk)
{
    struct world *w = world_ready((struct world_options){.sentinels = 3});

    sentinel_crash(w, S2);
    world_run_for(w, 1000);
    sentinel_restart(w, S2);
    expect(w, "* s2 +monitor master mymaster 10.0.0.1 6379 quorum 2\n");
    world_run_for(w, 20000);
    expect_none(w, "* s2 +slave *\n* s2 +sentinel *\n* * +sdown *\n");
    world_free(w);
}
END_TEST

START_TEST(a_new_replica_is_found)
{
    struct world *w = world_ready(
        (struct world_options){.sentinels = 1, .quorum = 1});

    ck_assert_int_eq(redis_add(w, MASTER), REPLICA_3);
    expect(w, "* s1 +slave slave 10.0.0.4:6379 10.0.0.4 6379 @ mymaster "
              "10.0.0.1 6379\n");
    world_free(w);
}
END_TEST

START_TEST(a_sentinel_that_dies_is_down_and_comes_back)
{
    struct world *w = world_ready(
        (struct world_options){.down_after_ms = 2000});

    sentinel_crash(w, S3);
    expect(w, "* s1 +sdown sentinel s3 10.1.0.3 26379 @ mymaster 10.0.0.1 "
              "6379\n");
    sentinel_restart(w, S3);
    expect(w, "* s1 -sdown sentinel s3 10.1.0.3 26379 @ mymaster 10.0.0.1 "
              "6379\n");
    world_free(w);
}
END_TEST

START_TEST(a_sentinel_that_moves_is_followed)
{
    struct world *w = world_ready((struct world_options){.sentinels = 3});
    char hello[200];

    snprintf(hello, sizeof(hello),
             "10.1.0.9,26379,%s,0,mymaster,10.0.0.1,6379,0",
             node_at(w, S2)->id);
    ck_assert_str_eq(sentinel_hello(w, S1, hello), ":1");
    expect(w, "* s1 +sentinel-address-switch master mymaster 10.0.0.1 6379 ip "
              "10.1.0.9 port 26379 for s2\n"
              /* its next real message brings it back */
              "* s1 +sentinel-address-switch master mymaster 10.0.0.1 6379 ip "
              "10.1.0.2 port 26379 for s2\n");
    expect_none(w, "* s1 +sentinel *\n");
    world_free(w);
}
END_TEST

START_TEST(a_moved_sentinel_is_corrected_in_all_masters)
{
    struct world *w = world_ready(
        (struct world_options){.masters = 2, .sentinels = 2});
    char hello[200];

    snprintf(hello, sizeof(hello),
             "10.1.0.9,26379,%s,0,mymaster,10.0.0.1,6379,0",
             node_at(w, S2)->id);
    (void)sentinel_hello(w, S1, hello);
    expect(w, "* s1 +sentinel-address-switch master mymaster *\n"
              "* s1 +sentinel-address-update sentinel s2 10.1.0.9 26379 @ "
              "mymaster 10.0.0.1 6379 1 additional matching instances\n");
    world_free(w);
}
END_TEST

START_TEST(a_new_id_at_a_known_address_replaces_the_old_one)
{
    struct world *w = world_ready((struct world_options){.sentinels = 2});

    (void)sentinel_hello(w, S1,
                         "10.1.0.2,26379,"
                         "0123456789012345678901234567890123456789,0,mymaster,"
                         "10.0.0.1,6379,0");
    expect(w, "* s1 +sentinel-invalid-addr sentinel s2 10.1.0.2 26379 @ "
              "mymaster 10.0.0.1 6379\n"
              "* s1 +sentinel sentinel "
              "0123456789012345678901234567890123456789 10.1.0.2 26379 @ "
              "mymaster 10.0.0.1 6379\n");
    world_free(w);
}
END_TEST

START_TEST(rubbish_in_a_hello_changes_nothing)
{
    struct world *w = world_ready((struct world_options){.sentinels = 2});
    static const char *const hellos[] = {
        "",
        ",,,,,,,",
        "a,b",
        "10.1.0.7,26379,short,0,mymaster,10.0.0.1,6379,0",
        "10.1.0.7,99999,0123456789012345678901234567890123456789,0,mymaster,"
        "10.0.0.1,6379,0",
        "10.1.0.7,26379,0123456789012345678901234567890123456789,0,other,"
        "10.0.0.1,6379,0",
        "10.1.0.7,26379,0123456789012345678901234567890123456789,0,mymaster,"
        "10.0.0.1,6379,0,more",
    };

    for (size_t i = 0; i < sizeof(hellos) / sizeof(hellos[0]); i++)
        ck_assert_str_eq(sentinel_hello(w, S1, hellos[i]), ":1");
    world_run_for(w, 5000);
    expect_none(w, "* * +new-epoch *\n* * +switch-master *\n"
                   "* s1 +sentinel-address-switch *\n");
    world_free(w);
}
END_TEST

START_TEST(a_host_name_is_looked_up)
{
    struct world *w = world_new((struct world_options){
        .sentinels = 2, .resolve_hostnames = true, .down_after_ms = 2000});

    expect(w, "* s1 +slave slave 10.0.0.2:6379 *\n");
    expect(w, "* s1 +sentinel sentinel s2 10.1.0.2 26379 @ mymaster *\n");
    world_run_for(w, 20000);
    expect_none(w, "* * +sdown *\n");
    world_free(w);
}
END_TEST

Suite *suite_discovery(void)
{
    Suite *suite = suite_create("discovery");
    TCase *tcase = tcase_create("discovery");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, sentinels_find_replicas_and_each_other);
    tcase_add_test(tcase, a_restarted_sentinel_knows_all_from_its_disk);
    tcase_add_test(tcase, a_new_replica_is_found);
    tcase_add_test(tcase, a_sentinel_that_dies_is_down_and_comes_back);
    tcase_add_test(tcase, a_sentinel_that_moves_is_followed);
    tcase_add_test(tcase, a_moved_sentinel_is_corrected_in_all_masters);
    tcase_add_test(tcase, a_new_id_at_a_known_address_replaces_the_old_one);
    tcase_add_test(tcase, rubbish_in_a_hello_changes_nothing);
    tcase_add_test(tcase, a_host_name_is_looked_up);
    suite_add_tcase(suite, tcase);
    return suite;
}
