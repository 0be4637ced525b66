/* INFO text to fields. */
#include "info.h"

#include "text.h"
#include "xalloc.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MAX_HOST_LENGTH 255

/* A part of the text, not ended by a NUL. */
struct span {
    const char *data;
    size_t length;
};

static bool span_is(struct span span, const char *word)
{
    if (span.length != strlen(word))
        return false;
    for (size_t i = 0; i < span.length; i++)
        if (tolower((unsigned char)span.data[i]) !=
            tolower((unsigned char)word[i]))
            return false;
    return true;
}

static bool span_port(struct span span, int *port)
{
    uint64_t number;

    if (!text_to_unsigned(span.data, span.length, &number) || number > 65535)
        return false;
    *port = (int)number;
    return true;
}

/* A host that can be stored: not empty, of sane length, printable. */
static char *span_host(struct span span)
{
    if (span.length == 0 || span.length > MAX_HOST_LENGTH)
        return NULL;
    for (size_t i = 0; i < span.length; i++)
        if (!isgraph((unsigned char)span.data[i]))
            return NULL;
    return xstrndup(span.data, span.length);
}

/* Cuts the part before SEPARATOR off REST; all of it when there is none. */
static struct span cut(struct span *rest, char separator)
{
    const char *end = rest->length > 0
                          ? memchr(rest->data, separator, rest->length)
                          : NULL;
    struct span part = *rest;

    if (end == NULL) {
        rest->data += rest->length;
        rest->length = 0;
        return part;
    }
    part.length = (size_t)(end - rest->data);
    rest->data = end + 1;
    rest->length -= part.length + 1;
    return part;
}

static void add_replica(struct info *info, struct span host, struct span port)
{
    struct info_replica replica;

    if (info->replica_count >= INFO_MAX_REPLICAS ||
        !span_port(port, &replica.port) || replica.port == 0) {
        info->malformed = true;
        return;
    }
    replica.host = span_host(host);
    if (replica.host == NULL) {
        info->malformed = true;
        return;
    }
    info->replicas = xrealloc(info->replicas, (info->replica_count + 1) *
                                                  sizeof(*info->replicas));
    info->replicas[info->replica_count++] = replica;
}

/* "ip=10.0.0.2,port=6379,state=online,…", or of old "10.0.0.2,6379,online" */
static void parse_replica(struct info *info, struct span value)
{
    struct span host = {NULL, 0};
    struct span port = {NULL, 0};
    bool named = false;

    for (size_t i = 0; value.length > 0; i++) {
        struct span part = cut(&value, ',');

        if (part.length >= 3 && memcmp(part.data, "ip=", 3) == 0) {
            host = (struct span){part.data + 3, part.length - 3};
            named = true;
        } else if (part.length >= 5 && memcmp(part.data, "port=", 5) == 0) {
            port = (struct span){part.data + 5, part.length - 5};
        } else if (i == 0 && !named) {
            host = part;
        } else if (i == 1 && !named) {
            port = part;
        }
    }
    add_replica(info, host, port);
}

static void parse_master_line(struct info *info, struct span key,
                              struct span value)
{
    int64_t number = 0;
    bool valid = true;

    if (span_is(key, "master_host")) {
        free(info->master_host);
        info->master_host = span_host(value);
        valid = info->master_host != NULL;
    } else if (span_is(key, "master_port")) {
        valid = span_port(value, &info->master_port);
        info->has_master_port = valid;
    } else if (span_is(key, "master_link_status")) {
        info->link_up = span_is(value, "up");
        info->has_link_status = true;
    } else if (span_is(key, "slave_priority")) {
        valid = text_to_signed(value.data, value.length, &info->priority);
        info->has_priority = valid;
    } else if (span_is(key, "slave_repl_offset")) {
        /* A server without a history may say -1. */
        valid = text_to_unsigned(value.data, value.length, &info->offset) ||
                text_to_signed(value.data, value.length, &number);
        info->has_offset = number == 0 && valid;
    } else if (span_is(key, "replica_announced")) {
        info->announced = !span_is(value, "0");
        info->has_announced = true;
    }
    if (!valid)
        info->malformed = true;
}

static void parse_role(struct info *info, struct span value)
{
    if (span_is(value, "master") || span_is(value, "slave")) {
        info->has_role = true;
        info->is_master = span_is(value, "master");
    } else {
        info->malformed = true;
    }
}

static void parse_line(struct info *info, struct span line)
{
    struct span value = line;
    struct span key = cut(&value, ':');
    int64_t seconds;

    if (span_is(key, "run_id")) {
        if (value.length == ID_LENGTH)
            memcpy(info->runid, value.data, ID_LENGTH);
        else
            info->malformed = true;
    } else if (span_is(key, "role")) {
        parse_role(info, value);
    } else if (key.length > 5 && memcmp(key.data, "slave", 5) == 0 &&
               isdigit((unsigned char)key.data[5])) {
        parse_replica(info, value);
    } else if (span_is(key, "master_link_down_since_seconds")) {
        if (text_to_signed(value.data, value.length, &seconds) &&
            seconds < INT64_MAX / 1000 && seconds > INT64_MIN / 1000)
            info->link_down_ms = seconds * 1000;
        else
            info->malformed = true;
    } else if (span_is(key, "master_failover_state")) {
        info->has_failover_state = true;
        info->failing_over = !span_is(value, "no-failover");
    } else if (info->has_role && !info->is_master) {
        parse_master_line(info, key, value);
    }
}

void info_parse(struct info *info, const char *text)
{
    struct span rest = {text, strlen(text)};

    memset(info, 0, sizeof(*info));
    while (rest.length > 0) {
        struct span line = cut(&rest, '\n');

        if (line.length > 0 && line.data[line.length - 1] == '\r')
            line.length--;
        if (line.length > 0 && line.data[0] != '#')
            parse_line(info, line);
    }
    if (!info->has_role)
        info->malformed = true;
}

void info_clear(struct info *info)
{
    for (size_t i = 0; i < info->replica_count; i++)
        free(info->replicas[i].host);
    free(info->replicas);
    free(info->master_host);
    memset(info, 0, sizeof(*info));
}
