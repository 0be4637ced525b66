/* links: sentinel/acl*.o sentinel/config_words.o sentinel/password.o */
#include "../../lib/xalloc.h"
#include "../../sentinel/acl.h"
#include "../../sentinel/acl_lines.h"
#include "../../sentinel/acl_log.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DANGEROUS (CATEGORY_ADMIN | CATEGORY_SLOW | CATEGORY_DANGEROUS)

static const struct acl_command rows[] = {
    {"ping", CATEGORY_FAST | CATEGORY_CONNECTION, false},
    {"info", CATEGORY_SLOW | CATEGORY_DANGEROUS, false},
    {"role", CATEGORY_ADMIN | CATEGORY_FAST | CATEGORY_DANGEROUS, false},
    {"subscribe", CATEGORY_PUBSUB | CATEGORY_SLOW, false},
    {"psubscribe", CATEGORY_PUBSUB | CATEGORY_SLOW, false},
    {"client", CATEGORY_SLOW, true},
    {"client|id", CATEGORY_SLOW | CATEGORY_CONNECTION, false},
    {"client|list", DANGEROUS | CATEGORY_CONNECTION, false},
    {"sentinel", DANGEROUS, true},
    {"sentinel|master", DANGEROUS, false},
    {"sentinel|masters", DANGEROUS, false},
    {"sentinel|help", CATEGORY_SLOW, false},
};
enum row {
    PING,
    INFO,
    ROLE,
    SUBSCRIBE,
    PSUBSCRIBE,
    CLIENT,
    CLIENT_ID,
    CLIENT_LIST,
    SENTINEL,
    MASTER,
    MASTERS,
    HELP,
    ROWS
};

static struct acl *acl;

static void set_up(void)
{
    acl = acl_new();
    acl_set_commands(acl, (struct acl_commands){rows, ROWS});
}

static void tear_down(void)
{
    acl_free(acl);
}

/* Applies RULES, words between blanks, to the user called NAME, who may be
 * new. Returns the reason of a refusal ("" for an open parenthesis), with the
 * rule behind it. */
static const char *set(const char *name, const char *rules)
{
    static char refusal[1024];
    char *copy = xstrdup(rules);
    const char *words[64];
    size_t lengths[64];
    size_t count = 0;
    struct acl_failure failure;
    struct acl_user *old = acl_find(acl, name, strlen(name));
    struct acl_user *user = old != NULL ? acl_user_copy(old)
                                        : acl_user_new(acl_terms(acl), name);
    int result;

    for (char *word = strtok(copy, " "); word != NULL;
         word = strtok(NULL, " ")) {
        words[count] = word;
        lengths[count++] = strlen(word);
    }
    result = acl_user_apply(user, acl_terms(acl), words, lengths, count,
                            &failure);
    refusal[0] = '\0';
    if (result != 0)
        snprintf(refusal, sizeof(refusal), "%s: %s", failure.rule,
                 failure.reason != NULL ? failure.reason : "open");
    if (result == 0)
        acl_put(acl, user);
    else
        acl_user_free(user);
    free(failure.owned);
    free(copy);
    return result == 0 ? NULL : refusal;
}

/* The line of a user; valid until the next call. */
static const char *line_of(const char *name)
{
    static char line[8192];
    const struct acl_user *user = acl_find(acl, name, strlen(name));
    struct text text = {0};

    ck_assert_ptr_nonnull(user);
    acl_user_put(user, &text);
    ck_assert_uint_lt(text.length, sizeof(line));
    strcpy(line, text.data);
    free(text.data);
    return line;
}

static bool may(const char *name, size_t row, const char *second)
{
    const char *words[] = {"x", second};
    const size_t lengths[] = {1, second != NULL ? strlen(second) : 0};
    const struct acl_request request = {.row = row,
                                        .words = words,
                                        .lengths = lengths,
                                        .count = second != NULL ? 2 : 1};
    size_t word;

    return acl_check(acl_find(acl, name, strlen(name)), &request, &word) ==
           ACL_ALLOWED;
}

