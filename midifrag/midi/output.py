"""The one thread that owns all output ports: callers never wait, whatever a port does.

Messages to one port go out in order. While a port is behind, an LED that changes again before its last change went out
shows only the newest (latest wins per LED), and notifications go before LEDs. On a port that loses messages, what an
LED shows is said once more a little later; notifications never are, as each is an event of its own.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable

import mido

from midifrag.clock import monotonic
from midifrag.midi.lanes import PRESSURE, Lane
from midifrag.midi.protocol import OutputPort
from midifrag.scheduling import run_before_others

#: After so many messages in a row a pause, in seconds: devices and JACK's buffers lose what comes faster.
BURST = 128
BURST_PAUSE = 0.004
#: How long closing waits for messages that are still to go out, in seconds.
CLOSE_SECONDS = 2.0
#: How long giving one port up waits for it to be closed, in seconds: its successor may want its name.
DETACH_SECONDS = 0.5

_log = logging.getLogger(__name__)


class OutputThread:
    """Sends to ports that it is given and closes them.

    ``on_sending(port, message)`` is called just before each message goes out, ``on_failure(port, error)`` when sending
    raised: the port is closed by then. Both run on the output thread.
    """

    def __init__(
        self,
        on_sending: Callable[[str, mido.Message], None] = lambda _port, _message: None,
        on_failure: Callable[[str, Exception], None] = lambda _port, _error: None,
    ) -> None:
        #: Messages per port that a newer one replaced, or that found no room.
        self.left_out: Counter[str] = Counter()
        self._on_sending = on_sending
        self._on_failure = on_failure
        self._lanes: dict[str, Lane] = {}
        self._left: list[Lane] = []
        self._ready = threading.Condition()
        self._closing = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="midi output", daemon=True)
        self._thread.start()

    def attach(
        self, name: str, port: OutputPort, settle_seconds: float = 0.0, again_seconds: float | None = None
    ) -> None:
        """Own ``port`` from now on and send to it what is for ``name``, the first message after ``settle_seconds``.

        With ``again_seconds``, what each LED shows is said again that much later.
        """
        with self._ready:
            self._leave(name)
            self._lanes[name] = Lane(port, monotonic() + settle_seconds, again_seconds)

    def detach(self, name: str) -> None:
        """Close the port of ``name``, at most after `DETACH_SECONDS`, and forget what waits for it."""
        with self._ready:
            lane = self._leave(name)
            if lane is not None and self._thread is not threading.current_thread():
                self._ready.wait_for(lambda: lane.closed, DETACH_SECONDS)

    def hold(self, name: str) -> None:
        """Keep back what is for ``name``: of lights the newest of each LED, of notifications all."""
        with self._ready:
            if name in self._lanes:
                self._lanes[name].held = True

    def silence(self, name: str) -> None:
        """Leave out, from now on, the notifications that are kept back: later they would tell of what is long over."""
        with self._ready:
            lane = self._lanes.get(name)
            if lane is not None:
                lane.silenced = True
                kept = [(message, led) for message, led in lane.queue if led or message.type == "sysex"]
                self.left_out[name] += len(lane.queue) - len(kept)
                lane.queue = deque(kept)

    def release(self, name: str) -> None:
        """Let it go out again."""
        with self._ready:
            if name in self._lanes:
                self._lanes[name].held = self._lanes[name].silenced = False
                self._ready.notify_all()

    def insist(self, name: str, message: mido.Message) -> None:
        """Send one message at once, also to a port whose feedback is held."""
        with self._ready:
            if name in self._lanes:
                self._lanes[name].insistent.append(message)
                self._ready.notify_all()

    def send_now(self, name: str, messages: Iterable[mido.Message]) -> bool:
        """Send messages that are worth nothing later before all that waits; False where the port takes none now."""
        with self._ready:
            lane = self._lanes.get(name)
            if lane is None or self._closing or lane.from_time > monotonic() or len(lane.insistent) >= PRESSURE:
                return False
            lane.insistent.extend(messages)
            self._ready.notify_all()
        return True

    def send(self, name: str, messages: Iterable[mido.Message], *, led: bool = True) -> bool:
        """Enqueue ``messages`` for the port ``name``; False where it is not open. Never blocks on a port."""
        with self._ready:
            lane = self._lanes.get(name)
            if lane is None or self._closing:
                return False
            for message in messages:
                self.left_out[name] += lane.put(message, led)
            self._ready.notify_all()
        return True

    def is_out(self, name: str) -> bool:
        """Whether nothing but lights waits to go out to the port ``name``, as far as that takes any."""
        with self._ready:
            lane = self._lanes.get(name)
            return lane is None or lane.is_out

    def close(self, seconds: float = CLOSE_SECONDS) -> None:
        """Send what waits, close all ports and end; a port that is stuck longer than ``seconds`` is left behind."""
        with self._ready:
            self._closing = True
            for lane in self._lanes.values():
                lane.held = False
            self._ready.notify_all()
        if self._thread is not None:
            self._thread.join(seconds)
            if self._thread.is_alive():
                _log.warning("a MIDI output is stuck; left open")
            self._thread = None

    def _leave(self, name: str) -> Lane | None:
        lane = self._lanes.pop(name, None)
        if lane is not None:
            self._left.append(lane)
            self._ready.notify_all()
        return lane

    def _run(self) -> None:
        run_before_others()
        in_a_row = 0
        while True:
            with self._ready:
                if not self._left and not self._due() and not self._finished():
                    in_a_row = 0
                    self._ready.wait(self._patience())
                left, self._left = self._left, []
                now = monotonic()
                work = [(name, lane, lane.take(now)) for name, lane in self._due()]
                finished = not work and self._finished()
            for lane in left:
                _close(lane.port)
                with self._ready:
                    lane.closed = True
                    self._ready.notify_all()
            for name, lane, message in work:
                self._send(name, lane, message)
                in_a_row += 1
                if in_a_row % BURST == 0:
                    time.sleep(BURST_PAUSE)
            if finished:
                for lane in self._lanes.values():
                    _close(lane.port)
                return

    def _finished(self) -> bool:
        return self._closing and not any(lane.due is not None for lane in self._lanes.values())

    def _due(self) -> list[tuple[str, Lane]]:
        now = monotonic()
        # At the end all is said at once that was to be said again.
        return [
            (name, lane)
            for name, lane in self._lanes.items()
            if lane.due is not None and (lane.due <= now or (self._closing and not lane.waits))
        ]

    def _patience(self) -> float | None:
        times = [lane.due for lane in self._lanes.values() if lane.due is not None]
        return max(min(times) - monotonic(), 0) if times else None

    def _send(self, name: str, lane: Lane, message: mido.Message) -> None:
        self._on_sending(name, message)
        # A port's send may raise anything that its driver thinks of; one broken port must not end the thread.
        try:
            lane.port.send(message)
            lane.sending = None
        except Exception as error:
            with self._ready:
                current = self._lanes.get(name) is lane
                if current:
                    del self._lanes[name]
            _close(lane.port)
            if current:
                self._on_failure(name, error)


def _close(port: OutputPort) -> None:
    try:
        port.close()
    except Exception:
        _log.exception("closing a MIDI output failed")
