/* The suites of scenarios that main.c runs. */
#ifndef SIM_SUITES_H
#define SIM_SUITES_H

#include <check.h>

Suite *suite_discovery(void);
Suite *suite_failover(void);
Suite *suite_election(void);
Suite *suite_partition(void);
Suite *suite_replicas(void);
Suite *suite_operator(void);
Suite *suite_handover(void);
Suite *suite_addresses(void);
Suite *suite_tilt(void);
Suite *suite_disk(void);
Suite *suite_links(void);
Suite *suite_account(void);
Suite *suite_mixed(void); /* with reference seats */
Suite *suite_found(void); /* our own faults of before */
Suite *suite_reference_faults(void);
Suite *suite_chaos(void);
Suite *suite_succession(void);
Suite *suite_coverage(void);

/* coverage.c: which notices have been expected. Tests run in processes of
 * their own, so this is kept in a file that they share. */
void coverage_open(void);
void coverage_note(const char *channel);
void coverage_close(void);

#endif
