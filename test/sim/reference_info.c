/* A reference seat: INFO, and what it does about it. */
#include "reference_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CALM_MS (4 * REFERENCE_PUBLISH_PERIOD_MS)

/* What one text says. */
struct reading {
    unsigned role;
    char follows_ip[40];
    int follows_port;
};

/* ---- The text ---- */

static const char *after(const char *line, const char *prefix)
{
    size_t length = strlen(prefix);

    return strncmp(line, prefix, length) == 0 ? line + length : NULL;
}

static void take_run_id(struct reference_instance *instance, const char *value)
{
    if (strncmp(instance->runid, value, ID_LENGTH) == 0)
        return;
    if (instance->runid[0] != '\0')
        reference_notice(instance->master->reference, "+reboot", instance, "");
    snprintf(instance->runid, sizeof(instance->runid), "%.40s", value);
}

/* "slave<n>:ip=<ip>,port=<port>,…" in the text of a master. */
static void take_replica(struct reference_instance *instance, const char *line)
{
    struct reference_master *master = instance->master;
    struct reference_instance *replica;
    char ip[40];
    int port;

    if ((instance->flags & FLAG_MASTER) == 0 ||
        sscanf(line, "slave%*d:ip=%39[^,],port=%d", ip, &port) != 2 ||
        reference_find_replica(master, ip, port) != NULL)
        return;
    replica = reference_add(master, FLAG_REPLICA, ip, port, "");
    reference_notice(master->reference, "+slave", replica, "");
    reference_save(master->reference);
}

/* Those that count for replicas only. */
static void take_replica_line(struct reference_instance *instance,
                              struct reading *reading, const char *line)
{
    const char *value;

    if ((value = after(line, "master_host:")) != NULL)
        (void)sscanf(value, "%39[^\r\n]", reading->follows_ip);
    else if ((value = after(line, "master_port:")) != NULL)
        reading->follows_port = atoi(value);
    else if ((value = after(line, "master_link_status:")) != NULL)
        instance->link_up = strncasecmp(value, "up", 2) == 0;
    else if ((value = after(line, "slave_priority:")) != NULL)
        instance->priority = atoi(value);
    else if ((value = after(line, "slave_repl_offset:")) != NULL)
        instance->offset = strtoull(value, NULL, 10);
}

static void take_line(struct reference_instance *instance,
                      struct reading *reading, const char *line)
{
    const char *value;

    if ((value = after(line, "run_id:")) != NULL)
        take_run_id(instance, value);
    else if ((value = after(line, "master_link_down_since_seconds:")) != NULL)
        instance->link_down_ms = strtoll(value, NULL, 10) * 1000;
    else if (after(line, "role:master") != NULL)
        reading->role = FLAG_MASTER;
    else if (after(line, "role:slave") != NULL)
        reading->role = FLAG_REPLICA;
    else if (reading->role == FLAG_REPLICA)
        take_replica_line(instance, reading, line);
    else
        take_replica(instance, line);
}

static void take_address(struct reference_instance *instance,
                         const struct reading *reading)
{
    if (reading->role != FLAG_REPLICA ||
        (strcmp(instance->follows_ip, reading->follows_ip) == 0 &&
         instance->follows_port == reading->follows_port))
        return;
    memcpy(instance->follows_ip, reading->follows_ip,
           sizeof(instance->follows_ip));
    instance->follows_port = reading->follows_port;
    instance->follows_ms = reference_now_ms(instance->master->reference);
}

static void take_role(struct reference_instance *instance, unsigned role)
{
    struct reference *reference = instance->master->reference;

    if (role == 0 || role == instance->role)
        return;
    instance->role = role;
    instance->role_ms = reference_now_ms(reference);
    if (role == FLAG_REPLICA)
        instance->follows_ms = instance->role_ms;
    reference_notice(reference,
                     (instance->flags & role) != 0 ? "+role-change"
                                                   : "-role-change",
                     instance,
                     role == FLAG_MASTER ? "new reported role is master"
                                         : "new reported role is slave");
}

