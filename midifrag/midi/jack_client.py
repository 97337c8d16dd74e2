"""JACK from inside the process that is there for it alone (`midifrag.midi.jack_process`), as RtMidi on JACK 1.9 has it.

Messages go through python-rtmidi, whose part of JACK's process thread is C++: Python there makes a client late, and
what arrives meanwhile is lost. Inputs are polled for the same reason. What RtMidi does not tell (connections, whether
the server lives and has real-time scheduling) is asked through JACK-Client, on the same libjack.
"""

from __future__ import annotations

import contextlib
import ctypes.util
import importlib
import os
import threading
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import rtmidi

from midifrag.clock import monotonic
from midifrag.midi.jack_owners import owners
from midifrag.midi.jack_waking import clients_of, memory_maps, wakes

#: Messages that may wait in C++ for an input, how many are fetched in a row, and the pause where there are none, in
#: seconds: the longer one where nothing has come for a while, as a thousand looks a second cost 3 % of a core.
QUEUE = 16384
IN_A_ROW = 256
POLL_SECONDS, IDLE_POLL_SECONDS, IDLE_AFTER_SECONDS = 0.001, 0.004, 1.0
#: Bytes that an output may take in between two cycles: RtMidi spins for ever, with the interpreter's lock held, when
#: its buffer of 16 KiB is full. Each message takes some bytes more than its own.
ROOM, ROOM_EACH = 8192, 8
#: A server that runs no cycle for so long does not answer, in seconds.
STALL_SECONDS = 2.0
#: So many looks in a row at which somebody hears nothing are a mix-up.
DEAF_LOOKS = 3
#: Seconds after which others are looked at once more: what they know of us may be lost, or was not to be seen.
LOOK_AGAIN_SECONDS = 10.0
#: How long a client name that somebody still holds is waited for, in seconds: ours, of before, may be on its way out.
NAME_SECONDS = 0.5
#: Where JACK has its semaphores on Linux.
SHARED = Path("/dev/shm")  # noqa: S108 - JACK's choice
#: Our ends of connections to devices are called so; they are no devices themselves.
CONNECTION_ENDS = {"in": "midifrag input", "out": "midifrag output"}


def server_name() -> str:
    """What the server is called that clients of this process find."""
    return os.environ.get("JACK_DEFAULT_SERVER", "default")


def forget_dead(client: str) -> None:
    """Remove what a server that was killed has left of a client of this name: the next one would wait at it in vain."""
    with contextlib.suppress(OSError, AttributeError):
        (SHARED / f"jack_sem.{os.getuid()}_{server_name()}_{client}").unlink()


class NoServerError(Exception):
    """No JACK server runs."""


class Opened(NamedTuple):
    """A port of ours: its RtMidi client, its full name, and the port that it should be connected to (None: virtual).

    ``asked`` is what its client was to be called, and its direction.
    """

    client: Any
    own: str
    device: str | None
    asked: tuple[str, str]


def load_jack() -> Any:
    """JACK-Client on the libjack that python-rtmidi brought along: another one may talk to another server."""
    lines = memory_maps().splitlines()
    loaded = next((line.split(maxsplit=5)[5] for line in lines if "/libjack" in line), None)
    find = ctypes.util.find_library
    if loaded is not None:
        ctypes.util.find_library = lambda name: loaded if name == "jack" else find(name)
    try:
        return importlib.import_module("jack")
    finally:
        ctypes.util.find_library = find


