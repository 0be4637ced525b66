/* The command line: which file, and directives that are added to it. */
#ifndef SENTINEL_ARGUMENTS_H
#define SENTINEL_ARGUMENTS_H

enum arguments_action {
    ARGUMENTS_RUN,
    ARGUMENTS_HELP,
    ARGUMENTS_VERSION,
    ARGUMENTS_ERROR
};

struct arguments {
    enum arguments_action action;
    const char *file; /* of argv, or NULL */
    char *extra;      /* directives, one line each, or NULL; free with free() */
    const char *wrong; /* with ERROR: the argument that is not understood */
};

/* Understands `<file> [--directive value ...]`, -h, --help, -v, --version. */
struct arguments arguments_parse(int argc, char *const *argv);

/* Prints what --help shows. */
void arguments_print_help(void);

#endif
