"""The kinds of fault of a soak: what each does, to whom, and whether it may
cost acknowledged writes."""

import contextlib
import dataclasses
import random
from collections.abc import Callable

import redis

from cluster import MASTER_NAME
from storm import Storm

End = Callable[[], None]


@dataclasses.dataclass(frozen=True)
class Kind:
    """START does it to a victim and returns what ends it."""

    name: str
    victim: str  # master, replica, sentinel, or none
    start: Callable
    weight: int = 2
    lossless: bool = True
    network: bool = False
    disk: bool = False
    alone: bool = False  # in its round
    restarts_sentinel: bool = False


# ---- Processes ----

def kill(quorum, victim, dice: random.Random) -> End:
    quorum.down.add(victim.name)
    victim.kill()
    return lambda: quorum.revive(victim)


def hang(quorum, victim, dice: random.Random) -> End:
    victim.hang()
    return victim.resume


def shut_down(quorum, victim, dice: random.Random) -> End:
    quorum.down.add(victim.name)
    with contextlib.suppress(redis.exceptions.RedisError):
        with victim.client(socket_timeout=30) as client:
            client.execute_command("SHUTDOWN")
    code = victim.popen.wait(30)
    if code != 0 and not getattr(victim, "reference", False):
        quorum.fail(f"{victim.name} ends with {code} on SHUTDOWN")
    return lambda: quorum.revive(victim)


def terminate(quorum, victim, dice: random.Random) -> End:
    quorum.down.add(victim.name)
    code = victim.terminate(30)
    if code != 0:
        quorum.fail(f"{victim.name} ends with {code} on TERM")
    return lambda: quorum.revive(victim)


# ---- The network ----

def cut(how: str, *arguments) -> Callable:
    def start(quorum, victim, dice: random.Random) -> End:
        return getattr(victim.place, how)(*arguments).heal
    return start


def lose(quorum, victim, dice: random.Random) -> End:
    return victim.place.lose(dice.choice((2, 5, 15, 30))).heal


def pull_cable(quorum, victim, dice: random.Random) -> End:
    victim.place.link_down(silent=dice.random() < 0.5)
    return victim.place.heal


def interface_down(quorum, victim, dice: random.Random) -> End:
    victim.place.interface_down()
    return victim.place.heal


def split(quorum, victim, dice: random.Random) -> End:
    """The master, a minority of the sentinels and the client on one side."""
    cluster = quorum.cluster
    few = (len(cluster.sentinels) - 1) // 2
    inside = dice.sample(cluster.sentinels, few)
    outside = [one for one in cluster.sentinels + cluster.servers
               if one not in inside and one is not victim]
    quorum.writer.deaf_to = {one.name for one in outside}
    fault = cluster.lab.partition(
        cluster.hosts(victim, *inside) + [cluster.client_place],
        cluster.hosts(*outside))

    def end() -> None:
        fault.heal()
        quorum.writer.deaf_to = set()
        quorum.writer.moved.set()

    return end


# ---- Orders ----

def order(quorum, victim, *words: str) -> None:
    """A refusal is an answer too: one is under way, no good replica..."""
    with contextlib.suppress(redis.exceptions.RedisError, OSError):
        victim.sentinel(*words)


def fail_over(quorum, victim, dice: random.Random) -> End:
    order(quorum, victim, "FAILOVER", MASTER_NAME)
    return lambda: None


def hand_over(quorum, victim, dice: random.Random) -> End:
    seat = quorum.watcher.safety.seats[victim.name]
    quorum.watcher.look()
    seat.coordinated = True
    order(quorum, victim, "FAILOVER", MASTER_NAME, "COORDINATED")

    def end() -> None:
        quorum.watcher.look()
        seat.coordinated = False

    return end


def reset(quorum, victim, dice: random.Random) -> End:
    order(quorum, victim, "RESET", dice.choice((MASTER_NAME, "*", "my*")))
    return lambda: None


def set_options(quorum, victim, dice: random.Random) -> End:
    """An operator sets all sentinels, one after the other; those that he
    could not reach later."""
    quorum.draw_options()
    for sentinel in quorum.cluster.running_sentinels():
        if sentinel.name not in quorum.disturbed:
            quorum.set_options(sentinel)
    return lambda: None


# ---- Disks and clients ----

def read_only_disk(quorum, victim, dice: random.Random) -> End:
    disk = quorum.cluster.disks[victim.name]
    quorum.bad_disks.add(victim.name)
    disk.make_read_only()
    return disk.make_writable


def full_disk(quorum, victim, dice: random.Random) -> End:
    disk = quorum.cluster.disks[victim.name]
    quorum.bad_disks.add(victim.name)
    disk.fill()
    return disk.empty


def storm(quorum, victim, dice: random.Random) -> End:
    return Storm(quorum.cluster, victim, dice, dice.randint(50, 300)).end


def nothing(quorum, victim, dice: random.Random) -> End:
    return lambda: None


CUTS = {
    "drop": cut("drop"),
    "drop-from": cut("drop_from"),
    "drop-to": cut("drop_to"),
    "reject": cut("reject_with_reset"),
    "reset": cut("reset_established"),
    "loss": lose,
    "cable": pull_cable,
    "interface": interface_down,
}

KINDS = [
    Kind("master-kill", "master", kill, 8, lossless=False),
    Kind("master-hang", "master", hang, 6, lossless=False),
    Kind("master-shutdown", "master", shut_down, 4, lossless=False),
    Kind("replica-kill", "replica", kill, 3),
    Kind("replica-hang", "replica", hang, 3),
    Kind("replica-shutdown", "replica", shut_down),
    Kind("sentinel-kill", "sentinel", kill, 4, restarts_sentinel=True),
    Kind("sentinel-hang", "sentinel", hang, 4),
    Kind("sentinel-shutdown", "sentinel", shut_down, restarts_sentinel=True),
    Kind("sentinel-term", "sentinel", terminate, restarts_sentinel=True),
    *(Kind(f"master-{name}", "master", start, lossless=False, network=True)
      for name, start in CUTS.items()),
    *(Kind(f"replica-{name}", "replica", start, 1, network=True)
      for name, start in CUTS.items()),
    *(Kind(f"sentinel-{name}", "sentinel", start, 1, network=True)
      for name, start in CUTS.items()),
    Kind("split", "master", split, 4, lossless=False, network=True,
         alone=True),
    Kind("failover", "sentinel", fail_over, 4, lossless=False),
    Kind("coordinated", "sentinel", hand_over, 6, alone=True),
    Kind("reset", "sentinel", reset, 2),
    Kind("set", "sentinel", set_options, 3),
    Kind("disk-read-only", "sentinel", read_only_disk, 3, disk=True),
    Kind("disk-full", "sentinel", full_disk, 3, disk=True),
    Kind("storm", "sentinel", storm, 3),
    Kind("pause", "none", nothing, 2),
]
