/* SUBSCRIBE, PSUBSCRIBE and their opposites. */
#include "command_table.h"
#include "pubsub.h"

static bool by_pattern(const struct call *call)
{
    return call->command->name[0] == 'p';
}

void command_subscribe(struct call *call)
{
    for (size_t i = 1; i < call->count; i++)
        pubsub_subscribe(call->context->pubsub, call->client, call->words[i],
                         call->lengths[i], by_pattern(call));
}

void command_unsubscribe(struct call *call)
{
    struct pubsub *pubsub = call->context->pubsub;

    if (call->count == 1)
        pubsub_unsubscribe(pubsub, call->client, NULL, 0, by_pattern(call));
    for (size_t i = 1; i < call->count; i++)
        pubsub_unsubscribe(pubsub, call->client, call->words[i],
                           call->lengths[i], by_pattern(call));
}
