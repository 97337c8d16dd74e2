"""The set list as it is played: the active bank, live values, musical time, and what a press asks for under them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain

from midifrag.boundary import Land
from midifrag.bridge.layouts import Layouts
from midifrag.bridge.timekeeper import Timekeeper
from midifrag.bridge.values import LiveValues, StoredValues
from midifrag.config.banks import Bank
from midifrag.config.loading import Loaded
from midifrag.config.pads import Pad
from midifrag.config.performers import MAIN, performer_of, performers, slots_of
from midifrag.config.press_request import LandRequest, PressRequest, Released, land_request, press_request
from midifrag.config.settings import Settings
from midifrag.events import StateChange
from midifrag.intents import Press, PressPad, SelectBank, ShowBanks, TurnPage
from midifrag.midi.decoding import Pair, Parameter
from midifrag.midi.held import Held
from midifrag.midi.mapping import Mapper
from midifrag.midi.switches import Switches
from midifrag.pad_key import PadKey

#: The velocity that is assumed for a pad that has not been pressed yet (0–1).
USUAL_VELOCITY = 100 / 127


@dataclass(slots=True)
class _Performer:
    """What each performer has alone: the active bank's place, its values, and what messages mean in it."""

    index: int
    values: LiveValues
    mapper: Mapper


@dataclass(frozen=True, slots=True, eq=False)
class _Same:
    """Equal to what holds the very same object."""

    one: object

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.one is self.one

    def __hash__(self) -> int:
        return id(self.one)


