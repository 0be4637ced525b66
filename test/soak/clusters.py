"""The clusters of a soak: as in the tests on real servers, but they stay when
they are closed, and a sentinel's state file may have a disk of its own."""

import contextlib
import os
import shutil
import subprocess

import redis

from cluster import Cluster, wait_for
from network_cluster import NetworkCluster, client_from

# A small disk, so that it is filled at once.
DISK_OPTIONS = "size=256k,mode=700"


def can_mount() -> bool:
    return os.environ.get("SOAK_MOUNTS") == "1"


class Disk:
    """A file system in memory for one state file."""

    def __init__(self, sentinel) -> None:
        self.sentinel = sentinel
        self.directory = sentinel.directory / "state"
        self.directory.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", DISK_OPTIONS, "tmpfs",
                        str(self.directory)], check=True)
        shutil.move(sentinel.conf, self.directory)
        sentinel.conf = self.directory / sentinel.conf.name

    def _remount(self, option: str) -> bool:
        done = subprocess.run(
            ["mount", "-o", f"remount,{option}", str(self.directory)],
            capture_output=True, check=False)
        return done.returncode == 0

    def make_read_only(self) -> None:
        # Busy as long as a write goes on.
        wait_for(lambda: self._remount("ro"), 10, "the disk is read-only")

    def make_writable(self) -> None:
        wait_for(lambda: self._remount("rw"), 10, "the disk is writable")

    def fill(self) -> None:
        with contextlib.suppress(OSError):
            with open(self.directory / "filler", "wb", buffering=0) as file:
                while True:
                    file.write(b"x" * 4096)

    def empty(self) -> None:
        (self.directory / "filler").unlink(missing_ok=True)

    def close(self) -> None:
        """What was on it is kept beside it."""
        shutil.copy(self.sentinel.conf, self.sentinel.directory)
        subprocess.run(["umount", "--lazy", str(self.directory)], check=False)


class Staying:
    """What both kinds of clusters do otherwise here."""

    def equip(self) -> None:
        self.disks = {}
        self.client_place = None

    def add_disk(self, sentinel) -> None:
        if can_mount() and not sentinel.reference:
            self.disks[sentinel.name] = Disk(sentinel)

    def end(self) -> None:
        self.recorder.closing = True
        for process in self.sentinels + self.servers:
            if process.alive():
                process.resume()
            process.end()
        self.recorder.close()
        for disk in self.disks.values():
            disk.close()


class LoopbackCluster(Staying, Cluster):
    def client_to(self, address, port, **options):
        options.setdefault("password", self.password)
        return redis.Redis(address, port, socket_timeout=0.5,
                           socket_connect_timeout=0.5, decode_responses=True,
                           **options)

    def close(self) -> None:
        self.end()


class NamespaceCluster(Staying, NetworkCluster):
    """Each process has a host of its own, and the client too."""

    def equip(self) -> None:
        super().equip()
        self.client_place = self.lab.host("client")

    def client_to(self, address, port, **options):
        options.setdefault("password", self.password)
        return client_from(self.client_place, address, port,
                           socket_timeout=0.5, socket_connect_timeout=0.5,
                           **options)

    def close(self) -> None:
        self.lab.heal()
        self.end()
        self.lab.close()