/* ---- Rules ---- */

/* Rules for a new user, and the line they make. */
static const struct {
    const char *rules;
    const char *line; /* behind "user a " */
} made[] = {
    {"", "off resetchannels -@all"},
    {"on nopass ~* &* +@all", "on nopass ~* &* +@all"},
    {"ON NOPASS ALLKEYS ALLCHANNELS ALLCOMMANDS", "on nopass ~* &* +@all"},
    {"on >pw +sentinel|masters +ping &*",
     "on #30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46e26170c4 &* "
     "-@all +ping +sentinel|masters"},
    {">p >q >p <q", "off "
                    "#148de9c5a7a44d19e56cd9ae1a554bf67847afb0c58f6e12fa29ac7dd"
                    "fca9940 resetchannels -@all"},
    {">p nopass", "off nopass resetchannels -@all"},
    {"nopass >p resetpass", "off resetchannels -@all"},
    {"~k* ~k* %R~x %RW~y %W~z %w~x", "off ~k* ~x ~y %W~z resetchannels -@all"},
    {"~k* allkeys", "off ~* resetchannels -@all"},
    {"~* resetkeys ~b", "off ~b resetchannels -@all"},
    {"&a &b* &a &", "off resetchannels &a &b* & -@all"},
    {"&a &*", "off &* -@all"},
    {"&* resetchannels &c", "off resetchannels &c -@all"},
    {"sanitize-payload", "off sanitize-payload resetchannels -@all"},
    {"skip-sanitize-payload", "off skip-sanitize-payload resetchannels -@all"},
    {"on nopass ~* &* +@all (+ping) reset",
     "off sanitize-payload resetchannels -@all"},
    /* Of commands, what counts no more goes. */
    {"+@all -ping -ping +ping", "off resetchannels +@all"},
    {"+ping -ping", "off resetchannels -@all"},
    {"-ping", "off resetchannels -@all"},
    {"+@all +info", "off resetchannels +@all"},
    {"+sentinel -sentinel|masters",
     "off resetchannels -@all +sentinel -sentinel|masters"},
    {"-sentinel|masters +sentinel", "off resetchannels -@all +sentinel"},
    {"+sentinel -sentinel|masters +SENTINEL|masters",
     "off resetchannels -@all +sentinel"},
    {"+sentinel|masters +sentinel|master +PING +sentinel|masters",
     "off resetchannels -@all +ping +sentinel|master +sentinel|masters"},
    {"+@all -@dangerous", "off resetchannels +@all -@dangerous"},
    {"+@all -@dangerous +@dangerous", "off resetchannels +@all"},
    {"+@all -@dangerous +info +role",
     "off resetchannels +@all -@dangerous +info +role"},
    {"+info +@dangerous", "off resetchannels -@all +@dangerous"},
    {"+@Dangerous -info +@all nocommands", "off resetchannels -@all"},
    {"+@string +@read", "off resetchannels -@all +@string +@read"},
    /* Of a command only with a certain word. */
    {"+ping|x +ping|Y +ping|X", "off resetchannels -@all +ping|y +ping|x"},
    {"+ping|x +ping", "off resetchannels -@all +ping"},
    {"+ping +ping|x", "off resetchannels -@all +ping"},
    {"+ping|x -@fast", "off resetchannels -@all"},
    /* Of data servers. */
    {"+get +ft.search +config|get +Set", /* as given, in lower case */
     "off resetchannels -@all +get +ft.search +config|get +set"},
    {"+get -get", "off resetchannels -@all"},
    {"+config|get +config|set -config", "off resetchannels -@all"},
    {"+@all -debug", "off resetchannels +@all -debug"},
    /* Selectors. */
    {"(+ping ~k &c)", "off resetchannels -@all (~k resetchannels &c -@all "
                      "+ping)"},
    {"(+ping) (+info &*) ()",
     "off resetchannels -@all (resetchannels -@all +ping) (&* -@all +info) "
     "(resetchannels -@all)"},
    {"(+ping) clearselectors", "off resetchannels -@all"},
};