class JackSide:
    """Our clients on one server, for as long as that lives: libjack does not survive a second one in a process.

    Raises `NoServerError` where there is none; blocks where there is one that does not answer.
    """

    def __init__(self, jack: Any, client: str) -> None:
        self._jack = jack
        try:
            # It has no ports, so nobody connects it by its name: one that no dead client has left anything under.
            self._watch = jack.Client(f"{client}-{os.getpid()}", no_start_server=True)
        except jack.JackError as error:
            raise NoServerError(str(error)) from error
        self.ended = threading.Event()
        self._watch.set_shutdown_callback(lambda *_: self.ended.set())
        self._ports: dict[int, Opened] = {}
        #: Clients without a port. None leaves while its server lives: a program that comes at that moment would take
        #: the next client for it, and never wake that one (`wakes`).
        self._parked: dict[tuple[str, str], Any] = {}
        self._polled = threading.Lock()
        self._frames, self._frames_time = self._watch.last_frame_time, monotonic()
        self._taken = 0
        self._deaf_looks = 0
        #: Inputs of ours and what plays to them, by their ports, where nothing speaks against their being woken.
        self._woken: set[tuple[str, str]] = set()
        self._looked_again = monotonic()

    @property
    def realtime(self) -> bool:
        """Whether the server has real-time scheduling."""
        return bool(self._watch.realtime)

    def names(self, direction: str) -> list[str]:
        """The MIDI ports of others that can be opened in ``direction``, and our own virtual ones."""
        ports = self._watch.get_ports(is_midi=True, is_output=direction == "in", is_input=direction == "out")
        return [
            port.name for port in ports if not port.name.endswith(tuple(f":{end}" for end in CONNECTION_ENDS.values()))
        ]

    def open(self, number: int, direction: str, name: str, *, virtual: bool, client: str) -> str:
        """Open port ``number``; returns the name that its client got. Raises OSError and RuntimeError."""
        before = {port.name for port in self._watch.get_ports(is_midi=True)}
        made = self._client(client, direction)
        end = name if virtual else CONNECTION_ENDS[direction]
        try:
            if virtual:
                made.open_virtual_port(name)
            else:
                made.open_port(made.get_ports().index(name), end)
        except ValueError as error:
            made.delete()
            raise OSError(f"{name!r} went away while it was opened") from error
        except (OSError, RuntimeError):
            made.delete()
            raise
        if direction == "in":
            made.ignore_types(sysex=False, timing=False, active_sense=True)
        names = [port.name for port in self._watch.get_ports(is_midi=True) if port.name not in before]
        own: str | None = next((one for one in names if one.startswith(client) and one.endswith(f":{end}")), None)
        if own is None:
            made.delete()
            raise OSError(f"the port of {client} went away while it was opened")
        with self._polled:
            self._ports[number] = Opened(made, own, None if virtual else name, (client, direction))
        return own.removesuffix(f":{end}")

    def _client(self, name: str, direction: str) -> Any:
        parked = self._parked.pop((name, direction), None)
        if parked is not None:
            return parked
        self._wait_for_name(name)
        if not self._is_taken(name):
            forget_dead(name)
        if direction == "in":
            return rtmidi.MidiIn(rtapi=rtmidi.API_UNIX_JACK, name=name, queue_size_limit=QUEUE)
        return rtmidi.MidiOut(rtapi=rtmidi.API_UNIX_JACK, name=name)

    def close(self, number: int) -> None:
        """Close a port; what was sent before still goes out."""
        with self._polled:
            opened = self._ports.pop(number, None)
        if opened is not None:
            opened.client.close_port()
            if self._parked.setdefault(opened.asked, opened.client) is not opened.client:
                opened.client.delete()

    def send(self, number: int, data: bytes) -> None:
        """Send one message; nothing where the port is not open."""
        opened = self._ports.get(number)
        if opened is None:
            return
        self._taken += len(data) + ROOM_EACH
        if self._taken > ROOM:
            self._wait_for_cycles()
            self._taken = len(data) + ROOM_EACH
        opened.client.send_message(data)

    def receive(self, pass_on: Callable[[int, Sequence[int]], None]) -> None:
        """Fetch for ever what comes in, and give it to ``pass_on`` with the port's number."""
        newest = monotonic()
        while True:
            with self._polled:
                inputs = [
                    (number, port.client)
                    for number, port in self._ports.items()
                    if isinstance(port.client, rtmidi.MidiIn)
                ]
                came = [
                    (number, packet[0])
                    for number, client in inputs
                    for packet in islice(iter(client.get_message, None), IN_A_ROW)
                ]
            for number, data in came:
                pass_on(number, data)
            now = monotonic()
            if came:
                newest = now
            else:
                time.sleep(POLL_SECONDS if now - newest < IDLE_AFTER_SECONDS else IDLE_POLL_SECONDS)

    def stalled(self) -> bool:
        """Whether the server has run no cycle for `STALL_SECONDS`. Ask several times a second."""
        frames, now = self._watch.last_frame_time, monotonic()
        if frames != self._frames:
            self._frames, self._frames_time = frames, now
        return now - self._frames_time > STALL_SECONDS

    def broken(self) -> list[int]:
        """The ports that are gone or are not connected to their device any more."""
        return [number for number, port in self._snapshot() if not self._stands(port)]

    def is_mixed_up(self) -> bool:
        """Whether a client of ours, or one that is connected to an output of ours, is never woken (`wakes`).

        Ask several times a second. Nothing in this process mends that: only another one does, for whose clients the
        others forget those of this one.
        """
        # Of one that has just come, the news may be on its way.
        self._deaf_looks = self._deaf_looks + 1 if self._is_unknown_here() or self._is_unknown_there() else 0
        return self._deaf_looks >= DEAF_LOOKS

    def _is_unknown_here(self) -> bool:
        maps = memory_maps()
        waits = {port.own for _, port in self._snapshot()}
        waits |= {other for _, other in self._pairs(rtmidi.MidiOut)}
        return any(wakes(maps, server_name(), *clients_of(port)) is False for port in waits)

    def _is_unknown_there(self) -> bool:
        pairs = self._pairs(rtmidi.MidiIn)
        # Others are looked at seldom once they are seen to know us: that costs them a little, too.
        if monotonic() - self._looked_again > LOOK_AGAIN_SECONDS:
            self._looked_again = monotonic()
            self._woken.clear()
        self._woken &= pairs
        self._woken |= {pair for pair in pairs - self._woken if self._knows(*pair)}
        return self._woken != pairs

    def _knows(self, own: str, other: str) -> bool:
        memories = [memory_maps(process) for client in clients_of(other) for process in owners(client)]
        here = [maps for maps in memories if wakes(maps, server_name(), *clients_of(other))]
        return all(wakes(maps, server_name(), *clients_of(own)) for maps in here)

    def _pairs(self, kind: type) -> set[tuple[str, str]]:
        """Our ports of this kind, each with one that is connected to it, by their full names."""
        owns = [port.own for _, port in self._snapshot() if isinstance(port.client, kind)]
        return {(own, other) for own in owns for other in self._others(own)}

    def _others(self, own: str) -> set[str]:
        try:
            others = self._watch.get_all_connections(self._watch.get_port_by_name(own))
        except self._jack.JackError:
            return set()
        return {other.name for other in others}

    def _snapshot(self) -> list[tuple[int, Opened]]:
        with self._polled:
            return list(self._ports.items())

    def _stands(self, port: Opened) -> bool:
        try:
            own = self._watch.get_port_by_name(port.own)
            return port.device is None or port.device in {other.name for other in self._watch.get_all_connections(own)}
        except self._jack.JackError:
            return False

    def _wait_for_name(self, client: str) -> None:
        until = monotonic() + NAME_SECONDS
        while monotonic() < until and self._is_taken(client):
            time.sleep(0.02)

    def _is_taken(self, client: str) -> bool:
        return any(port.name.startswith(f"{client}:") for port in self._watch.get_ports(is_midi=True))

    def _wait_for_cycles(self) -> None:
        start = self._watch.last_frame_time
        with contextlib.suppress(self._jack.JackError):
            while not self.ended.is_set() and self._watch.last_frame_time - start < 2 * self._watch.blocksize:
                time.sleep(POLL_SECONDS)
