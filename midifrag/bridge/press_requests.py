"""What presses ask for, as pads were pressed last, under live values and in musical time."""

from __future__ import annotations

from dataclasses import dataclass

from midifrag.bridge.set_list import SetList
from midifrag.config.banks import Bank
from midifrag.config.pads import Pad
from midifrag.config.press_request import PressRequest, Released, press_request
from midifrag.intents import Press, PressPad
from midifrag.pad_key import PadKey

#: The velocity that is assumed for a pad that has not been pressed yet (0–1).
USUAL_VELOCITY = 100 / 127


@dataclass(frozen=True, slots=True, eq=False)
class _Same:
    """Equal to what holds the very same object."""

    one: object

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.one is self.one


class PressRequests:
    """Works out what is asked for in a set list by who plays now, and remembers when and how hard pads were pressed."""

    def __init__(self, set_list: SetList) -> None:
        self._set_list = set_list
        self._recent: dict[tuple[str, PadKey], tuple[float, float]] = {}
        #: What was worked out last for a pad's next press, and from what: it is asked for a few times a second.
        self._asked: dict[tuple[str, PadKey], tuple[tuple[object, ...], PressRequest]] = {}
        #: The pad that each performer pressed last, by their names and the bank.
        self._newest: dict[tuple[str, str], PadKey] = {}

    def pressed(self, key: PadKey, press: Press | PressPad, bank: str | None = None) -> None:
        """Remember when and how hard a pad of the active bank, or of another one, was pressed."""
        bank = self._set_list.bank.slug if bank is None else bank
        self._recent[bank, key] = (press.time, press.velocity)
        self._newest[self._set_list.who, bank] = key

    def last_pressed(self) -> PadKey | None:
        """The pad of the active bank that who plays now pressed last, if they did."""
        key = self._newest.get((self._set_list.who, self._set_list.bank.slug))
        return key if key in self._set_list.bank.pads else None

    def by_last_press(self) -> list[tuple[str, PadKey]]:
        """The pads of all active banks, the one pressed last first."""
        pads = [(bank.slug, key) for bank in self._set_list.active_banks for key in bank.pads]
        return sorted(pads, key=lambda place: -self._last(place[1], place[0])[0])

    def of(
        self,
        pad: Pad,
        velocity: float,
        key: PadKey | None = None,
        bank: Bank | None = None,
        released: Released | None = None,
    ) -> PressRequest:
        """What a press of ``pad`` asks for with this velocity (0–1).

        Without ``key`` it has no live values of its own; ``bank`` is that where it began, if that is another one.
        """
        set_list = self._set_list
        bank = bank or set_list.bank
        return press_request(
            set_list.settings,
            bank,
            pad,
            values=set_list.values.effective_on(key, bank.slug),
            velocity=velocity,
            released=released,
            bpm=set_list.time.bpm,
            land=set_list.land,
            slots=set_list.slots(),
        )

    def next_of(self, key: PadKey, bank: Bank | None = None) -> PressRequest:
        """What the next press of a pad of the active bank, or of another, asks for if it is as hard as the last one."""
        bank = bank or self._set_list.bank
        pad, velocity = bank.pads[key], self._last(key, bank.slug)[1]
        # The set, a bank and a pad by identity: they are never changed, but replaced, and long to compare.
        made_of = *map(_Same, (self._set_list.settings, bank, pad)), velocity, self._heard_of(key, bank)
        kept = self._asked.get((bank.slug, key))
        if kept is None or kept[0] != made_of:
            kept = self._asked[bank.slug, key] = made_of, self.of(pad, velocity, key, bank)
        return kept[1]

    def typed(self, pad: Pad) -> PressRequest:
        """What a typed prompt asks for: what controls have set does not count."""
        one = self._set_list
        return press_request(one.settings, one.bank, pad, bpm=one.time.bpm, land=one.land, slots=one.slots())

    def _heard_of(self, key: PadKey, bank: Bank) -> tuple[object, ...]:
        """What else a pad's next press depends on."""
        one = self._set_list
        return one.values.effective_on(key, bank.slug), one.time.bpm, one.land, one.slots()

    def _last(self, key: PadKey, bank: str) -> tuple[float, float]:
        return self._recent.get((bank, key), (0.0, USUAL_VELOCITY))