START_TEST(rules_make_a_user)
{
    char expected[1024];
    const char *reason = set("a", made[_i].rules);

    ck_assert_msg(reason == NULL, "%s: %s", made[_i].rules, reason);
    snprintf(expected, sizeof(expected), "user a %s", made[_i].line);
    ck_assert_str_eq(line_of("a"), expected);
    /* The line makes the same user again. */
    ck_assert_ptr_null(set("b", made[_i].line));
    expected[strlen("user ")] = 'b';
    ck_assert_str_eq(line_of("b"), expected);
}
END_TEST

/* A model of rules about commands, one after the other without anything kept
 * short: which of ROWS are permitted. */
static void model(bool *allowed, const char *rule)
{
    const bool allow = rule[0] == '+';
    const size_t length = strlen(rule + 1);
    unsigned bit = 0;

    if (rule[1] == '@')
        acl_category_find(rule + 2, length - 1, &bit);
    for (size_t row = 0; row < ROWS; row++) {
        const char *name = rows[row].name;
        if (strcmp(rule + 1, "@all") == 0 || (rows[row].categories & bit) ||
            strcmp(name, rule + 1) == 0 ||
            (strncmp(name, rule + 1, length) == 0 && name[length] == '|'))
            allowed[row] = allow;
    }
}

/* Whatever was left out of the rules changes nothing, and the line of a user
 * makes the same user again. */
START_TEST(short_rules_mean_the_same)
{
    static const char *const names[] = {
        "@all",        "@fast",       "@slow",           "@dangerous",
        "@connection", "@admin",      "@read",           "ping",
        "info",        "role",        "client",          "get",
        "client|id",   "client|list", "sentinel",        "config",
        "ft.x",        "config|get",  "sentinel|master", "sentinel|help"};
    const size_t count = sizeof(names) / sizeof(names[0]);
    uint32_t random = (uint32_t)_i + 1;
    bool allowed[ROWS] = {false};
    char line[8192];

    for (int step = 0; step < 40; step++) {
        char rule[32];

        random = random * 1664525u + 1013904223u;
        /* Rarely @all, which makes all that was before void. */
        snprintf(
            rule, sizeof(rule), "%c%s", random >> 31 ? '+' : '-',
            names[(random >> 8) % 16 == 0 ? 0
                                          : 1 + (random >> 12) % (count - 1)]);
        model(allowed, rule);
        ck_assert_ptr_null(set("a", rule));
        strcpy(line, line_of("a"));
        ck_assert_ptr_null(set("b", "reset"));
        ck_assert_ptr_null(set("b", line + strlen("user a ")));
        for (size_t row = 0; row < ROWS; row++) {
            ck_assert_msg(may("a", row, NULL) == allowed[row], "%s: %s", line,
                          rows[row].name);
            ck_assert_msg(may("b", row, NULL) == allowed[row], "%s: %s", line,
                          rows[row].name);
        }
    }
}
END_TEST

#define UNKNOWN "Unknown command or category name in ACL"
#define AFTER_ALL                                                         \
    " is not valid and does not have any effect. Try 'resetchannels' to " \
    "start with an empty list of channels"
#define BAD_HASH                                                        \
    "The password hash must be exactly 64 characters and contain only " \
    "lowercase hexadecimal characters"

