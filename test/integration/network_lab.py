"""A lab of network namespaces: hosts around one router, and its faults.

Each host is a network namespace of its own with one interface; a router, in a
namespace too, joins them. All faults are made in the router, as a network
would: a host neither knows nor helps. Nothing of it has a name on the machine:
a namespace lives as long as the descriptor that this process holds and the
processes in it, so two labs never meet, and the kernel removes a lab whose
process was killed. A host is always reached from the test itself by its
loopback address, on which there are no faults (Host.entered).
"""

import contextlib
import ctypes
import functools
import os
import shutil
import socket
import subprocess

from forwarder import DelayLine

CLONE_NEWNET = 0x40000000
ROUTER_ADDRESS = "169.254.1.1"
DELAY_DEVICE = "delay"
DELAY_TABLE = "100"

libc = ctypes.CDLL(None, use_errno=True)


@functools.lru_cache(maxsize=None)
def missing():
    """Why there can be no lab here, or None."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    for tool in ("unshare", "nsenter", "ip", "ss", "nft"):
        if not shutil.which(tool):
            return f"a network lab needs {tool}"
    script = ("ip link add a1 type veth peer name b1 && nft -f - <<E\n"
              "table ip t { chain c { type filter hook forward priority 0;\n"
              "numgen random mod 100 < 5 drop\n"
              "meta l4proto tcp reject with tcp reset\n}\n}\nE\n")
    done = subprocess.run(["unshare", "-n", "sh", "-c", script],
                          capture_output=True, text=True)
    if done.returncode:
        return f"no network namespaces with nftables here: {done.stderr!r}"
    return None


def cannot_delay():
    """Why packets cannot be delayed here, or None."""
    if not os.path.exists("/dev/net/tun"):
        return "delay needs /dev/net/tun"
    return None


def check(result, what):
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


class Namespace:
    """A network namespace, which is gone when this is closed and the last
    process in it has ended."""

    def __init__(self):
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        try:
            check(libc.unshare(CLONE_NEWNET), "unshare")
            try:
                self.fd = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
            finally:
                check(libc.setns(before, CLONE_NEWNET), "setns")
        finally:
            os.close(before)
        self.path = f"/proc/{os.getpid()}/fd/{self.fd}"

    @contextlib.contextmanager
    def entered(self):
        """The calling thread is in it: the sockets it makes and the processes
        it starts belong there, and stay there."""
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        try:
            check(libc.setns(self.fd, CLONE_NEWNET), "setns")
            try:
                yield self
            finally:
                check(libc.setns(before, CLONE_NEWNET), "setns")
        finally:
            os.close(before)

    def set(self, name, value):
        """A sysctl of net.ipv4."""
        with self.entered():
            with open(f"/proc/sys/net/ipv4/{name}", "w") as file:
                file.write(str(value))

    def ip(self, *lines):
        """Runs lines of ip(8)."""
        with self.entered():
            subprocess.run(["ip", "-4", "-batch", "-"], check=True, text=True,
                           input="\n".join(lines) + "\n")

    def close(self):
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None


class Fault:
    """Something that is wrong with the network until heal() is called: the
    lines are rules of nftables for packets that the router passes on."""

    def __init__(self, lab, rules):
        self.lab = lab
        self.rules = rules

    def heal(self):
        if self in self.lab.faults:
            self.lab.faults.remove(self)
            self.lab.apply()


class Host:
    """A host of a lab. The faults are told from its own point of view; without
    another host they are about all."""

    def __init__(self, lab, name, number):
        self.lab = lab
        self.name = name
        self.address = f"10.111.{number // 250}.{number % 250 + 1}"
        self.port = f"p{number}"  # of the router
        self.namespace = Namespace()
        self.entered = self.namespace.entered
        self.within = ["nsenter", f"--net={self.namespace.path}"]
        lab.router.ip(f"link add {self.port} type veth peer name eth0 "
                      f"netns {self.namespace.path}",
                      f"addr add {ROUTER_ADDRESS}/32 dev {self.port}")
        self.namespace.ip("link set lo up",
                          f"addr add {self.address}/32 dev eth0")
        self._interface_on()
        self.link_up()

    def __repr__(self):
        return f"<host {self.name} {self.address}>"

    # ---- What runs there ----

    def popen(self, argv, **options):
        """A process on this host, as subprocess.Popen."""
        return subprocess.Popen([*self.within, *argv], **options)

    def run(self, argv, **options):
        """The same, until it has ended, as subprocess.run."""
        return subprocess.run([*self.within, *argv], **options)

    def connect(self, address, timeout=5):
        """A TCP connection from this host."""
        with self.entered():
            return socket.create_connection(address, timeout)

    # ---- What can go wrong ----

    def drop_from(self, other=None, port=None):
        """What OTHER sends does not come here."""
        return self.lab.add(f"{match(other, self, port)} drop")

    def drop_to(self, other=None, port=None):
        """What this host sends does not come to OTHER."""
        return self.lab.add(f"{match(self, other, port)} drop")

    def drop(self, other=None):
        """Nothing passes, either way."""
        return self.lab.add(f"{match(self, other)} drop",
                            f"{match(other, self)} drop")

    def reject_with_reset(self, other=None, port=None):
        """Whatever this host sends by TCP to OTHER is answered by a reset."""
        return self.lab.add(f"{match(self, other, port)} meta l4proto tcp "
                            "reject with tcp reset")

    def reset_established(self, other=None):
        """Connections with OTHER are reset at the first packet of either side
        that carries no SYN. New ones come about, and meet the same fate."""
        rule = "tcp flags & syn == 0 reject with tcp reset"
        return self.lab.add(f"{match(self, other)} {rule}",
                            f"{match(other, self)} {rule}")

    def refuse(self, other=None, how="port-unreachable"):
        """Whatever this host sends to OTHER is answered by an ICMP error."""
        return self.lab.add(f"{match(self, other)} reject with icmp {how}")

    def lose(self, percent, other=None):
        """So many packets are lost at random, each way."""
        rule = f"numgen random mod 1000 < {int(percent * 10)} drop"
        return self.lab.add(f"{match(self, other)} {rule}",
                            f"{match(other, self)} {rule}")

    def link_down(self, silent=True):
        """The cable is pulled. The rest of the network says nothing to who
        sends here, or, if not SILENT, that the host cannot be reached."""
        kind = "blackhole" if silent else "unreachable"
        self.lab.router.ip(f"link set {self.port} down",
                           f"route replace {kind} {self.address}/32")
        self.lab.links_down.add(self)

    def link_up(self):
        self.lab.router.ip(
            f"link set {self.port} up",
            f"route replace {self.address}/32 dev {self.port}")
        self.lab.links_down.discard(self)

    def interface_down(self):
        """The host itself takes its interface down: it has no route at all,
        and its own calls fail at once."""
        self.namespace.ip("link set eth0 down")
        self.lab.interfaces_down.add(self)

    def interface_up(self):
        self._interface_on()
        self.lab.interfaces_down.discard(self)

    def _interface_on(self):
        self.namespace.ip(
            "link set eth0 up",
            f"route replace default via {ROUTER_ADDRESS} dev eth0 onlink")

    def heal(self):
        """Its link and its interface are up; rules stay."""
        if self in self.lab.interfaces_down:
            self.interface_up()
        if self in self.lab.links_down:
            self.link_up()


def match(source, target, port=None):
    """The rule for what goes from SOURCE to TARGET, of which None is any."""
    text = ""
    if source is not None:
        text += f"ip saddr {source.address} "
    if target is not None:
        text += f"ip daddr {target.address} "
    if port is not None:
        text += f"tcp dport {port} "
    return text


class Lab:
    """Hosts and the router between them. Ends with its `with` block."""

    def __init__(self):
        self.hosts = {}
        self.faults = []
        self.links_down = set()
        self.interfaces_down = set()
        self.delay_line = None
        self.router = Namespace()
        self.router.ip("link set lo up")
        self.router.set("ip_forward", 1)
        self.router.set("icmp_ratelimit", 0)
        for name in ("all", "default"):
            self.router.set(f"conf/{name}/rp_filter", 0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def host(self, name):
        """The host of that name, which is made when it is first asked for."""
        if name not in self.hosts:
            host = Host(self, name, len(self.hosts))
            self.hosts[name] = host
            if self.delay_line:
                self._send_by_delay(host)
        return self.hosts[name]

    # ---- Faults ----

    def add(self, *rules):
        fault = Fault(self, list(rules))
        self.faults.append(fault)
        self.apply()
        return fault

    def apply(self):
        """All rules are replaced at one moment."""
        rules = [f'oifname "{DELAY_DEVICE}" accept']  # it comes by again
        for fault in self.faults:
            rules += fault.rules
        text = ("add table ip faults\ndelete table ip faults\n"
                "table ip faults { chain forward {\n"
                "type filter hook forward priority 0; policy accept;\n"
                + "\n".join(rules) + "\n}\n}\n")
        with self.router.entered():
            subprocess.run(["nft", "-f", "-"], input=text, text=True,
                           check=True)

    def partition(self, *groups):
        """Nothing passes between hosts of different groups. Hosts of no group
        reach all."""
        rules = []
        for group in groups:
            for other in groups:
                if group is not other and group and other:
                    rules.append(f"ip saddr {many(group)} "
                                 f"ip daddr {many(other)} drop")
        return self.add(*rules)

    def lose(self, percent):
        """So many of all packets are lost at random."""
        return self.add(
            f"numgen random mod 1000 < {int(percent * 10)} drop")

    def delay(self, delay_ms):
        """Each packet takes so long from host to host; 0 ends it."""
        if self.delay_line is None and delay_ms > 0:
            with self.router.entered():
                self.delay_line = DelayLine(DELAY_DEVICE)
            self.router.ip(
                f"link set {DELAY_DEVICE} up",
                f"route add default dev {DELAY_DEVICE} table {DELAY_TABLE}")
            self.router.set(f"conf/{DELAY_DEVICE}/rp_filter", 0)
            for host in self.hosts.values():
                self._send_by_delay(host)
        if self.delay_line is not None:
            self.delay_line.delay_ms = delay_ms

    def _send_by_delay(self, host):
        self.router.ip(f"rule add iif {host.port} lookup {DELAY_TABLE}")

    def heal(self):
        """All works again."""
        self.faults.clear()
        self.apply()
        self.delay(0)
        for host in self.hosts.values():
            host.heal()

    def close(self):
        if self.delay_line is not None:
            self.delay_line.close()
            self.delay_line = None
        for host in self.hosts.values():
            host.namespace.close()
        self.router.close()


def many(hosts):
    return "{ " + ", ".join(host.address for host in hosts) + " }"
