/* links: lib/xalloc.o sentinel/resolve.o */
/* Look-ups: which of several addresses, sharing, time limit. The thread pool
 * is played by the test. */
#include "../../sentinel/resolve.h"
#include "suite.h"

#include <arpa/inet.h>
#include <check.h>
#include <netdb.h>
#include <string.h>
#include <uv.h>

static uv_loop_t loop;
static struct resolver *resolver;
static uv_getaddrinfo_t *asked[8];
static uv_getaddrinfo_cb asked_done[8];
static size_t asked_count;
static int refuse; /* status of uv_getaddrinfo() */

static struct {
    char host[32];
    char ip[64];
    bool failed;
    bool still;
} answers[8];
static size_t answer_count;

int uv_getaddrinfo(uv_loop_t *on, uv_getaddrinfo_t *request,
                   uv_getaddrinfo_cb done, const char *node,
                   const char *service, const struct addrinfo *hints)
{
    ck_assert_ptr_eq(on, &loop);
    ck_assert_ptr_nonnull(node);
    ck_assert_ptr_null(service);
    ck_assert_int_eq(hints->ai_socktype, SOCK_STREAM);
    if (refuse != 0)
        return refuse;
    asked[asked_count] = request;
    asked_done[asked_count++] = done;
    return 0;
}

void uv_freeaddrinfo(struct addrinfo *result)
{
    (void)result; /* not from the heap here */
}

int uv_cancel(uv_req_t *request)
{
    (void)request;
    return UV_EBUSY; /* it runs */
}

static void on_done(void *arg, const char *host, const char *ip, bool still)
{
    ck_assert_ptr_eq(arg, &loop);
    ck_assert_uint_lt(answer_count, 8);
    snprintf(answers[answer_count].host, sizeof(answers[0].host), "%s", host);
    snprintf(answers[answer_count].ip, sizeof(answers[0].ip), "%s",
             ip != NULL ? ip : "");
    answers[answer_count].failed = ip == NULL;
    answers[answer_count++].still = still;
}

static void setup(void)
{
    uv_loop_init(&loop);
    resolver = resolver_new(&loop);
    asked_count = answer_count = 0;
    refuse = 0;
}

static void teardown(void)
{
    resolver_stop(resolver);
    for (size_t i = 0; i < asked_count; i++)
        if (asked[i] != NULL)
            asked_done[i](asked[i], UV_ECANCELED, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    resolver_free(resolver);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
}

/* Question NUMBER is answered with the addresses in TEXT, by blanks. */
static void give(size_t number, const char *text)
{
    struct addrinfo list[8];
    struct sockaddr_storage storage[8];
    char words[128];
    char *rest = words;
    char *word;
    size_t count = 0;
    uv_getaddrinfo_t *request = asked[number];

    memset(list, 0, sizeof(list));
    memset(storage, 0, sizeof(storage));
    snprintf(words, sizeof(words), "%s", text);
    while ((word = strsep(&rest, " ")) != NULL) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)&storage[count];
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&storage[count];
        bool six = strchr(word, ':') != NULL;

        list[count].ai_family = six ? AF_INET6 : AF_INET;
        list[count].ai_addr = (struct sockaddr *)&storage[count];
        list[count].ai_addrlen = six ? sizeof(*v6) : sizeof(*v4);
        storage[count].ss_family = (sa_family_t)list[count].ai_family;
        ck_assert_int_eq(
            inet_pton(list[count].ai_family, word,
                      six ? (void *)&v6->sin6_addr : (void *)&v4->sin_addr),
            1);
        if (count > 0)
            list[count - 1].ai_next = &list[count];
        count++;
    }
    asked[number] = NULL;
    asked_done[number](request, 0, list);
}

