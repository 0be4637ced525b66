/* links: sentinel/config*.o sentinel/rewrite_output.o sentinel/settings.o
 *        sentinel/elsewhere.o sentinel/acl*.o sentinel/password.o
 *        test/fuzz/config_world.o test/fuzz/quiet.o
 * wraps: open open64 access chdir glob glob64 globfree globfree64
 * The state file: whatever is accepted and then changed in any way that a
 * running sentinel can change it must load to just that when it was written,
 * and writing it once more must change nothing. */
#include "../../lib/addr.h"
#include "../../sentinel/acl_lines.h"
#include "config_world.h"

#include <ctype.h>

#define BETWEEN_FILES '\1'
#define CHANGES_MAX 64
#define ENTRIES_MAX 8

/* A text that a client can give: without control characters. */
static char *take_text(struct fuzz_input *input)
{
    size_t length;
    char *text = fuzz_text(input, '\n', &length);

    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            text[i] = '?';
    return text;
}

/* A word that stands in hello messages, too. */
static char *take_word(struct fuzz_input *input)
{
    char *text = take_text(input);

    for (char *at = text; *at != '\0'; at++)
        if (*at == ' ' || *at == ',')
            *at = '.';
    if (text[0] == '\0') {
        free(text);
        text = xstrdup("m");
    }
    return text;
}

static const char *take_host(struct fuzz_input *input)
{
    static const char *const hosts[] = {"10.0.0.1", "10.0.0.2", "::1",
                                        "fe80::1", "10.0.0.1"};

    return hosts[fuzz_below(input, sizeof(hosts) / sizeof(hosts[0]))];
}

static uint64_t take_number(struct fuzz_input *input)
{
    uint64_t number = 0;
    const unsigned bytes = fuzz_below(input, 9);

    for (unsigned i = 0; i < bytes; i++)
        number = number << 8 | fuzz_byte(input);
    return number;
}

static struct state_master *take_master(struct fuzz_input *input,
                                        struct state *state)
{
    return state->master_count == 0
               ? NULL
               : &state->masters[fuzz_byte(input) % state->master_count];
}

/* ---- Changes ---- */

static void raise_epochs(struct fuzz_input *input, struct state *state,
                         struct state_master *master)
{
    const uint64_t epoch = take_number(input) & EPOCH_MAX;

    if (epoch > state->current_epoch)
        state->current_epoch = epoch;
    if (master != NULL && fuzz_one_in(input, 2))
        master->config_epoch = epoch;
    if (master != NULL && fuzz_one_in(input, 2))
        master->leader_epoch = epoch;
}

static void set_option(struct fuzz_input *input, struct state_master *master)
{
    size_t count;
    const struct option *table = option_table(&count);
    const struct option *option = &table[fuzz_byte(input) % count];
    char *first = take_text(input);
    char *second = option_width(option) == 2 ? take_text(input) : xstrdup("");
    const char *values[2] = {first, second};
    char digits[32];

    snprintf(digits, sizeof(digits), "%u", fuzz_byte(input) * 1000);
    if (option->type == OPTION_NUMBER && fuzz_one_in(input, 2))
        values[0] = digits;
    if (option->type == OPTION_SCRIPT && fuzz_one_in(input, 2))
        values[0] = "/bin/true";
    else if (option->type == OPTION_SCRIPT)
        values[0] = "";
    (void)option_set(option, &master->options, values);
    free(first);
    free(second);
}

static void change_global(struct fuzz_input *input,
                          struct global_options *global)
{
    char *text;

    switch (fuzz_below(input, 6)) {
    case 0:
        text = take_word(input);
        xreplace(&global->announce_ip, fuzz_one_in(input, 4) ? "" : text);
        free(text);
        break;
    case 1:
        global->announce_port = (int)(take_number(input) % 65536);
        break;
    case 2:
        text = take_text(input);
        xreplace(&global->sentinel_user, text);
        free(text);
        break;
    case 3:
        text = take_text(input);
        xreplace(&global->sentinel_pass, text);
        free(text);
        break;
    case 4:
        global->resolve_hostnames = true;
        break;
    case 5:
        global->announce_hostnames = !global->announce_hostnames;
        break;
    }
}

static void add_master(struct fuzz_input *input, struct state *state)
{
    char *name = take_word(input);
    const char *host = take_host(input);

    if (state->master_count < ENTRIES_MAX &&
        state_find_master(state, name) == NULL)
        state_add_master(state, name, host, (int)(take_number(input) % 65536));
    free(name);
}

