"""The bridge: the only owner of live state.

One thread calls `Bridge.handle` with one thing at a time: a MIDI event, an intent, or what an engine, the writer or a
port reports. What changes is published; nothing else mutates state, so there are no locks to reason about.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from midifrag import events
from midifrag.bridge.jobs import Job, Origin
from midifrag.bridge.pads import Resting
from midifrag.bridge.presses import Presses
from midifrag.bridge.renders import Renders
from midifrag.bridge.set_list import SetList
from midifrag.bridge.spares import Wish
from midifrag.bridge.standing import Standing, describe
from midifrag.bridge.warmup import warm_renders
from midifrag.clock import Clock
from midifrag.config.banks import LIMITS, WHOLE, Bank
from midifrag.config.loading import Loaded
from midifrag.engine import messages as engine
from midifrag.engine.protocol import Engines
from midifrag.events import (
    BankChanged,
    ControlChanged,
    EngineChanged,
    Notice,
    PadChanged,
    PadState,
    PortState,
    StateChange,
)
from midifrag.fragment import messages as writer
from midifrag.midi.mapping import Mapper
from midifrag.midi.messages import MidiEvent, PortChanged, Tick, Transport


@dataclass(frozen=True, slots=True)
class FromEngine:
    """What the engine of ``model`` reports."""

    model: str
    event: engine.EngineEvent


@dataclass(frozen=True, slots=True)
class Introduce:
    """Somebody starts watching: tell them alone how everything stands."""

    to: Callable[[list[StateChange]], None]


Item: TypeAlias = MidiEvent | events.Intent | FromEngine | writer.WriterEvent | PortChanged | Introduce | Notice


class Bridge:
    """Turns what happens into what is shown. Never blocks, never touches a port, a file or a device."""

    def __init__(
        self,
        loaded: Loaded,
        engines: Engines,
        write: Callable[[writer.WriterCommand], None],
        publish: Callable[[StateChange], None],
        clock: Clock,
        seeds: random.Random | None = None,
    ) -> None:
        self._set_list = SetList(loaded)
        self._publish_out = publish
        self._write = write
        self._clock = clock
        self._standing = Standing()
        self._engines = engines
        self._stand_ins: set[str] = set()
        self.renders = Renders(engines, write, self._publish, clock, loaded.show.engine.spares, seeds)
        self._presses = Presses(self._set_list, self.renders, self._publish)
        self._resting = Resting(self._standing, self.renders, lambda: self.bank, self._wish_of, self._publish, clock)

    @property
    def bank(self) -> Bank:
        """The active bank."""
        return self._set_list.bank

    @property
    def mapper(self) -> Mapper:
        """What MIDI events mean in the active bank."""
        return self._set_list.mapper

    def handle(self, item: Item) -> None:
        """Take in one thing that happened."""
        match item:
            case FromEngine(model, event):
                self._on_engine(model, event)
            case writer.SlotsChanged(slots):
                self._publish(events.SlotsChanged(slots))
            case writer.TakeChanged(record):
                self._publish(events.ArchiveChanged(record))
            case _ if isinstance(item, writer.WriterEvent):
                self.renders.on_writer(item)
            case PortChanged(port, direction, state, text):
                self._publish(PortState(port, direction, state, text))
            case Introduce(to):
                to(self.everything())
            case Notice():
                self._publish(item)
            case events.Press():
                self._presses.press(item)
            case events.Prompt():
                self._presses.prompt(item)
            case events.MoveControl(control, position, _):
                change = self._set_list.live.move(control, position)
                if change is not None:
                    self._publish(change)
            case events.Release():
                pass
            case _ if isinstance(item, events.Intent):
                self._act(item)
            case Tick() | Transport():
                if self._set_list.tempo.feed(item):
                    self._publish(ControlChanged("tempo", float(self._set_list.tempo.bpm)))
            case _:
                for intent in self.mapper.intents(item):
                    self.handle(intent)

    def housekeeping(self) -> None:
        """Call a few times a second: spares are topped up, pads go from how a press ended to what they are at now."""
        self._top_up()
        self._resting.settle()

    def everything(self) -> list[StateChange]:
        """How everything stands, as changes that build it up."""
        return [
            self._bank_changed(),
            *self._standing.changes(),
            *self._set_list.live.changes(),
            *(job.changed() for job in self.renders.jobs),
        ]

    def _bank_changed(self) -> BankChanged:
        return BankChanged(self.bank.slug, self.bank.name, self._set_list.index, self._resting.pads())

    # --- acting ------------------------------------------------------------------------------------------------------

    def _act(self, intent: Any) -> None:
        match intent:
            case events.SetParameter(name, value):
                self._set(name, value)
            case events.SelectBank():
                self._select(intent)
            case events.LockSlot(slot, locked):
                self._write(writer.SetLock(slot, locked))
            case events.RestoreSlot(slot):
                self._write(writer.RestoreSlot(slot))
            case events.SendTake(take, slot):
                origin = Origin(self.bank.slug, None, f"take {take}", 0, 1, None)
                self.renders.land_archived(take, slot, origin, self._set_list.show.fragments.options())
            case events.StarTake(take, starred):
                self._write(writer.Star(take, starred))
            case events.AnnotateTake(take, note):
                self._write(writer.Annotate(take, note))
            case events.CancelPad(pad):
                self.renders.cancel(self.renders.jobs.pending(self.bank.slug, pad))
            case events.CancelJob(number):
                job: Job | None = self.renders.jobs.get(number)
                self.renders.cancel([job] if job else [])
            case events.ClearQueue():
                self.renders.cancel([j for j in self.renders.jobs.pending() if j.state is PadState.QUEUED])
            case events.Panic():
                self.renders.panic()
                self._resting.settle()
                still = " but what was rendered already" if any(job.writing for job in self.renders.jobs) else ""
                self._publish(Notice("info", f"panic: everything is cancelled{still}"))
            case events.Reload(loaded):
                self._reload(loaded)

    def _set(self, name: str, value: float | None) -> None:
        low, high = LIMITS.get(name, (math.inf, -math.inf))
        if name in LIMITS and value is None:
            self._publish(self._set_list.live.set(name, None))
        elif value is not None and low <= value <= high:
            self._publish(self._set_list.live.set(name, round(value) if name in WHOLE else value))
        else:
            self._publish(Notice("warning", f"{name} cannot be set to {value}; nothing was changed"))

    def _select(self, select: events.SelectBank) -> None:
        index = self._set_list.find(select)
        if index is None:
            wanted = select.slug if select.slug is not None else f"program {select.program}"
            self._publish(Notice("warning", f"no bank for {wanted}; {self.bank.name} stays"))
        elif index != self._set_list.index:
            before = set(self._set_list.live.effective)
            self._set_list.activate(index)
            self._tell_bank(before)

    def _tell_bank(self, before: set[str]) -> None:
        """Tell the bank that is active now and its live values, when those named ``before`` were in effect."""
        self._publish(self._bank_changed())
        for name in sorted(before - set(self._set_list.live.effective)):
            self._publish(ControlChanged(name, None))
        for change in self._set_list.live.changes():
            self._publish(change)

    def _reload(self, loaded: Loaded) -> None:
        known, before = warm_renders(self._set_list.loaded), set(self._set_list.live.effective)
        has_other_tempo = self._set_list.reload(loaded)
        self._standing.keep_pads({(bank.slug, key) for bank in loaded.banks for key in bank.pads})
        self.renders.spares.settings = loaded.show.engine.spares
        if not loaded.show.engine.spares.enabled:
            self.renders.drop_spares()
        for model, renders in warm_renders(loaded).items():
            new = tuple(render for render in renders if render not in known.get(model, ()))
            if new:
                self._engines.send(model, engine.Warm(new))
        if has_other_tempo:
            self._publish(ControlChanged("tempo", float(self._set_list.tempo.bpm)))
        self._tell_bank(before)
        self._publish(Notice("info", "the changed configuration is in use"))

    # --- what engines say --------------------------------------------------------------------------------------------

    def _on_engine(self, model: str, event: engine.EngineEvent) -> None:
        self._engines.note(model, event)
        match event:
            case engine.Warming(done, total, what):
                self._publish(EngineChanged(model, "warming", what, done, total))
            case engine.Ready(info):
                self._publish(EngineChanged(model, "ready", describe(info), info=info))
            case engine.Died(reason, _, restarting):
                self._publish(EngineChanged(model, "restarting" if restarting else "lost", reason))
                self.renders.on_engine(model, event)
                if not restarting:
                    self._stand_in(model)
            case _:
                spare = self.renders.on_engine(model, event)
                if spare is not None:
                    self._resting.show_ready(spare.wish)
                    self._top_up()
                return
        self._top_up()
        self._resting.settle()

    def _stand_in(self, model: str) -> None:
        """Begin with what renders for a model that is lost now, before the next press needs it."""
        other = self._engines.effective(model)
        if other not in self._stand_ins | {model}:
            self._stand_ins.add(other)
            self._publish(Notice("warning", f"{other} renders for {model} from now on"))
            self._engines.send(other, engine.Warm(()))

    def _top_up(self) -> None:
        if not self._set_list.show.engine.spares.enabled:
            return
        wishes = [self._wish_of(self.bank.slug, key) for key in self._set_list.by_last_press()]
        self.renders.top_up([wish for wish in wishes if wish is not None], self._standing.ready_models)

    def _wish_of(self, bank: str, key: str) -> Wish | None:
        if bank != self.bank.slug or key not in self.bank.pads:
            return None
        preset = self._set_list.next_preset(key)
        options = self._set_list.show.fragments.options(self.bank.pads[key].fragment)
        return self.renders.wish(bank, key, preset, self._set_list.model(preset), options)

    # --- telling -----------------------------------------------------------------------------------------------------

    def _publish(self, change: StateChange) -> None:
        if isinstance(change, PadChanged) and not self._set_list.holds(change.bank, change.pad):
            # A light of a pad that is no longer in the configuration would stay on for ever.
            return
        self._standing.note(change)
        self._publish_out(change)
