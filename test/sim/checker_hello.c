/* The checker on hello messages: what they claim is on disk, epochs grow, and
 * one config epoch has one address. */
#include "checker_facts.h"
#include "node.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS 8

/* Of a hello: what it says of the master. */
struct claim {
    uint64_t current_epoch;
    char name[64];
    char address[64]; /* "ip:port" */
    uint64_t config_epoch;
};

/* A hello is "ip,port,id,epoch,name,ip,port,config-epoch". */
static bool read_claim(const char *text, struct claim *claim)
{
    const char *fields[FIELDS];
    size_t lengths[FIELDS];

    for (int i = 0; i < FIELDS; i++) {
        fields[i] = text;
        lengths[i] = strcspn(text, ",");
        text += lengths[i];
        if ((*text == ',') != (i < FIELDS - 1) || lengths[i] > 40)
            return false;
        text += *text == ',';
    }
    claim->current_epoch = strtoull(fields[3], NULL, 10);
    claim->config_epoch = strtoull(fields[7], NULL, 10);
    memcpy(claim->name, fields[4], lengths[4]);
    claim->name[lengths[4]] = '\0';
    memcpy(claim->address, fields[5], lengths[5]);
    claim->address[lengths[5]] = ':';
    memcpy(claim->address + lengths[5] + 1, fields[6], lengths[6]);
    claim->address[lengths[5] + 1 + lengths[6]] = '\0';
    return true;
}

static void check_address(struct checker *checker, const struct node *node,
                          const struct claim *claim)
{
    const struct state_master *saved = state_find_master(node->disk,
                                                         claim->name);
    int group = world_group_of_name(claim->name);
    struct fact_key key = {FACT_ADDRESS, group, 0, 0, claim->config_epoch};
    struct fact_key forced = {FACT_FORCED, group, 0, 0, claim->config_epoch};
    const struct fact *fact;

    if (saved == NULL || claim->config_epoch == 0)
        return;
    if (!checker_figures(checker, node)->groups[group].ever_forgotten)
        checker_saved(checker, node, "config epoch", claim->config_epoch,
                      saved->config_epoch);
    fact = checker_find(checker, key);
    /* Failovers by order need nobody's vote: two at once may take the same
     * epoch. The sentinels settle it among themselves. */
    if (fact == NULL || strcmp(fact->value, claim->address) == 0 ||
        checker_find(checker, forced) == NULL)
        checker_state(checker, "two addresses in one config epoch", key,
                      claim->address);
}

void checker_hello(struct checker *checker, const struct node *node,
                   const char *text)
{
    struct figures *figures = checker_figures(checker, node);
    struct claim claim;

    if (!read_claim(text, &claim))
        world_fail(checker->world, "%s sends a bad hello: %s", node->name,
                   text);
    checker_saved(checker, node, "current epoch", claim.current_epoch,
                  node->disk->current_epoch);
    if (claim.current_epoch < figures->epoch_in_hello)
        world_fail(checker->world,
                   "%s: epoch in hello goes back from %" PRIu64 " to %" PRIu64,
                   node->name, figures->epoch_in_hello, claim.current_epoch);
    figures->epoch_in_hello = claim.current_epoch;
    check_address(checker, node, &claim);
}
