"""Pads that are held down: what each meant when it was pressed, whatever bank is active when it is let go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from midifrag.config.banks import Bank
from midifrag.config.pads import Pad
from midifrag.config.press_request import PressRules, held
from midifrag.events import PadChanged, StateChange
from midifrag.intents import Hand, LetGo, Press, Release
from midifrag.pad_key import PadKey
from midifrag.states import PadState
from midifrag.timeline import Timeline


@dataclass(frozen=True, slots=True)
class HeldPad:
    """A pad that is held, as it was when it was pressed; it is shown at ``shown``: note, channel, port.

    ``jobs`` are those that the press began.
    """

    press: Press
    bank: Bank
    key: PadKey
    pad: Pad
    rules: PressRules
    shown: tuple[int, int, str | None]
    jobs: tuple[int, ...] = field(default=())

    @property
    def place(self) -> tuple[str, PadKey]:
        """Bank and pad."""
        return self.bank.slug, self.key


class Holding:
    """All pads that are held, the one pressed last at the end. ``line`` is musical time."""

    def __init__(self, publish: Callable[[StateChange], None], line: Callable[[], Timeline]) -> None:
        self._publish = publish
        self._line = line
        self._held: dict[Hand, HeldPad] = {}

    @property
    def holds(self) -> bool:
        """Whether any pad is held."""
        return bool(self._held)

    def hold(self, held_pad: HeldPad) -> None:
        """A pad is held from now on."""
        self._held[held_pad.press.hand] = held_pad

    def take(self, what: Press | Release) -> HeldPad | None:
        """The pad that was held by this hand, which it is no more."""
        return self._held.pop(what.hand, None)

    def take_all(self, what: LetGo | None = None) -> Iterator[HeldPad]:
        """The pads that were held on a channel of a port, or (None) at all, which they are no more."""
        for hand, one in list(self._held.items()):
            if what is None or (hand.port == what.port and what.channel in (None, hand.channel)):
                del self._held[hand]
                yield one

    def in_hand(self, bank: str, is_theirs: Callable[[str], bool] = lambda _port: True) -> PadKey | None:
        """The pad of a bank that is held on a port of theirs; of several, the one that was pressed last."""
        keys = [one.key for hand, one in self._held.items() if one.bank.slug == bank and is_theirs(hand.port)]
        return keys[-1] if keys else None

    def grow(self, now: float) -> None:
        """Show how far the pads have come whose press is as long as they are held."""
        line = self._line()
        for one in self._held.values():
            if one.pad.hold is None or not one.rules.on_release:
                continue
            value, way = held(one.pad.hold, now - one.press.time, line.bpm, line.signature)
            parameter = one.pad.hold.sets.parameter
            text = f"{value:.4g} {parameter.unit}" if parameter.unit else f"{parameter.label} {value:.4g}"
            self._show(one, PadState.GROWING, now, way, text)

    def drop(self, one: HeldPad, now: float) -> None:
        """Show that nothing comes of a pad that was held."""
        if one.rules.on_release:
            self._show(one, PadState.IDLE, now, None, "")

    def _show(self, one: HeldPad, state: PadState, now: float, progress: float | None, text: str) -> None:
        note, channel, port = one.shown
        self._publish(
            PadChanged(one.bank.slug, one.key, port, channel, note, state, one.pad.colour, now, None, progress, text)
        )
