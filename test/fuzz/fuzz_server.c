/* links: sentinel/server.o sentinel/client.o sentinel/turns.o
 *        sentinel/stream*.o sentinel/command*.o sentinel/pubsub.o
 *        sentinel/resp*.o sentinel/buffer.o sentinel/held.o sentinel/acl*.o
 *        sentinel/password.o sentinel/config*.o sentinel/rewrite_output.o
 *        sentinel/settings.o sentinel/elsewhere.o
 *        test/fuzz/server_driver.o test/fuzz/server_parts.o
 *        test/fuzz/server_output.o test/fuzz/server_world.o
 *        test/fuzz/config_world.o test/fuzz/quiet.o
 * wraps: open open64 access chdir glob glob64 globfree globfree64
 * The whole path of clients, from their bytes to the file: three of them say
 * anything, in any pieces, while disk and servers fail. What they get must be
 * RESP, what is written must load to the same, and when they are gone nothing
 * of them may be left. */
#include "server_world.h"

#include "../../sentinel/driver.h"

/* A byte that no text holds, and which a word may hold twice. */
#define CONTROL 0xff
#define STEPS_MAX 512

/* The bytes up to the next control. */
static void talk(struct fuzz_input *input, size_t number)
{
    const uint8_t *from = input->data + input->at;
    const size_t rest = input->size - input->at;
    const uint8_t *found = memchr(from, CONTROL, rest);
    const size_t length = found != NULL ? (size_t)(found - from) : rest;

    input->at += length;
    if (length > 0)
        server_world_say(number, (const char *)from, length);
}

static void control(struct fuzz_input *input, size_t *number)
{
    static const uint64_t waits_ms[] = {1, 500, 1900, 40000};
    const unsigned choice = fuzz_byte(input) % 16;

    if (choice < SERVER_CLIENTS)
        *number = choice;
    else if (choice == 3)
        server_world_shut(*number);
    else if (choice == 4)
        server_world_hang_up(*number);
    else if (choice < 9)
        server_world_wait(waits_ms[choice - 5]);
    else if (choice == 9)
        server_world->disk_fails = !server_world->disk_fails;
    else if (choice < 13)
        server_world->servers = (enum servers)(choice - 10);
    else if (choice == 13)
        driver_notice(server_world->context.driver, LEVEL_NOTICE,
                      "-script-error", "a b c");
    else if (choice == 14)
        server_world_say(*number, "\xff", 1);
    server_world_run();
}

/* Whoever comes next is answered, whatever the others have done. */
static void check_alive(void)
{
    struct text *output = &server_world->outputs[0];

    for (size_t i = 0; i < SERVER_CLIENTS; i++)
        server_world_hang_up(i);
    server_world_say(0, "PING\r\n", 6);
    server_world_run();
    REQUIRE(server_world->fds[0] < 0 || output->length > 0,
            "a new client gets no answer");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size, 0};
    size_t number = 0;

    server_world_open(fuzz_byte(&input));
    for (unsigned i = 0;
         i < STEPS_MAX && !fuzz_ended(&input) && !server_world->ended; i++) {
        talk(&input, number);
        if (!fuzz_ended(&input) && !server_world->ended) {
            input.at++;
            control(&input, &number);
        }
    }
    if (!server_world->ended)
        check_alive();
    server_world_close();
    return 0;
}
