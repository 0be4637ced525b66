/* links: nothing besides the core
 * INFO of servers: any text. What was understood must be in bounds, and must
 * be understood the same when it is said in the plainest way. */
#include "../../lib/info.h"
#include "../../lib/text.h"
#include "fuzz.h"

static void check_text(const char *host)
{
    const size_t length = strlen(host);

    REQUIRE(length >= 1 && length <= 255, "host of %zu bytes", length);
    for (size_t i = 0; i < length; i++)
        REQUIRE((unsigned char)host[i] > ' ' && host[i] != 0x7f,
                "byte %d in a host", host[i]);
}

static void check_bounds(const struct info *info)
{
    REQUIRE(info->malformed || info->has_role, "no role, and not malformed");
    REQUIRE(info->replica_count <= INFO_MAX_REPLICAS, "too many replicas");
    REQUIRE(strlen(info->runid) <= ID_LENGTH, "run id is too long");
    for (size_t i = 0; i < info->replica_count; i++) {
        check_text(info->replicas[i].host);
        REQUIRE(info->replicas[i].port >= 1 && info->replicas[i].port <= 65535,
                "port %d", info->replicas[i].port);
    }
    if (info->master_host != NULL)
        check_text(info->master_host);
    if (info->has_master_port)
        REQUIRE(info->master_port >= 0 && info->master_port <= 65535, "port %d",
                info->master_port);
    REQUIRE(info->link_down_ms % 1000 == 0, "not of seconds");
}

static void say_replica_role(struct text *text, const struct info *info)
{
    if (info->master_host != NULL)
        text_addf(text, "master_host:%s\r\n", info->master_host);
    if (info->has_master_port)
        text_addf(text, "master_port:%d\r\n", info->master_port);
    if (info->has_link_status)
        text_addf(text, "master_link_status:%s\r\n",
                  info->link_up ? "up" : "down");
    if (info->has_priority)
        text_addf(text, "slave_priority:%lld\r\n", (long long)info->priority);
    if (info->has_offset)
        text_addf(text, "slave_repl_offset:%llu\r\n",
                  (unsigned long long)info->offset);
    if (info->has_announced)
        text_addf(text, "replica_announced:%d\r\n", info->announced);
}

static void say(struct text *text, const struct info *info)
{
    text_add(text, "# Server\r\n");
    if (info->runid[0] != '\0')
        text_addf(text, "run_id:%s\r\n", info->runid);
    if (info->has_failover_state)
        text_addf(text, "master_failover_state:%s\r\n",
                  info->failing_over ? "waiting-for-sync" : "no-failover");
    text_addf(text, "master_link_down_since_seconds:%lld\r\n",
              (long long)info->link_down_ms / 1000);
    for (size_t i = 0; i < info->replica_count; i++)
        text_addf(text, "slave%zu:ip=%s,port=%d,state=online\r\n", i,
                  info->replicas[i].host, info->replicas[i].port);
    if (info->has_role) {
        /* What only replicas say is read behind their role. */
        text_add(text, "role:slave\r\n");
        say_replica_role(text, info);
        text_addf(text, "role:%s\r\n", info->is_master ? "master" : "slave");
    }
}

static void check_same_text(const char *left, const char *right)
{
    REQUIRE((left == NULL) == (right == NULL) &&
                (left == NULL || strcmp(left, right) == 0),
            "'%s' instead of '%s'", right, left);
}

#define CHECK_FIELD(field) \
    REQUIRE(left->field == right->field, "differs when said again")

static void check_same(const struct info *left, const struct info *right)
{
    check_same_text(left->runid, right->runid);
    check_same_text(left->master_host, right->master_host);
    CHECK_FIELD(has_role);
    CHECK_FIELD(is_master);
    CHECK_FIELD(has_failover_state);
    CHECK_FIELD(failing_over);
    CHECK_FIELD(link_down_ms);
    CHECK_FIELD(has_master_port);
    CHECK_FIELD(has_link_status);
    CHECK_FIELD(has_priority);
    CHECK_FIELD(has_offset);
    CHECK_FIELD(has_announced);
    CHECK_FIELD(replica_count);
    if (left->has_master_port)
        CHECK_FIELD(master_port);
    if (left->has_link_status)
        CHECK_FIELD(link_up);
    if (left->has_priority)
        CHECK_FIELD(priority);
    if (left->has_offset)
        CHECK_FIELD(offset);
    if (left->has_announced)
        CHECK_FIELD(announced);
    for (size_t i = 0; i < left->replica_count; i++) {
        check_same_text(left->replicas[i].host, right->replicas[i].host);
        REQUIRE(left->replicas[i].port == right->replicas[i].port, "port");
    }
}

/* Hosts that stand in the list of replicas cannot hold a comma, but the one
 * behind master_host can; a run id may hold a line's end or blanks. */
static bool can_be_said(const struct info *info)
{
    for (const char *at = info->runid; *at != '\0'; at++)
        if (*at == '\r' || *at == '\n')
            return false;
    return info->runid[0] == '\0' || strlen(info->runid) == ID_LENGTH;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size, 0};
    size_t length;
    char *text = fuzz_text(&input, '\0', &length);
    struct info info;
    struct info again;
    struct text said;

    info_parse(&info, text);
    check_bounds(&info);
    text_init(&said);
    say(&said, &info);
    info_parse(&again, said.data);
    check_bounds(&again);
    if (can_be_said(&info)) {
        REQUIRE(again.malformed == !info.has_role, "malformed when said again");
        check_same(&info, &again);
    }
    text_clear(&said);
    info_clear(&again);
    info_clear(&info);
    free(text);
    return 0;
}