START_TEST(one_of_several)
{
    static const struct {
        const char *list;
        const char *known;
        const char *ip;
        bool still;
    } rows[] = {
        {"10.0.0.1", "", "10.0.0.1", false},
        {"10.0.0.1", "10.0.0.1", "10.0.0.1", true},
        {"10.0.0.1", "10.0.0.2", "10.0.0.1", false},
        {"10.0.0.1 10.0.0.2", "", "10.0.0.1", false},
        {"10.0.0.1 10.0.0.2", "10.0.0.1", "10.0.0.2", true},
        {"10.0.0.1 10.0.0.2", "10.0.0.2", "10.0.0.1", true},
        {"10.0.0.1 10.0.0.2", "10.0.0.9", "10.0.0.1", false},
        {"::1 127.0.0.1 10.0.0.3", "127.0.0.1", "10.0.0.3", true},
        {"::1 127.0.0.1 10.0.0.3", "::1", "127.0.0.1", true},
        {"::1 127.0.0.1 10.0.0.3", "10.0.0.3", "::1", true},
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        asked_count = answer_count = 0;
        resolver_lookup(resolver, "host", rows[i].known, on_done, &loop);
        ck_assert_uint_eq(asked_count, 1);
        give(0, rows[i].list);
        ck_assert_uint_eq(answer_count, 1);
        ck_assert_str_eq(answers[0].host, "host");
        ck_assert_msg(strcmp(answers[0].ip, rows[i].ip) == 0, "row %zu: %s", i,
                      answers[0].ip);
        ck_assert_msg(answers[0].still == rows[i].still, "row %zu", i);
    }
}
END_TEST

START_TEST(one_query_serves_all_who_wait)
{
    resolver_lookup(resolver, "host", "", on_done, &loop);
    resolver_lookup(resolver, "HOST", "10.0.0.2", on_done, &loop);
    resolver_lookup(resolver, "other", "", on_done, &loop);
    ck_assert_uint_eq(asked_count, 2);
    give(0, "10.0.0.2 10.0.0.3");
    ck_assert_uint_eq(answer_count, 2);
    ck_assert_str_eq(answers[0].ip, "10.0.0.2");
    ck_assert(!answers[0].still);
    ck_assert_str_eq(answers[1].host, "HOST");
    ck_assert_str_eq(answers[1].ip, "10.0.0.3");
    ck_assert(answers[1].still);
}
END_TEST

START_TEST(failures)
{
    uv_getaddrinfo_t *request;

    resolver_lookup(resolver, "host", "10.0.0.1", on_done, &loop);
    request = asked[0];
    asked[0] = NULL;
    asked_done[0](request, UV_EAI_NONAME, NULL);
    ck_assert_uint_eq(answer_count, 1);
    ck_assert(answers[0].failed && !answers[0].still);
    /* a name that cannot even be asked for, told from the loop */
    refuse = UV_ENAMETOOLONG;
    resolver_lookup(resolver, "long", "", on_done, &loop);
    ck_assert_uint_eq(answer_count, 1);
    while (answer_count == 1)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert(answers[1].failed);
}
END_TEST

START_TEST(a_late_answer_serves_the_next_question)
{
    uint64_t begin = uv_hrtime();

    resolver_lookup(resolver, "host", "", on_done, &loop);
    while (answer_count == 0)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert(answers[0].failed);
    ck_assert_uint_ge((uv_hrtime() - begin) / 1000000, 4900);
    /* asked anew, while the old one still runs */
    resolver_lookup(resolver, "host", "", on_done, &loop);
    ck_assert_uint_eq(asked_count, 2);
    ck_assert_uint_eq(answer_count, 1);
    give(0, "10.0.0.1");
    ck_assert_uint_eq(answer_count, 2);
    ck_assert_str_eq(answers[1].ip, "10.0.0.1");
    give(1, "10.0.0.2");
    ck_assert_uint_eq(answer_count, 2);
}
END_TEST

START_TEST(nobody_is_told_after_the_stop)
{
    resolver_lookup(resolver, "host", "", on_done, &loop);
    resolver_stop(resolver);
    give(0, "10.0.0.1");
    ck_assert_uint_eq(answer_count, 0);
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        one_of_several,
        one_query_serves_all_who_wait,
        failures,
        a_late_answer_serves_the_next_question,
        nobody_is_told_after_the_stop,
    };

    /* the time limit of a look-up is longer than Check's for a test */
    setenv("CK_DEFAULT_TIMEOUT", "30", 0);
    return run_suite("resolve", cases, ROWS(cases), setup, teardown);
}
