/* links: sentinel/acl*.o sentinel/password.o sentinel/config_words.o
 * ACL users: any rules and any ACL file. A rule that is refused changes
 * nothing; what ACL LIST shows makes a user who may do the same; a file that is
 * accepted is written to one that is accepted and holds the same users. */
#include "../../sentinel/acl.h"
#include "../../sentinel/acl_lines.h"
#include "fuzz.h"

#define WORDS_MAX 64

static const struct acl_command rows[] = {
    {"ping", CATEGORY_FAST | CATEGORY_CONNECTION, false},
    {"info", CATEGORY_SLOW | CATEGORY_DANGEROUS, false},
    {"subscribe", CATEGORY_PUBSUB | CATEGORY_SLOW, false},
    {"psubscribe", CATEGORY_PUBSUB | CATEGORY_SLOW, false},
    {"publish", CATEGORY_PUBSUB | CATEGORY_FAST, false},
    {"client", CATEGORY_SLOW, true},
    {"client|id", CATEGORY_SLOW | CATEGORY_CONNECTION, false},
    {"client|kill", CATEGORY_SLOW | CATEGORY_ADMIN, false},
    {"sentinel", CATEGORY_ADMIN | CATEGORY_SLOW, true},
    {"sentinel|master", CATEGORY_ADMIN | CATEGORY_SLOW, false},
    {"sentinel|masters", CATEGORY_ADMIN | CATEGORY_SLOW, false}};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static const char *const questions[] = {
    "+switch-master", "-odown", "__sentinel__:hello", "a", "abc", "*", "[", ""};
#define QUESTIONS (sizeof(questions) / sizeof(questions[0]))

static char *put(const struct acl_user *user)
{
    struct text text = {0};

    acl_user_put(user, &text);
    return text.data;
}

/* ---- What a user may do ---- */

static enum acl_verdict ask(const struct acl_user *user, size_t row,
                            const char *second, bool patterns)
{
    const char *words[] = {rows[row].name, second, second};
    const size_t lengths[] = {strlen(words[0]), strlen(second), strlen(second)};
    const struct acl_request request = {.row = row,
                                        .words = words,
                                        .lengths = lengths,
                                        .count = 3,
                                        .first_channel = 2,
                                        .channel_count = 1,
                                        .patterns = patterns};
    size_t word;

    return acl_check(user, &request, &word);
}

static void check_same_rights(const struct acl_user *left,
                              const struct acl_user *right)
{
    for (size_t row = 0; row < ROWS; row++) {
        for (size_t i = 0; i < QUESTIONS; i++) {
            const char *second = questions[i];

            REQUIRE(ask(left, row, second, false) ==
                            ask(right, row, second, false) &&
                        ask(left, row, second, true) ==
                            ask(right, row, second, true),
                    "%s %s is judged differently: %s, %s", rows[row].name,
                    second, put(left), put(right));
            REQUIRE(!left->unlimited ||
                        ask(left, row, second, true) == ACL_ALLOWED,
                    "an unlimited user is refused %s", rows[row].name);
        }
    }
}

/* ---- Rules as ACL SETUSER takes them ---- */

/* A new user of whom is said what LINE says of the one called NAME; NULL when
 * that is too long. */
static struct acl_user *make_again(const char *name, const char *line,
                                   const struct acl_terms *terms)
{
    struct acl_failure failure;
    struct acl_user *user = acl_user_new(terms, name);
    char *words = xstrdup(line + strlen("user ") + strlen(name) + 1);
    char *rules[WORDS_MAX * 8];
    size_t count = 0;

    for (char *word = strtok(words, " "); word != NULL && count < WORDS_MAX * 8;
         word = strtok(NULL, " "))
        rules[count++] = word;
    if (count < WORDS_MAX * 8) {
        REQUIRE(acl_lines_apply(user, terms, rules, count, &failure) == 0,
                "what is shown is refused: %s (%s)", line, failure.rule);
    } else {
        acl_user_free(user);
        user = NULL;
    }
    free(words);
    return user;
}

/* What is said of USER makes one who may do the same. It may become shorter
 * once, when a rule means nothing where it has come to stand, but not twice. */
static void check_line(const struct acl_user *user,
                       const struct acl_terms *terms)
{
    char *line = put(user);
    struct acl_user *second = make_again(user->name, line, terms);
    struct acl_user *third;
    char *second_line;
    char *third_line;

    if (second != NULL) {
        check_same_rights(user, second);
        second_line = put(second);
        third = make_again(user->name, second_line, terms);
        third_line = put(third);
        REQUIRE(strlen(second_line) <= strlen(line), "%s grows to %s", line,
                second_line);
        REQUIRE(strcmp(second_line, third_line) == 0, "%s becomes %s",
                second_line, third_line);
        free(second_line);
        free(third_line);
        acl_user_free(third);
        acl_user_free(second);
    }
    free(line);
}

/* Cuts TEXT at blanks, but not where ^ stands: rules of SETUSER may hold any
 * byte. */
