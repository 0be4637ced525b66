/* How many blocks of memory are allocated: a world must leave none. */
#ifndef SIM_BLOCKS_H
#define SIM_BLOCKS_H

#include <stddef.h>

/* Of all code linked with the wrappers (see Makefile), not of the C library
 * itself. */
size_t blocks_allocated(void);

#endif
