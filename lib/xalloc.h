/* Memory for the core: out of memory ends the process in one place. */
#ifndef LIB_XALLOC_H
#define LIB_XALLOC_H

#include <stddef.h>

/* All return memory that the caller frees with free(). They do not return
 * NULL: a monitor that cannot remember must not go on, so they abort. */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *memory, size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t length);
void *xmemdup(const void *memory, size_t size);

/* Copies TEXT, or returns NULL for NULL. */
char *xstrdup_or_null(const char *text);

/* Frees *SLOT and puts a copy of TEXT (or NULL, also for an empty TEXT) in
 * its place. */
void xreplace(char **slot, const char *text);

#endif
