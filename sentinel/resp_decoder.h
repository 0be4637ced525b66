/* hiredis's reader with object functions of ours, as requests and replies use
 * it. */
#ifndef SENTINEL_RESP_DECODER_H
#define SENTINEL_RESP_DECODER_H

#include <hiredis/hiredis.h>
#include <stdlib.h>

/* FUNCTIONS must live as long as the decoder; they get OWNER as privdata. Free
 * with redisReaderFree(). */
static inline redisReader *
resp_decoder_new(redisReplyObjectFunctions *functions, void *owner)
{
    redisReader *decoder = redisReaderCreateWithFunctions(functions);

    if (decoder == NULL)
        abort(); /* out of memory */
    decoder->privdata = owner;
    return decoder;
}

/* For functions of which all objects belong to the owner. */
static inline void resp_decoder_keep(void *object)
{
    (void)object;
}

#endif
