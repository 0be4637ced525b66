/* The hello message: encode and decode. */
#include "hello.h"

#include <assert.h>
#include <string.h>

#define FIELDS 8

void hello_encode(const struct hello *hello, struct text *text)
{
    text_addf(text, "%s,%d,%s,%llu,%s,%s,%d,%llu", hello->ip, hello->port,
              hello->id, (unsigned long long)hello->current_epoch,
              hello->master_name, hello->master_ip, hello->master_port,
              (unsigned long long)hello->config_epoch);
}

static size_t split(char *text, char *fields[FIELDS])
{
    size_t count = 0;

    for (;;) {
        char *comma = strchr(text, ',');

        if (count == FIELDS)
            return FIELDS + 1;
        fields[count++] = text;
        if (comma == NULL)
            return count;
        *comma = '\0';
        text = comma + 1;
    }
}

static bool read_port(const char *text, int *port)
{
    uint64_t number;

    if (!text_to_unsigned(text, strlen(text), &number) || number == 0 ||
        number > 65535)
        return false;
    *port = (int)number;
    return true;
}

static bool read_id(const char *text)
{
    if (strlen(text) != ID_LENGTH)
        return false;
    for (; *text != '\0'; text++)
        if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 0x7F)
            return false;
    return true;
}

static bool read_epoch(const char *text, uint64_t *epoch)
{
    return text_to_unsigned(text, strlen(text), epoch) &&
           *epoch <= EPOCH_TOLD_MAX;
}

static const char *read_fields(struct hello *hello, char *fields[FIELDS])
{
    hello->ip = fields[0];
    hello->id = fields[2];
    hello->master_name = fields[4];
    hello->master_ip = fields[5];
    if (!addr_is_host(hello->ip))
        return "sentinel address is not valid";
    if (!read_port(fields[1], &hello->port))
        return "sentinel port is not valid";
    if (!read_id(hello->id))
        return "sentinel id is not valid";
    if (!read_epoch(fields[3], &hello->current_epoch))
        return "current epoch is not valid";
    if (!addr_is_host(hello->master_ip))
        return "master address is not valid";
    if (!read_port(fields[6], &hello->master_port))
        return "master port is not valid";
    if (!read_epoch(fields[7], &hello->config_epoch))
        return "config epoch is not valid";
    return NULL;
}

enum hello_result hello_decode(struct hello *hello, const char *text,
                               char *buffer, const char **problem)
{
    char *fields[FIELDS];
    size_t length = strlen(text);

    assert(problem != NULL);
    if (length > HELLO_MAX_LENGTH)
        return HELLO_FOREIGN;
    memcpy(buffer, text, length + 1);
    if (split(buffer, fields) != FIELDS)
        return HELLO_FOREIGN;
    *problem = read_fields(hello, fields);
    return *problem == NULL ? HELLO_OK : HELLO_MALFORMED;
}
