"""ACL users of a sentinel: what each may do, where they are kept, and how
sentinels log in to each other."""

import hashlib
import os
import subprocess

import pytest
import redis

from cluster import MASTER_NAME, PASSWORD, REFERENCE, quote, wait_for

USERS = [
    "user app on >app-secret resetchannels &+switch-master -@all +ping "
    "+subscribe +sentinel|get-master-addr-by-name",
    "user watcher on >watch-secret allchannels -@all +@connection +psubscribe "
    "+subscribe +info +sentinel -sentinel|set",
]


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def alone(make_cluster, extra=(), **options):
    """One sentinel and one master, settled enough to answer."""
    cluster = make_cluster(password=PASSWORD, quorum=1)
    master = cluster.add_servers(replicas=0)
    sentinel = cluster.add_sentinel(master, extra=extra, **options)
    return cluster, sentinel


def as_user(sentinel, name, password, **options):
    return sentinel.client(username=name, password=password, **options)


def rules(sentinel):
    """What ACL LIST shows, each user's rules as a set: the reference has them
    in any order."""
    with sentinel.client() as client:
        lines = client.execute_command("ACL LIST")
    return {line.split()[1]: frozenset(line.split()[2:]) for line in lines}


def user_lines(path):
    return sorted(line for line in path.read_text().split("\n")
                  if line.startswith("user "))


def redis_cli(sentinel, *words, user=None, password=None):
    login = ["--user", user, "--pass", password, "--no-auth-warning"]
    return subprocess.run(
        ["redis-cli", "-p", str(sentinel.port), *(login if user else []),
         *words], capture_output=True, text=True, timeout=20,
        check=True).stdout.strip()


def test_each_user_does_what_it_may(make_cluster):
    cluster, sentinel = alone(make_cluster, USERS)
    master = cluster.servers[0]
    with as_user(sentinel, "app", "app-secret") as app:
        app.response_callbacks.clear()
        assert app.execute_command(
            "SENTINEL", "GET-MASTER-ADDR-BY-NAME",
            MASTER_NAME) == ["127.0.0.1", str(master.port)]
        for words in (["SENTINEL", "MASTERS"], ["INFO"], ["CLIENT", "LIST"],
                      ["PUBLISH", "__sentinel__:hello", "x"],
                      ["ACL", "WHOAMI"], ["SHUTDOWN"]):
            name = words[0].lower()
            if words[0] in ("SENTINEL", "CLIENT", "ACL"):
                name += "|" + words[1].lower()
            with pytest.raises(redis.exceptions.NoPermissionError,
                               match=f"'{name.split('|')[0]}"):
                app.execute_command(*words)
        with pytest.raises(redis.exceptions.ResponseError,
                           match="unknown command"):
            app.execute_command("GET", "x")
    with as_user(sentinel, "watcher", "watch-secret") as watcher:
        assert watcher.execute_command("SENTINEL MYID")
        with pytest.raises(redis.exceptions.NoPermissionError):
            watcher.execute_command("SENTINEL SET", MASTER_NAME, "quorum", "2")
    with pytest.raises(redis.exceptions.RedisError, match="WRONGPASS"):
        as_user(sentinel, "app", "wrong").ping()
    with sentinel.client() as client:
        log = client.execute_command("ACL LOG")
    assert {"auth", "command"} <= {entry["reason"] for entry in log}


def test_redis_cli_logs_in(make_cluster):
    _, sentinel = alone(make_cluster, USERS)
    login = {"user": "app", "password": "app-secret"}
    assert redis_cli(sentinel, "PING", **login) == "PONG"
    assert "127.0.0.1" in redis_cli(
        sentinel, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER_NAME, **login)
    assert redis_cli(sentinel, "SENTINEL", "MYID", **login) == (
        "NOPERM this user has no permissions to run the 'sentinel|myid' "
        "command")
    assert redis_cli(sentinel, "ACL", "WHOAMI") == "default"
    assert "GENPASS" in redis_cli(sentinel, "ACL", "HELP")


def test_changes_reach_connected_clients(make_cluster):
    _, sentinel = alone(make_cluster, USERS)
    app = as_user(sentinel, "app", "app-secret")
    subscriber = app.pubsub()
    subscriber.subscribe("+switch-master")
    assert subscriber.get_message(timeout=5)["type"] == "subscribe"
    with pytest.raises(redis.exceptions.NoPermissionError):
        other = app.pubsub()
        other.subscribe("+sdown")
        other.get_message(timeout=5)
    watcher = as_user(sentinel, "watcher", "watch-secret",
                      single_connection_client=True)
    with sentinel.client() as client:
        client.execute_command("ACL SETUSER", "app", "&+sdown", "+info")
        assert app.info("server")
        # A channel less: whoever listens to it goes.
        client.execute_command("ACL SETUSER", "app", "resetchannels",
                               "&+sdown")
        with pytest.raises(redis.exceptions.ConnectionError):
            while True:
                subscriber.connection.read_response()
        watcher.ping()
        assert client.execute_command("ACL DELUSER", "watcher") == 1
        assert "user=watcher" not in redis_cli(sentinel, "CLIENT", "LIST")
    with pytest.raises(redis.exceptions.RedisError):
        watcher.ping()
    app.close()


