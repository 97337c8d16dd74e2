"""The bridge: the only owner of live state.

One thread calls `Bridge.handle` with one thing at a time: a MIDI event, an intent, or what an engine, the writer or a
port reports. What changes is published; nothing else mutates state, so there are no locks to reason about. The other
modules of this room are parts of the bridge, owned by it alone.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import assert_never

from midifrag.boundary import Land
from midifrag.bridge.absences import Absences
from midifrag.bridge.engine_reports import EngineReports
from midifrag.bridge.items import FromEngine, Introduce, Item, LinkHeard, Reload
from midifrag.bridge.lost_programs import LostPrograms
from midifrag.bridge.pads import PadsAtRest
from midifrag.bridge.presses import Presses
from midifrag.bridge.renders import Renders
from midifrag.bridge.set_list import SetList
from midifrag.bridge.sounding import Sounds
from midifrag.bridge.spares import Wish
from midifrag.bridge.values import LiveValues
from midifrag.bridge.view import View
from midifrag.bridge.warmup import warm_renders
from midifrag.clock import Clock
from midifrag.config.banks import Bank
from midifrag.config.lengths import Limits
from midifrag.config.loading import Loaded
from midifrag.config.targets import named, value_name
from midifrag.engine import messages as engine
from midifrag.engine.protocol import Engines
from midifrag.events import (
    BankChanged,
    ConfigurationChanged,
    ControlChanged,
    JobChanged,
    Meters,
    Notice,
    PadChanged,
    PlaybackChanged,
    PortChanged,
    Sounding,
    StateChange,
    TimeChanged,
)
from midifrag.fragment.writer_commands import WriterCommand
from midifrag.fragment.writer_events import (
    GivenUp,
    Held,
    LandCancelled,
    Landed,
    LandFailed,
    LandingEvent,
    Made,
    Missed,
    Refused,
    SlotsChanged,
    TakeArchived,
    TakeChanged,
    Waits,
)
from midifrag.intents import (
    Again,
    AnnotateTake,
    CancelJob,
    CancelPad,
    ClearQueue,
    Intent,
    LockSlot,
    MoveControl,
    MuteSlot,
    Panic,
    Press,
    Prompt,
    Release,
    RestoreSlot,
    SelectBank,
    SendTake,
    SetLand,
    SetParameter,
    SlotPlaying,
    StarTake,
    StopSlot,
    Tap,
)
from midifrag.midi.mapping import Mapper
from midifrag.midi.messages import (
    Aftertouch,
    ControlChange,
    NoteOff,
    NoteOn,
    PitchBend,
    ProgramChange,
    Tick,
    TransportChange,
)
from midifrag.pad_key import PadKey
from midifrag.playback.messages import PlayerCommand
from midifrag.states import JobState, NoticeLevel
from midifrag.timeline import Timeline

#: What is said when an action sets where fragments land.
_LANDS: dict[Land | None, str] = {
    None: "as the presets say",
    "now": "when they are ready",
    "beat": "on the beat",
    "bar": "on the bar",
    "2 bars": "on every second bar",
    "4 bars": "on every fourth bar",
}


class Bridge:
    """Turns what happens into what is shown. Never blocks, never touches a port, a file or a device."""

    def __init__(
        self,
        loaded: Loaded,
        engines: Engines,
        write: Callable[[WriterCommand], None],
        publish: Callable[[StateChange], None],
        clock: Clock,
        seeds: random.Random | None = None,
        play: Callable[[PlayerCommand], None] = lambda _command: None,
    ) -> None:
        self._set_list = SetList(loaded, clock.now())
        self._publish_out = publish
        self._write = write
        self._clock = clock
        self._engines = engines
        self._sounds = Sounds(loaded.settings, play)
        self._lost_programs = LostPrograms(clock)
        self.view = View(loaded)
        settings = loaded.settings.engine
        begun = warm_renders(loaded)
        self._absences = Absences(clock, settings.other_model, begun)
        self.renders = Renders(
            engines,
            write,
            self._publish,
            clock,
            settings.spares,
            self._absences,
            self._line,
            lambda model: self.loaded.limits.get(model, Limits()),
            seeds,
        )
        self._reports = EngineReports(engines, self._absences, self.renders.outages, self._publish, begun)
        self.renders.boundaries.settled = self._sounds.await_boundary
        self._presses = Presses(self._set_list, self.renders, self._publish)
        self._pads = PadsAtRest(self.view, self.renders, lambda: self.bank, self._wish_of, self._publish, clock)
        self.view.apply(self._bank_changed())

    @property
    def loaded(self) -> Loaded:
        """The configuration in use."""
        return self._set_list.loaded

    @property
    def bank(self) -> Bank:
        """The active bank."""
        return self._set_list.bank

    @property
    def mapper(self) -> Mapper:
        """What MIDI events mean in the active bank; another one whenever that changes."""
        return self._set_list.mapper

    def handle(self, item: Item) -> None:
        """Take in one thing that happened."""
        match item:
            case FromEngine(model, event):
                self._on_engine(model, event)
            case SlotsChanged() | TakeChanged() | PortChanged() | Notice():
                self._publish(item)
            case PlaybackChanged() | Meters():
                self._publish(item)
            case Sounding(slot, job, on, at, seconds):
                self._publish(item)
                self._slot_plays(SlotPlaying(slot, on, at, seconds or None, job))
            case Made():
                self._sounds.made(item)
            case (
                TakeArchived()
                | Waits()
                | Missed()
                | LandCancelled()
                | Landed()
                | LandFailed()
                | Held()
                | GivenUp()
                | Refused()
            ):
                self._hear_of(item)
                self.renders.landings.on_writer(item)
            case Introduce(to):
                to(self.everything())
            case Reload(loaded):
                self._reload(loaded)
            case Tick() | TransportChange():
                self._publish_all(self._set_list.time.feed(item))
            case LinkHeard():
                self._publish_all(self._set_list.time.hear_link(item))
            case TimeChanged(timeline):
                self._publish_all(self._set_list.time.follow(timeline))
            case NoteOn() | NoteOff() | ControlChange() | PitchBend() | Aftertouch() | ProgramChange():
                for intent in self.mapper.intents(item):
                    self._act(intent)
            case _:
                self._act(item)
        self.renders.boundaries.follow()

    def housekeeping(self) -> None:
        """Call a few times a second: spares are topped up, pads go from how a press ended to what they are at now."""
        self._publish_all(self._set_list.time.look(self._clock.now()))
        self._reports.look()
        self.renders.boundaries.follow()
        self.renders.boundaries.look()
        for job in self.renders.boundaries.late():
            self.renders.landings.land_instead(job, "it is late by a bar")
        self._top_up()
        self._pads.settle()
        self._warn(self._lost_programs.summary())

    def everything(self) -> list[StateChange]:
        """How everything stands, as changes that build it up."""
        return [
            ConfigurationChanged(self.loaded),
            self._bank_changed(),
            TimeChanged(self._set_list.time.timeline),
            *self.view.surroundings(),
            *self._set_list.values.changes(),
            *(job.changed() for job in self.renders.jobs),
        ]

    def _hear_of(self, event: LandingEvent) -> None:
        """Let what lands sound, and what does not land go; before its job has ended."""
        match event:
            case Landed(number, slot):
                if job := self.renders.jobs.get(number):
                    self._sounds.landed(job, slot)
                else:
                    self._sounds.drop(number)
            case LandFailed(number) | GivenUp(number) | LandCancelled(number):
                self._sounds.drop(number)
            case TakeArchived() | Waits() | Missed() | Held() | Refused():
                pass
            case _:
                assert_never(event)

    def _bank_changed(self) -> BankChanged:
        return BankChanged(self.bank.slug, self.bank.name, self._set_list.index, self._pads.shown())

    # --- acting ------------------------------------------------------------------------------------------------------

    def _act(self, intent: Intent) -> None:
        match intent:
            case Press():
                self._presses.press(intent)
            case Release():
                pass  # a press ends by itself; what is held down has no meaning yet
            case Prompt():
                self._presses.prompt(intent)
            case MoveControl(control, position):
                self._change(lambda values: values.move(control, position))
            case SetParameter(name, value):
                self._set(name, value)
            case Tap(time):
                self._publish_all(self._set_list.time.tap(time))
            case SelectBank():
                self._select(intent)
            case LockSlot() | RestoreSlot() | StarTake() | AnnotateTake():
                self._write(intent)
            case SendTake(take, slot):
                options = self._set_list.settings.fragments.options()
                landing = self._set_list.landing()
                self.renders.landings.land_archived(take, slot, self.bank.slug, options, landing)
            case SlotPlaying():
                self._slot_plays(intent)
            case Again(pad):
                self._presses.again(intent, self.view.pads.get((self.bank.slug, pad)), self._clock.now())
            case SetLand(land):
                self._set_land(land)
            case StopSlot(slot):
                self._sounds.stop(slot)
            case MuteSlot(slot, muted):
                name = value_name("mute", slot)
                now = bool(self._set_list.values.effective.get(name))
                self._publish(self._set_list.values.set(name, float(not now if muted is None else muted)))
            case CancelPad(pad):
                self.renders.cancel(self.renders.jobs.pending(self.bank.slug, pad))
                self.renders.boundaries.cancel(self.renders.jobs.awaiting(self.bank.slug, pad))
            case CancelJob(number):
                self.renders.cancel(job for job in self.renders.jobs.pending() if job.number == number)
                self.renders.boundaries.cancel(job for job in self.renders.jobs.awaiting() if job.number == number)
            case ClearQueue():
                self.renders.cancel(job for job in self.renders.jobs.pending() if job.state is JobState.QUEUED)
            case Panic():
                self._panic()
            case _:
                assert_never(intent)

    def _panic(self) -> None:
        written = {job.number for job in self.renders.jobs if job.writing}
        written -= {job.number for job in self.renders.jobs.awaiting()}
        self._sounds.panic(written)
        self.renders.panic()
        self._pads.settle()
        still = " but what was rendered already" if written else ""
        self._publish(Notice(NoticeLevel.INFO, f"panic: everything is cancelled{still}"))

    def _slot_plays(self, playing: SlotPlaying) -> None:
        """A slot sounds, here or elsewhere, or does not any more."""
        self._write(playing)
        self.renders.landings.last.play(playing.slot, playing.on)
        self._pads.settle()

    def _set_land(self, land: Land | None) -> None:
        self._set_list.land = land
        self._publish(Notice(NoticeLevel.INFO, f"fragments land {_LANDS[land]}"))

    def _line(self) -> Timeline:
        return self._set_list.time.timeline

    def _set(self, name: str, value: float | None) -> None:
        target, _slot = named(name) or (None, None)
        if target is not None and value is None:
            self._change(lambda values: values.set(name, None))
        elif target is not None and value is not None and target.parameter.problem(value) is None:
            rounded = target.parameter.rounded(value)
            self._change(lambda values: values.set(name, rounded))
        else:
            self._publish(Notice(NoticeLevel.WARNING, f"{name} cannot be set to {value}; nothing was changed"))

    def _change(self, change: Callable[[LiveValues], ControlChanged | None]) -> None:
        """Change a live value, and tell what it is now, and which others gave way to it."""
        before = set(self._set_list.values.effective)
        told = change(self._set_list.values)
        if told is None:
            return
        self._publish(told)
        for name in sorted(before - set(self._set_list.values.effective) - {told.name}):
            self._publish(ControlChanged(name, None))

    def _select(self, select: SelectBank) -> None:
        index = self._set_list.find(select)
        if index is None:
            if select.slug is None:
                self._warn(self._lost_programs.tell(select.program, self.bank.name))
            else:
                self._warn(f"no bank for {select.slug}; {self.bank.name} stays")
        elif index != self._set_list.index:
            before = self._set_list.values.told
            self._pads.leave()
            self._set_list.activate(index)
            self._tell_bank(before)

    def _tell_bank(self, before: set[str]) -> None:
        """Tell the bank that is active now and its live values, when those named ``before`` were told of."""
        self._publish(self._bank_changed())
        for name in sorted(before - set(self._set_list.values.effective)):
            self._publish(ControlChanged(name, None))
        for change in self._set_list.values.changes():
            self._publish(change)

    def _reload(self, loaded: Loaded) -> None:
        known, before = warm_renders(self.loaded), self._set_list.values.told
        times = self._set_list.reload(loaded, self._clock.now())
        self._publish(ConfigurationChanged(loaded))
        self._sounds.use(loaded.settings)
        self.renders.spares.settings = loaded.settings.engine.spares
        if not loaded.settings.engine.spares.enabled:
            self.renders.drop_spares()
        for model, renders in warm_renders(loaded).items():
            new = tuple(render for render in renders if render not in known.get(model, ()))
            if new:
                self._engines.send(model, engine.Warm(new))
        self._publish_all(times)
        self._tell_bank(before)
        self._publish(Notice(NoticeLevel.INFO, "the changed configuration is in use"))

    # --- what engines say --------------------------------------------------------------------------------------------

    def _on_engine(self, model: str, event: engine.EngineEvent) -> None:
        self._engines.note(model, event)
        self._absences.note(model, event)
        if isinstance(event, engine.JobEvent):
            spare = self.renders.on_engine(model, event)
            if spare is not None:
                self._pads.show_ready(spare.wish)
                self._top_up()
            return
        self._reports.take(model, event)
        self._top_up()
        self._pads.settle()

    def _top_up(self) -> None:
        if not self._set_list.settings.engine.spares.enabled:
            return
        wishes = [self._wish_of(self.bank.slug, key) for key in self._set_list.by_last_press()]
        self.renders.top_up([wish for wish in wishes if wish is not None], self.view.ready_models)

    def _wish_of(self, bank: str, key: PadKey) -> Wish | None:
        if bank != self.bank.slug or key not in self.bank.pads:
            return None
        asked = self._set_list.next_request(key)
        return self.renders.wish(bank, key, asked.preset, asked.model, asked.options)

    # --- telling -----------------------------------------------------------------------------------------------------

    def _warn(self, text: str | None) -> None:
        if text is not None:
            self._publish(Notice(NoticeLevel.WARNING, text))

    def _publish_all(self, changes: Iterable[StateChange]) -> None:
        for change in changes:
            self._publish(change)

    def _publish(self, change: StateChange) -> None:
        if isinstance(change, PadChanged) and not self._set_list.holds(change.bank, change.pad):
            # A light of a pad that is no longer in the configuration would stay on for ever.
            return
        if isinstance(change, JobChanged):
            self.renders.boundaries.forecast.learn(change)
        if isinstance(change, ControlChanged):
            self._sounds.follow(change)
        self.view.apply(change)
        self._publish_out(change)
