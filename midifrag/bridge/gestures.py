"""Single, double and long presses: what a note meant is told by how long it was held and what came after it.

Time is that of the messages; `Gestures.elapse` says what it is when none comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from midifrag.config.gestures import GestureSettings
from midifrag.intents import Hand, Intent, LetGo, Release, Touch


@dataclass(slots=True)
class _Pending:
    """A press whose kind is not known yet; ``release`` once it was let go."""

    touch: Touch
    release: Release | None = None


class Gestures:
    """Waits until a press is told, then has ``act`` do what it meant; ``settings`` are those in use."""

    def __init__(self, act: Callable[[Hand, Intent], None], settings: Callable[[], GestureSettings]) -> None:
        self._act = act
        self._settings = settings
        self._pending: dict[Hand, _Pending] = {}

    def touch(self, touch: Touch) -> None:
        """A note went down."""
        self.elapse(touch.time)
        earlier = self._pending.pop(touch.hand, None)
        if earlier is not None and earlier.touch.double and touch.double:
            self._do(touch.hand, touch.double)
            return
        if earlier is not None:
            # Its release was lost.
            self._single(earlier)
        self._pending[touch.hand] = _Pending(touch)

    def release(self, release: Release) -> bool:
        """A note was let go; whether that was all there is to it."""
        self.elapse(release.time)
        pending = self._pending.get(release.hand)
        if pending is None or pending.release is not None:
            return pending is not None
        pending.release = release
        if not pending.touch.double or release.time >= self._double_ends(pending):
            del self._pending[release.hand]
            self._single(pending)
        return True

    def let_go(self, what: LetGo) -> None:
        """All that is down on a channel of a port is let go."""
        for hand in list(self._pending):
            if hand.port == what.port and what.channel in (None, hand.channel):
                self.release(Release(hand.number, hand.channel, hand.port, what.time, by=hand))

    def finish(self) -> None:
        """Nothing more will come: every press that waits to be told is a single one."""
        pending, self._pending = self._pending, {}
        for one in pending.values():
            self._single(one)

    def clear(self) -> None:
        """Nothing that was pressed means anything any more."""
        self._pending.clear()

    def elapse(self, now: float) -> None:
        """It is ``now``, in monotonic seconds: presses that are told by that are done."""
        for hand, pending in sorted(self._pending.items(), key=lambda item: self._due(item[1])):
            if self._due(pending) > now or self._pending.get(hand) is not pending:
                continue
            del self._pending[hand]
            if pending.release is None and pending.touch.long:
                self._do(hand, pending.touch.long)
            else:
                self._single(pending)

    @property
    def due(self) -> float | None:
        """When `elapse` has something to do next, in monotonic seconds; None where nothing waits."""
        return min(map(self._due, self._pending.values()), default=None)

    def _due(self, pending: _Pending) -> float:
        if pending.release is None and pending.touch.long:
            return pending.touch.time + self._settings().long_press
        return self._double_ends(pending)

    def _double_ends(self, pending: _Pending) -> float:
        return pending.touch.time + self._settings().double_press

    def _single(self, pending: _Pending) -> None:
        self._do(pending.touch.hand, pending.touch.single)
        if pending.release is not None:
            self._act(pending.touch.hand, pending.release)

    def _do(self, hand: Hand, intents: Iterable[Intent]) -> None:
        for intent in intents:
            self._act(hand, intent)
