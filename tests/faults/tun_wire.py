"""A line between two network namespaces of this machine: delay, jitter, loss, rate and cuts for packets of real TCP.

Two TUN devices (https://docs.kernel.org/networking/tuntap.html), each in a namespace of its own, and a thread that
carries packets between them. Needs root on Linux. A thread is in one namespace at a time: what it opens stays there.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import fcntl
import os
import random
import struct
import subprocess
import sys
import threading
from pathlib import Path

from tests.support import PATIENCE

#: Of ``linux/if_tun.h`` and ``linux/sched.h``: make a device, TUN without a header of its own, a network namespace.
TUNSETIFF, IFF_TUN, IFF_NO_PI, CLONE_NEWNET = 0x400454CA, 0x0001, 0x1000, 0x40000000
#: The two ends.
NEAR, FAR = "10.77.0.1", "10.77.0.2"
#: Seconds of packets that a line at its rate holds before it drops some, and packets that are read in one go.
QUEUE, AT_ONCE = 0.15, 64
_CARRIES, _NAMESPACES = Path("/dev/net/tun"), Path("/var/run/netns")


def is_possible() -> bool:
    """Whether this machine has such a line."""
    return sys.platform == "linux" and os.geteuid() == 0 and _CARRIES.exists()


class TunWire:
    """Seconds of ``delay`` and ``jitter``, a share of ``loss``, bytes a second of ``rate``, each way."""

    def __init__(self, delay=0.0, jitter=0.0, loss=0.0, rate=None, seed=1):
        self._delay, self._jitter, self._loss, self._rate = delay, jitter, loss, rate
        self._random = random.Random(seed)
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._names = tuple(f"midifrag{os.getpid()}{end}" for end in "ab")
        self._is_cut = False
        self.packets = self.dropped = 0
        self._up = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._carry()), daemon=True)

    def __enter__(self):
        self._home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        try:
            for name in self._names:
                subprocess.run(["ip", "netns", "add", name], check=True)
            self._ends = [self._device(NEAR, FAR), self._device(FAR, NEAR)]
            self._thread.start()
            assert self._up.wait(PATIENCE)
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, *_error):
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(PATIENCE)
        for end in self._ends:
            os.close(end)
        self._remove()

    def _remove(self):
        self._go(self._home)
        os.close(self._home)
        for name in self._names:
            subprocess.run(["ip", "netns", "del", name], check=False, stderr=subprocess.DEVNULL)

    def cut(self):
        """Nothing goes through any more, and nobody hears that."""
        self._is_cut = True

    def mend(self):
        """What is sent from now on goes through again."""
        self._is_cut = False

    @contextlib.contextmanager
    def at(self, end):
        """This thread is at an end of the line, `NEAR` or `FAR`, and those that it starts are."""
        name = self._names[0 if end == NEAR else 1]
        with (_NAMESPACES / name).open(encoding="ascii") as namespace:
            self._go(namespace.fileno())
        try:
            yield
        finally:
            self._go(self._home)

    def _go(self, namespace):
        if self._libc.setns(namespace, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")

    def _device(self, mine, peer):
        with self.at(mine):
            device = os.open(_CARRIES, os.O_RDWR | os.O_NONBLOCK)
            fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", b"line", IFF_TUN | IFF_NO_PI))
            for command in (
                f"ip addr add {mine} peer {peer} dev line",
                "ip link set line up mtu 1500 txqueuelen 2000",
                "ip link set lo up",
            ):
                subprocess.run(command.split(), check=True)
        return device

    async def _carry(self):
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        self._free_at, self._last_at = [0.0, 0.0], [0.0, 0.0]
        for number, end in enumerate(self._ends):
            self._loop.add_reader(end, self._read, number)
        self._up.set()
        await self._over.wait()
        for end in self._ends:
            self._loop.remove_reader(end)

    def _read(self, number):
        for _ in range(AT_ONCE):
            try:
                packet = os.read(self._ends[number], 2048)
            except BlockingIOError:
                return
            self.packets += 1
            at = self._arrival(number, len(packet))
            if at is None:
                self.dropped += 1
            else:
                self._loop.call_at(at, self._put, 1 - number, packet)

    def _arrival(self, number, size):
        """When a packet that was sent now arrives; None for never."""
        now = self._loop.time()
        if self._is_cut or self._random.random() < self._loss:
            return None
        leaves = now
        if self._rate:
            if self._free_at[number] - now > QUEUE:
                return None
            leaves = self._free_at[number] = max(now, self._free_at[number]) + size / self._rate
        at = leaves + max(0.0, self._delay + self._random.uniform(-1, 1) * self._jitter)
        # In order, as on one line.
        self._last_at[number] = at = max(at, self._last_at[number] + 1e-6)
        return at

    def _put(self, number, packet):
        if self._is_cut:
            self.dropped += 1
            return
        with contextlib.suppress(OSError):
            os.write(self._ends[number], packet)