/* The last one takes the place of the one that goes. */
static void remove_master(struct fuzz_input *input, struct state *state)
{
    struct state *rest = state_new();
    const size_t gone = fuzz_byte(input) % state->master_count;
    struct state_master kept = state->masters[gone];

    state->masters[gone] = state->masters[state->master_count - 1];
    state->masters[state->master_count - 1] = kept;
    state->master_count--;
    /* An owner of its own frees it. */
    rest->masters = xmemdup(&kept, sizeof(kept));
    rest->master_count = 1;
    state_free(rest);
}

static void change_known(struct fuzz_input *input, struct state_master *master)
{
    static const char digits[] = "0123456789abcdef";
    const char *host = take_host(input);
    const int port = 1 + (int)(take_number(input) % 65535);
    char id[ID_LENGTH + 1] = "";

    switch (fuzz_below(input, 3)) {
    case 0:
        if (master->replica_count < ENTRIES_MAX)
            state_add_replica(master, host, port);
        break;
    case 1:
        memset(id, digits[fuzz_below(input, 16)], ID_LENGTH);
        if (master->sentinel_count < ENTRIES_MAX)
            state_add_sentinel(master, host, port, id);
        break;
    case 2: /* a failover */
        xreplace(&master->host, host);
        master->port = port;
        break;
    }
}

static void change_user(struct fuzz_input *input, struct acl *acl)
{
    char *text = take_text(input);
    struct acl_failure failure = {0};
    const char *rules[16];
    size_t lengths[16];
    size_t count = 0;
    struct acl_user *user;

    for (char *word = strtok(text, " "); word != NULL && count < 16;
         word = strtok(NULL, " ")) {
        rules[count] = word;
        lengths[count++] = strlen(word);
    }
    if (count > 0 && acl_user_name_fits(rules[0], lengths[0])) {
        user = acl_find(acl, rules[0], lengths[0]);
        user = user != NULL ? acl_user_copy(user)
                            : acl_user_new(acl_terms(acl), rules[0]);
        if (acl_user_apply(user, acl_terms(acl), rules + 1, lengths + 1,
                           count - 1, &failure) == 0)
            acl_put(acl, user);
        else
            acl_user_free(user);
        free(failure.owned);
    }
    free(text);
}

static void change(struct fuzz_input *input, struct config_loaded *loaded)
{
    struct state *state = loaded->state;
    const unsigned choice = fuzz_below(input, 9);
    struct state_master *master = take_master(input, state);

    if (choice == 0)
        raise_epochs(input, state, master);
    else if (choice == 1)
        change_global(input, &state->global);
    else if (choice == 2)
        add_master(input, state);
    else if (choice == 3 && loaded->settings->acl_file == NULL)
        change_user(input, loaded->settings->acl);
    else if (choice == 4) {
        loaded->settings->log_level = (enum log_level)fuzz_below(input, 4);
        loaded->settings->log_level_set = true;
    } else if (choice == 5 && master != NULL)
        remove_master(input, state);
    else if (choice == 6 && master != NULL)
        set_option(input, master);
    else if (master != NULL)
        change_known(input, master);
}

/* The core reads no epoch of a master that is above its own. */
static void settle(struct state *state)
{
    for (size_t i = 0; i < state->master_count; i++) {
        const struct state_master *master = &state->masters[i];

        if (master->config_epoch > state->current_epoch)
            state->current_epoch = master->config_epoch;
    }
}

/* The main file, a.conf, and then the changes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size, 0};
    struct config_loaded loaded;
    size_t lengths[2];
    char *texts[2];

    for (size_t i = 0; i < 2; i++)
        texts[i] = fuzz_text(&input, BETWEEN_FILES, &lengths[i]);
    config_world_put(CONFIG_MAIN, texts[0], lengths[0]);
    config_world_put("a.conf", texts[1], lengths[1]);
    if (config_world_load(&loaded, NULL)) {
        for (size_t i = 0; i < CHANGES_MAX && !fuzz_ended(&input); i++)
            change(&input, &loaded);
        settle(loaded.state);
        config_world_check(&loaded, texts[0], NULL);
    }
    config_world_clear(&loaded);
    config_world_forget();
    free(texts[0]);
    free(texts[1]);
    return 0;
}
