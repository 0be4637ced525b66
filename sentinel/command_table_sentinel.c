/* The rows of SENTINEL and its subcommands, in the order of its help text. */
#include "command_table.h"

#define ROW_ADMIN \
    TRAIT_ADMIN, CATEGORY_ADMIN | CATEGORY_SLOW | CATEGORY_DANGEROUS
#define ROW_EXTRA              \
    TRAIT_ADMIN | TRAIT_EXTRA, \
        CATEGORY_ADMIN | CATEGORY_SLOW | CATEGORY_DANGEROUS

/* The help texts are part of the interface: existing tools and people's eyes
 * expect the lines that Redis 7.0 prints. */
static const struct command rows[] = {
    {"sentinel", -2, TRAIT_ADMIN | TRAIT_CONTAINER,
     CATEGORY_ADMIN | CATEGORY_SLOW | CATEGORY_DANGEROUS, NULL, "2.8.4",
     "sentinel", "Depends on subcommand.", NULL,
     "Commands about monitored masters", NULL},
    {"sentinel|ckquorum", 3, ROW_ADMIN, sentinel_ckquorum, "2.8.4", "sentinel",
     NULL, NULL, "Check that a failover could be agreed on now",
     "CKQUORUM <master-name>\n"
     "    Check if the current Sentinel configuration is able to reach the "
     "quorum\n"
     "    needed to failover a master and the majority needed to authorize "
     "the\n"
     "    failover."},
    {"sentinel|config", -3, ROW_ADMIN, sentinel_config, "6.2.0", "sentinel",
     "O(1)", NULL, "Show or change settings of this sentinel",
     "CONFIG SET <param> <value>\n"
     "    Set a global Sentinel configuration parameter.\n"
     "CONFIG GET <param>\n"
     "    Get global Sentinel configuration parameter."},
    {"sentinel|debug", -2, ROW_ADMIN, sentinel_debug, "7.0.0", "sentinel",
     "O(N) where N is the number of parameters", NULL,
     "Show or change the intervals of this sentinel",
     "DEBUG [<param> <value> ...]\n"
     "    Show a list of configurable time parameters and their values "
     "(milliseconds).\n"
     "    Or update current configurable parameters values (one or more)."},
    {"sentinel|get-master-addr-by-name", 3, ROW_ADMIN, sentinel_address,
     "2.8.4", "sentinel", "O(1)", NULL, "Address of a master",
     "GET-MASTER-ADDR-BY-NAME <master-name>\n"
     "    Return the ip and port number of the master with that name."},
    {"sentinel|get-primary-addr-by-name", 3, ROW_EXTRA, sentinel_address,
     "8.0.0", "sentinel", "O(1)", NULL, "Address of a master", NULL},
    {"sentinel|failover", -3, ROW_ADMIN, sentinel_failover, "2.8.4", "sentinel",
     NULL, NULL, "Fail a master over now, without agreement",
     "FAILOVER <master-name>\n"
     "    Manually failover a master node without asking for agreement from "
     "other\n"
     "    Sentinels"},
    {"sentinel|flushconfig", 2, ROW_ADMIN, sentinel_flushconfig, "2.8.4",
     "sentinel", "O(1)", NULL, "Write the state to disk",
     "FLUSHCONFIG\n"
     "    Force Sentinel to rewrite its configuration on disk, including the "
     "current\n"
     "    Sentinel state."},
    {"sentinel|info-cache", -3, ROW_ADMIN, sentinel_info_cache, "3.2.0",
     "sentinel", "O(N) where N is the number of instances", NULL,
     "The last INFO replies of masters and their replicas",
     "INFO-CACHE <master-name>\n"
     "    Return last cached INFO output from masters and all its replicas."},
    {"sentinel|is-master-down-by-addr", 6, ROW_ADMIN, sentinel_down, "2.8.4",
     "sentinel", "O(1)", NULL,
     "Question of another sentinel: is it down, and whom do you elect",
     "IS-MASTER-DOWN-BY-ADDR <ip> <port> <current-epoch> <runid>\n"
     "    Check if the master specified by ip:port is down from current "
     "Sentinel's\n"
     "    point of view."},
    {"sentinel|is-primary-down-by-addr", 6, ROW_EXTRA, sentinel_down, "8.0.0",
     "sentinel", "O(1)", NULL,
     "Question of another sentinel: is it down, and whom do you elect", NULL},
    {"sentinel|master", 3, ROW_ADMIN, sentinel_master, "2.8.4", "sentinel",
     "O(1)", NULL, "All about one master",
     "MASTER <master-name>\n"
     "    Show the state and info of the specified master."},
    {"sentinel|primary", 3, ROW_EXTRA, sentinel_master, "8.0.0", "sentinel",
     "O(1)", NULL, "All about one master", NULL},
    {"sentinel|masters", 2, ROW_ADMIN, sentinel_masters, "2.8.4", "sentinel",
     "O(N) where N is the number of masters", NULL, "All about all masters",
     "MASTERS\n"
     "    Show a list of monitored masters and their state."},
    {"sentinel|primaries", 2, ROW_EXTRA, sentinel_masters, "8.0.0", "sentinel",
     "O(N) where N is the number of masters", NULL, "All about all masters",
     NULL},
    {"sentinel|monitor", 6, ROW_ADMIN, sentinel_monitor, "2.8.4", "sentinel",
     "O(1)", NULL, "Monitor a further master",
     "MONITOR <name> <ip> <port> <quorum>\n"
     "    Start monitoring a new master with the specified name, ip, port and "
     "quorum."},
    {"sentinel|myid", 2, ROW_ADMIN, sentinel_myid, "6.2.0", "sentinel", "O(1)",
     NULL, "The id of this sentinel",
     "MYID\n"
     "    Return the ID of the Sentinel instance."},
    {"sentinel|pending-scripts", 2, ROW_ADMIN, sentinel_pending_scripts,
     "2.8.4", "sentinel", NULL, NULL, "Scripts that run or wait",
     "PENDING-SCRIPTS\n"
     "    Get pending scripts information."},
    {"sentinel|remove", 3, ROW_ADMIN, sentinel_remove, "2.8.4", "sentinel",
     "O(1)", NULL, "Monitor a master no longer",
     "REMOVE <master-name>\n"
     "    Remove master from Sentinel's monitor list."},
    {"sentinel|replicas", 3, ROW_ADMIN, sentinel_replicas, "5.0.0", "sentinel",
     "O(N) where N is the number of replicas", NULL,
     "All about the replicas of a master",
     "REPLICAS <master-name>\n"
     "    Show a list of replicas for this master and their state."},
    {"sentinel|slaves", 3, ROW_ADMIN, sentinel_replicas, "2.8.0", "sentinel",
     "O(N) where N is the number of replicas", NULL,
     "All about the replicas of a master", NULL},
    {"sentinel|reset", 3, ROW_ADMIN, sentinel_reset, "2.8.4", "sentinel",
     "O(N) where N is the number of masters", NULL,
     "Forget replicas and sentinels of masters, to find them anew",
     "RESET <pattern>\n"
     "    Reset masters for specific master name matching this pattern."},
    {"sentinel|sentinels", 3, ROW_ADMIN, sentinel_sentinels, "2.8.4",
     "sentinel", "O(N) where N is the number of sentinels", NULL,
     "All about the other sentinels of a master",
     "SENTINELS <master-name>\n"
     "    Show a list of Sentinel instances for this master and their "
     "state."},
    {"sentinel|set", -5, ROW_ADMIN, sentinel_set, "2.8.4", "sentinel", "O(1)",
     NULL, "Change options of a master",
     "SET <master-name> <option> <value> [<option> <value> ...]\n"
     "    Set configuration parameters for certain masters."},
    {"sentinel|simulate-failure", -3, ROW_ADMIN, sentinel_simulate, "3.2.0",
     "sentinel", NULL, NULL, "End the process in the midst of a failover",
     "SIMULATE-FAILURE [CRASH-AFTER-ELECTION] [CRASH-AFTER-PROMOTION] "
     "[HELP]\n"
     "    Simulate a Sentinel crash."},
    {"sentinel|help", 2, TRAIT_LOADING | TRAIT_STALE, CATEGORY_SLOW,
     command_help, "6.2.0", "sentinel", "O(1)", NULL, "Help on SENTINEL",
     "HELP\n    Prints this help."},
};

const struct command *command_rows_sentinel(size_t *count)
{
    *count = sizeof(rows) / sizeof(rows[0]);
    return rows;
}
