"""The bridge: the only owner of live state.

One thread calls `Bridge.handle` with one thing at a time: a MIDI event, an intent, or what an engine, the writer or a
port reports. What changes is published; nothing else mutates state, so there are no locks to reason about. The other
modules of this room are parts of the bridge, owned by it alone.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from midifrag.bridge.absences import Absences
from midifrag.bridge.acting import Acting
from midifrag.bridge.engine_events import EngineEvents
from midifrag.bridge.holding import Holding
from midifrag.bridge.items import (
    AbletonHeard,
    CaughtUp,
    FromEngine,
    Introduce,
    Item,
    LinkHeard,
    LorasReplaced,
    PowerChanged,
    Reload,
)
from midifrag.bridge.lost_programs import LostPrograms
from midifrag.bridge.pads import PadsAtRest
from midifrag.bridge.press_requests import PressRequests
from midifrag.bridge.presses import Presses
from midifrag.bridge.publishing import Publisher
from midifrag.bridge.renders import Renders
from midifrag.bridge.set_list import SetList
from midifrag.bridge.sounding import Sounds
from midifrag.bridge.spare_choice import SpareChoice
from midifrag.bridge.switching import Switching
from midifrag.bridge.view import View
from midifrag.bridge.warmup import warm_renders
from midifrag.clock import Clock
from midifrag.config.banks import Bank
from midifrag.config.controls import Control
from midifrag.config.lengths import Limits
from midifrag.config.loading import Loaded
from midifrag.engine.protocol import Engines
from midifrag.events import (
    ConfigurationChanged,
    Meters,
    Notice,
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
    Made,
    Missed,
    Refused,
    SlotsChanged,
    SoundRead,
    TakeArchived,
    TakeChanged,
    Waits,
)
from midifrag.intents import SlotPlaying
from midifrag.midi.decoding import Pair, Parameter
from midifrag.midi.mapping import Mapper
from midifrag.midi.messages import (
    Aftertouch,
    ControlChange,
    NoteOff,
    NoteOn,
    Nrpn,
    PitchBend,
    ProgramChange,
    Tick,
    TransportChange,
)
from midifrag.playback.messages import PlayerCommand
from midifrag.states import NoticeLevel


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
        requests = PressRequests(self._set_list)
        self._clock = clock
        self._sounds = Sounds(loaded.settings, play)
        self._lost_programs = LostPrograms(clock)
        self.view = View(loaded)
        publisher = Publisher(self.view, self._set_list, self._sounds, publish)
        self._publish, self._publish_all = publisher.publish, publisher.publish_all
        settings = loaded.settings.engine
        begun = warm_renders(loaded)
        self._absences = Absences(clock, settings.other_model, begun, loaded.settings.is_elsewhere)
        self.renders = Renders(
            engines,
            write,
            self._publish,
            clock,
            settings.spares,
            self._absences,
            lambda: self._set_list.time.timeline,
            lambda model: self.loaded.limits.get(model, Limits()),
            lambda: self._set_list.time.bpm,
            seeds,
            lambda: self.loaded.folder,
            lambda: self._set_list.settings.input.seconds,
        )
        publisher.learn = self.renders.boundaries.forecast.learn
        self.renders.boundaries.settled = self._sounds.await_boundary
        self._spares = SpareChoice(self._set_list, requests, self.renders, self.view, self._publish)
        self._pads = PadsAtRest(
            self.view, self.renders, lambda: self._set_list.active_banks, self._spares.wish_of, self._publish, clock
        )
        self._engine_events = EngineEvents(
            engines, self._absences, self.renders, self._pads, self._spares, self._publish, begun
        )
        self._holding = Holding(self._publish, lambda: self._set_list.time.timeline)
        self._switching = Switching(
            self._set_list, self._pads, self.renders, self._sounds, engines, self._lost_programs, self._publish, clock
        )
        self._acting = Acting(
            self._set_list,
            requests,
            self._switching,
            Presses(self._set_list, requests, self.renders, self._sounds, self._holding, self._publish),
            self._holding,
            self.renders,
            self._pads,
            self._sounds,
            self.view,
            write,
            self._publish,
            clock,
        )
        for change in self._switching.banks_changed():
            self.view.apply(change)

    @property
    def loaded(self) -> Loaded:
        """The configuration in use."""
        return self._set_list.loaded

    @property
    def bank(self) -> Bank:
        """The main performer's active bank."""
        return self._set_list.active_banks[0]

    @property
    def mappers(self) -> tuple[Mapper, ...]:
        """What MIDI events mean to each performer."""
        return self._set_list.mappers

    def mapper_of(self, port: str) -> Mapper:
        """What MIDI events of a port mean."""
        self._set_list.turn_to(port)
        return self._set_list.mapper

    def handle(self, item: Item) -> None:
        """Take in one thing that happened."""
        self._set_list.turn_to(None)
        match item:
            case FromEngine(model, event):
                self._engine_events.take(model, event)
            case SlotsChanged(slots):
                self.renders.sources.follow(slots)
                self._publish(item)
            case TakeChanged() | Notice() | PlaybackChanged() | Meters():
                self._publish(item)
            case SoundRead():
                self.renders.beginnings.heard(item)
            case PortChanged(port, direction, state):
                self._publish(item)
                if direction == "in" and state != "open":
                    self._acting.lost(port)
            case Sounding(slot, job, on, at, seconds):
                self._publish(item)
                self._acting.slot_plays(SlotPlaying(slot, on, at, seconds or None, job))
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
                # Before its job has ended.
                self._sounds.hear(item, self.renders.jobs.get)
                self.renders.landings.on_writer(item)
            case Introduce(to):
                to(self.everything())
            case CaughtUp(tell):
                tell()
            case Reload(loaded):
                self._switching.reload(loaded)
                self._spares.follow_power()
            case LorasReplaced(places):
                self._switching.loras_replaced(places)
            case PowerChanged(on_battery):
                self._spares.power_changed(on_battery)
            case Tick() | TransportChange():
                self._publish_all(self._set_list.time.feed(item))
            case LinkHeard():
                self._publish_all(self._set_list.time.hear_link(item))
            case AbletonHeard():
                self._publish_all(self._set_list.time.hear_ableton(item))
            case TimeChanged(timeline):
                self._publish_all(self._set_list.time.follow(timeline))
            case NoteOn() | NoteOff() | ControlChange() | Nrpn() | PitchBend() | Aftertouch() | ProgramChange():
                self._acting.gestures.elapse(item.time)
                for intent in self.mapper_of(item.port).intents(item):
                    self._acting.act(intent)
            case _:
                self._acting.act(item)
        self.renders.boundaries.follow()

    def standing(self, port: str) -> Iterator[tuple[Control, float | None]]:
        """The controls that count for who plays a port, and where on its way each value stands (0–1).

        Those that win come first.
        """
        self._set_list.turn_to(port)
        values, pad = self._set_list.values, self._acting.in_hand()
        for control, scope in reversed(list(values.controls())):
            yield control, values.position(control, scope, pad)

    def heard_together(self) -> tuple[frozenset[Pair], frozenset[Parameter]]:
        """What messages of 14 bits, and which parameters, are mapped in the active banks."""
        return self._set_list.heard_together()

    @property
    def due(self) -> float | None:
        """When `elapse` has something to do next, in monotonic seconds; None where nothing waits for time to pass."""
        return self._acting.gestures.due

    def elapse(self) -> None:
        """Tell presses by the time that has passed, when nothing that came before waits to be handled."""
        self._acting.gestures.elapse(self._clock.now())

    def finish(self) -> None:
        """No message will come any more: what waits for one is done now."""
        self._acting.finish()

    @property
    def rests(self) -> bool:
        """Whether nothing is on its way, held or away, so that `housekeeping` may be called less often."""
        on_the_way = any(True for _ in self.renders.jobs) or self.renders.spares.coming
        return not (on_the_way or self._holding.holds or self._absences.away)

    def housekeeping(self) -> None:
        """Call a few times a second: spares are topped up, pads go from how a press ended to what they are at now."""
        self._set_list.turn_to(None)
        self._publish_all(self._set_list.time.look(self._clock.now()))
        self._holding.grow(self._clock.now())
        self._engine_events.look()
        self.renders.beginnings.look()
        self.renders.boundaries.follow()
        self.renders.boundaries.look()
        for job in self.renders.boundaries.late():
            self.renders.landings.land_instead(job, "it is late by a bar")
        self._spares.top_up()
        self._pads.settle()
        if lost := self._lost_programs.summary():
            self._publish(Notice(NoticeLevel.WARNING, lost))

    def everything(self) -> list[StateChange]:
        """How everything stands, as changes that build it up."""
        return [
            ConfigurationChanged(self.loaded),
            *self._switching.banks_changed(),
            *self._set_list.layouts(),
            TimeChanged(self._set_list.time.timeline),
            *self.view.surroundings(),
            *self._set_list.values.changes(),
            *(job.changed() for job in self.renders.jobs),
        ]
