"""The queue between the ports' callbacks and the bridge: keeps every press, bounds everything else.

While the reader is behind, a control's newest position replaces one that still waits, as long as no press lies between
them (a press must see the controls as they were); beyond a limit, ticks and other messages are left out and counted.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Hashable, Iterable
from typing import Any

from midifrag.midi.messages import Aftertouch, ControlChange, MidiEvent, NoteOn, Nrpn, PitchBend, Tick

#: Waiting events per port, beyond which clock ticks are left out, and beyond which all others but presses are.
TICK_LIMIT, OTHER_LIMIT = 256, 20_000
#: Waiting presses per port, beyond which even they are left out: some minutes of a DIN cable's full load.
PRESS_LIMIT = 100_000
#: CCs from here on are channel mode messages (all sound off, …), not positions.
CHANNEL_MODE = 120


class Inbox:
    """A queue for one reader and many writers; takes MIDI events and anything else, and keeps their order.

    ``switches`` are the CC numbers of buttons and encoders, ``pads`` the CCs of pads, by port, channel (None: any) and
    number, and ``encoders`` the non-registered parameters that encoders send: each of their messages counts.
    ``coalesced`` and ``dropped`` count, per port, moves that a newer one replaced and events that were left out.
    """

    def __init__(
        self,
        switches: Iterable[int] = (),
        *,
        tick_limit: int = TICK_LIMIT,
        other_limit: int = OTHER_LIMIT,
        press_limit: int = PRESS_LIMIT,
    ) -> None:
        self.switches = frozenset(switches)
        self.pads: frozenset[tuple[str, int | None, int]] = frozenset()
        self.encoders: frozenset[int] = frozenset()
        self.coalesced: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self._tick_limit = tick_limit
        self._other_limit = other_limit
        self._press_limit = press_limit
        self._ready = threading.Condition()
        self._items: OrderedDict[int, Any] = OrderedDict()
        self._next = 0
        self._moves: dict[Hashable, int] = {}
        #: Per port, what waits, and how much of it are presses.
        self._waiting: Counter[str] = Counter()
        self._presses: Counter[str] = Counter()

    def put(self, item: Any) -> None:
        """Append ``item``; never blocks."""
        port = item.port if isinstance(item, MidiEvent) else None
        with self._ready:
            if port is not None and self._full(item, port):
                self.dropped[port] += 1
                return
            key = self._move_key(item)
            if key is None:
                if not isinstance(item, Tick):
                    self._moves.clear()
            else:
                older = self._moves.get(key)
                if older is not None and self._items.pop(older, None) is not None:
                    self.coalesced[port or ""] += 1
                    self._waiting[port or ""] -= 1
                self._moves[key] = self._next
            self._items[self._next] = item
            self._next += 1
            if port is not None:
                self._waiting[port] += 1
                self._presses[port] += isinstance(item, NoteOn)
            self._ready.notify()

    def get(self, timeout: float | None = None) -> Any:
        """The oldest item; waits up to ``timeout`` seconds (None: for ever) and raises TimeoutError."""
        with self._ready:
            if not self._ready.wait_for(lambda: bool(self._items), timeout):
                raise TimeoutError
            _, item = self._items.popitem(last=False)
            if isinstance(item, MidiEvent):
                self._waiting[item.port] -= 1
                self._presses[item.port] -= isinstance(item, NoteOn)
            return item

    def __len__(self) -> int:
        return len(self._items)

    def _full(self, item: Any, port: str) -> bool:
        if isinstance(item, NoteOn):
            return self._presses[port] >= self._press_limit
        if isinstance(item, Tick):
            return self._waiting[port] >= self._tick_limit
        return self._waiting[port] - self._presses[port] >= self._other_limit

    def is_pad(self, item: ControlChange) -> bool:
        """Whether a pad, or a button beside a grid, sends it."""
        if not self.pads:
            return False
        return (item.port, item.channel, item.cc) in self.pads or (item.port, None, item.cc) in self.pads

    def _move_key(self, item: Any) -> Hashable | None:
        match item:
            case ControlChange() if item.cc < CHANNEL_MODE and not (item.cc in self.switches or self.is_pad(item)):
                return (item.port, item.channel, item.cc)
            case Nrpn(step=0) if item.number not in self.encoders:
                return (item.port, item.channel, "nrpn", item.number)
            case PitchBend():
                return (item.port, item.channel, "bend")
            case Aftertouch():
                return (item.port, item.channel, "aftertouch", item.note)
            case _:
                return None