/* ---- Reactions ---- */

static bool master_looks_sane(const struct reference_master *master)
{
    const struct reference_instance *self = &master->self;

    return self->role == FLAG_MASTER &&
           (self->flags & (FLAG_SDOWN | FLAG_ODOWN)) == 0 &&
           reference_now_ms(master->reference) - self->info_ms <
               2 * REFERENCE_INFO_PERIOD_MS;
}

static bool no_down_for(const struct reference_instance *instance,
                        int64_t time_ms)
{
    int64_t last_ms = instance->s_down_ms > instance->o_down_ms
                          ? instance->s_down_ms
                          : instance->o_down_ms;

    return last_ms == 0 ||
           reference_now_ms(instance->master->reference) - last_ms > time_ms;
}

static void turn(struct reference_instance *replica, const char *channel)
{
    struct reference_master *master = replica->master;

    if (replica->command == NULL)
        return;
    reference_replicaof(replica, master->self.ip, master->self.port);
    reference_notice(master->reference, channel, replica, "");
}

static void react_to_master(struct reference_instance *replica)
{
    struct reference_master *master = replica->master;
    int64_t now_ms = reference_now_ms(master->reference);

    if ((replica->flags & FLAG_PROMOTED) != 0 &&
        (master->self.flags & FLAG_FAILOVER) != 0 &&
        master->state == REFERENCE_WAIT_PROMOTION)
        reference_promoted(master);
    else if ((replica->flags & FLAG_PROMOTED) == 0 &&
             master_looks_sane(master) && no_down_for(replica, CALM_MS) &&
             now_ms - replica->role_ms > CALM_MS)
        turn(replica, "+convert-to-slave");
}

static void react_to_stranger(struct reference_instance *replica)
{
    struct reference_master *master = replica->master;
    int64_t now_ms = reference_now_ms(master->reference);
    int64_t limit_ms = reference_failover_timeout_ms(master->reference);

    if (!reference_same_address(&master->self, replica->follows_ip,
                                replica->follows_port) &&
        master_looks_sane(master) && no_down_for(replica, limit_ms) &&
        now_ms - replica->follows_ms > limit_ms)
        turn(replica, "+fix-slave-config");
}

static void move_on(struct reference_instance *replica, unsigned from,
                    unsigned to, const char *channel)
{
    replica->flags = (replica->flags & ~from) | to;
    reference_notice(replica->master->reference, channel, replica, "");
}

static void react_to_reconf(struct reference_instance *replica)
{
    const struct reference_instance *promoted = replica->master->promoted;

    if ((replica->flags & FLAG_RECONF_SENT) != 0 && promoted != NULL &&
        reference_same_address(promoted, replica->follows_ip,
                               replica->follows_port))
        move_on(replica, FLAG_RECONF_SENT, FLAG_RECONF_INPROG,
                "+slave-reconf-inprog");
    if ((replica->flags & FLAG_RECONF_INPROG) != 0 && replica->link_up)
        move_on(replica, FLAG_RECONF_INPROG, FLAG_RECONF_DONE,
                "+slave-reconf-done");
}

void reference_take_info(struct reference_instance *instance, const char *text)
{
    struct reading reading = {.role = 0};

    instance->link_down_ms = 0;
    while (*text != '\0') {
        take_line(instance, &reading, text);
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    instance->info_ms = reference_now_ms(instance->master->reference);
    take_address(instance, &reading);
    take_role(instance, reading.role);
    if (instance->master->reference->tilt ||
        (instance->flags & FLAG_REPLICA) == 0)
        return;
    if (reading.role == FLAG_MASTER) {
        react_to_master(instance);
    } else if (reading.role == FLAG_REPLICA) {
        react_to_stranger(instance);
        react_to_reconf(instance);
    }
}
