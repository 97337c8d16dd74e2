"""How everything stands, folded from state changes: the bridge, lights, terminal, page and demo all look at one."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field, replace
from typing import assert_never

from midifrag.config.banks import Bank
from midifrag.config.layout import Shown
from midifrag.config.loading import Loaded
from midifrag.config.performers import MAIN, performer_of
from midifrag.events import (
    BankChanged,
    ConfigurationChanged,
    ControlChanged,
    EngineChanged,
    JobChanged,
    LayoutChanged,
    Meters,
    Notice,
    PadChanged,
    PlaybackChanged,
    PortChanged,
    SlotsChanged,
    Sounding,
    StateChange,
    TakeChanged,
    TimeChanged,
)
from midifrag.fragment.slot_state import SlotState
from midifrag.pad_key import PadKey
from midifrag.states import UNDER_WAY, EngineState, JobState, PadState
from midifrag.timeline import Timeline

#: Landings that the latency figures look back on, and notices and ended jobs that are kept.
LANDINGS, NOTICES, FINISHED = 200, 50, 100


@dataclass
class View:
    """Feed it changes with `apply` from one thread; read it under `lock` from another."""

    configuration: Loaded | None = None
    bank: BankChanged | None = None
    performers: dict[str, BankChanged] = field(default_factory=dict)
    pads: dict[tuple[str, PadKey], PadChanged] = field(default_factory=dict)
    slots: tuple[SlotState, ...] = ()
    jobs: dict[int, JobChanged] = field(default_factory=dict)
    finished: deque[JobChanged] = field(default_factory=lambda: deque(maxlen=FINISHED))
    engines: dict[str, EngineChanged] = field(default_factory=dict)
    ports: dict[tuple[str, str], PortChanged] = field(default_factory=dict)
    controls: dict[str, ControlChanged] = field(default_factory=dict)
    layouts: dict[str, Shown] = field(default_factory=dict)
    pad_values: dict[tuple[str, PadKey, str], ControlChanged] = field(default_factory=dict)
    time: Timeline | None = None
    playback: PlaybackChanged | None = None
    sounding: dict[int, Sounding] = field(default_factory=dict)
    meters: Meters | None = None
    notices: deque[Notice] = field(default_factory=lambda: deque(maxlen=NOTICES))
    latencies: deque[float] = field(default_factory=lambda: deque(maxlen=LANDINGS))
    lock: threading.RLock = field(default_factory=threading.RLock)

    def apply(self, change: StateChange) -> None:
        """Take in one change."""
        with self.lock:
            match change:
                case ConfigurationChanged(loaded):
                    self._configure(loaded)
                case BankChanged(performer=performer):
                    self._turn_back(change)
                    if performer == MAIN:
                        self.bank = change
                        # Those of its pads follow.
                        self.pad_values.clear()
                    self.performers[performer] = change
                    self.pads |= {(pad.bank, pad.pad): pad for pad in change.pads}
                case PadChanged(bank, pad):
                    self.pads[bank, pad] = change
                case SlotsChanged(slots):
                    self.slots = slots
                case JobChanged():
                    self._job(change)
                case EngineChanged():
                    self._engine(change)
                case PortChanged(port, direction):
                    self.ports[port, direction] = change
                case LayoutChanged(port, page, side):
                    self.layouts[port] = Shown(page, side)
                case ControlChanged():
                    self._control(change)
                case TimeChanged(timeline):
                    self.time = timeline
                case PlaybackChanged():
                    self.playback = change
                case Sounding(slot):
                    self._sounds(slot, change)
                case Meters():
                    self.meters = change
                case Notice():
                    self.notices.append(change)
                case TakeChanged():
                    pass  # what the archive holds is asked of the archive
                case _:
                    assert_never(change)

    # --- looking at it -----------------------------------------------------------------------------------------------

    @property
    def banks(self) -> tuple[Bank, ...]:
        """The banks of the configuration in use."""
        return self.configuration.banks if self.configuration else ()

    @property
    def active_bank(self) -> Bank | None:
        """The bank that is played now."""
        return next((bank for bank in self.banks if self.bank and bank.slug == self.bank.slug), None)

    def bank_on(self, port: str) -> BankChanged | None:
        """The bank that is active for who plays a port."""
        ports = self.configuration.settings.ports if self.configuration else {}
        return self.performers.get(performer_of(ports, port), self.bank)

    @property
    def ready_models(self) -> frozenset[str]:
        """The models that are loaded and warm."""
        return frozenset(model for model, engine in self.engines.items() if engine.state is EngineState.READY)

    def pads_of(self, bank: Bank, now: float) -> tuple[PadChanged, ...]:
        """The pads of ``bank`` as they are shown; at rest where they are bound to, not where last pressed."""
        shown = []
        for key, pad in bank.pads.items():
            last = self.pads.get((bank.slug, key))
            if last is None or last.state is PadState.IDLE:
                last = PadChanged(bank.slug, key, pad.port, key.channel or 1, key.note, PadState.IDLE, pad.colour, now)
            elif last.state is PadState.READY:
                last = replace(last, port=pad.port)
            shown.append(last)
        return tuple(shown)

    def pad_of(self, slug: str, key: PadKey) -> PadChanged | None:
        """How a pad is shown; one of a bank that is not active only what is under way: nobody tells what it is else."""
        pad = self.pads.get((slug, key))
        is_active = self.bank is not None and self.bank.slug == slug
        if pad is not None and (is_active or pad.state in UNDER_WAY):
            return pad
        if is_active:
            return None
        bank = next((one for one in self.banks if one.slug == slug), None)
        own = bank.pads.get(key) if bank is not None else None
        return PadChanged(slug, key, None, key.channel or 1, key.note, PadState.IDLE, own.colour if own else None, 0.0)

    @property
    def open_ports(self) -> frozenset[tuple[str, str]]:
        """The ports that are open, each with its direction."""
        return frozenset(place for place, port in self.ports.items() if port.state == "open")

    def surroundings(self) -> list[StateChange]:
        """Slots, engines, ports and what sounds as changes, for someone who starts watching."""
        slots: list[StateChange] = [SlotsChanged(self.slots)] if self.slots else []
        playback: list[StateChange] = [self.playback] if self.playback else []
        return [*slots, *self.engines.values(), *self.ports.values(), *playback, *self.sounding.values()]

    def percentile(self, share: float) -> float | None:
        """The press-to-landed time, in seconds, that ``share`` (0–1) of the last landings stayed within."""
        with self.lock:
            ordered = sorted(self.latencies)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else None

    # --- folding -----------------------------------------------------------------------------------------------------

    def _configure(self, loaded: Loaded) -> None:
        self.configuration = loaded
        places = {(bank.slug, key) for bank in loaded.banks for key in bank.pads}
        self.pads = {place: pad for place, pad in self.pads.items() if place in places}

    def _turn_back(self, change: BankChanged) -> None:
        """Another bank of a performer begins at its first page."""
        before = self.performers.get(change.performer)
        ports = self.configuration.settings.ports if self.configuration else {}
        for port, shown in self.layouts.items() if before is not None and before.slug != change.slug else ():
            if performer_of(ports, port) == change.performer:
                self.layouts[port] = replace(shown, page=0)

    def _control(self, change: ControlChanged) -> None:
        name, bank, pad = change.name, change.bank, change.pad
        if change.performer != MAIN:
            return
        if pad is None:
            self.controls[name] = change
        elif change.waiting:
            # It stays what it is, and may be everybody's.
            return
        elif change.value is None:
            self.pad_values.pop((bank, pad, name), None)
        else:
            self.pad_values[bank, pad, name] = change

    def _job(self, change: JobChanged) -> None:
        if not change.state.ended:
            self.jobs[change.job] = change
            return
        self.jobs.pop(change.job, None)
        self.finished.append(change)
        latency = change.times.until_landed
        if change.state is JobState.LANDED and latency is not None:
            self.latencies.append(latency)

    def _sounds(self, slot: int, change: Sounding) -> None:
        if change.on:
            self.sounding[slot] = change
        else:
            self.sounding.pop(slot, None)

    def _engine(self, change: EngineChanged) -> None:
        before = self.engines.get(change.model)
        info = change.info or (before.info if before else None)
        self.engines[change.model] = replace(change, info=info)
