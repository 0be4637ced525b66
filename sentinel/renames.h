/* Commands of this sentinel that `rename-command` lines call otherwise, or
 * not at all any more. */
#ifndef SENTINEL_RENAMES_H
#define SENTINEL_RENAMES_H

#include "acl_names.h"

#include <stdbool.h>
#include <stddef.h>

struct renames;

struct renames *renames_new(void);
void renames_free(struct renames *renames);

/* Obeys one line: OLD, as it may be called by now, becomes NEW, or nothing
 * when NEW is empty. Returns NULL, or the reason why that is refused. */
const char *renames_add(struct renames *renames,
                        const struct acl_commands *commands, const char *old,
                        const char *new);

/* Whether some line concerns what clients call NAME. *OWN gets the command's
 * own name then, NULL when there is no command of that name. Takes NULL for
 * RENAMES. */
bool renames_find(const struct renames *renames, const char *name,
                  size_t length, const char **own);

/* Whether the command with this own name can no longer be called. */
bool renames_removed(const struct renames *renames, const char *own);

#endif
