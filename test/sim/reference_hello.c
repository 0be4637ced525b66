/* A reference seat: hello messages. */
#include "reference_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct message {
    char ip[40];
    int port;
    char id[64];
    uint64_t current_epoch;
    char name[64];
    char master_ip[40];
    int master_port;
    uint64_t config_epoch;
};

void reference_send_hello(struct reference_instance *instance)
{
    const struct reference_master *master = instance->master;
    const struct reference *reference = master->reference;
    const struct reference_instance *current = reference_current(master);
    char text[300];
    const char *const words[] = {"PUBLISH", REFERENCE_HELLO_CHANNEL, text};

    snprintf(text, sizeof(text), "%s,%d,%s,%" PRIu64 ",%s,%s,%d,%" PRIu64,
             reference->ip, reference->disk->global.listen_port, reference->id,
             reference->current_epoch, master->name, current->ip, current->port,
             master->config_epoch);
    reference_send(instance, REFERENCE_PUBLISH, words, 3);
}

static void make_due(struct reference_instance *instance)
{
    for (; instance != NULL; instance = instance->next)
        instance->published_ms -= REFERENCE_PUBLISH_PERIOD_MS + 1;
}

void reference_force_hello(struct reference_master *master)
{
    make_due(&master->self);
    make_due(master->replicas);
    make_due(master->sentinels);
}

/* ---- Receiving ---- */

static bool read_message(const char *text, struct message *message)
{
    return sscanf(text,
                  "%39[^,],%d,%63[^,],%" SCNu64 ",%63[^,],%39[^,],%d,%" SCNu64,
                  message->ip, &message->port, message->id,
                  &message->current_epoch, message->name, message->master_ip,
                  &message->master_port, &message->config_epoch) == 8 &&
           strlen(message->id) == ID_LENGTH;
}

static struct reference_master *find_master(struct reference *reference,
                                            const char *name)
{
    for (int i = 0; i < reference->world->options.masters; i++)
        if (strcmp(reference->masters[i].name, name) == 0)
            return &reference->masters[i];
    return NULL;
}

static struct reference_instance *find(struct reference_master *master,
                                       const struct message *message)
{
    struct reference_instance *i = master->sentinels;

    while (i != NULL &&
           (!reference_same_address(i, message->ip, message->port) ||
            strcmp(i->runid, message->id) != 0))
        i = i->next;
    return i;
}

static bool remove_id(struct reference_master *master, const char *id)
{
    struct reference_instance **at = &master->sentinels;
    bool found = false;

    while (*at != NULL) {
        if (strcmp((*at)->runid, id) == 0) {
            reference_remove(at);
            found = true;
        } else {
            at = &(*at)->next;
        }
    }
    return found;
}

/* Another id was seen at this address: it is gone, for all masters. */
static void remove_from_address(struct reference_master *master,
                                const struct message *message)
{
    struct reference *reference = master->reference;
    struct reference_instance *i = master->sentinels;
    char id[ID_LENGTH + 1];

    while (i != NULL && !reference_same_address(i, message->ip, message->port))
        i = i->next;
    if (i == NULL)
        return;
    reference_notice(reference, "+sentinel-invalid-addr", i, "");
    memcpy(id, i->runid, sizeof(id));
    for (int group = 0; group < reference->world->options.masters; group++)
        (void)remove_id(&reference->masters[group], id);
}

static struct reference_instance *
learn_sentinel(struct reference_master *master, const struct message *message)
{
    struct reference *reference = master->reference;
    struct reference_instance *sentinel;
    bool moved = remove_id(master, message->id);
    char text[200];

    if (moved) {
        snprintf(text, sizeof(text), "ip %s port %d for %s", message->ip,
                 message->port, message->id);
        reference_notice(reference, "+sentinel-address-switch", &master->self,
                         text);
    } else {
        remove_from_address(master, message);
    }
    sentinel = reference_add(master, FLAG_SENTINEL, message->ip, message->port,
                             message->id);
    if (!moved)
        reference_notice(reference, "+sentinel", sentinel, "");
    reference_save(reference);
    return sentinel;
}

static void learn_epoch(struct reference_master *master, uint64_t epoch)
{
    struct reference *reference = master->reference;
    char text[24];

    if (epoch <= reference->current_epoch)
        return;
    reference->current_epoch = epoch;
    reference_save(reference);
    snprintf(text, sizeof(text), "%" PRIu64, epoch);
    reference_notice(reference, "+new-epoch", NULL, text);
}

/* The address is compared with that of the master, not with the one that is
 * announced: in the middle of a failover the newer epoch goes to the promoted
 * replica. */
static void learn_address(struct reference_master *master,
                          const struct reference_instance *sentinel,
                          const struct message *message)
{
    char text[200];

    if (message->config_epoch <= master->config_epoch)
        return;
    master->config_epoch = message->config_epoch;
    if (reference_same_address(&master->self, message->master_ip,
                               message->master_port)) {
        if (reference_current(master) != &master->self)
            reference_dispute(master, master->config_epoch);
        return;
    }
    reference_notice(master->reference, "+config-update-from", sentinel, "");
    snprintf(text, sizeof(text), "%s %s %d %s %d", master->name,
             master->self.ip, master->self.port, message->master_ip,
             message->master_port);
    reference_notice(master->reference, "+switch-master", NULL, text);
    reference_change_address(master, message->master_ip, message->master_port);
}

void reference_take_hello(struct reference *reference, const char *text)
{
    struct message message = {.port = 0};
    struct reference_master *master;
    struct reference_instance *sentinel;

    if (!read_message(text, &message))
        return;
    master = find_master(reference, message.name);
    if (master == NULL)
        return;
    sentinel = find(master, &message);
    if (sentinel == NULL)
        sentinel = learn_sentinel(master, &message);
    learn_epoch(master, message.current_epoch);
    learn_address(master, sentinel, &message);
}