@pytest.mark.ours
def test_users_survive_and_redis_sentinel_knows_them(make_cluster):
    """Passwords in clear become hashes when the file is written; a line that
    holds stays. The reference starts with the file and has the same users."""
    hashed = f"user  fixed on  #{sha256('x')} +ping   allchannels"
    _, sentinel = alone(make_cluster, USERS + [hashed, "# the end"])
    with sentinel.client() as client:
        client.execute_command("ACL SETUSER", "late", "on", ">late-secret",
                               "+@all", "-@dangerous", "~cached:*", "%R~x",
                               "(+info &a)", "skip-sanitize-payload")
        client.execute_command("ACL SETUSER", "default", "-sentinel|reset")
    # In memory until somebody asks, or state is to be written.
    assert sentinel.sentinel("FLUSHCONFIG") == "OK"
    before = rules(sentinel)
    text = sentinel.conf.read_text()
    assert "secret" not in text.replace(PASSWORD, "")
    assert hashed in text and "# the end" in text
    lines = user_lines(sentinel.conf)
    assert len(lines) == 5
    assert any(line.startswith("user late on skip-sanitize-payload "
                               f"#{sha256('late-secret')} ~cached:* %R~x "
                               "resetchannels +@all -@dangerous (")
               for line in lines), lines
    assert sentinel.terminate() == 0
    sentinel.start()
    assert rules(sentinel) == before
    assert sentinel.sentinel("FLUSHCONFIG") == "OK"
    assert user_lines(sentinel.conf) == lines
    with as_user(sentinel, "late", "late-secret") as late:
        assert late.ping()

    assert sentinel.terminate() == 0
    sentinel.binary = REFERENCE
    sentinel.start()
    theirs = rules(sentinel)
    assert set(theirs) == set(before)
    for name, secret in (("app", "app-secret"), ("late", "late-secret"),
                         ("fixed", "x")):
        with as_user(sentinel, name, secret) as client:
            assert client.ping()
    with as_user(sentinel, "late", "late-secret") as late:
        late.execute_command("COMMAND COUNT")
        with pytest.raises(redis.exceptions.NoPermissionError):
            late.execute_command("SENTINEL MASTERS")
    # And back, with what it has written.
    assert sentinel.sentinel("FLUSHCONFIG") == "OK"
    assert sentinel.terminate() == 0
    sentinel.binary = os.environ.get("SENTINELD", "sentineld")
    sentinel.start()
    back = rules(sentinel)
    assert set(back) == set(before)
    assert back["app"] == before["app"]


@pytest.mark.ours
def test_without_a_write_changes_are_forgotten(make_cluster):
    _, sentinel = alone(make_cluster)
    wait_for(lambda: "sentinel current-epoch" in sentinel.conf.read_text())
    with sentinel.client() as client:
        client.execute_command("ACL SETUSER", "brief", "on", "nopass", "+ping")
        with pytest.raises(redis.exceptions.ResponseError,
                           match="not configured to use an ACL file"):
            client.execute_command("ACL SAVE")
    sentinel.kill()
    sentinel.start()
    assert "brief" not in rules(sentinel)


def test_an_acl_file(make_cluster):
    cluster, sentinel = alone(make_cluster, start=False)
    path = sentinel.directory / "users.acl"
    path.write_text("user mon on >mon-secret allchannels +ping +client\n"
                    "user gone on nopass +ping\n")
    with open(sentinel.conf, "a", encoding="ascii") as file:
        file.write(f"dir {sentinel.directory}\naclfile users.acl\n")
    sentinel.start()
    with sentinel.client() as client:
        assert client.execute_command("ACL USERS") == ["default", "gone",
                                                       "mon"]
        gone = as_user(sentinel, "gone", "x", single_connection_client=True)
        gone.ping()
        client.execute_command("ACL SETUSER", "new", "on", ">new-secret",
                               "+ping")
        client.execute_command("ACL DELUSER", "gone")
        assert client.execute_command("ACL SAVE")
        with pytest.raises(redis.exceptions.RedisError):
            gone.ping()
        lines = path.read_text().split("\n")
        assert [line.split()[1] for line in lines if line] == \
            ["default", "mon", "new"]
        assert sha256("mon-secret") in lines[1]
        assert sentinel.sentinel("FLUSHCONFIG") == "OK"
        assert user_lines(sentinel.conf) == []

        path.write_text("user mon on >other +ping\nuser bad +nosuch\n")
        with pytest.raises(redis.exceptions.ResponseError,
                           match=r"users\.acl:2: .*'\+nosuch'.*no change"):
            client.execute_command("ACL LOAD")
        assert as_user(sentinel, "new", "new-secret").ping()
        path.write_text("user mon on >other +ping\n")
        assert client.execute_command("ACL LOAD")
        assert client.execute_command("ACL USERS") == ["default", "mon"]
    assert as_user(sentinel, "mon", "other").ping()
    with pytest.raises(redis.exceptions.RedisError, match="WRONGPASS"):
        as_user(sentinel, "mon", "mon-secret").ping()
    assert sentinel.terminate() == 0
    sentinel.start()
    assert as_user(sentinel, "mon", "other").ping()


