/* The table of notices: channel, level and text of all that Sentinel
 * publishes. */
#ifndef LIB_NOTICE_H
#define LIB_NOTICE_H

#include "action.h"

#include <stddef.h>

struct core;
struct instance;
struct text;

enum notice {
    NOTICE_MONITOR,
    NOTICE_UNMONITOR,
    NOTICE_SET,
    NOTICE_RESET_MASTER,
    NOTICE_SLAVE,
    NOTICE_SENTINEL,
    NOTICE_SENTINEL_ADDRESS_SWITCH,
    NOTICE_SENTINEL_ADDRESS_UPDATE,
    NOTICE_SENTINEL_INVALID_ADDR,
    NOTICE_SDOWN,
    NOTICE_NOT_SDOWN,
    NOTICE_ODOWN,
    NOTICE_NOT_ODOWN,
    NOTICE_NEW_EPOCH,
    NOTICE_VOTE_FOR_LEADER,
    NOTICE_TRY_FAILOVER,
    NOTICE_ELECTED_LEADER,
    NOTICE_STATE_SELECT_SLAVE,
    NOTICE_SELECTED_SLAVE,
    NOTICE_STATE_SEND_SLAVEOF_NOONE,
    NOTICE_STATE_WAIT_PROMOTION,
    NOTICE_PROMOTED_SLAVE,
    NOTICE_STATE_RECONF_SLAVES,
    NOTICE_SLAVE_RECONF_SENT,
    NOTICE_SLAVE_RECONF_INPROG,
    NOTICE_SLAVE_RECONF_DONE,
    NOTICE_SLAVE_RECONF_SENT_TIMEOUT,
    NOTICE_SLAVE_RECONF_SENT_BE,
    NOTICE_FAILOVER_END_FOR_TIMEOUT,
    NOTICE_FAILOVER_END,
    NOTICE_SWITCH_MASTER,
    NOTICE_CONFIG_UPDATE_FROM,
    NOTICE_ABORT_NOT_ELECTED,
    NOTICE_ABORT_NO_GOOD_SLAVE,
    NOTICE_ABORT_SLAVE_TIMEOUT,
    NOTICE_ABORT_MASTER_TIMEOUT,
    NOTICE_ROLE_CHANGE,
    NOTICE_NOT_ROLE_CHANGE,
    NOTICE_REBOOT,
    NOTICE_CONVERT_TO_SLAVE,
    NOTICE_FIX_SLAVE_CONFIG,
    NOTICE_TILT,
    NOTICE_NOT_TILT,
    NOTICE_CMD_LINK_RECONNECTION,
    NOTICE_PUBSUB_LINK_RECONNECTION,
    NOTICE_COUNT
};

/* The channel of NOTICE, "+sdown" and so on. */
const char *notice_channel(enum notice notice);

/* Emits NOTICE about INSTANCE, "<instance><MORE...>"; its master's
 * notification script is queued when the level is warning. */
void notice_instance(struct core *core, enum notice notice,
                     const struct instance *instance, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Emits NOTICE with only the text given. INSTANCE, which may be NULL, says
 * whose notification script runs. */
void notice_text(struct core *core, enum notice notice,
                 const struct instance *instance, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Appends "master <name> <ip> <port>" and so on. */
void notice_describe(const struct core *core, const struct instance *instance,
                     struct text *text);

#endif
