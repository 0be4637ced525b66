/* The `user` lines that the configuration file is to hold. */
#include "acl_lines.h"

#include "../lib/xalloc.h"

#include <stdlib.h>
#include <string.h>

static bool same_as_kept(const struct acl *acl, const struct acl_user *user)
{
    struct text kept = {0};
    struct text now = {0};
    bool same;

    if (user != acl_default(acl))
        return false;
    acl_user_put(acl_kept_default(acl), &kept);
    acl_user_put(user, &now);
    same = strcmp(kept.data, now.data) == 0;
    free(kept.data);
    free(now.data);
    return same;
}

struct acl_lines *acl_lines_new(const struct acl *acl, bool in_file)
{
    struct acl_lines *lines = xcalloc(1, sizeof(*lines));

    lines->terms = *acl_terms(acl);
    if (in_file)
        return lines;
    lines->lines = xcalloc(acl_count(acl), sizeof(*lines->lines));
    for (struct acl_user *user = acl_next(acl, NULL); user != NULL;
         user = acl_next(acl, user)) {
        struct text text = {0};
        acl_user_put(user, &text);
        lines->lines[lines->count++] = (struct acl_line){
            .text = text.data, .implied = same_as_kept(acl, user)};
    }
    return lines;
}

void acl_lines_free(struct acl_lines *lines)
{
    if (lines == NULL)
        return;
    for (size_t i = 0; i < lines->count; i++)
        free(lines->lines[i].text);
    free(lines->lines);
    free(lines);
}

int acl_lines_apply(struct acl_user *user, const struct acl_terms *terms,
                    char *const *words, size_t count,
                    struct acl_failure *failure)
{
    const char **rules = xcalloc(count + 1, sizeof(*rules));
    size_t *lengths = xcalloc(count + 1, sizeof(*lengths));
    int result;

    for (size_t i = 0; i < count; i++) {
        rules[i] = words[i];
        lengths[i] = strlen(words[i]);
    }
    result = acl_user_apply(user, terms, rules, lengths, count, failure);
    free(rules);
    free(lengths);
    return result;
}

void acl_lines_put(struct text *line, const char *text)
{
    while (*text != '\0') {
        const size_t length = strcspn(text, " ");
        char *word = xstrndup(text, length);

        if (line->length > 0 && line->data[line->length - 1] != '\0')
            text_add(line, " ");
        config_text_word(line, word, false);
        free(word);
        text += length + (text[length] == ' ');
    }
}

bool acl_lines_canonical(const struct acl_terms *terms, char *const *words,
                         size_t count, struct text *group, struct text *line,
                         bool *clear)
{
    struct acl_failure failure = {0};
    struct text text = {0};
    struct acl_user *user;
    bool fine;

    text_add(group, "user ");
    config_text_word(group, words[1], false);
    *clear = false;
    for (size_t i = 2; i < count; i++)
        *clear |= words[i][0] == '>' || words[i][0] == '<';
    user = acl_user_new(terms, words[1]);
    fine = acl_user_name_fits(words[1], strlen(words[1])) &&
           acl_lines_apply(user, terms, words + 2, count - 2, &failure) == 0;
    free(failure.owned);
    if (fine) {
        acl_user_put(user, &text);
        acl_lines_put(line, text.data);
        free(text.data);
    }
    acl_user_free(user);
    return fine;
}
