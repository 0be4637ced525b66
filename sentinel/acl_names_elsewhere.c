/* Commands that data servers have and a sentinel has not: rules that name them
 * come with copied files, and mean nothing here. */
#include "acl_names.h"

#include <ctype.h>
#include <string.h>

#define LENGTH_LIMIT 64

/* Of Redis 7.0 to 8 and Valkey 8, without subcommands; each between blanks. */
static const char names[] =
    " "
    "append asking bgrewriteaof bgsave bitcount bitfield bitfield_ro bitop "
    "bitpos blmove blmpop blpop brpop brpoplpush bzmpop bzpopmax bzpopmin "
    "cluster commandlog config copy dbsize debug decr decrby del delex "
    "delifeq digest discard dump echo eval eval_ro evalsha evalsha_ro exec "
    "exists expire expireat expiretime failover fcall fcall_ro flushall "
    "flushdb function geoadd geodist geohash geopos georadius georadius_ro "
    "georadiusbymember georadiusbymember_ro geosearch geosearchstore get "
    "getbit getdel getex getrange getset hdel hexists hexpire hexpireat "
    "hexpiretime hget hgetall hgetdel hgetex hincrby hincrbyfloat hkeys "
    "hlen hmget hmset hpersist hpexpire hpexpireat hpexpiretime hpttl "
    "hrandfield hscan hset hsetex hsetnx hstrlen httl hvals incr incrby "
    "incrbyfloat keys lastsave latency lcs lindex linsert llen lmove lmpop "
    "lolwut lpop lpos lpush lpushx lrange lrem lset ltrim memory mget "
    "migrate module monitor move mset msetex msetnx multi object persist "
    "pexpire pexpireat pexpiretime pfadd pfcount pfdebug pfmerge "
    "pfselftest psetex psync pttl pubsub randomkey readonly readwrite "
    "rename renamenx replconf replicaof restore restore-asking rpop "
    "rpoplpush rpush rpushx sadd save scan scard script sdiff sdiffstore "
    "select set setbit setex setnx setrange sinter sintercard sinterstore "
    "sismember slaveof slowlog smembers smismember smove sort sort_ro spop "
    "spublish srandmember srem sscan ssubscribe strlen substr sunion "
    "sunionstore sunsubscribe swapdb sync time touch ttl type unlink "
    "unwatch vadd vcard vdim vemb vgetattr vinfo vismember vlinks "
    "vrandmember vrange vrem vsetattr vsim wait waitaof watch xack xackdel "
    "xadd xautoclaim xclaim xdel xdelex xgroup xinfo xlen xpending xrange "
    "xread xreadgroup xrevrange xsetid xtrim zadd zcard zcount zdiff "
    "zdiffstore zincrby zinter zintercard zinterstore zlexcount zmpop "
    "zmscore zpopmax zpopmin zrandmember zrange zrangebylex zrangebyscore "
    "zrangestore zrank zrem zremrangebylex zremrangebyrank "
    "zremrangebyscore zrevrange zrevrangebylex zrevrangebyscore zrevrank "
    "zscan zscore zunion zunionstore ";

bool acl_name_elsewhere(const char *name, size_t length)
{
    char key[LENGTH_LIMIT + 3] = " ";

    if (length == 0 || length > LENGTH_LIMIT)
        return false;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)name[i];

        if (!isalnum(c) && c != '.' && c != '_' && c != '-')
            return false;
        key[i + 1] = (char)tolower(c);
    }
    if (memchr(name, '.', length) != NULL)
        return true;
    key[length + 1] = ' ';
    return strstr(names, key) != NULL;
}