class SetList:
    """The banks, which of them is active, what controls and velocities have set, and the show's ``time``.

    Where several perform, each has an active bank. What is said of the active bank here, its values and its mapper, is
    said of the performer whose turn it is (`turn_to`): the one whose message, or whose pad, is dealt with.
    """

    def __init__(self, loaded: Loaded, now: float = 0.0) -> None:
        self.loaded = loaded
        self.time = Timekeeper(loaded.settings, now)
        #: What an action has fragments wait for, whatever pads say.
        self.land: Land | None = None
        #: How buttons and pedals stand, over all banks.
        self.switches = Switches()
        self._layouts = Layouts()
        #: Which notes and buttons are down, over all banks.
        self.down = Held()
        #: Who is dealt with now.
        self.who = MAIN
        self._stored = StoredValues()
        self._stored.tempo = lambda: self.time.timeline.bpm
        self._performers: dict[str, _Performer] = {}
        self._know_performers()
        self._recent: dict[tuple[str, PadKey], tuple[float, float]] = {}
        #: What was worked out last for a pad's next press, and from what: it is asked for a few times a second.
        self._asked: dict[tuple[str, PadKey], tuple[tuple[object, ...], PressRequest]] = {}
        #: The pad that each performer pressed last, by their names and the bank.
        self._newest: dict[tuple[str, str], PadKey] = {}

    def _know_performers(self) -> None:
        """Everybody who plays a port has an active bank, the first where nothing else is said."""
        known = self._performers
        self._performers = {}
        for name in performers(self.settings.ports):
            self._performers[name] = known.get(name) or self._begin(0)
        if self.who not in self._performers:
            self.who = MAIN

    def _begin(self, index: int) -> _Performer:
        bank = self.loaded.banks[index]
        values = LiveValues(self.settings, bank, self.loaded.banks, self._stored)
        return _Performer(index, values, self._mapper(bank))

    # --- who plays ---------------------------------------------------------------------------------------------------

    @property
    def performers(self) -> tuple[str, ...]:
        """All who play, the main one first."""
        return tuple(self._performers)

    def turn_to(self, port: str | None) -> None:
        """What follows is of who plays a port (None, or what is no port: the main performer)."""
        self.who = MAIN if port is None else performer_of(self.settings.ports, port)
        if self.who not in self._performers:
            self.who = MAIN

    def is_of_who(self, port: str) -> bool:
        """Whether the performer whose turn it is plays a port."""
        return performer_of(self.settings.ports, port) == self.who

    @contextmanager
    def as_performer(self, name: str) -> Iterator[None]:
        """For a while, what is asked is of this performer."""
        before, self.who = self.who, name
        try:
            yield
        finally:
            self.who = before

    @property
    def active_banks(self) -> tuple[Bank, ...]:
        """The banks that somebody plays, each once, the main performer's first."""
        return tuple({one.index: self.loaded.banks[one.index] for one in self._performers.values()}.values())

    @property
    def mappers(self) -> tuple[Mapper, ...]:
        """Everybody's mapper, in their order."""
        return tuple(one.mapper for one in self._performers.values())

    def heard_together(self) -> tuple[frozenset[Pair], frozenset[Parameter]]:
        """The messages of 14 bits, and the parameters, that are mapped in the active banks, each on who plays it."""
        if len(self._performers) == 1:
            return self.mappers[0].pairs, self.mappers[0].nrpns
        ports = self.settings.ports
        pairs, nrpns = set[Pair](), set[Parameter]()
        for port in ports:
            mapper = self._performers[performer_of(ports, port)].mapper
            pairs |= {(port, channel, cc) for on, channel, cc in mapper.pairs if on in (None, port)}
            nrpns |= {(port, channel, number) for on, channel, number in mapper.nrpns if on in (None, port)}
        return frozenset(pairs), frozenset(nrpns)

    @property
    def _now(self) -> _Performer:
        return self._performers[self.who]

    @property
    def index(self) -> int:
        """The place of the active bank."""
        return self._now.index

    @property
    def values(self) -> LiveValues:
        """The live values, as they count in the active bank."""
        return self._now.values

    @property
    def mapper(self) -> Mapper:
        """What MIDI events mean in the active bank."""
        return self._now.mapper

    @property
    def bank(self) -> Bank:
        """The active bank."""
        return self.loaded.banks[self.index]

    @property
    def settings(self) -> Settings:
        """The settings."""
        return self.loaded.settings

    def named(self, slug: str) -> Bank:
        """The bank that is called so, the active one where none is."""
        return next((bank for bank in self.loaded.banks if bank.slug == slug), self.bank)

    def find(self, select: SelectBank) -> int | None:
        """The place of the bank that is asked for."""
        banks = self.loaded.banks
        if select.offset is not None:
            return (self.index + select.offset) % len(banks)
        if select.slug is not None:
            return next((i for i, bank in enumerate(banks) if bank.slug == select.slug), None)
        there = [i for i, bank in enumerate(banks) if bank.program == select.program]
        of_select = (i for i in there if banks[i].bank_select == (select.bank or 0))
        of_any = (i for i in there if banks[i].bank_select is None)
        return next(chain(of_select, of_any), None)

    def reload(self, loaded: Loaded, now: float = 0.0) -> list[StateChange]:
        """Use another configuration and keep the bank where it still is there; what that changes about the time."""
        slugs = {name: self.loaded.banks[one.index].slug for name, one in self._performers.items()}
        self.loaded = loaded
        self._know_performers()
        for name, slug in slugs.items():
            if name not in self._performers:
                continue
            with self.as_performer(name):
                self.activate(next((i for i, bank in enumerate(loaded.banks) if bank.slug == slug), 0))
        return self.time.use(loaded.settings, now)

    def activate(self, index: int) -> None:
        """Make a bank the active one."""
        if index != self.index:
            ports = self.settings.ports
            self._layouts.turn_back(port for port in ports if performer_of(ports, port) == self.who)
        self._now.index = index
        self.values.configure(self.settings, self.bank, self.loaded.banks)
        self._now.mapper = self._mapper(self.bank)

    def show(self, change: TurnPage | ShowBanks) -> list[StateChange]:
        """Have ports show another page, or another number of banks; how they show them now."""
        ports = self.settings.ports
        told = self._layouts.show(change, ports, lambda port: self._performers[performer_of(ports, port)].mapper.desk)
        for one in self._performers.values():
            one.mapper = self._mapper(self.loaded.banks[one.index])
        return told

    def layouts(self) -> list[StateChange]:
        """What ports show of the banks, where that is not as the set says."""
        return self._layouts.told()

    def _mapper(self, bank: Bank) -> Mapper:
        return Mapper(self.settings, bank, self.switches, self.down, self.loaded.banks, self._layouts.shown)

    def holds(self, bank: str, pad: PadKey) -> bool:
        """Whether a bank has a pad."""
        return any(one.slug == bank and pad in one.pads for one in self.loaded.banks)

    # --- what presses ask for ----------------------------------------------------------------------------------------

    def pressed(self, key: PadKey, press: Press | PressPad, bank: str | None = None) -> None:
        """Remember when and how hard a pad of the active bank, or of another one, was pressed."""
        bank = self.bank.slug if bank is None else bank
        # At the end, as it is the newest.
        self._recent.pop((bank, key), None)
        self._recent[bank, key] = (press.time, press.velocity)
        self._newest[self.who, bank] = key

    def last_pressed(self) -> PadKey | None:
        """The pad of the active bank that who plays now pressed last, if they did."""
        key = self._newest.get((self.who, self.bank.slug))
        return key if key in self.bank.pads else None

    def by_last_press(self) -> list[PadKey]:
        """The active bank's pads, the one pressed last first."""
        return sorted(self.bank.pads, key=lambda key: -self._last(key)[0])

    def all_by_last_press(self) -> list[tuple[str, PadKey]]:
        """The pads of all active banks, the one pressed last first."""
        pads = [(bank.slug, key) for bank in self.active_banks for key in bank.pads]
        return sorted(pads, key=lambda place: -self._last(place[1], place[0])[0])

    def request(
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
        bank = bank or self.bank
        return press_request(
            self.settings,
            bank,
            pad,
            values=self.values.effective_on(key, bank.slug),
            velocity=velocity,
            released=released,
            bpm=self.time.bpm,
            land=self.land,
            slots=self.slots(),
        )

    def slots(self) -> tuple[int, ...] | None:
        """The slots that fragments of who plays now may take; None for all."""
        settings = self.settings
        return slots_of(settings.performers, settings.ports, settings.fragments.count, self.who)

    def landing(self) -> LandRequest:
        """How what no pad began lands."""
        return land_request(self.settings, self.bank, live=self.land, slots=self.slots())

    def next_request(self, key: PadKey, bank: Bank | None = None) -> PressRequest:
        """What the next press of a pad of the active bank, or of another, asks for if it is as hard as the last one."""
        bank = bank or self.bank
        pad, velocity = bank.pads[key], self._last(key, bank.slug)[1]
        # The set, a bank and a pad by identity: they are never changed, but replaced, and long to compare.
        made_of = *map(_Same, (self.settings, bank, pad)), velocity, self._heard_of(key, bank)
        kept = self._asked.get((bank.slug, key))
        if kept is None or kept[0] != made_of:
            kept = self._asked[bank.slug, key] = made_of, self.request(pad, velocity, key, bank)
        return kept[1]

    def _heard_of(self, key: PadKey, bank: Bank) -> tuple[object, ...]:
        """What else a pad's next press depends on."""
        return self.values.effective_on(key, bank.slug), self.time.bpm, self.land, self.slots()

    def typed_request(self, pad: Pad) -> PressRequest:
        """What a typed prompt asks for: what controls have set does not count."""
        return press_request(self.settings, self.bank, pad, bpm=self.time.bpm, land=self.land, slots=self.slots())

    def _last(self, key: PadKey, bank: str | None = None) -> tuple[float, float]:
        return self._recent.get((bank or self.bank.slug, key), (0.0, USUAL_VELOCITY))
