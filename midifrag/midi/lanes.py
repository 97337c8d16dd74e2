"""What waits for one output port: what goes first, what is left out, and what is said again.

While a port is behind, an LED that changes again before its last change went out shows only the newest (latest wins
per LED), and notifications go before LEDs.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Hashable

import mido

from midifrag.midi.protocol import OutputPort

#: Messages of one port that may wait before LEDs are thinned out.
PRESSURE = 256
#: Notifications of one port that may wait; beyond it the oldest are left out and counted.
NOTIFICATION_LIMIT = 4096


class Lane:
    """One port and what waits for it."""

    def __init__(self, port: OutputPort, from_time: float, again_seconds: float | None) -> None:
        self.port = port
        self.from_time = from_time
        self.again_seconds = again_seconds
        self.closed = False
        #: Feedback is kept back; what insists goes out all the same.
        self.held = False
        self.silenced = False
        self.insistent: deque[mido.Message] = deque()
        #: Each message with whether it is for an LED that may be said again.
        self.queue: deque[tuple[mido.Message, bool]] = deque()
        self.latest: OrderedDict[Hashable, mido.Message] = OrderedDict()
        #: What LEDs were told last, and when that is to be said again, the first first.
        self.again: OrderedDict[Hashable, tuple[float, mido.Message]] = OrderedDict()
        #: What is being sent, and whether it is for an LED.
        self.sending: tuple[mido.Message, bool] | None = None

    def put(self, message: mido.Message, led: bool) -> int:
        """Enqueue; returns how many messages were left out for it."""
        if led and (self.held or self.latest or len(self.queue) >= PRESSURE):
            key = led_key(message)
            replaced = self.latest.pop(key, None)
            self.latest[key] = message
            return int(replaced is not None)
        if self.silenced and not led and message.type != "sysex":
            return 1
        self.queue.append((message, led))
        if len(self.queue) > NOTIFICATION_LIMIT:
            self.queue.popleft()
            return 1
        return 0

    def take(self, now: float) -> mido.Message:
        """The next message to send; there must be one."""
        if self.insistent:
            message, led, is_said_again = self.insistent.popleft(), False, False
        elif self.queue:
            (message, led), is_said_again = self.queue.popleft(), True
        elif self.latest:
            message, led, is_said_again = self.latest.popitem(last=False)[1], True, True
        else:
            message, led, is_said_again = self.again.popitem(last=False)[1][1], True, False
        self.sending = message, led
        # System exclusive is never a note about a fragment: it sets a controller up, or lights it.
        if is_said_again and self.again_seconds is not None and (led or message.type == "sysex"):
            key = led_key(message)
            self.again.pop(key, None)
            self.again[key] = (now + self.again_seconds, message)
        return message

    @property
    def waits(self) -> bool:
        """Whether something is to be sent that was not yet."""
        return bool(self.insistent or (not self.held and (self.queue or self.latest)))

    @property
    def is_out(self) -> bool:
        """Whether nothing but lights is to be sent, as far as anything may be."""
        queue = () if self.held else self.queue
        is_sending = self.sending is not None and not self.sending[1]
        return not (is_sending or self.insistent or any(not led for _message, led in queue))

    @property
    def due(self) -> float | None:
        """From when on there is something to send, in monotonic seconds; None where there is nothing."""
        if self.waits:
            return self.from_time
        return next(iter(self.again.values()))[0] if self.again and not self.held else None


def led_key(message: mido.Message) -> Hashable:
    """Which LED ``message`` lights: the same key, the same LED. RGB messages end in three colour bytes."""
    match message.type:
        case "note_on" | "note_off":
            return ("note", message.channel, message.note)
        case "control_change":
            return ("cc", message.channel, message.control)
        case "pitchwheel":
            return ("bend", message.channel)
        case "sysex":
            return ("sysex", tuple(message.data[:-3]))
        case _:
            return tuple(message.bytes())
