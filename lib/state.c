/* What survives a restart, as one value that is easy to build and to copy. */
#include "state.h"

#include "xalloc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct state *state_new(void)
{
    struct state *state = xcalloc(1, sizeof(*state));

    state->global.deny_scripts_reconfig = true;
    return state;
}

static void clear_master(struct state_master *master)
{
    free(master->name);
    free(master->host);
    master_options_clear(&master->options);
    for (size_t i = 0; i < master->replica_count; i++)
        free(master->replicas[i].host);
    for (size_t i = 0; i < master->sentinel_count; i++)
        free(master->sentinels[i].host);
    free(master->replicas);
    free(master->sentinels);
}

void state_free(struct state *state)
{
    if (state == NULL)
        return;
    for (size_t i = 0; i < state->master_count; i++)
        clear_master(&state->masters[i]);
    free(state->masters);
    global_options_clear(&state->global);
    free(state);
}

/* Room in ITEMS for one more of SIZE bytes than COUNT. */
static void *grow(void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    *capacity = count != 0 ? count * 2 : 2;
    return xrealloc(items, *capacity * size);
}

struct state_master *state_add_master(struct state *state, const char *name,
                                      const char *host, int port)
{
    struct state_master *master;

    assert(state != NULL && name != NULL && host != NULL);
    state->masters = grow(state->masters, state->master_count,
                          &state->master_capacity, sizeof(*master));
    master = &state->masters[state->master_count++];
    *master = (struct state_master){.port = port};
    master->name = xstrdup(name);
    master->host = xstrdup(host);
    master_options_init(&master->options);
    return master;
}

struct state_master *state_find_master(const struct state *state,
                                       const char *name)
{
    assert(state != NULL && name != NULL);
    for (size_t i = 0; i < state->master_count; i++) {
        if (strcmp(state->masters[i].name, name) == 0)
            return &state->masters[i];
    }
    return NULL;
}

void state_add_replica(struct state_master *master, const char *host, int port)
{
    struct state_replica *replica;

    assert(master != NULL && host != NULL);
    for (size_t i = 0; i < master->replica_count; i++) {
        replica = &master->replicas[i];
        if (replica->port == port && strcmp(replica->host, host) == 0)
            return;
    }
    master->replicas = grow(master->replicas, master->replica_count,
                            &master->replica_capacity, sizeof(*replica));
    replica = &master->replicas[master->replica_count++];
    replica->host = xstrdup(host);
    replica->port = port;
}

/* The entry for this address or this id, or NULL. */
static struct state_sentinel *find_sentinel(struct state_master *master,
                                            const char *host, int port,
                                            const char *id)
{
    for (size_t i = 0; i < master->sentinel_count; i++) {
        struct state_sentinel *sentinel = &master->sentinels[i];

        if (strcmp(sentinel->id, id) == 0 ||
            (sentinel->port == port && strcmp(sentinel->host, host) == 0))
            return sentinel;
    }
    return NULL;
}

void state_add_sentinel(struct state_master *master, const char *host, int port,
                        const char *id)
{
    struct state_sentinel *sentinel;

    assert(master != NULL && host != NULL && id != NULL);
    assert(strlen(id) == ID_LENGTH);
    if (find_sentinel(master, host, port, id) != NULL)
        return;
    master->sentinels = grow(master->sentinels, master->sentinel_count,
                             &master->sentinel_capacity, sizeof(*sentinel));
    sentinel = &master->sentinels[master->sentinel_count++];
    sentinel->host = xstrdup(host);
    sentinel->port = port;
    memcpy(sentinel->id, id, ID_LENGTH + 1);
}

void global_options_clear(struct global_options *options)
{
    assert(options != NULL);
    xreplace(&options->announce_ip, NULL);
    xreplace(&options->sentinel_user, NULL);
    xreplace(&options->sentinel_pass, NULL);
    xreplace(&options->requirepass, NULL);
}

void global_options_copy(struct global_options *to,
                         const struct global_options *from)
{
    assert(to != NULL && from != NULL && to != from);
    *to = *from;
    to->announce_ip = xstrdup_or_null(from->announce_ip);
    to->sentinel_user = xstrdup_or_null(from->sentinel_user);
    to->sentinel_pass = xstrdup_or_null(from->sentinel_pass);
    to->requirepass = xstrdup_or_null(from->requirepass);
}
