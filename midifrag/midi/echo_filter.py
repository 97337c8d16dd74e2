"""Our own feedback that comes back: a controller with MIDI-thru, or a DAW track that monitors our output."""

from __future__ import annotations

import threading
from collections import Counter, deque

import mido

#: A message that repeats what we sent at most this long ago is an echo, in seconds.
ECHO_SECONDS = 0.05

#: What can press, move or select; anything else that comes back does no harm.
_KINDS = frozenset({"note_on", "control_change", "program_change"})


class EchoFilter:
    """Tells our own messages from a performer's; safe to call from the port's callbacks and the output thread.

    Each message sent excuses one arrival on each input port, so that a real press between two echoes counts.
    """

    def __init__(self, seconds: float = ECHO_SECONDS) -> None:
        self.seconds = seconds
        #: Echoes per input port.
        self.counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._sent: deque[tuple[float, tuple[int, ...], set[str]]] = deque()

    def sent(self, message: mido.Message, time: float) -> None:
        """Remember that ``message`` goes out at ``time`` (monotonic seconds). Call before it does."""
        if _presses(message):
            with self._lock:
                self._forget(time)
                self._sent.append((time, tuple(message.bytes()), set()))

    def is_echo(self, port: str, message: mido.Message, time: float) -> bool:
        """Whether ``message``, arrived on ``port`` at ``time``, is one of ours coming back."""
        if not self._sent or not _presses(message):
            return False
        data = tuple(message.bytes())
        with self._lock:
            self._forget(time)
            for _, sent, seen in self._sent:
                if sent == data and port not in seen:
                    seen.add(port)
                    self.counts[port] += 1
                    return True
        return False

    def _forget(self, time: float) -> None:
        while self._sent and time - self._sent[0][0] > self.seconds:
            self._sent.popleft()


def _presses(message: mido.Message) -> bool:
    # Releases pass: a release that is lost is worse than one too many.
    return message.type in _KINDS and not (message.type == "note_on" and message.velocity == 0)
