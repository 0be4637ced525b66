/* Names of commands as clients use them: `rename-command` may have changed
 * what they call a command, or taken it away. */
#include "command_table.h"
#include "settings.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

const struct command *command_lookup(const struct context *context,
                                     const char *name, size_t length)
{
    const struct settings *settings = context->settings;

    if (settings->rename_count == 0)
        return command_find(name, length);
    if (strlen(name) != length)
        return NULL; /* a NUL inside */
    name = settings_command_name(settings, name);
    return name != NULL ? command_find(name, strlen(name)) : NULL;
}

const struct command *command_lookup_full(const struct context *context,
                                          const char *name, size_t length)
{
    const char *bar = memchr(name, '|', length);
    const struct command *container;
    char *first;

    if (bar == NULL)
        return command_lookup(context, name, length);
    first = strndup(name, (size_t)(bar - name));
    if (first == NULL)
        abort();
    container = command_lookup(context, first, (size_t)(bar - name));
    free(first);
    if (container == NULL || !(container->traits & TRAIT_CONTAINER))
        return NULL;
    return command_find_sub(container, bar + 1,
                            length - (size_t)(bar - name) - 1);
}

/* Whether clients have a name for the top-level command called OWN. */
static bool has_name(const struct settings *settings, const char *own)
{
    const char *found = settings_command_name(settings, own);

    if (found != NULL && strcasecmp(found, own) == 0)
        return true;
    for (size_t i = 0; i < settings->rename_count; i++) {
        const char *name = settings->renames[i].new_name;
        found = name[0] != '\0' ? settings_command_name(settings, name) : NULL;
        if (found != NULL && strcasecmp(found, own) == 0)
            return true;
    }
    return false;
}

bool command_listed(const struct context *context,
                    const struct command *command)
{
    const struct settings *settings = context->settings;
    char own[64];

    if (command->traits & TRAIT_EXTRA)
        return false;
    if (settings->rename_count == 0)
        return true;
    own[0] = '\0';
    strncat(own, command->name, strcspn(command->name, "|"));
    return has_name(settings, own);
}
