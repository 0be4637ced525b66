/* Sentinel lines that stand in included files or on the command line. The
 * rewrite writes into the main file only what differs from them, so nothing
 * comes twice. */
#ifndef SENTINEL_ELSEWHERE_H
#define SENTINEL_ELSEWHERE_H

#include <stdbool.h>

struct elsewhere;

struct elsewhere *elsewhere_new(void);
void elsewhere_free(struct elsewhere *elsewhere);

/* Remembers a line in its canonical spelling. GROUP is the part that says
 * what is set (option, and master where it belongs to one), LINE the whole;
 * both are copied. */
void elsewhere_add(struct elsewhere *elsewhere, const char *group,
                   const char *line);

/* Both also take NULL for ELSEWHERE. */
bool elsewhere_has_line(const struct elsewhere *elsewhere, const char *line);
bool elsewhere_has_group(const struct elsewhere *elsewhere, const char *group);

#endif
