/* Commands of this sentinel that `rename-command` lines call otherwise. */
#include "renames.h"

#include "../lib/xalloc.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What a name that clients use stands for. */
struct called {
    char *name;
    char *own; /* the command's own name; NULL: none any more */
};

struct renames {
    struct called *called; /* a handful: looked through from the start */
    size_t count;
};

struct renames *renames_new(void)
{
    return xcalloc(1, sizeof(struct renames));
}

void renames_free(struct renames *renames)
{
    if (renames == NULL)
        return;
    for (size_t i = 0; i < renames->count; i++) {
        free(renames->called[i].name);
        free(renames->called[i].own);
    }
    free(renames->called);
    free(renames);
}

static struct called *find(const struct renames *renames, const char *name,
                           size_t length)
{
    for (size_t i = 0; i < renames->count; i++) {
        if (strlen(renames->called[i].name) == length &&
            strncasecmp(renames->called[i].name, name, length) == 0)
            return &renames->called[i];
    }
    return NULL;
}

/* The own name of what is called NAME so far, or NULL. */
static const char *resolve(const struct renames *renames,
                           const struct acl_commands *commands,
                           const char *name)
{
    const struct called *called = find(renames, name, strlen(name));
    size_t row;

    if (called != NULL)
        return called->own;
    if (strchr(name, '|') != NULL)
        return NULL; /* subcommands keep their names */
    row = acl_command_find(commands, name, strlen(name));
    return row != ACL_NO_ROW ? commands->rows[row].name : NULL;
}

static void set(struct renames *renames, const char *name, const char *own)
{
    struct called *called = find(renames, name, strlen(name));

    if (called == NULL) {
        renames->called = xrealloc(
            renames->called, (renames->count + 1) * sizeof(*renames->called));
        called = &renames->called[renames->count++];
        *called = (struct called){.name = xstrdup(name)};
    }
    xreplace(&called->own, own);
}

const char *renames_add(struct renames *renames,
                        const struct acl_commands *commands, const char *old,
                        const char *new)
{
    const char *own = resolve(renames, commands, old);
    char *kept;

    if (own == NULL)
        return "No such command in rename-command";
    if (new[0] != '\0' && strcasecmp(old, new) != 0 &&
        resolve(renames, commands, new) != NULL)
        return "Target command name already exists";
    kept = xstrdup(own);
    set(renames, old, NULL);
    if (new[0] != '\0')
        set(renames, new, kept);
    free(kept);
    return NULL;
}

bool renames_find(const struct renames *renames, const char *name,
                  size_t length, const char **own)
{
    const struct called *called;

    if (renames == NULL)
        return false;
    called = find(renames, name, length);
    if (called == NULL)
        return false;
    *own = called->own;
    return true;
}

bool renames_removed(const struct renames *renames, const char *own)
{
    const char *found;

    if (!renames_find(renames, own, strlen(own), &found) ||
        (found != NULL && strcmp(found, own) == 0))
        return false;
    for (size_t i = 0; i < renames->count; i++) {
        if (renames->called[i].own != NULL &&
            strcmp(renames->called[i].own, own) == 0)
            return false;
    }
    return true;
}
