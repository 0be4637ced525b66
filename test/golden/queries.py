"""Scenarios: commands that change nothing, errors, introspection, passwords."""

from processes import wait
from resp import Conn, plain, tell
from symbols import esc
from transcript import pair, rep, scenario


@scenario
def queries(env, t):
    """Read-only SENTINEL subcommands, ROLE and INFO on a healthy group."""
    env.group()
    for s in ("S1", "S2", "S3"):
        env.sentinel(s)
    rep(env, "S1", 2)
    wait(lambda: "0" in [x[x.index("master-link-down-time") + 1] for x in
                         tell(env.port("S1"), "SENTINEL", "REPLICAS", "mymaster")], 15)
    a, b = pair(env.port("S1"))
    t.file("cmd-masters", "SENTINEL MASTERS / MASTER, healthy group: 1 master, 2 replicas, 3 sentinels, quorum 2")
    t.both(a, b, "SENTINEL", "MASTERS", sort="items")
    t.both(a, b, "SENTINEL", "MASTER", "mymaster")
    t.both(a, b, "sentinel", "master", "MyMaster", note="names are case sensitive, subcommands are not")
    t.both(a, b, "SENTINEL", "MASTER", "nosuch")
    t.both(a, b, "SENTINEL", "MASTER", "")
    t.both(a, b, "SENTINEL", "MASTERS", "extra")
    t.both(a, b, "SENTINEL", "MASTER")
    t.both(a, b, "SENTINEL", "MASTER", "mymaster", "extra")
    t.file("cmd-replicas", "SENTINEL REPLICAS / SLAVES")
    t.both(a, b, "SENTINEL", "REPLICAS", "mymaster", sort="items")
    t.one(a, "SENTINEL", "SLAVES", "mymaster", sort="items", note="alias, same reply")
    t.both(a, b, "SENTINEL", "REPLICAS", "nosuch")
    t.both(a, b, "SENTINEL", "SLAVES", "nosuch")
    t.both(a, b, "SENTINEL", "REPLICAS")
    t.both(a, b, "SENTINEL", "SLAVES", "mymaster", "extra")
    t.file("cmd-sentinels", "SENTINEL SENTINELS (the sentinel asked is never in the list)")
    t.both(a, b, "SENTINEL", "SENTINELS", "mymaster", sort="items")
    t.both(a, b, "SENTINEL", "SENTINELS", "nosuch")
    t.both(a, b, "SENTINEL", "SENTINELS")
    t.file("cmd-get-master-addr-by-name", "SENTINEL GET-MASTER-ADDR-BY-NAME")
    t.both(a, b, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster")
    t.both(a, b, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "nosuch", note="unknown name: null array, not an error")
    t.both(a, b, "SENTINEL", "GET-MASTER-ADDR-BY-NAME")
    t.both(a, b, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "a", "b")
    t.both(a, b, "SENTINEL", "GET-PRIMARY-ADDR-BY-NAME", "mymaster", note="alias of newer servers")
    t.file("cmd-misc", "SENTINEL MYID / CKQUORUM / ROLE / PING")
    t.both(a, b, "SENTINEL", "MYID")
    t.both(a, b, "SENTINEL", "MYID", "extra")
    t.both(a, b, "SENTINEL", "CKQUORUM", "mymaster")
    t.both(a, b, "SENTINEL", "CKQUORUM", "nosuch")
    t.both(a, b, "SENTINEL", "CKQUORUM")
    t.both(a, b, "ROLE")
    t.both(a, b, "ROLE", "x")
    t.both(a, b, "PING")
    t.both(a, b, "PING", "hello world")
    t.both(a, b, "PING", "a", "b")
    t.file("cmd-is-master-down-by-addr", "SENTINEL IS-MASTER-DOWN-BY-ADDR, master healthy")
    m = str(env.port("M"))
    t.both(a, b, "SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", m, "0", "*",
           note="no vote asked: leader is * and epoch 0")
    t.both(a, b, "SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", "1", "0", "*", note="unknown address")
    t.both(a, b, "SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", str(env.port("R1")), "0", "*",
           note="address of a replica: unknown, only masters are searched")
    t.both(a, b, "SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", "abc", "0", "*")
    t.both(a, b, "SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", m, "x", "*")
    t.both(a, b, "SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "nohost", m, "0", "*", note="host name, resolve-hostnames no")
    t.both(a, b, "SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", "99999", "0", "*", note="port out of range")
    t.both(a, b, "SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", m, "0")
    x, y = "f" * 40, "e" * 40
    env.ids[x], env.ids[y] = "<CAND-F>", "<CAND-E>"
    t.one(a, "SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", m, "0", x,
          note="epoch 0: no vote possible (leader epoch 0 is not lower than 0), no leader yet")
    t.one(a, "SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", m, "5", x,
          note="first request of epoch 5: vote granted although the master is not down for this sentinel")
    t.one(a, "SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", m, "5", y, note="same epoch, other candidate: old vote")
    t.one(a, "SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", m, "4", y, note="older epoch: old vote")
    t.one(a, "SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", m, "6", y, note="newer epoch: new vote")
    t.one(a, "SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", m, "6", "*", note="* never shows the vote")
    t.one(a, "SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", "1", "9", y, note="unknown master: no vote")
    t.one(a, "SENTINEL", "MASTER", "mymaster", note="the vote does not change config-epoch")
    t.conf("S1.conf", "S1 config file now (current-epoch and leader-epoch are on disk)")
    t.put(*["log: " + l for l in env.loglines("S1") if "epoch" in l or "vote" in l], "")
    t.file("cmd-info", "INFO in sentinel mode (values that depend on the machine are <v>)")
    t.both(a, b, "INFO")
    t.both(a, b, "INFO", "sentinel")
    t.both(a, b, "INFO", "SENTINEL", note="section names are case insensitive")
    t.both(a, b, "INFO", "server", "sentinel")
    t.both(a, b, "INFO", "sentinel", "server", note="section order in the reply is fixed")
    t.both(a, b, "INFO", "nosuch", note="unknown section: empty bulk string")
    t.both(a, b, "INFO", "replication", note="sections of data servers do not exist here")
    t.one(a, "INFO", "all")
    t.one(a, "INFO", "everything")
    t.one(a, "INFO", "default")
    t.one(a, "INFO", "clients", "nosuch")
    t.file("cmd-info-cache", "SENTINEL INFO-CACHE")
    t.both(a, b, "SENTINEL", "INFO-CACHE", "nosuch")
    t.both(a, b, "SENTINEL", "INFO-CACHE")
    n = a.cmd("SENTINEL", "INFO-CACHE", "mymaster", "nosuch", "mymaster")
    t.note("unknown and repeated names are ignored; every inner pair is (age in ms, INFO text)")
    t.put("C(resp2): SENTINEL INFO-CACHE mymaster nosuch mymaster",
          "S: (shape) " + shape(n))
    n = b.cmd("SENTINEL", "INFO-CACHE", "mymaster")
    t.put("C(resp3): SENTINEL INFO-CACHE mymaster", "S: (shape) " + shape(n), "")


def shape(n):
    if n.val is None:
        return "null" + esc(n.raw_head)
    if isinstance(n.val, list):
        return n.kind + str(len(n.val)) + "[" + ", ".join(shape(k) for k in n.val) + "]"
    if n.kind == ":":
        return ":<ms>"
    t = n.text()
    return "$" + (t if len(t) < 40 else "<INFO text of %d+ bytes>" % 1000)


@scenario
def errors(env, t):
    """Arity, unknown subcommands, unknown commands, protocol errors."""
    env.sentinel("S1", conf="port %d\nbind 127.0.0.1\ndir %s\nsentinel myid %s\n" %
                 (env.port("S1"), env.dir, env.sid("S1")))
    p = env.port("S1")
    a, b = pair(p)
    t.file("err-sentinel", "SENTINEL: arity and unknown subcommands (no master monitored)")
    for c in ["SENTINEL", "SENTINEL nosuch", "SENTINEL nosuch a b c", "sentinel MASTERS x", "SENTINEL master",
              "SENTINEL slaves", "SENTINEL sentinels", "SENTINEL myid x", "SENTINEL reset", "SENTINEL reset a b",
              "SENTINEL failover", "SENTINEL failover a b", "SENTINEL pending-scripts x", "SENTINEL monitor a b c",
              "SENTINEL flushconfig x", "SENTINEL remove", "SENTINEL ckquorum", "SENTINEL set", "SENTINEL set a",
              "SENTINEL set a b", "SENTINEL set nosuch quorum 1", "SENTINEL config", "SENTINEL config get",
              "SENTINEL config set", "SENTINEL config set announce-ip", "SENTINEL config rewrite x",
              "SENTINEL info-cache", "SENTINEL simulate-failure", "SENTINEL simulate-failure nosuch",
              "SENTINEL is-master-down-by-addr a b", "SENTINEL debug nosuch", "SENTINEL help x",
              "SENTINEL primaries", "SENTINEL primary x", "SENTINEL replicas x", "SENTINEL masters"]:
        t.both(a, b, *c.split())
    t.both(a, b, "SENTINEL", "bad\r\nname", note="CR and LF in a name come back as spaces")
    t.both(a, b, "SENTINEL", "x" * 140, note="the name is cut at 128 characters")
    t.file("cmd-help", "SENTINEL HELP: array of simple strings")
    t.both(a, b, "SENTINEL", "HELP")
    t.file("err-unknown-commands", "Commands that do not exist in sentinel mode, and how that looks")
    for c in ["GET x", "SET a b", "ECHO hi", "SELECT 0", "CONFIG GET *", "CONFIG REWRITE", "MULTI", "EXEC", "DISCARD",
              "WATCH k", "MONITOR", "RESET", "DEBUG SLEEP 0", "SLOWLOG GET", "LATENCY LATEST", "MODULE LIST",
              "REPLICAOF NO ONE", "SLAVEOF NO ONE", "PUBSUB CHANNELS", "SSUBSCRIBE x", "SUNSUBSCRIBE x", "SPUBLISH a b",
              "WAIT 0 0", "TIME", "DBSIZE", "KEYS *", "EVAL return 0", "CLUSTER INFO", "FAILOVER", "SAVE", "MEMORY DOCTOR",
              "LOLWUT", "nosuchcommand a b c"]:
        t.both(a, b, *c.split())
    t.both(a, b, "", note="empty command name")
    t.both(a, b, "nosuch", "y" * 200, "z", note="shown arguments are cut at 128 bytes in total")
    t.file("proto", "Inline commands, QUIT, protocol errors")
    t.rawx(p, b"PING\r\n", note="inline command")
    t.rawx(p, b"PING\n", note="a bare LF ends an inline command too")
    t.rawx(p, b"  sentinel   get-master-addr-by-name  'mymaster' \r\n", note="inline: quotes and runs of blanks")
    t.rawx(p, b"PING \"abc\r\n", note="inline: unbalanced quotes")
    t.rawx(p, b"\r\n\r\nPING\r\n", note="empty lines are skipped")
    t.rawx(p, b"*0\r\n*1\r\n$4\r\nPING\r\n", note="empty multi bulk is skipped")
    t.rawx(p, b"*-1\r\n*1\r\n$4\r\nPING\r\n")
    t.rawx(p, b"*x\r\n")
    t.rawx(p, b"*2000000\r\n", note="a huge element count is accepted and waited for (limit: INT_MAX; 10 before AUTH)")
    t.rawx(p, b"*1\r\nPING\r\n")
    t.rawx(p, b"*1\r\n$x\r\n")
    t.rawx(p, b"*1\r\n$-5\r\n")
    t.rawx(p, b"*1\r\n$600000000\r\n", note="bulk longer than 512 MiB")
    t.rawx(p, b"A" * 70000, note="inline request above 64 KiB without a line end")
    t.rawx(p, b"*1\r\n$4\r\nQUIT\r\n", note="QUIT")
    t.rawx(p, b"QUIT now please\r\n")
    t.rawx(p, b"POST / HTTP/1.1\r\nHost: x\r\n\r\n", note="POST and Host: close the connection without a reply")
    t.rawx(p, b"PING\r\nHost: x\r\nPING\r\n")
    t.rawx(p, b"*1\r\n$4\r\nPING\r\n*2\r\n$8\r\nSENTINEL\r\n$4\r\nMYID\r\n*1\r\n$4\r\nPING\r\n", note="pipelining")
    t.file("hello", "HELLO and RESP version switching")
    for c in ["HELLO", "HELLO 2", "HELLO 3", "HELLO 2", "HELLO 1", "HELLO 4", "HELLO x", "HELLO 3 NOSUCH",
              "HELLO 3 SETNAME abc", "CLIENT GETNAME", "HELLO 2 SETNAME", "HELLO 2 AUTH default", "HELLO 2 AUTH default x",
              "HELLO 2 AUTH nouser x"]:
        t.one(a, *c.split(), proto="?")
    t.one(a, "HELLO", "2", "SETNAME", "bad name", proto="?")


@scenario
def commands(env, t):
    """COMMAND introspection, CLIENT, ACL, PUBLISH, SUBSCRIBE."""
    env.sentinel("S1", conf="port %d\nbind 127.0.0.1\ndir %s\nsentinel myid %s\n" %
                 (env.port("S1"), env.dir, env.sid("S1")))
    p = env.port("S1")
    a, b = pair(p)
    t.file("cmd-command", "COMMAND in sentinel mode")
    t.both(a, b, "COMMAND", "COUNT")
    t.both(a, b, "COMMAND", "LIST", sort="items", note="order is not defined; sorted here")
    t.both(a, b, "COMMAND", "LIST", "FILTERBY", "PATTERN", "p*", sort="items")
    t.both(a, b, "COMMAND", "INFO", "ping", "get", "publish")
    n = a.cmd("COMMAND", "INFO", "sentinel")
    t.note("COMMAND INFO sentinel: name, arity, flags, first key, last key, step, ACL categories, tips, key specs; "
           "subcommands sorted")
    row = n.val[0].val
    t.put("C(resp2): COMMAND INFO sentinel", *["S: " + l for x in row[:9] for l in env.norm.node(x, 1)])
    t.put("S:   subcommands: *%d" % len(row[9].val))
    for sub in sorted(row[9].val, key=lambda x: x.val[0].text()):
        t.put("S:     %-40s arity %3s flags %s acl %s tips %s" % (
            sub.val[0].text(), plain(sub.val[1]), ",".join(plain(sub.val[2])), ",".join(plain(sub.val[6])),
            ",".join(plain(sub.val[7]))))
    t.put("")
    n = a.cmd("COMMAND")
    t.put("C(resp2): COMMAND", "# one line per top level command, sorted: name arity flags acl")
    for row in sorted(n.val, key=lambda x: x.val[0].text()):
        t.put("S: %-14s %3s  %-50s %s  subcommands=%d" % (
            row.val[0].text(), plain(row.val[1]), ",".join(plain(row.val[2])), ",".join(plain(row.val[6])),
            len(row.val[9].val)))
    t.put("")
    t.both(a, b, "COMMAND", "GETKEYS", "SENTINEL", "MASTERS")
    t.both(a, b, "COMMAND", "DOCS", "role")
    t.both(a, b, "COMMAND", "nosuch")
    t.file("cmd-client", "CLIENT in sentinel mode")
    for c in ["CLIENT", "CLIENT SETNAME conn1", "CLIENT GETNAME", "CLIENT ID", "CLIENT NO-EVICT on", "CLIENT REPLY ON",
              "CLIENT PAUSE 0", "CLIENT UNPAUSE", "CLIENT KILL 127.0.0.1:1", "CLIENT KILL ID 999999",
              "CLIENT KILL TYPE nosuch", "CLIENT UNBLOCK 999", "CLIENT NO-TOUCH on", "CLIENT SETINFO lib-name x",
              "CLIENT TRACKINGINFO", "CLIENT GETREDIR", "CLIENT nosuch"]:
        t.one(a, *c.split())
    t.one(a, "CLIENT", "SETNAME", "bad name")
    l = plain(a.cmd("CLIENT", "LIST")).splitlines()
    t.put("C(resp2): CLIENT LIST  (field names of one line)",
          "S: " + " ".join(x.split("=")[0] for x in l[0].split(" ")))
    l = plain(a.cmd("CLIENT", "INFO")).strip()
    t.put("C(resp2): CLIENT INFO  (field names)", "S: " + " ".join(x.split("=")[0] for x in l.split(" ")), "")
    t.file("cmd-publish", "PUBLISH on a sentinel: only hello messages")
    t.both(a, b, "PUBLISH", "foo", "bar")
    t.both(a, b, "PUBLISH", "__sentinel__:hello", "garbage", note="wrong number of fields: ignored, still :1")
    t.both(a, b, "PUBLISH", "__sentinel__:hello",
           "127.0.0.1,1,%s,0,nosuchmaster,127.0.0.1,2,0" % ("9" * 40), note="unknown master: ignored")
    t.both(a, b, "PUBLISH", "__sentinel__:hello")
    t.file("cmd-subscribe", "Pub/Sub on a sentinel")
    c = Conn(p)
    t.one(c, "SUBSCRIBE", "+switch-master")
    t.one(c, "PSUBSCRIBE", "*")
    t.one(c, "PING")
    t.one(c, "PING", "x")
    t.one(c, "SENTINEL", "MASTERS", note="RESP2: other commands are refused while subscribed")
    t.one(c, "RESET")
    t.one(c, "UNSUBSCRIBE", "nosuch")
    t.one(c, "UNSUBSCRIBE")
    t.one(c, "PUNSUBSCRIBE")
    t.one(c, "SENTINEL", "MASTERS", note="back to normal after the last unsubscribe")
    t.one(c, "UNSUBSCRIBE", note="nothing to unsubscribe")
    c3 = Conn(p)
    c3.cmd("HELLO", "3")
    t.one(c3, "SUBSCRIBE", "ch", proto="3")
    t.one(c3, "SENTINEL", "MASTERS", proto="3", note="RESP3: all commands stay allowed")
    t.one(c3, "PING", proto="3")
    t.one(c3, "UNSUBSCRIBE", proto="3")
    t.file("cmd-acl", "ACL in sentinel mode")
    for q in ["ACL WHOAMI", "ACL LIST", "ACL USERS", "ACL SAVE", "ACL LOAD", "ACL LOG", "ACL nosuch", "ACL GETUSER nosuch",
              "ACL CAT nosuch", "ACL CAT dangerous", "ACL CAT connection"]:
        t.both(a, b, *q.split(), sort="items" if q.startswith("ACL CAT") else None)
    t.one(a, "ACL", "SETUSER", "mon", "on", ">pw", "+sentinel|masters", "+ping", "&*")
    t.one(a, "ACL", "LIST")
    c = Conn(p)
    t.one(c, "AUTH", "mon", "bad")
    t.one(c, "AUTH", "mon", "pw")
    t.one(c, "SENTINEL", "MASTERS")
    t.one(c, "SENTINEL", "MYID")
    t.one(c, "INFO")
    t.one(c, "PUBLISH", "x", "y")
    t.one(a, "ACL", "DELUSER", "mon")
    t.note("the deleted user's connection is closed")


@scenario
def auth(env, t):
    """requirepass, AUTH, NOAUTH."""
    env.sentinel("S1", conf="port %d\nbind 127.0.0.1\ndir %s\nrequirepass secret\nsentinel myid %s\n"
                 "user limited on >lpw -@all +ping +sentinel|get-master-addr-by-name +subscribe &*\n" %
                 (env.port("S1"), env.dir, env.sid("S1")))
    t.file("auth", "requirepass secret; user limited on >lpw -@all +ping +sentinel|get-master-addr-by-name +subscribe &*")
    a = Conn(env.port("S1"))
    for c in ["PING", "SENTINEL MASTERS", "INFO", "SUBSCRIBE x", "nosuch", "GET x", "SENTINEL nosuch", "HELLO", "HELLO 3",
              "AUTH", "AUTH wrong", "AUTH default wrong", "AUTH nouser x", "AUTH a b c", "PUBLISH a b", "COMMAND",
              "CLIENT SETNAME x", "AUTH secret", "PING", "AUTH default secret", "HELLO 2 AUTH default secret",
              "AUTH wrong", "PING"]:
        t.one(a, *c.split())
    b = Conn(env.port("S1"))
    for c in ["AUTH limited lpw", "PING", "SENTINEL get-master-addr-by-name x", "SENTINEL MASTERS", "SENTINEL MYID", "INFO",
              "PUBLISH __sentinel__:hello x", "CLIENT ID", "COMMAND COUNT"]:
        t.one(b, *c.split())
    c = Conn(env.port("S1"))
    c.cmd("AUTH", "secret")
    n = c.cmd("ACL", "LOG")
    t.put("C(resp2): ACL LOG  (field names of the newest entry; reasons of all)",
          "S: " + " ".join(plain(n)[0][::2]),
          "S: " + " ".join(sorted("%s:%s" % (x[3], x[7]) for x in plain(n))), "")
    c.cmd("SENTINEL", "FLUSHCONFIG")
    t.conf("S1.conf", "config file after FLUSHCONFIG (order of the appended lines differs between runs)")
    t.note("a sentinel without password receives AUTH")
    env.sentinel("S2", conf="port %d\nbind 127.0.0.1\ndir %s\n" % (env.port("S2"), env.dir))
    d = Conn(env.port("S2"))
    t.one(d, "AUTH", "x")
    t.one(d, "AUTH", "default", "x", note="default user without password: every password passes")
