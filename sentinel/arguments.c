/* The command line: which file, and directives that are added to it. */
#include "arguments.h"

#include "config_words.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_one_of(const char *word, const char *left, const char *right)
{
    return strcmp(word, left) == 0 || strcmp(word, right) == 0;
}

static struct arguments fail(struct arguments arguments, const char *wrong)
{
    arguments.action = ARGUMENTS_ERROR;
    arguments.wrong = wrong;
    free(arguments.extra);
    arguments.extra = NULL;
    return arguments;
}

struct arguments arguments_parse(int argc, char *const *argv)
{
    struct arguments arguments = {.action = ARGUMENTS_RUN};
    struct text extra = {0};
    int i = 1;

    if (argc == 2 && is_one_of(argv[1], "-h", "--help"))
        arguments.action = ARGUMENTS_HELP;
    if (argc == 2 && is_one_of(argv[1], "-v", "--version"))
        arguments.action = ARGUMENTS_VERSION;
    if (arguments.action != ARGUMENTS_RUN)
        return arguments;
    if (argc > 1 && argv[1][0] != '-')
        arguments.file = argv[i++];
    for (; i < argc; i++) {
        if (strncmp(argv[i], "--", 2) == 0 && argv[i][2] != '\0') {
            if (extra.length != 0)
                text_add(&extra, "\n");
            config_text_word(&extra, argv[i] + 2, false);
        } else if (extra.length == 0) { /* a value without a directive */
            return fail(arguments, argv[i]);
        } else {
            text_add(&extra, " ");
            config_text_word(&extra, argv[i], false);
        }
    }
    if (extra.length != 0)
        text_add(&extra, "\n");
    arguments.extra = extra.data;
    return arguments;
}

void arguments_print_help(void)
{
    fputs("Usage: sentineld <file> [--<directive> <value> ...]\n"
          "       sentineld -h | --help\n"
          "       sentineld -v | --version\n"
          "\n"
          "Watches Redis or Valkey masters together with other sentinels, "
          "and fails over.\n"
          "\n"
          "  <file>           the configuration, in the syntax of "
          "sentinel.conf. It must be\n"
          "                   writable, and so must its directory: state is "
          "kept in it.\n"
          "  --<directive>    any directive of the file, with its values; it "
          "counts more\n"
          "                   than the same directive in the file and is not "
          "written there\n"
          "  --sentinel       accepted and without effect, as redis-server "
          "takes it;\n"
          "                   with words behind it, a sentinel line of the "
          "file\n"
          "  -h, --help       print this and exit\n"
          "  -v, --version    print the version and exit\n"
          "\n"
          "Examples:\n"
          "  sentineld /etc/redis/sentinel.conf\n"
          "  sentineld /etc/redis/sentinel.conf --port 26380 --loglevel "
          "verbose\n"
          "  sentineld sentinel.conf --sentinel monitor mymaster 127.0.0.1 "
          "6379 2\n"
          "\n"
          "Signals: TERM and INT end it cleanly, HUP opens the log file "
          "anew.\n"
          "Exit status: 0 after TERM, INT or SHUTDOWN; 1 when it could not "
          "start.\n",
          stdout);
}
