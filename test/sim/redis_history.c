/* Which writes a server holds. */
#include "redis_history.h"

#include "../../lib/xalloc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void history_clear(struct history *history)
{
    free(history->parts);
    memset(history, 0, sizeof(*history));
}

static void reserve(struct history *history, size_t count)
{
    if (count <= history->size)
        return;
    history->size = count + 8;
    history->parts = xrealloc(history->parts,
                              history->size * sizeof(*history->parts));
}

void history_begin(struct history *history, uint32_t branch, uint64_t from)
{
    assert(history->count == 0 ||
           history->parts[history->count - 1].from <= from);
    reserve(history, history->count + 1);
    history->parts[history->count++] = (struct history_part){branch, from};
}

void history_copy(struct history *to, const struct history *from)
{
    reserve(to, from->count);
    if (from->count > 0)
        memcpy(to->parts, from->parts, from->count * sizeof(*to->parts));
    to->count = from->count;
}

void history_cut(struct history *history, uint64_t end)
{
    while (history->count > 0 && history->parts[history->count - 1].from > end)
        history->count--;
}

uint32_t history_branch(const struct history *history)
{
    return history->count > 0 ? history->parts[history->count - 1].branch : 0;
}

bool history_holds(const struct history *history, uint64_t end, uint32_t branch,
                   uint64_t offset)
{
    for (size_t i = history->count; i > 0; i--) {
        const struct history_part *part = &history->parts[i - 1];

        if (part->branch == branch)
            return offset > part->from && offset <= end;
        end = part->from;
    }
    return false;
}
