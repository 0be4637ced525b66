/* Host names to addresses, on the thread pool, with a time limit. */
#include "resolve.h"

#include "../lib/xalloc.h"

#include <assert.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <uv.h>

#define TIME_LIMIT_MS 5000

/* libuv lets half of the pool resolve names, and has four threads if nobody
 * asks for more: with a slow resolver all names of a start would come two at a
 * time, the last when its time limit has passed. */
#define POOL_THREADS "16"

/* Who waits for an answer. */
struct waiter {
    resolve_done *done;
    void *arg;
    char *host;  /* as asked */
    char *known; /* address in use, or "" */
    struct waiter *next;
};

/* One query. It lives until the pool gives it back and its timer is closed,
 * which can be long after its waiters had their answer. */
struct query {
    struct resolver *resolver;
    char *host;
    uv_getaddrinfo_t request;
    uv_timer_t timer;
    struct waiter *waiters; /* oldest first */
    bool answered;          /* late lookups need a query of their own */
    bool asking;            /* the request is with the pool */
    unsigned open;          /* of request and timer */
    struct query *next;
};

struct resolver {
    uv_loop_t *loop;
    struct query *queries;
    bool stopped;
};

static void do_nothing(uv_work_t *work)
{
    (void)work;
}

static void free_work(uv_work_t *work, int status)
{
    (void)status;
    free(work);
}

/* libuv takes the size of the pool from the environment when it is first used:
 * that is now, so that scripts do not inherit what is ours. Who has set it
 * knows better. */
static void size_pool(uv_loop_t *loop)
{
    uv_work_t *work;

    if (getenv("UV_THREADPOOL_SIZE") != NULL ||
        setenv("UV_THREADPOOL_SIZE", POOL_THREADS, 1) != 0)
        return;
    work = xcalloc(1, sizeof(*work));
    if (uv_queue_work(loop, work, do_nothing, free_work) != 0)
        free(work);
    unsetenv("UV_THREADPOOL_SIZE");
}

struct resolver *resolver_new(uv_loop_t *loop)
{
    struct resolver *resolver = xcalloc(1, sizeof(*resolver));

    size_pool(loop);
    resolver->loop = loop;
    return resolver;
}

static void release(struct query *query)
{
    struct query **slot = &query->resolver->queries;

    if (--query->open > 0)
        return;
    while (*slot != query)
        slot = &(*slot)->next;
    *slot = query->next;
    free(query->host);
    free(query);
}

static void on_timer_closed(uv_handle_t *handle)
{
    release(handle->data);
}

/* The next numeric address in the list from *RESULT on. */
static bool next_address(const struct addrinfo **result, char ip[NI_MAXHOST])
{
    for (; *result != NULL; *result = (*result)->ai_next) {
        const struct addrinfo *one = *result;

        if ((one->ai_family == AF_INET || one->ai_family == AF_INET6) &&
            getnameinfo(one->ai_addr, one->ai_addrlen, ip, NI_MAXHOST, NULL, 0,
                        NI_NUMERICHOST) == 0) {
            *result = one->ai_next;
            return true;
        }
    }
    return false;
}

/* The answer for who uses KNOWN: the order of several addresses changes from
 * one query to the next, so "the first" would have everybody move each time.
 * Returns false when there is no address. */
static bool choose_address(const struct addrinfo *result, const char *known,
                           char ip[NI_MAXHOST], bool *still)
{
    char one[NI_MAXHOST];
    bool found = next_address(&result, ip);
    bool here = found && strcmp(ip, known) == 0;

    *still = here;
    while (next_address(&result, one)) {
        if (here) {
            memcpy(ip, one, sizeof(one));
            return true;
        }
        here = strcmp(one, known) == 0;
        *still = *still || here;
    }
    return found;
}

static void tell(const struct query *query, const struct waiter *waiter,
                 const struct addrinfo *result)
{
    char ip[NI_MAXHOST] = "";
    bool still = false;
    bool found = choose_address(result, waiter->known, ip, &still);

    if (!query->resolver->stopped)
        waiter->done(waiter->arg, waiter->host, found ? ip : NULL, still);
}

/* Tells all who wait; they may look other names up meanwhile. */
static void answer(struct query *query, const struct addrinfo *result)
{
    struct waiter *waiter = query->waiters;

    if (query->answered)
        return;
    query->answered = true;
    query->waiters = NULL;
    while (waiter != NULL) {
        struct waiter *next = waiter->next;

        tell(query, waiter, result);
        free(waiter->host);
        free(waiter->known);
        free(waiter);
        waiter = next;
    }
    uv_close((uv_handle_t *)&query->timer, on_timer_closed);
}

static struct query *find_query(const struct resolver *resolver,
                                const char *host)
{
    struct query *query = resolver->queries;

    while (query != NULL &&
           (query->answered || strcasecmp(query->host, host) != 0))
        query = query->next;
    return query;
}

/* Takes a query that nobody waits for out of the pool, if it does not run. */
static void cancel(struct query *query)
{
    if (query->asking)
        (void)uv_cancel((uv_req_t *)&query->request);
}

/* QUERY took too long, and may have been repeated: what it has found serves
 * those who wait for its successor, which might take as long again. */
static void answer_late(const struct query *query,
                        const struct addrinfo *result)
{
    struct query *successor = find_query(query->resolver, query->host);

    if (successor == NULL)
        return;
    cancel(successor);
    answer(successor, result);
}

static void on_addrinfo(uv_getaddrinfo_t *request, int status,
                        struct addrinfo *result)
{
    struct query *query = request->data;

    query->asking = false;
    if (query->answered && status == 0)
        answer_late(query, result);
    answer(query, status == 0 ? result : NULL);
    if (result != NULL)
        uv_freeaddrinfo(result);
    release(query);
}

static void on_timer(uv_timer_t *timer)
{
    struct query *query = timer->data;

    cancel(query);
    answer(query, NULL);
}

static struct query *start_query(struct resolver *resolver, const char *host)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct query *query = xcalloc(1, sizeof(*query));
    uint64_t limit_ms = TIME_LIMIT_MS;

    query->resolver = resolver;
    query->host = xstrdup(host);
    query->request.data = query;
    query->timer.data = query;
    query->next = resolver->queries;
    resolver->queries = query;
    uv_timer_init(resolver->loop, &query->timer);
    query->open = 1;
    if (uv_getaddrinfo(resolver->loop, &query->request, on_addrinfo, host, NULL,
                       &hints) == 0)
        query->open = 2;
    else
        limit_ms = 0; /* a name that cannot even be asked for */
    uv_timer_start(&query->timer, on_timer, limit_ms, 0);
    return query;
}

void resolver_lookup(struct resolver *resolver, const char *host,
                     const char *known, resolve_done *done, void *arg)
{
    struct waiter *waiter;
    struct waiter **tail;
    struct query *query;

    assert(!resolver->stopped);
    query = find_query(resolver, host);
    if (query == NULL)
        query = start_query(resolver, host);
    waiter = xcalloc(1, sizeof(*waiter));
    waiter->done = done;
    waiter->arg = arg;
    waiter->host = xstrdup(host);
    waiter->known = xstrdup(known);
    for (tail = &query->waiters; *tail != NULL; tail = &(*tail)->next)
        ;
    *tail = waiter;
}

void resolver_stop(struct resolver *resolver)
{
    resolver->stopped = true;
    for (struct query *query = resolver->queries; query != NULL;
         query = query->next) {
        cancel(query);
        answer(query, NULL);
    }
}

void resolver_free(struct resolver *resolver)
{
    if (resolver == NULL)
        return;
    assert(resolver->queries == NULL);
    free(resolver);
}
