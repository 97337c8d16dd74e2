"""What JACK needs beyond other MIDI systems, all of it seen with RtMidi 6 on JACK 1.9.

Python on JACK's process thread makes a client late, and what arrives meanwhile is lost: inputs are polled. When the
server dies, sending spins for ever once a buffer is full, with the interpreter's lock held, and a new client makes
libjack free the old ones under us: `Heartbeat` finds out before either happens.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from midifrag.midi.protocol import Receive

#: Messages that may wait in C++ for a polled input, and how often it is looked at, in seconds.
QUEUE = 16384
POLL_SECONDS = 0.001
#: Messages sent between two heartbeats: well below what fills RtMidi's 16 KiB buffer.
BEAT_EVERY = 1000
#: How long a living server may take to carry a heartbeat, and how often one is sent meanwhile, in seconds.
BEAT_SECONDS = 2.0
BEAT_AGAIN_SECONDS = 0.1
#: The name of the heartbeat's own port.
BEAT_PORT = "alive"

_TICK = [0xF8]


class PolledInput:
    """An input whose messages a thread of ours fetches."""

    def __init__(self, client: Any, receive: Receive) -> None:
        self._client = client
        self._receive = receive
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="midi input", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread, then close."""
        self._closing = True
        self._thread.join()
        self._client.close_port()
        self._client.delete()

    def _run(self) -> None:
        while not self._closing:
            packet = self._client.get_message()
            if packet is None:
                time.sleep(POLL_SECONDS)
            else:
                self._receive(packet[0])


class Heartbeat:
    """A message through the server and back tells whether it lives; once dead, it stays dead."""

    def __init__(self, sink: Any, source: Any) -> None:
        self.alive = True
        self._lock = threading.Lock()
        self._sink = sink
        self._source = source
        before = set(sink.get_ports())
        source.ignore_types(timing=False)
        source.open_virtual_port(BEAT_PORT)
        (ours,) = (name for name in sink.get_ports() if name not in before and name.endswith(f":{BEAT_PORT}"))
        sink.open_port(sink.get_ports().index(ours))

    def beat(self) -> bool:
        """Whether the server still carries messages; takes one of its cycles, `BEAT_SECONDS` when it is dead."""
        with self._lock:
            deadline = time.monotonic() + BEAT_SECONDS
            while self.alive and not self._returns():
                self.alive = time.monotonic() < deadline
            return self.alive

    def _returns(self) -> bool:
        self._sink.send_message(_TICK)
        until = time.monotonic() + BEAT_AGAIN_SECONDS
        while time.monotonic() < until:
            if self._source.get_message() is not None:
                return True
            time.sleep(POLL_SECONDS)
        return False


class WatchedOutput:
    """An output that makes sure, now and then, that the server lives."""

    def __init__(self, client: Any, heartbeat: Heartbeat) -> None:
        self._client = client
        self._heartbeat = heartbeat
        self._sent = 0

    def send(self, message: Any) -> None:
        """Send one message. Raises OSError when the server died."""
        if not self._heartbeat.alive or (self._sent == BEAT_EVERY and not self._heartbeat.beat()):
            raise OSError("the JACK server died")
        self._sent = self._sent % BEAT_EVERY + 1
        self._client.send_message(message.bytes())

    def close(self) -> None:
        """Close; what was sent before still goes out."""
        self._client.close_port()
        self._client.delete()
