/* The table of notices: channel, level and text of all that Sentinel
 * publishes. */
#include "notice.h"

#include "core_internal.h"
#include "text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Longer texts are cut: clients and scripts rely on the bound. */
#define NOTICE_TEXT_MAX 1023

struct notice_row {
    const char *channel;
    enum log_level level;
    /* Tells of a vote, an epoch or a promotion: not before it is on disk. */
    bool durable;
};

static const struct notice_row notices[NOTICE_COUNT] = {
    [NOTICE_MONITOR] = {"+monitor", LEVEL_WARNING, false},
    [NOTICE_UNMONITOR] = {"-monitor", LEVEL_WARNING, false},
    [NOTICE_SET] = {"+set", LEVEL_WARNING, false},
    [NOTICE_RESET_MASTER] = {"+reset-master", LEVEL_WARNING, false},
    [NOTICE_SLAVE] = {"+slave", LEVEL_NOTICE, false},
    [NOTICE_SENTINEL] = {"+sentinel", LEVEL_NOTICE, false},
    [NOTICE_SENTINEL_ADDRESS_SWITCH] = {"+sentinel-address-switch",
                                        LEVEL_NOTICE, false},
    [NOTICE_SENTINEL_ADDRESS_UPDATE] = {"+sentinel-address-update",
                                        LEVEL_NOTICE, false},
    [NOTICE_SENTINEL_INVALID_ADDR] = {"+sentinel-invalid-addr", LEVEL_NOTICE,
                                      false},
    [NOTICE_SDOWN] = {"+sdown", LEVEL_WARNING, false},
    [NOTICE_NOT_SDOWN] = {"-sdown", LEVEL_WARNING, false},
    [NOTICE_ODOWN] = {"+odown", LEVEL_WARNING, false},
    [NOTICE_NOT_ODOWN] = {"-odown", LEVEL_WARNING, false},
    [NOTICE_NEW_EPOCH] = {"+new-epoch", LEVEL_WARNING, true},
    [NOTICE_VOTE_FOR_LEADER] = {"+vote-for-leader", LEVEL_WARNING, true},
    [NOTICE_TRY_FAILOVER] = {"+try-failover", LEVEL_WARNING, true},
    [NOTICE_ELECTED_LEADER] = {"+elected-leader", LEVEL_WARNING, true},
    [NOTICE_STATE_SELECT_SLAVE] = {"+failover-state-select-slave",
                                   LEVEL_WARNING, true},
    [NOTICE_SELECTED_SLAVE] = {"+selected-slave", LEVEL_WARNING, true},
    [NOTICE_STATE_SEND_SLAVEOF_NOONE] = {"+failover-state-send-slaveof-noone",
                                         LEVEL_NOTICE, true},
    [NOTICE_STATE_WAIT_PROMOTION] = {"+failover-state-wait-promotion",
                                     LEVEL_NOTICE, true},
    [NOTICE_PROMOTED_SLAVE] = {"+promoted-slave", LEVEL_WARNING, true},
    [NOTICE_STATE_RECONF_SLAVES] = {"+failover-state-reconf-slaves",
                                    LEVEL_WARNING, true},
    [NOTICE_SLAVE_RECONF_SENT] = {"+slave-reconf-sent", LEVEL_NOTICE, false},
    [NOTICE_SLAVE_RECONF_INPROG] = {"+slave-reconf-inprog", LEVEL_NOTICE,
                                    false},
    [NOTICE_SLAVE_RECONF_DONE] = {"+slave-reconf-done", LEVEL_NOTICE, false},
    [NOTICE_SLAVE_RECONF_SENT_TIMEOUT] = {"-slave-reconf-sent-timeout",
                                          LEVEL_NOTICE, false},
    [NOTICE_SLAVE_RECONF_SENT_BE] = {"+slave-reconf-sent-be", LEVEL_NOTICE,
                                     false},
    [NOTICE_FAILOVER_END_FOR_TIMEOUT] = {"+failover-end-for-timeout",
                                         LEVEL_WARNING, false},
    [NOTICE_FAILOVER_END] = {"+failover-end", LEVEL_WARNING, false},
    [NOTICE_SWITCH_MASTER] = {"+switch-master", LEVEL_WARNING, false},
    [NOTICE_CONFIG_UPDATE_FROM] = {"+config-update-from", LEVEL_WARNING, false},
    [NOTICE_ABORT_NOT_ELECTED] = {"-failover-abort-not-elected", LEVEL_WARNING,
                                  false},
    [NOTICE_ABORT_NO_GOOD_SLAVE] = {"-failover-abort-no-good-slave",
                                    LEVEL_WARNING, false},
    [NOTICE_ABORT_SLAVE_TIMEOUT] = {"-failover-abort-slave-timeout",
                                    LEVEL_WARNING, false},
    [NOTICE_ABORT_MASTER_TIMEOUT] = {"-failover-abort-master-timeout",
                                     LEVEL_WARNING, false},
    [NOTICE_ROLE_CHANGE] = {"+role-change", LEVEL_VERBOSE, false},
    [NOTICE_NOT_ROLE_CHANGE] = {"-role-change", LEVEL_VERBOSE, false},
    [NOTICE_REBOOT] = {"+reboot", LEVEL_NOTICE, false},
    [NOTICE_CONVERT_TO_SLAVE] = {"+convert-to-slave", LEVEL_NOTICE, false},
    [NOTICE_FIX_SLAVE_CONFIG] = {"+fix-slave-config", LEVEL_NOTICE, false},
    [NOTICE_TILT] = {"+tilt", LEVEL_WARNING, false},
    [NOTICE_NOT_TILT] = {"-tilt", LEVEL_WARNING, false},
    [NOTICE_CMD_LINK_RECONNECTION] = {"-cmd-link-reconnection", LEVEL_DEBUG,
                                      false},
    [NOTICE_PUBSUB_LINK_RECONNECTION] = {"-pubsub-link-reconnection",
                                         LEVEL_DEBUG, false},
};

