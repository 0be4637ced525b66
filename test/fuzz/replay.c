/* Plays files to a fuzz target without libFuzzer, so that any compiler can
 * check the corpus: every file given, and every file in the directories
 * given. */
#include "fuzz.h"

#include <dirent.h>
#include <sys/stat.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#define HAVE_LEAK_CHECK 1
#endif

static size_t played;

/* Ends the process with a report when the last input has leaked. */
static void check_leaks(const char *path)
{
#ifdef HAVE_LEAK_CHECK
    REQUIRE(__lsan_do_recoverable_leak_check() == 0, "leaks after %s", path);
#else
    (void)path;
#endif
}

static void play_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    size_t size = 0;
    size_t got;

    REQUIRE(file != NULL, "cannot open %s", path);
    do {
        data = xrealloc(data, size + 65536);
        got = fread(data + size, 1, 65536, file);
        size += got;
    } while (got > 0);
    fclose(file);
    /* Exactly as large as the input, so that reading behind it is seen. */
    data = xrealloc(data, size > 0 ? size : 1);
    printf("%s\n", path); /* the last one shown is the one that failed */
    fflush(stdout);
    (void)LLVMFuzzerTestOneInput(data, size);
    free(data);
    played++;
    if (played % 64 == 0)
        check_leaks(path);
}

static void play(const char *path)
{
    struct dirent **entries = NULL;
    struct stat status;
    int count;

    REQUIRE(stat(path, &status) == 0, "there is no %s", path);
    if (!S_ISDIR(status.st_mode)) {
        play_file(path);
        return;
    }
    count = scandir(path, &entries, NULL, alphasort);
    REQUIRE(count >= 0, "cannot read %s", path);
    for (int i = 0; i < count; i++) {
        char *name = NULL;

        if (entries[i]->d_name[0] != '.') {
            REQUIRE(asprintf(&name, "%s/%s", path, entries[i]->d_name) > 0,
                    "out of memory");
            play(name);
        }
        free(name);
        free(entries[i]);
    }
    free(entries);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        play(argv[i]);
    check_leaks("all");
    printf("played %zu inputs\n", played);
    return played > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
