/* What the configuration says about the process itself. */
#include "settings.h"

#include "../lib/xalloc.h"
#include "acl.h"
#include "elsewhere.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>

struct settings *settings_new(void)
{
    struct settings *settings = xcalloc(1, sizeof(*settings));

    settings->port = DEFAULT_PORT;
    settings->tcp_backlog = 511;
    settings->tcp_keepalive_s = 300;
    settings->max_clients = 10000;
    settings->log_level = LEVEL_NOTICE;
    settings->syslog_ident = xstrdup("sentineld");
    settings->syslog_facility = LOG_LOCAL0;
    settings->acl = acl_new();
    settings->acl_log_limit = 128;
    settings->pubsub_hard_limit = 32u << 20;
    settings->pubsub_soft_limit = 8u << 20;
    settings->pubsub_soft_seconds = 60;
    settings->output_sum_limit = 256u << 20;
    return settings;
}

void settings_free(struct settings *settings)
{
    if (settings == NULL)
        return;
    free(settings->config_file);
    free(settings->executable);
    for (size_t i = 0; i < settings->bind_count; i++)
        free(settings->binds[i]);
    free(settings->bind_source_address);
    free(settings->unix_socket);
    free(settings->pidfile);
    free(settings->log_file);
    free(settings->syslog_ident);
    free(settings->directory);
    acl_free(settings->acl);
    free(settings->acl_file);
    for (size_t i = 0; i < settings->rename_count; i++) {
        free(settings->renames[i].old_name);
        free(settings->renames[i].new_name);
    }
    free(settings->renames);
    for (size_t i = 0; i < settings->note_count; i++)
        free(settings->notes[i].text);
    free(settings->notes);
    elsewhere_free(settings->elsewhere);
    free(settings);
}

void settings_note(struct settings *settings, enum log_level level,
                   const char *format, ...)
{
    struct settings_note *note;
    va_list arguments;
    char *text;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        abort();
    va_end(arguments);
    settings->notes = xrealloc(settings->notes, (settings->note_count + 1) *
                                                    sizeof(*settings->notes));
    note = &settings->notes[settings->note_count++];
    note->level = level;
    note->text = text;
}

/* Renamings work one after the other, so they are undone from the last. */
const char *settings_command_name(const struct settings *settings,
                                  const char *name)
{
    for (size_t i = settings->rename_count; i-- > 0;) {
        const struct renamed_command *rename = &settings->renames[i];

        if (rename->new_name[0] != '\0' &&
            strcasecmp(name, rename->new_name) == 0)
            name = rename->old_name;
        else if (strcasecmp(name, rename->old_name) == 0)
            return NULL;
    }
    return name;
}

bool settings_password_required(const struct settings *settings)
{
    return acl_password_required(settings->acl);
}
