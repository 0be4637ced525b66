/* links: lib */
#include "../../lib/hello.h"
#include "suite.h"

#include <string.h>

#define ID "0123456789abcdef0123456789abcdef01234567"

static char buffer[HELLO_MAX_LENGTH + 1];

static enum hello_result decode(struct hello *hello, const char *text)
{
    const char *problem = "unset";
    enum hello_result result = hello_decode(hello, text, buffer, &problem);

    if (result == HELLO_MALFORMED)
        ck_assert_ptr_nonnull(problem);
    return result;
}

START_TEST(encoded_as_documented_and_read_back)
{
    struct hello out = {.ip = "10.0.1.1",
                        .port = 26379,
                        .id = ID,
                        .current_epoch = EPOCH_TOLD_MAX,
                        .master_name = "mymaster",
                        .master_ip = "10.0.0.1",
                        .master_port = 6379,
                        .config_epoch = 7};
    struct hello in;
    struct text text;

    text_init(&text);
    hello_encode(&out, &text);
    ck_assert_str_eq(text.data,
                     "10.0.1.1,26379," ID ",9223372032559808511,mymaster,"
                     "10.0.0.1,6379,7");
    ck_assert_int_eq(decode(&in, text.data), HELLO_OK);
    text_clear(&text);
    ck_assert_str_eq(in.ip, out.ip);
    ck_assert_int_eq(in.port, out.port);
    ck_assert_str_eq(in.id, out.id);
    ck_assert_uint_eq(in.current_epoch, out.current_epoch);
    ck_assert_str_eq(in.master_name, out.master_name);
    ck_assert_str_eq(in.master_ip, out.master_ip);
    ck_assert_int_eq(in.master_port, out.master_port);
    ck_assert_uint_eq(in.config_epoch, out.config_epoch);
}
END_TEST

START_TEST(results)
{
    static const struct {
        const char *text;
        enum hello_result result;
    } rows[] = {
        {"1.2.3.4,1," ID ",0,m,1.2.3.5,2,0", HELLO_OK},
        {"::1,1," ID ",0,m,fe80::1,2,0", HELLO_OK},
        {"host-a,1," ID ",0,m,host-b,2,0", HELLO_OK},
        {"1.2.3.4,1," ID ",0,,1.2.3.5,2,0", HELLO_OK},
        {"", HELLO_FOREIGN},
        {"hello", HELLO_FOREIGN},
        {",,,,,,", HELLO_FOREIGN},
        {"1.2.3.4,1," ID ",0,m,1.2.3.5,2", HELLO_FOREIGN},
        {"1.2.3.4,1," ID ",0,m,1.2.3.5,2,0,x", HELLO_FOREIGN},
        {"1.2.3.4,1," ID ",0,m,1.2.3.5,2,0,", HELLO_FOREIGN},
        {",,,,,,,", HELLO_MALFORMED},
        {",1," ID ",0,m,1.2.3.5,2,0", HELLO_MALFORMED},
        {"a b,1," ID ",0,m,1.2.3.5,2,0", HELLO_MALFORMED},
        {"1.2.3.4,0," ID ",0,m,1.2.3.5,2,0", HELLO_MALFORMED},
        {"1.2.3.4,65536," ID ",0,m,1.2.3.5,2,0", HELLO_MALFORMED},
        {"1.2.3.4,x," ID ",0,m,1.2.3.5,2,0", HELLO_MALFORMED},
        {"1.2.3.4,1,short,0,m,1.2.3.5,2,0", HELLO_MALFORMED},
        {"1.2.3.4,1," ID "0,0,m,1.2.3.5,2,0", HELLO_MALFORMED},
        {"1.2.3.4,1,0123456789abcdef 123456789abcdef01234567,0,m,1.2.3.5,2,0",
         HELLO_MALFORMED},
        {"1.2.3.4,1," ID ",-1,m,1.2.3.5,2,0", HELLO_MALFORMED},
        {"1.2.3.4,1," ID ",,m,1.2.3.5,2,0", HELLO_MALFORMED},
        {"1.2.3.4,1," ID ",99999999999999999999,m,1.2.3.5,2,0",
         HELLO_MALFORMED},
        {"1.2.3.4,1," ID ",9223372036854775808,m,1.2.3.5,2,0", HELLO_MALFORMED},
        {"1.2.3.4,1," ID ",0,m,1.2.3.5,2,9223372036854775808", HELLO_MALFORMED},
        {"1.2.3.4,1," ID ",0,m,,2,0", HELLO_MALFORMED},
        {"1.2.3.4,1," ID ",0,m,1.2.3.5,2x,0", HELLO_MALFORMED},
        {"1.2.3.4,1," ID ",0,m,1.2.3.5,2,0 ", HELLO_MALFORMED},
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        struct hello hello;

        ck_assert_msg(decode(&hello, rows[i].text) == rows[i].result, "%s",
                      rows[i].text);
    }
}
END_TEST

START_TEST(length_is_limited)
{
    static const char head[] = "1.2.3.4,1," ID ",0,";
    static const char tail[] = ",1.2.3.5,2,0";
    char text[HELLO_MAX_LENGTH + 2];
    size_t name = HELLO_MAX_LENGTH - strlen(head) - strlen(tail);
    struct hello hello;

    memcpy(text, head, sizeof(head));
    memset(text + strlen(head), 'n', name + 1);
    memcpy(text + strlen(head) + name, tail, sizeof(tail));
    ck_assert_uint_eq(strlen(text), HELLO_MAX_LENGTH);
    ck_assert_int_eq(decode(&hello, text), HELLO_OK);
    ck_assert_uint_eq(strlen(hello.master_name), name);
    memset(text + strlen(head), 'n', name + 1);
    memcpy(text + strlen(head) + name + 1, tail, sizeof(tail));
    ck_assert_int_eq(decode(&hello, text), HELLO_FOREIGN);
}
END_TEST

START_TEST(cut_messages_are_never_taken_for_whole_ones)
{
    static const char whole[] = "1.2.3.4,1," ID ",0,m,1.2.3.5,2,10";

    for (size_t length = 0; length < strlen(whole) - 2; length++) {
        char cut[sizeof(whole)];
        struct hello hello;

        memcpy(cut, whole, length);
        cut[length] = '\0';
        ck_assert_int_ne(decode(&hello, cut), HELLO_OK);
    }
}
END_TEST

int main(void)
{
    const TTest *const cases[] = {
        encoded_as_documented_and_read_back,
        results,
        length_is_limited,
        cut_messages_are_never_taken_for_whole_ones,
    };

    return RUN_SUITE("hello", cases);
}