const char *notice_channel(enum notice notice)
{
    assert(notice < NOTICE_COUNT);
    return notices[notice].channel;
}

static void add_owner(const struct core *core, const struct instance *instance,
                      struct text *text)
{
    const struct instance *master = &instance->master->instance;

    text_addf(text, " @ %s %s %d", master->name, instance_ip(core, master),
              master->addr.port);
}

void notice_describe(const struct core *core, const struct instance *instance,
                     struct text *text)
{
    static const char *const kinds[] = {
        [KIND_MASTER] = "master",
        [KIND_REPLICA] = "slave",
        [KIND_SENTINEL] = "sentinel",
    };

    text_addf(text, "%s %s %s %d", kinds[instance->kind], instance->name,
              instance_ip(core, instance), instance->addr.port);
    if (instance->kind != KIND_MASTER)
        add_owner(core, instance, text);
}

static void emit(struct core *core, enum notice notice,
                 const struct instance *instance, struct text *text)
{
    const struct notice_row *row = &notices[notice];
    enum action_wait wait = row->durable ? WAIT_DISK : WAIT_TURN;
    const char *script;

    assert(row->channel != NULL);
    if (text->length > NOTICE_TEXT_MAX)
        text->data[NOTICE_TEXT_MAX] = '\0';
    emit_notice(&core->out, wait, row->level, row->channel, text->data);
    script = instance != NULL ? instance->master->options.notification_script
                              : NULL;
    if (row->level == LEVEL_WARNING && script != NULL) {
        const char *words[] = {row->channel, text->data};

        emit_script(&core->out, wait, script, words, 2);
    }
}

static void add_formatted(struct text *text, const char *format,
                          va_list arguments)
{
    char more[NOTICE_TEXT_MAX + 1];

    vsnprintf(more, sizeof(more), format, arguments);
    text_add(text, more);
}

void notice_instance(struct core *core, enum notice notice,
                     const struct instance *instance, const char *format, ...)
{
    struct text text;
    va_list arguments;

    text_init(&text);
    notice_describe(core, instance, &text);
    va_start(arguments, format);
    add_formatted(&text, format, arguments);
    va_end(arguments);
    emit(core, notice, instance, &text);
    text_clear(&text);
}

void notice_text(struct core *core, enum notice notice,
                 const struct instance *instance, const char *format, ...)
{
    struct text text;
    va_list arguments;

    text_init(&text);
    va_start(arguments, format);
    add_formatted(&text, format, arguments);
    va_end(arguments);
    emit(core, notice, instance, &text);
    text_clear(&text);
}
