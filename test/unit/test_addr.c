/* links: lib */
#include "../../lib/addr.h"
#include "suite.h"

#include <arpa/inet.h>
#include <check.h>
#include <stdlib.h>
#include <string.h>

/* What the system's own parser accepts is numeric, and nothing else. */
START_TEST(numeric_is_what_the_system_can_connect_to)
{
    static const char *const hosts[] = {
        "127.0.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "256.1.1.1",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.4 ",
        " 1.2.3.4",
        "1..2.3",
        "1.2.3.",
        "01.2.3.4",
        "1.2.3.04",
        "00.0.0.0",
        "1.2.3.1234",
        "::",
        "::1",
        "1::",
        "fe80::1",
        "1:2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7::",
        "::2:3:4:5:6:7:8",
        "::1:2:3:4:5:6:7:8",
        "1::2::3",
        ":::",
        ":::1",
        "1:::2",
        "1:2:",
        ":1:2",
        ":",
        "1:",
        "12345::",
        "g::",
        "::ffff:10.0.0.1",
        "::10.0.0.1",
        "::ffff:10.0.0.256",
        "1:2:3:4:5:6:1.2.3.4",
        "1:2:3:4:5:6:7:1.2.3.4",
        "1:2:3:4:5:1.2.3.4",
        "::1.2.3.4:5",
        "1.2.3.4::",
        "",
        "localhost",
        "fe80::1%eth0",
        "::ffff:1.2.3",
        "abcd:EF01::",
        "1::2:3:4:5:6:7:8",
        "1:2:3::4:5:6:7",
        "1:2:3:4:5:6::1.2.3.4",
        "12",
    };

    for (size_t i = 0; i < ROWS(hosts); i++) {
        unsigned char binary[16];
        bool valid = inet_pton(AF_INET, hosts[i], binary) == 1 ||
                     inet_pton(AF_INET6, hosts[i], binary) == 1;

        ck_assert_msg(addr_is_numeric(hosts[i]) == valid, "'%s' is %s",
                      hosts[i], valid ? "numeric" : "not numeric");
    }
}
END_TEST

START_TEST(hosts)
{
    char longest[ADDR_HOST_MAX + 2];

    memset(longest, 'a', sizeof(longest));
    longest[ADDR_HOST_MAX] = '\0';
    ck_assert(addr_is_host(longest));
    longest[ADDR_HOST_MAX] = 'a';
    longest[ADDR_HOST_MAX + 1] = '\0';
    ck_assert(!addr_is_host(longest));
    ck_assert(addr_is_host("redis-1.example.com"));
    ck_assert(addr_is_host("a_b"));
    ck_assert(addr_is_host("::1"));
    ck_assert(!addr_is_host(""));
    ck_assert(!addr_is_host("a b"));
    ck_assert(!addr_is_host("a,b"));
    ck_assert(!addr_is_host("a\nb"));
    ck_assert(!addr_is_host("\xc3\xa9"));
}
END_TEST

static struct addr make(const char *host, const char *ip, int port)
{
    struct addr addr;

    addr_init(&addr, host, port);
    if (ip != NULL)
        memcpy(addr.ip, ip, strlen(ip) + 1);
    return addr;
}

START_TEST(same_by_ip_or_by_name)
{
    static const struct {
        const char *host[2];
        const char *ip[2];
        int port[2];
        bool same;
    } rows[] = {
        {{"10.0.0.1", "10.0.0.1"}, {NULL, NULL}, {1, 1}, true},
        {{"10.0.0.1", "10.0.0.1"}, {NULL, NULL}, {1, 2}, false},
        {{"10.0.0.1", "10.0.0.2"}, {NULL, NULL}, {1, 1}, false},
        {{"one", "10.0.0.1"}, {"10.0.0.1", NULL}, {1, 1}, true},
        {{"one", "ONE"}, {NULL, "10.0.0.1"}, {1, 1}, true},
        {{"one", "two"}, {NULL, NULL}, {1, 1}, false},
        {{"one", "two"}, {"10.0.0.1", "10.0.0.1"}, {1, 1}, true},
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct addr left = make(rows[i].host[0], rows[i].ip[0],
                                rows[i].port[0]);
        struct addr right = make(rows[i].host[1], rows[i].ip[1],
                                 rows[i].port[1]);

        ck_assert_int_eq(addr_same(&left, &right), rows[i].same);
        ck_assert_int_eq(addr_same(&right, &left), rows[i].same);
        addr_clear(&left);
        addr_clear(&right);
    }
}
END_TEST

START_TEST(shown_form_and_key)
{
    static const struct {
        const char *host;
        const char *ip;
        bool names;
        const char *shown;
        const char *key;
    } rows[] = {
        {"10.0.0.1", NULL, false, "10.0.0.1", "10.0.0.1:6379"},
        {"10.0.0.1", NULL, true, "10.0.0.1", "10.0.0.1:6379"},
        {"one", "10.0.0.1", false, "10.0.0.1", "10.0.0.1:6379"},
        {"one", "10.0.0.1", true, "one", "one:6379"},
        {"one", NULL, false, "", "one:6379"},
        {"fe80::1", NULL, false, "fe80::1", "[fe80::1]:6379"},
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct addr addr = make(rows[i].host, rows[i].ip, 6379);
        char *key = addr_key(&addr, rows[i].names);

        ck_assert_str_eq(addr_shown(&addr, rows[i].names), rows[i].shown);
        ck_assert_str_eq(key, rows[i].key);
        free(key);
        addr_clear(&addr);
    }
}
END_TEST

START_TEST(copy_is_independent)
{
    struct addr first = make("one", "10.0.0.1", 1);
    struct addr second;

    addr_copy(&second, &first);
    addr_clear(&first);
    ck_assert_ptr_null(first.host);
    ck_assert_str_eq(second.host, "one");
    ck_assert_str_eq(second.ip, "10.0.0.1");
    ck_assert_int_eq(second.port, 1);
    addr_clear(&second);
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        numeric_is_what_the_system_can_connect_to,
        hosts,
        same_by_ip_or_by_name,
        shown_form_and_key,
        copy_is_independent,
    };

    return RUN_SUITE("addr", cases);
}