static const struct {
    const char *rules;
    const char *refusal;
} refused[] = {
    {"foo", "foo: Syntax error"},
    {"on foo", "foo: Syntax error"},
    {"+nosuch", "+nosuch: " UNKNOWN},
    {"-nosuch", "-nosuch: " UNKNOWN},
    {"+@nosuch", "+@nosuch: " UNKNOWN},
    {"+", "+: " UNKNOWN},
    {"+@", "+@: " UNKNOWN},
    {"+|x", "+|x: " UNKNOWN},
    {"+sentinel|nosuch", "+sentinel|nosuch: " UNKNOWN},
    {"-sentinel|nosuch", "-sentinel|nosuch: " UNKNOWN},
    {"+sentinel|masters|x",
     "+sentinel|masters|x: Allowing first-arg of a subcommand is not "
     "supported"},
    {"+ping|", "+ping|: Syntax error"},
    {"+ping|a|b", "+ping|a|b: " UNKNOWN},
    {"-ping|a", "-ping|a: " UNKNOWN},
    {"+config|", "+config|: " UNKNOWN},
    {"#abc", "#abc: " BAD_HASH},
    {"!abc", "!abc: " BAD_HASH},
    {"<nopass", "<nopass: The password you are trying to remove from the user "
                "does not exist"},
    {"&* &b", "&b: Adding a pattern after the * pattern (or the 'allchannels' "
              "flag)" AFTER_ALL},
    {"~* ~b", "~b: Adding a pattern after the * pattern (or the 'allkeys' "
              "flag) is not valid and does not have any effect. Try "
              "'resetkeys' to start with an empty list of patterns"},
    {"%Q~x", "%Q~x: Syntax error"},
    {"%RR~x", "%RR~x: Syntax error"},
    {"%~x", "%~x: Syntax error"},
    {"%RW", "%RW: Syntax error"},
    {"&a\nb", "&a\nb: Syntax error"},
    {"+get\nuser", "+get\nuser: " UNKNOWN},
    {")", "): Syntax error"},
    {"(+ping", "(+ping: open"},
    {"(+ping (+info", "(+ping: open"},
    {"(on)", "(on): Syntax error"},
    {"(&a))", "(&a)): Syntax error"},
    {"(+ping ~a))", "(+ping ~a)): Syntax error"},
    {"(>x)", "(>x): Syntax error"},
    {"(+ping +nosuch)", "(+ping +nosuch): " UNKNOWN},
};

START_TEST(bad_rules_are_refused)
{
    const char *reason = set("a", refused[_i].rules);

    ck_assert_msg(reason != NULL, "%s", refused[_i].rules);
    ck_assert_str_eq(reason, refused[_i].refusal);
    ck_assert_ptr_null(acl_find(acl, "a", 1));
}
END_TEST

/* Whatever is added again and again, memory has an end. */
START_TEST(lists_have_an_end)
{
    static const char *const formats[] = {"&%d", "~%d", ">%d", "(&%d)",
                                          "+a.%d"};
    struct acl_user *user = acl_user_new(acl_terms(acl), "a");
    struct acl_failure failure = {0};
    int result = 0;

    for (int i = 0; i < 2 * ACL_ITEMS_LIMIT && result == 0; i++) {
        char rule[32];
        const char *word = rule;
        const size_t length = (size_t)snprintf(rule, sizeof(rule), formats[_i],
                                               i);
        result = acl_user_apply(user, acl_terms(acl), &word, &length, 1,
                                &failure);
        free(failure.owned);
    }
    ck_assert_int_eq(result, -1);
    ck_assert_ptr_nonnull(strstr(failure.reason, "Too many"));
    acl_user_free(user);
}
END_TEST

/* ---- Permissions ---- */

START_TEST(commands_are_permitted_by_rules)
{
    ck_assert_ptr_null(set("a", "+ping +sentinel|masters +info|stats"));
    ck_assert(may("a", PING, NULL) && may("a", MASTERS, "masters"));
    ck_assert(!may("a", MASTER, "master") && !may("a", SENTINEL, NULL));
    ck_assert(!may("a", INFO, NULL) && !may("a", INFO, "server"));
    ck_assert(may("a", INFO, "stats") && may("a", INFO, "STATS"));
    ck_assert_ptr_null(set("a", "+sentinel -sentinel|master"));
    ck_assert(may("a", SENTINEL, NULL) && may("a", HELP, "help"));
    ck_assert(!may("a", MASTER, "master"));
    ck_assert_ptr_null(set("a", "nocommands +@all -@dangerous +role"));
    ck_assert(may("a", PING, NULL) && may("a", ROLE, NULL));
    ck_assert(!may("a", INFO, NULL) && !may("a", MASTERS, "masters"));
    ck_assert(may("a", CLIENT_ID, "id") && !may("a", CLIENT_LIST, "list"));
    ck_assert(may("a", HELP, "help"));
    /* Whoever is switched off or has no user any more: */
    ck_assert(!may("nobody", PING, NULL));
    ck_assert(may("default", MASTERS, "masters"));
}
END_TEST

