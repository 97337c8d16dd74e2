"""The set list as it is played: who plays which bank, with which live values, and musical time."""

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
from midifrag.config.performers import MAIN, performer_of, performers, slots_of
from midifrag.config.press_request import LandRequest, land_request
from midifrag.config.settings import Settings
from midifrag.events import StateChange
from midifrag.intents import SelectBank, ShowBanks, TurnPage
from midifrag.midi.decoding import Pair, Parameter
from midifrag.midi.held import Held
from midifrag.midi.mapping import Mapper
from midifrag.midi.switches import Switches
from midifrag.pad_key import PadKey


@dataclass(slots=True)
class _Performer:
    """What each performer has alone: the active bank's place, its values, and what messages mean in it."""

    index: int
    values: LiveValues
    mapper: Mapper


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

    def slots(self) -> tuple[int, ...] | None:
        """The slots that fragments of who plays now may take; None for all."""
        settings = self.settings
        return slots_of(settings.performers, settings.ports, settings.fragments.count, self.who)

    def landing(self) -> LandRequest:
        """How what no pad began lands."""
        return land_request(self.settings, self.bank, live=self.land, slots=self.slots())
