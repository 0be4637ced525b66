/* ACL LOG: what was refused, and to whom. */
#include "acl_log.h"
#include "command_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_BY_DEFAULT 10

/* Seconds with as many decimals as there are. */
static void put_age(struct resp_writer *out, uint64_t age_ms)
{
    char text[48];
    int length = snprintf(text, sizeof(text), "%" PRIu64 ".%03u", age_ms / 1000,
                          (unsigned)(age_ms % 1000));

    while (text[length - 1] == '0')
        length--;
    if (text[length - 1] == '.')
        length--;
    text[length] = '\0';
    if (out->proto != 3) {
        resp_text(out, text);
        return;
    }
    resp_raw(out, ",", 1);
    resp_raw(out, text, (size_t)length);
    resp_raw(out, "\r\n", 2);
}

static void put_entry(struct resp_writer *out,
                      const struct acl_log_entry *entry, uint64_t now_ms)
{
    resp_map(out, 7);
    resp_text(out, "count");
    resp_integer(out, (int64_t)entry->count);
    resp_text(out, "reason");
    resp_text(out, entry->reason);
    resp_text(out, "context");
    resp_text(out, "toplevel");
    resp_text(out, "object");
    resp_text(out, entry->object);
    resp_text(out, "username");
    resp_text(out, entry->user);
    resp_text(out, "age-seconds");
    put_age(out, now_ms > entry->last_ms ? now_ms - entry->last_ms : 0);
    resp_text(out, "client-info");
    resp_text(out, entry->client);
}

void command_acl_log(struct call *call)
{
    struct acl_log *log = call->context->acl_log;
    int64_t wanted = SHOWN_BY_DEFAULT;
    size_t count;

    if (call->count > 3) {
        command_acl_wrong_count(call, "LOG");
        return;
    }
    if (call->count == 3 && command_word_is(call, 2, "reset")) {
        acl_log_reset(log);
        resp_status(call->out, "OK");
        return;
    }
    if (call->count == 3 && !command_word_number(call, 2, &wanted)) {
        resp_error(call->out, "ERR value is not an integer or out of range");
        return;
    }
    count = acl_log_count(log);
    if (wanted < 0)
        wanted = 0;
    if ((uint64_t)wanted < count)
        count = (size_t)wanted;
    resp_array(call->out, count);
    for (size_t i = 0; i < count; i++)
        put_entry(call->out, acl_log_at(log, i), call->now_ms);
}