static enum acl_verdict hear(const char *name, size_t row, const char *channels,
                             size_t *word)
{
    static const char *words[8];
    static size_t lengths[8];
    static char copy[256];
    struct acl_request request = {.row = row,
                                  .words = words,
                                  .lengths = lengths,
                                  .count = 1,
                                  .first_channel = 1,
                                  .patterns = row == PSUBSCRIBE};

    words[0] = "x";
    strcpy(copy, channels);
    for (char *one = strtok(copy, " "); one != NULL; one = strtok(NULL, " ")) {
        words[request.count] = one;
        lengths[request.count++] = strlen(one);
    }
    request.channel_count = request.count - 1;
    return acl_check(acl_find(acl, name, strlen(name)), &request, word);
}

START_TEST(channels_are_permitted_by_patterns)
{
    size_t word = 0;

    ck_assert_ptr_null(set("a", "+subscribe +psubscribe &+s* &lit"));
    ck_assert_int_eq(hear("a", SUBSCRIBE, "+sdown lit", &word), ACL_ALLOWED);
    ck_assert_int_eq(hear("a", SUBSCRIBE, "lit +odown x", &word),
                     ACL_DENIED_CHANNEL);
    ck_assert_uint_eq(word, 2);
    /* A pattern must be granted as it is. */
    ck_assert_int_eq(hear("a", PSUBSCRIBE, "+s* lit", &word), ACL_ALLOWED);
    ck_assert_int_eq(hear("a", PSUBSCRIBE, "+sd*", &word), ACL_DENIED_CHANNEL);
    ck_assert_uint_eq(word, 1);
    ck_assert_ptr_null(set("a", "-subscribe"));
    ck_assert_int_eq(hear("a", SUBSCRIBE, "nosuch", &word), ACL_DENIED_COMMAND);
    ck_assert_ptr_null(set("a", "allchannels"));
    ck_assert_int_eq(hear("a", PSUBSCRIBE, "*", &word), ACL_ALLOWED);
}
END_TEST

/* Each selector is enough by itself, and none takes from another. */
START_TEST(selectors_permit_too)
{
    size_t word = 0;

    ck_assert_ptr_null(
        set("a", "+ping (+info) (+subscribe &a) (+subscribe &a &b)"));
    ck_assert(may("a", PING, NULL) && may("a", INFO, NULL));
    ck_assert(!may("a", ROLE, NULL));
    ck_assert_int_eq(hear("a", SUBSCRIBE, "a b", &word), ACL_ALLOWED);
    ck_assert_int_eq(hear("a", SUBSCRIBE, "a b c", &word), ACL_DENIED_CHANNEL);
    ck_assert_uint_eq(word, 3);
    ck_assert_int_eq(hear("a", PSUBSCRIBE, "a", &word), ACL_DENIED_COMMAND);
}
END_TEST

/* ---- Users ---- */

static bool logs_in(const char *name, const char *password)
{
    struct acl_user *user;

    return acl_log_in(acl, name, strlen(name), password, strlen(password),
                      &user);
}

START_TEST(passwords_are_asked_for)
{
    ck_assert(!acl_password_required(acl) && logs_in("default", "x"));
    ck_assert_ptr_null(set("default", ">one >two"));
    ck_assert(acl_password_required(acl));
    ck_assert(logs_in("default", "one") && logs_in("default", "two"));
    ck_assert(!logs_in("default", "x") && !logs_in("default", ""));
    ck_assert(!logs_in("nobody", "one") && !logs_in("", "one"));
    ck_assert_ptr_null(set("default", "off"));
    ck_assert(!logs_in("default", "one") && acl_password_required(acl));
    ck_assert_ptr_null(set("default", "nopass"));
    ck_assert(!logs_in("default", "one") && acl_password_required(acl));
    ck_assert_ptr_null(set("default", "on"));
    ck_assert(!acl_password_required(acl));
}
END_TEST

