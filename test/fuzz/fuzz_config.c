/* links: sentinel/config*.o sentinel/rewrite_output.o sentinel/settings.o
 *        sentinel/elsewhere.o sentinel/acl*.o sentinel/password.o
 *        test/fuzz/config_world.o test/fuzz/quiet.o
 * wraps: open open64 access chdir glob glob64 globfree globfree64
 * sentinel.conf: any text, with included files, an ACL file and a command
 * line. One that is accepted must load to the same again when it was written
 * back, and writing it back once more must change nothing. */
#include "config_world.h"

#define BETWEEN_FILES '\1'

/* The input holds the main file, a.conf, users.acl and the command line. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {CONFIG_MAIN, "a.conf", "users.acl"};
    struct fuzz_input input = {data, size, 0};
    struct config_loaded loaded;
    char *texts[4];
    size_t lengths[4];
    const char *extra;

    for (size_t i = 0; i < 4; i++)
        texts[i] = fuzz_text(&input, BETWEEN_FILES, &lengths[i]);
    for (size_t i = 0; i < 3; i++)
        config_world_put(names[i], texts[i], lengths[i]);
    extra = lengths[3] > 0 ? texts[3] : NULL;
    if (config_world_load(&loaded, extra))
        config_world_check(&loaded, texts[0], extra);
    config_world_clear(&loaded);
    config_world_forget();
    for (size_t i = 0; i < 4; i++)
        free(texts[i]);
    return 0;
}
