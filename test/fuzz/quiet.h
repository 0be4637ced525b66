/* Keeps what the code under test says on standard error, which would otherwise
 * be written for each input. What an assertion says still gets out. */
#ifndef TEST_FUZZ_QUIET_H
#define TEST_FUZZ_QUIET_H

/* From now on; for each input, to begin anew. */
void quiet_begin(void);

/* What was said since then; the end of it when it is long. */
const char *quiet_said(void);

#endif