START_TEST(users_keep_their_place)
{
    struct acl_user *before;

    ck_assert_ptr_null(set("zoe", "on"));
    ck_assert_ptr_null(set("Bob", "on"));
    before = acl_find(acl, "Bob", 3);
    ck_assert_ptr_null(set("Bob", "off"));
    ck_assert_ptr_eq(acl_find(acl, "Bob", 3), before);
    ck_assert_uint_eq(acl_count(acl), 3);
    ck_assert_str_eq(acl_next(acl, NULL)->name, "Bob");
    ck_assert_str_eq(acl_next(acl, before)->name, "default");
    ck_assert_ptr_null(acl_find(acl, "bob", 3));
    ck_assert_ptr_null(acl_find(acl, "Bob\0x", 5));
    acl_delete(acl, before);
    ck_assert_ptr_null(acl_find(acl, "Bob", 3));
    ck_assert(acl_user_name_fits("a-b.c@d", 7));
    ck_assert(!acl_user_name_fits("", 0) && !acl_user_name_fits("a b", 3) &&
              !acl_user_name_fits("a\nb", 3) && !acl_user_name_fits("a\0b", 3));
}
END_TEST

/* ---- ACL files ---- */

static struct acl *read_file(const char *text, char **error)
{
    *error = NULL;
    return acl_read(acl, "u.acl", text, strlen(text), error);
}

START_TEST(an_acl_file_makes_users)
{
    char *error;
    struct acl *fresh;
    struct acl_user *bob;
    char *text;

    ck_assert_ptr_null(set("bob", "on"));
    ck_assert_ptr_null(set("gone", "on"));
    ck_assert_ptr_null(set("default", ">secret"));
    acl_keep_default(acl);
    ck_assert_ptr_null(set("default", "off"));
    bob = acl_find(acl, "bob", 3);
    fresh = read_file("# users\n\n\tuser bob  off nopass \r\n"
                      "user new on (+ping  ~a) "
                      "#30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee4"
                      "6e26170c4 +info",
                      &error);
    ck_assert_ptr_nonnull(fresh);
    acl_take(acl, fresh);
    ck_assert_ptr_eq(acl_find(acl, "bob", 3), bob);
    ck_assert_ptr_null(acl_find(acl, "gone", 4));
    ck_assert_str_eq(line_of("bob"), "user bob off nopass resetchannels -@all");
    /* Without a line of its own, default is as the configuration has it. */
    ck_assert(logs_in("default", "secret"));
    text = acl_write(acl);
    ck_assert_str_eq(
        text,
        "user bob off nopass resetchannels -@all\n"
        "user default on "
        "#2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b "
        "~* &* +@all\n"
        "user new on "
        "#30c952fab122c3f9759f02a6d95c3758b246b4fee239957b2d4fee46e26170c4 "
        "resetchannels -@all +info (~a resetchannels -@all +ping)\n");
    fresh = read_file(text, &error);
    ck_assert_ptr_nonnull(fresh);
    acl_take(acl, fresh);
    free(text);
    fresh = read_file("user default on nopass", &error);
    acl_take(acl, fresh);
    ck_assert_str_eq(line_of("default"),
                     "user default on nopass resetchannels -@all");
    ck_assert_uint_eq(acl_count(acl), 1);
}
END_TEST

#define NO_CHANGE                                                       \
    "WARNING: ACL errors detected, no change to the previously active " \
    "ACL rules was performed"

