/* links: nothing besides the core
 * Hello messages: any text. One that is accepted must hold only what we may
 * say ourselves, and must be the same when we say it. */
#include "../../lib/hello.h"
#include "fuzz.h"

#define ID "0123456789abcdef0123456789abcdef01234567"

static void check_fields(const struct hello *hello)
{
    REQUIRE(strlen(hello->id) == ID_LENGTH, "id of %zu bytes",
            strlen(hello->id));
    REQUIRE(hello->port >= 1 && hello->port <= 65535, "port %d", hello->port);
    REQUIRE(hello->master_port >= 1 && hello->master_port <= 65535, "port %d",
            hello->master_port);
    REQUIRE(hello->current_epoch <= EPOCH_TOLD_MAX &&
                hello->config_epoch <= EPOCH_TOLD_MAX,
            "an epoch without room");
    REQUIRE(addr_is_host(hello->ip) && addr_is_host(hello->master_ip),
            "no host");
}

static void check_same(const struct hello *left, const struct hello *right)
{
    REQUIRE(strcmp(left->ip, right->ip) == 0 && left->port == right->port &&
                strcmp(left->id, right->id) == 0 &&
                left->current_epoch == right->current_epoch &&
                strcmp(left->master_name, right->master_name) == 0 &&
                strcmp(left->master_ip, right->master_ip) == 0 &&
                left->master_port == right->master_port &&
                left->config_epoch == right->config_epoch,
            "differs when said again");
}

/* HELLO, said by us. Numbers may have become longer, but only those with
 * zeros in front can be shorter, so the limit is not met. */
static void check_round_trip(const struct hello *hello)
{
    char buffer[HELLO_MAX_LENGTH + 1];
    const char *problem = NULL;
    struct hello again;
    struct text text;

    text_init(&text);
    hello_encode(hello, &text);
    REQUIRE(hello_decode(&again, text.data, buffer, &problem) == HELLO_OK,
            "refused when said again: %s: %s", problem, text.data);
    check_same(hello, &again);
    text_clear(&text);
}

/* A hello of which only the numbers and the name come from the input. */
static void check_made(struct fuzz_input *input)
{
    uint64_t numbers[2] = {0};
    size_t length;
    char *name;
    struct hello hello = {.ip = "10.0.0.1", .id = ID, .master_ip = "::1"};

    for (size_t i = 0; i < 16; i++)
        numbers[i % 2] = numbers[i % 2] << 8 | fuzz_byte(input);
    hello.port = 1 + (int)(numbers[0] % 65535);
    hello.master_port = 1 + (int)(numbers[1] % 65535);
    hello.current_epoch = numbers[0] % EPOCH_TOLD_MAX;
    hello.config_epoch = numbers[1] % EPOCH_TOLD_MAX;
    name = fuzz_text(input, ',', &length);
    hello.master_name = name;
    if (length < HELLO_MAX_LENGTH - 150)
        check_round_trip(&hello);
    free(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size, 0};
    char buffer[HELLO_MAX_LENGTH + 1];
    const char *problem = NULL;
    struct hello hello;
    size_t length;
    char *text = fuzz_text(&input, '\0', &length);
    enum hello_result result = hello_decode(&hello, text, buffer, &problem);

    if (result == HELLO_MALFORMED)
        REQUIRE(problem != NULL, "no problem is told");
    if (result == HELLO_OK) {
        check_fields(&hello);
        check_round_trip(&hello);
    }
    free(text);
    check_made(&input);
    return 0;
}