@pytest.mark.ours
def test_loading_disconnects_only_whom_it_must(make_cluster):
    _, sentinel = alone(make_cluster, start=False)
    path = sentinel.directory / "users.acl"
    kept = "user kept on nopass +ping\n"
    path.write_text(kept + "user gone on nopass +ping\n")
    with open(sentinel.conf, "a", encoding="ascii") as file:
        file.write(f"aclfile {path}\n")
    sentinel.start()
    one = as_user(sentinel, "kept", "x", single_connection_client=True)
    two = as_user(sentinel, "gone", "x", single_connection_client=True)
    one.ping()
    two.ping()
    path.write_text(kept)
    with sentinel.client() as client:
        client.execute_command("ACL LOAD")
        listed = redis_cli(sentinel, "CLIENT", "LIST")
    assert "user=kept" in listed and "user=gone" not in listed
    one.close()


def refused(sentinel, text):
    sentinel.may_complain = True
    sentinel.spawn()
    assert sentinel.popen.wait(20) == 1
    assert text in sentinel.log()


@pytest.mark.ours
@pytest.mark.parametrize("line, reason", [
    ("user x nosuchrule",
     "Error in user declaration 'user': Syntax error"),
    ("user x +nosuch", "Unknown command or category name in ACL"),
    ("aclfile /nosuch/users.acl", "Error loading ACLs, opening file"),
    ("rename-command nosuch x", "No such command in rename-command"),
])
def test_a_wrong_line_stops_the_start(make_cluster, line, reason):
    _, sentinel = alone(make_cluster, [line], start=False)
    refused(sentinel, reason)
    assert f">>> '{line}'" in sentinel.log()


def test_users_and_a_file_of_users_are_too_much(make_cluster):
    _, sentinel = alone(make_cluster, USERS, start=False)
    path = sentinel.directory / "users.acl"
    path.write_text("")
    with open(sentinel.conf, "a", encoding="ascii") as file:
        file.write(f"aclfile {path}\n")
    refused(sentinel, "ACL")


# What a sentinel does on another one.
PEER = ("user peer on >peer-secret resetchannels &__sentinel__:hello -@all "
        "+ping +publish +client|setname +sentinel|is-master-down-by-addr")


def test_sentinels_log_in_as_a_restricted_user(make_cluster):
    cluster = make_cluster(password=PASSWORD, hasty=True)
    master = cluster.add_servers(replicas=2)
    admin = "admin-secret"
    for _ in range(3):
        sentinel = cluster.add_sentinel(
            master, start=False,
            extra=[PEER, f"requirepass {quote(admin)}",
                   "sentinel sentinel-user peer",
                   "sentinel sentinel-pass peer-secret"])
        sentinel.password = admin
        sentinel.start()
        cluster.recorder.follow(sentinel)
    cluster.wait_settled(master)
    for sentinel in cluster.sentinels:
        assert redis_cli(sentinel, "CLIENT", "LIST", user="default",
                         password=admin).count("user=peer") >= 2
        with sentinel.client() as client:
            assert client.execute_command("ACL LOG") == []
    master.kill()
    cluster.wait_new_master(master)
    master.start()
    wait_for(lambda: cluster.agreed_master() is not None, 20)


def test_a_missing_right_of_peers_shows(make_cluster):
    """Without the right to ask, a sentinel stays without agreement."""
    cluster = make_cluster(password=PASSWORD, hasty=True)
    master = cluster.add_servers(replicas=1)
    lines = [PEER.replace(" +sentinel|is-master-down-by-addr", ""),
             "sentinel sentinel-user peer",
             "sentinel sentinel-pass peer-secret"]
    for _ in range(2):
        cluster.add_sentinel(master, extra=lines)
    cluster.wait_settled(master)
    master.kill()
    for sentinel in cluster.sentinels:
        cluster.recorder.wait("+sdown", MASTER_NAME, sentinel=sentinel)
    first = cluster.sentinels[0]

    def asked_in_vain():
        with first.client() as client:
            return any("is-master-down-by-addr" in str(entry)
                       for entry in client.execute_command("ACL LOG"))

    wait_for(asked_in_vain, 20)
    assert not cluster.recorder.find("+odown")