START_TEST(an_acl_file_with_errors_changes_nothing)
{
    static const struct {
        const char *text;
        const char *error;
    } wrong[] = {
        {"user x on nopass +nosuch\nuser y foo\nfoo\nuser a b c\nuser\n"
         "user z #12\n",
         "u.acl:1: Error in applying operation '+nosuch': " UNKNOWN
         ". u.acl:2: Syntax error. u.acl:3 should start with user keyword "
         "followed by the username. u.acl:4: Syntax error. u.acl:5 should "
         "start with user keyword followed by the username. u.acl:6: " BAD_HASH
         ". " NO_CHANGE},
        {"user x on\nuser x on\n",
         "WARNING: Duplicate user 'x' found on line 2. " NO_CHANGE},
        {"user default on\nuser default on\n",
         "WARNING: Duplicate user 'default' found on line 2. " NO_CHANGE},
        {"USER x on\n", "u.acl:1 should start with user keyword followed by "
                        "the username. " NO_CHANGE},
        {"user x (+ping\n",
         "u.acl:1: Unmatched parenthesis in selector definition. " NO_CHANGE},
        {"user x (+ping +nosuch) on\n",
         "u.acl:1: Error in applying operation '(+ping +nosuch)': " UNKNOWN
         ". " NO_CHANGE},
        {"user x\x7f on\n", "u.acl:1: invalid user name. " NO_CHANGE},
    };

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        char *error;
        ck_assert_ptr_null(read_file(wrong[i].text, &error));
        ck_assert_str_eq(error, wrong[i].error);
        free(error);
    }
    ck_assert_uint_eq(acl_count(acl), 1);
}
END_TEST

/* Errors of a file of garbage do not fill memory. */
START_TEST(errors_of_a_file_have_an_end)
{
    char *text = xcalloc(1, 200001);
    char *error;

    for (size_t i = 0; i < 200000; i += 2)
        memcpy(text + i, "x\n", 2);
    ck_assert_ptr_null(read_file(text, &error));
    ck_assert_uint_lt(strlen(error), 6000);
    free(error);
    free(text);
}
END_TEST

/* ---- Lines of the configuration ---- */

static const char *canonical(const char *line, bool *clear)
{
    static char result[512];
    struct config_words words = {0};
    struct text group = {0};
    struct text text = {0};

    ck_assert_int_eq(config_words_split(&words, line, strlen(line)),
                     CONFIG_SPLIT_OK);
    if (acl_lines_canonical(acl_terms(acl), words.words, words.count, &group,
                            &text, clear))
        snprintf(result, sizeof(result), "%s / %s", group.data, text.data);
    else
        snprintf(result, sizeof(result), "%s", group.data);
    config_words_clear(&words);
    free(group.data);
    free(text.data);
    return result;
}

START_TEST(lines_are_compared)
{
    struct acl_lines *lines;
    bool clear;

    ck_assert_str_eq(
        canonical("USER a  \"on\" +sentinel|masters +PING &\"x\"", &clear),
        "user a / user a on resetchannels &x -@all +ping "
        "+sentinel|masters");
    ck_assert(!clear);
    ck_assert_str_eq(canonical("user 'b\\'c' >a \"&it's\"", &clear),
                     "user \"b'c\" / user \"b'c\" off "
                     "#ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785"
                     "afee48bb resetchannels \"&it's\" -@all");
    ck_assert(clear);
    ck_assert_str_eq(canonical("user a +nosuch", &clear), "user a");

    ck_assert_ptr_null(set("a", "on"));
    acl_keep_default(acl);
    lines = acl_lines_new(acl, false);
    ck_assert_uint_eq(lines->count, 2);
    ck_assert_str_eq(lines->lines[0].text, "user a on resetchannels -@all");
    ck_assert(!lines->lines[0].implied && lines->lines[1].implied);
    acl_lines_free(lines);
    ck_assert_ptr_null(set("default", "-info"));
    lines = acl_lines_new(acl, false);
    ck_assert(!lines->lines[1].implied);
    acl_lines_free(lines);
    lines = acl_lines_new(acl, true);
    ck_assert_uint_eq(lines->count, 0);
    acl_lines_free(lines);
}
END_TEST

/* ---- The log ---- */

