"""A JACK client that times another program's answers, and the barest program that answers."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence

import rtmidi

#: Seconds between two looks for an answer.
POLL = 0.0002
#: Seconds to wait for a port that another program opens.
PATIENCE = 120.0
#: An answer later than this, in seconds, counts as lost.
ANSWER_SECONDS = 2.0
ECHO = """
import sys, time, rtmidi
source = rtmidi.MidiIn(rtapi=rtmidi.API_UNIX_JACK, name="echo")
sink = rtmidi.MidiOut(rtapi=rtmidi.API_UNIX_JACK, name="echo")
source.set_callback(lambda packet, _data: sink.send_message(packet[0]))
source.open_virtual_port("echo in"); sink.open_virtual_port("echo out")
print("ready", flush=True); sys.stdin.read()
"""


class Line:
    """A JACK output and input of this process, connected to another program's ports; times answers."""

    def __init__(self, to: str, back: str) -> None:
        self._answered = threading.Event()
        self._at = 0.0
        self._wanted: Callable[[list[int]], bool] = lambda _message: False
        self._source = rtmidi.MidiIn(rtapi=rtmidi.API_UNIX_JACK, name="bench")
        self._sink = rtmidi.MidiOut(rtapi=rtmidi.API_UNIX_JACK, name="bench")
        _connect(self._sink, to)
        _connect(self._source, back)
        # Polled: Python on JACK's thread makes this client late, and the next message, wherever from, is lost.
        threading.Thread(target=self._poll, daemon=True).start()

    def ask(self, message: Sequence[int], wanted: Callable[[list[int]], bool]) -> float | None:
        """Seconds from sending ``message`` to the first answer that is ``wanted``; None if JACK lost either."""
        self._wanted = wanted
        self._answered.clear()
        sent = time.perf_counter()
        self._sink.send_message(message)
        return self._at - sent if self._answered.wait(ANSWER_SECONDS) else None

    def _poll(self) -> None:
        while True:
            packet = self._source.get_message()
            if packet is None:
                time.sleep(POLL)
            elif not self._answered.is_set() and self._wanted(packet[0]):
                self._at = time.perf_counter()
                self._answered.set()


def _connect(client: rtmidi.MidiIn | rtmidi.MidiOut, port: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = [index for index, name in enumerate(client.get_ports()) if port in name]
        if found:
            client.open_port(found[0])
            return
        time.sleep(0.1)
    raise RuntimeError(f"no JACK port with {port!r}")


@contextlib.contextmanager
def echo() -> Iterator[None]:
    """A process that sends back what comes in, from its callback: the least that any MIDI program takes."""
    process = subprocess.Popen([sys.executable, "-c", ECHO], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield
    finally:
        process.kill()
        process.wait()
