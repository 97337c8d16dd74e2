"""What the page knows of the show: how everything stands, its configuration, and which part of it is new.

One `PageModel` for all browsers, used on the page's event loop only.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import assert_never

from midifrag.boundary import Boundary
from midifrag.bridge.forecast import Forecast
from midifrag.bridge.view import View
from midifrag.clock import monotonic
from midifrag.config.banks import Bank
from midifrag.config.loading import Loaded
from midifrag.engine.messages import EngineInfo
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
    TakeChanged,
    TimeChanged,
)
from midifrag.fragment.archive_reader import ArchiveReader
from midifrag.fragment.record import TakeRecord
from midifrag.intents import Intent, Press, SelectBank
from midifrag.pad_key import PadKey
from midifrag.page.edits import Edits
from midifrag.page.failures import Failures
from midifrag.page.wire import Configuration, FromPage, FromShow, MidiSeen, ReadAgain
from midifrag.states import JobState

#: MIDI events and changed takes that are kept.
MIDI_LINES, CHANGED_TAKES = 40, 200


class Part(StrEnum):
    """A part of the page that is drawn anew when it is new."""

    CONFIGURATION = "configuration"
    BANK = "bank"
    PADS = "pads"
    #: What ports show of the banks.
    LAYOUT = "layout"
    JOBS = "jobs"
    FINISHED = "finished"
    SLOTS = "slots"
    CONTROLS = "controls"
    ENGINES = "engines"
    PORTS = "ports"
    NOTICES = "notices"
    #: What went wrong and nobody has seen.
    FAILURES = "failures"
    PLAYBACK = "playback"
    SOUNDING = "sounding"
    METERS = "meters"
    MIDI = "midi"
    TAKES = "takes"
    EDITS = "edits"
    #: What only the clock on the wall changes.
    TIME = "time"
    #: Musical time: the line that it runs along.
    BEAT = "beat"
    #: What counts down to a boundary.
    COUNTDOWN = "countdown"


def _part_of(message: FromShow) -> Part:
    """The part that a message makes new."""
    match message:
        case BankChanged():
            return Part.BANK
        case LayoutChanged():
            return Part.LAYOUT
        case PadChanged():
            return Part.PADS
        case JobChanged():
            return Part.JOBS
        case SlotsChanged():
            return Part.SLOTS
        case ControlChanged():
            return Part.CONTROLS
        case EngineChanged():
            return Part.ENGINES
        case PortChanged():
            return Part.PORTS
        case TimeChanged():
            return Part.BEAT
        case PlaybackChanged():
            return Part.PLAYBACK
        case Sounding():
            return Part.SOUNDING
        case Meters():
            return Part.METERS
        case Notice():
            return Part.NOTICES
        case MidiSeen():
            return Part.MIDI
        case TakeChanged():
            return Part.TAKES
        case Configuration():
            return Part.CONFIGURATION
        case _:
            assert_never(message)


class PageModel:
    """``send`` takes intents to the show; ``versions`` count how often each part has changed."""

    def __init__(self, configuration: Configuration, send: Callable[[FromPage], None]) -> None:
        self.configuration = configuration
        self.view = View(configuration.loaded)
        self.forecast = Forecast()
        self.edits = Edits()
        self.failures = Failures()
        self.archive = ArchiveReader(configuration.archive)
        self.midi: deque[MidiSeen] = deque(maxlen=MIDI_LINES)
        self.changed_takes: deque[TakeRecord] = deque(maxlen=CHANGED_TAKES)
        self.versions: dict[Part, int] = dict.fromkeys(Part, 1)
        self.news = asyncio.Event()
        #: Pads look otherwise than browsers have been told, as a press makes them: nobody waits to see that.
        self.pressed = asyncio.Event()
        self._send = send

    # --- what the show says ------------------------------------------------------------------------------------------

    def take(self, message: FromShow) -> None:
        """Take in what the show's process said."""
        match message:
            case Configuration(loaded):
                self.configuration = message
                self.view.apply(ConfigurationChanged(loaded))
            case MidiSeen():
                self.midi.append(message)
            case TakeChanged(record):
                self.changed_takes.append(record)
            case PadChanged(bank, pad, state=state):
                before = self.view.pads.get((bank, pad))
                self.view.apply(message)
                # How far it has come is not worth a hurry.
                if before is None or before.state is not state:
                    self.pressed.set()
            case JobChanged(state=state):
                self.view.apply(message)
                self.forecast.learn(message)
                if state.ended:
                    self.touch(Part.FINISHED)
            case (
                BankChanged()
                | ControlChanged()
                | SlotsChanged()
                | EngineChanged()
                | PortChanged()
                | TimeChanged()
                | PlaybackChanged()
                | Sounding()
                | Meters()
                | LayoutChanged()
                | Notice()
            ):
                self.view.apply(message)
            case _:
                assert_never(message)
        self.touch(_part_of(message))
        if self.failures.take(message):
            self.touch(Part.FAILURES)

    def saw_failures(self) -> None:
        """Somebody has seen what went wrong."""
        self.failures.seen()
        self.touch(Part.FAILURES)

    def touch(self, part: Part) -> None:
        """Have a part drawn anew."""
        self.versions[part] += 1
        self.news.set()

    # --- what browsers want ------------------------------------------------------------------------------------------

    def put(self, intent: Intent) -> None:
        """Hand the show an intent."""
        self._send(intent)

    def press(self, key: PadKey, velocity: float, slug: str | None = None) -> None:
        """Press a pad of the active bank, or of the one called ``slug``, which becomes the active one."""
        bank = self.bank if slug is None else next((one for one in self.loaded.banks if one.slug == slug), None)
        pad = bank.pads.get(key) if bank else None
        if pad is None:
            return
        port = pad.port or next(iter(self.loaded.settings.ports), "")
        velocity = min(max(1 / 127, velocity), 1.0)
        if bank is not None and bank is not self.bank:
            self.put(SelectBank(slug=bank.slug))
        self.put(Press(key.note, key.channel or 1, port, velocity, monotonic(), source="page"))

    def read_again(self) -> None:
        """Have a changed bank file taken over now."""
        self._send(ReadAgain())

    # --- what pages ask ----------------------------------------------------------------------------------------------

    @property
    def loaded(self) -> Loaded:
        """The configuration in use."""
        return self.configuration.loaded

    @property
    def bank(self) -> Bank | None:
        """The active bank."""
        return self.view.active_bank

    def pad(self, key: PadKey, slug: str | None = None) -> PadChanged | None:
        """How a pad of the active bank stands, or one of the bank called ``slug``."""
        if self.view.bank is None:
            return None
        return self.view.pad_of(slug or self.view.bank.slug, key)

    def info(self, model: str | None = None) -> EngineInfo | None:
        """What is loaded for a model, by default the show's."""
        engine = self.view.engines.get(model or self.loaded.settings.model)
        return engine.info if engine else None

    def landings(self) -> dict[int, float]:
        """Seconds until each job lands."""
        return self.forecast.landings(self.view.jobs.values(), monotonic())

    def coming(self) -> dict[int, Boundary]:
        """The boundary of what waits beside each slot; the first, where several do."""
        jobs = (job for job in self.view.jobs.values() if job.state is JobState.WAITING)
        found: dict[int, Boundary] = {}
        for job in jobs:
            if job.slot is not None and job.boundary is not None:
                found[job.slot] = min(job.boundary, found.get(job.slot, job.boundary), key=lambda one: one.at)
        return found

    @property
    def counts_down(self) -> bool:
        """Whether something is on its way to a boundary."""
        return any(job.boundary is not None for job in self.view.jobs.values())

    @property
    def queued(self) -> int:
        """How many presses wait for an engine."""
        return sum(job.state is JobState.QUEUED for job in self.view.jobs.values())