static void log_one(struct acl_log *log, const char *reason, const char *object,
                    const char *user, uint64_t now_ms)
{
    char line[16];

    snprintf(line, sizeof(line), "at %u", (unsigned)now_ms);
    acl_log_add(log, reason, object, strlen(object), user, strlen(user), line,
                strlen(line), now_ms);
}

START_TEST(what_is_alike_counts_as_one)
{
    struct acl_log *log = acl_log_new(3);

    log_one(log, "command", "info", "a", 1000);
    log_one(log, "command", "role", "a", 1001);
    log_one(log, "command", "info", "b", 1002);
    log_one(log, "command", "info", "a", 61000);
    ck_assert_uint_eq(acl_log_count(log), 3);
    ck_assert_str_eq(acl_log_at(log, 0)->user, "a");
    ck_assert_uint_eq(acl_log_at(log, 0)->count, 2);
    ck_assert_uint_eq(acl_log_at(log, 0)->last_ms, 61000);
    ck_assert_str_eq(acl_log_at(log, 0)->client, "at 61000");
    ck_assert_str_eq(acl_log_at(log, 1)->user, "b");
    ck_assert_str_eq(acl_log_at(log, 2)->object, "role");
    /* A minute later it is another one; the oldest makes room. */
    log_one(log, "command", "info", "a", 121001);
    ck_assert_uint_eq(acl_log_count(log), 3);
    ck_assert_uint_eq(acl_log_at(log, 0)->count, 1);
    ck_assert_uint_eq(acl_log_at(log, 1)->count, 2);
    ck_assert_str_eq(acl_log_at(log, 2)->user, "b");
    log_one(log, "auth", "info", "a", 121001);
    ck_assert_str_eq(acl_log_at(log, 0)->reason, "auth");
    acl_log_reset(log);
    ck_assert_uint_eq(acl_log_count(log), 0);
    acl_log_free(log);
    log = acl_log_new(0);
    log_one(log, "auth", "AUTH", "x", 1);
    ck_assert_uint_eq(acl_log_count(log), 0);
    acl_log_free(log);
}
END_TEST

START_TEST(long_texts_are_cut)
{
    struct acl_log *log = acl_log_new(10);
    char *text = xmalloc(100000);

    memset(text, 'x', 100000);
    acl_log_add(log, "channel", text, 100000, text, 100000, "c", 1, 1);
    acl_log_add(log, "channel", text, 99999, text, 99999, "c", 1, 2);
    ck_assert_uint_eq(acl_log_count(log), 1);
    ck_assert_uint_eq(strlen(acl_log_at(log, 0)->object), 1024);
    ck_assert_uint_eq(strlen(acl_log_at(log, 0)->user), 1024);
    free(text);
    acl_log_free(log);
}
END_TEST

static Suite *acl_suite(void)
{
    Suite *suite = suite_create("acl");
    TCase *tests = tcase_create("acl");

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, rules_make_a_user, 0,
                        (int)(sizeof(made) / sizeof(made[0])));
    tcase_add_loop_test(tests, short_rules_mean_the_same, 0, 200);
    tcase_add_loop_test(tests, bad_rules_are_refused, 0,
                        (int)(sizeof(refused) / sizeof(refused[0])));
    tcase_add_loop_test(tests, lists_have_an_end, 0, 5);
    tcase_add_test(tests, commands_are_permitted_by_rules);
    tcase_add_test(tests, channels_are_permitted_by_patterns);
    tcase_add_test(tests, selectors_permit_too);
    tcase_add_test(tests, passwords_are_asked_for);
    tcase_add_test(tests, users_keep_their_place);
    tcase_add_test(tests, an_acl_file_makes_users);
    tcase_add_test(tests, an_acl_file_with_errors_changes_nothing);
    tcase_add_test(tests, errors_of_a_file_have_an_end);
    tcase_add_test(tests, lines_are_compared);
    tcase_add_test(tests, what_is_alike_counts_as_one);
    tcase_add_test(tests, long_texts_are_cut);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(acl_suite());
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