static size_t cut(char *text, size_t length, const char **words,
                  size_t *lengths)
{
    size_t count = 0;
    size_t from = 0;

    for (size_t at = 0; at <= length; at++) {
        if (at < length && text[at] == '^')
            text[at] = ' ';
        else if (at == length || text[at] == ' ') {
            text[at] = '\0';
            if (count < WORDS_MAX) {
                words[count] = text + from;
                lengths[count++] = at - from;
            }
            from = at + 1;
        }
    }
    return count;
}

/* One call of SETUSER, on a copy as the daemon does it. */
static void apply(struct acl *acl, const char *name, const char **words,
                  const size_t *lengths, size_t count)
{
    const struct acl_user *known = acl_find(acl, name, strlen(name));
    struct acl_user *user = known != NULL ? acl_user_copy(known)
                                          : acl_user_new(acl_terms(acl), name);
    struct acl_failure failure;

    if (acl_user_apply(user, acl_terms(acl), words, lengths, count, &failure) ==
        0) {
        check_line(user, acl_terms(acl));
        acl_put(acl, user);
        return;
    }
    REQUIRE(failure.rule != NULL, "no rule is told");
    free(failure.owned);
    acl_user_free(user);
}

/* A single rule about commands, channels or keys: all or nothing. */
static void check_atomic(const struct acl *acl, const char *rule, size_t length)
{
    const struct acl_user *user = acl_next(acl, acl_default(acl));
    struct acl_selector copy;
    struct text before = {0};
    struct text after = {0};

    if (user == NULL)
        user = acl_default(acl);
    acl_selector_copy(&copy, &user->selectors[0]);
    acl_selector_put(&copy, &before);
    if (acl_selector_apply(&copy, &acl_terms(acl)->commands, rule, length) !=
        NULL) {
        acl_selector_put(&copy, &after);
        REQUIRE(before.length == after.length &&
                    memcmp(before.data, after.data, after.length) == 0,
                "'%s', which was refused, made '%s' of '%s'", rule, after.data,
                before.data);
    }
    acl_selector_reset(&copy, false);
    free(before.data);
    free(after.data);
}

/* A line of rules: the user's name comes first. */
static void set_user(struct acl *acl, char *text, size_t length)
{
    const char *words[WORDS_MAX];
    size_t lengths[WORDS_MAX];
    const size_t count = cut(text, length, words, lengths);

    if (count < 2 || !acl_user_name_fits(words[0], lengths[0]) ||
        strlen(words[0]) != lengths[0])
        return;
    for (size_t i = 1; i < count; i++)
        if (lengths[i] > 0)
            check_atomic(acl, words[i], lengths[i]);
    apply(acl, words[0], words + 1, lengths + 1, count - 1);
}

/* ---- ACL files ---- */

/* The users of FRESH, written and read again. */
static struct acl *write_and_read(const struct acl *fresh, char **written)
{
    char *error = NULL;
    struct acl *again;

    *written = acl_write(fresh);
    again = acl_read(fresh, "users.acl", *written, strlen(*written), &error);
    REQUIRE(again != NULL, "%s\n-- what was written --\n%s", error, *written);
    REQUIRE(acl_count(fresh) == acl_count(again), "users are lost");
    for (struct acl_user *user = acl_next(fresh, NULL); user != NULL;
         user = acl_next(fresh, user))
        check_same_rights(user,
                          acl_find(again, user->name, strlen(user->name)));
    return again;
}

static void check_file(const struct acl *acl, const char *text, size_t length)
{
    char *error = NULL;
    struct acl *fresh = acl_read(acl, "users.acl", text, length, &error);
    struct acl *second;
    struct acl *third;
    char *texts[3];

    if (fresh == NULL) {
        REQUIRE(error != NULL && error[0] != '\0', "refused without a reason");
        free(error);
        return;
    }
    second = write_and_read(fresh, &texts[0]);
    third = write_and_read(second, &texts[1]);
    texts[2] = acl_write(third);
    REQUIRE(strcmp(texts[1], texts[2]) == 0, "%s\n-- becomes --\n%s", texts[1],
            texts[2]);
    for (size_t i = 0; i < 3; i++)
        free(texts[i]);
    acl_free(third);
    acl_free(second);
    acl_free(fresh);
}

/* Lines of rules up to an empty one, then an ACL file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size, 0};
    struct acl *acl = acl_new();
    char *written;
    size_t length;
    char *text;

    acl_set_commands(acl, (struct acl_commands){rows, ROWS});
    acl_set_pubsub_default(acl, size % 2 != 0);
    while (!fuzz_ended(&input)) {
        text = fuzz_text(&input, '\n', &length);
        if (length > 0)
            set_user(acl, text, length);
        free(text);
        if (length == 0)
            break;
    }
    /* A NUL would end the text of the daemon's file. */
    text = fuzz_text(&input, '\0', &length);
    check_file(acl, text, length);
    free(text);
    written = acl_write(acl);
    check_file(acl, written, strlen(written));
    free(written);
    acl_free(acl);
    return 0;
}
