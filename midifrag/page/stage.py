"""What the page knows of the show: how everything stands, its configuration, and which part of it is new.

One `Stage` for all browsers, used on the page's event loop only.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from midifrag.bridge.view import View
from midifrag.config.banks import Bank
from midifrag.config.loading import Loaded
from midifrag.engine.messages import EngineInfo
from midifrag.events import (
    ArchiveChanged,
    BankChanged,
    ControlChanged,
    EngineChanged,
    Intent,
    JobChanged,
    Notice,
    PadChanged,
    PadState,
    PortState,
    Press,
    SlotsChanged,
)
from midifrag.fragment.archive import Archive
from midifrag.fragment.record import TakeRecord
from midifrag.page.forecast import Forecast
from midifrag.page.wire import Configuration, MidiSeen, ReadAgain

#: MIDI events and changed takes that are kept.
MIDI_LINES, CHANGED_TAKES = 40, 200


class Part(StrEnum):
    """A part of the page that is drawn anew when it is new."""

    CONFIGURATION = "configuration"
    BANK = "bank"
    PADS = "pads"
    JOBS = "jobs"
    FINISHED = "finished"
    SLOTS = "slots"
    CONTROLS = "controls"
    ENGINES = "engines"
    PORTS = "ports"
    NOTICES = "notices"
    MIDI = "midi"
    TAKES = "takes"
    TIME = "time"


_PARTS: dict[type, Part] = {
    BankChanged: Part.BANK,
    PadChanged: Part.PADS,
    JobChanged: Part.JOBS,
    SlotsChanged: Part.SLOTS,
    ControlChanged: Part.CONTROLS,
    EngineChanged: Part.ENGINES,
    PortState: Part.PORTS,
    Notice: Part.NOTICES,
    MidiSeen: Part.MIDI,
    ArchiveChanged: Part.TAKES,
    Configuration: Part.CONFIGURATION,
}


class Stage:
    """``send`` takes intents to the show; ``versions`` count how often each part has changed."""

    def __init__(self, configuration: Configuration, send: Callable[[Intent | ReadAgain], None]) -> None:
        self.configuration = configuration
        self.view = View()
        self.forecast = Forecast()
        self.archive = Archive(configuration.archive, configuration.loaded.show.archive)
        self.midi: deque[MidiSeen] = deque(maxlen=MIDI_LINES)
        self.changed_takes: deque[TakeRecord] = deque(maxlen=CHANGED_TAKES)
        self.landed: deque[tuple[JobChanged, float]] = deque(maxlen=CHANGED_TAKES)
        self.versions: dict[Part, int] = dict.fromkeys(Part, 1)
        self.news = asyncio.Event()
        self._send = send

    # --- what the show says ------------------------------------------------------------------------------------------

    def take(self, message: Any) -> None:
        """Take in what the show's process said."""
        part = _PARTS.get(type(message))
        if part is None:
            return
        match message:
            case Configuration():
                self.configuration = message
            case MidiSeen():
                self.midi.append(message)
            case ArchiveChanged(record):
                self.changed_takes.append(record)
            case _:
                self.view.apply(message)
        if isinstance(message, JobChanged):
            self.forecast.learn(message)
            if message.job not in self.view.jobs:
                self.touch(Part.FINISHED)
        self.touch(part)

    def touch(self, part: Part) -> None:
        """Have a part drawn anew."""
        self.versions[part] += 1
        self.news.set()

    # --- what browsers want ------------------------------------------------------------------------------------------

    def put(self, intent: Intent) -> None:
        """Hand the show an intent."""
        self._send(intent)

    def press(self, key: str, velocity: float) -> None:
        """Press a pad of the active bank."""
        bank = self.bank
        pad = bank.pads.get(key) if bank else None
        if pad is None:
            return
        note, _, channel = key.partition("/")
        port = pad.port or next(iter(self.loaded.show.ports), "")
        velocity = min(max(1 / 127, velocity), 1.0)
        self.put(Press(int(note), int(channel or 1), port, velocity, time.monotonic(), source="page"))

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
        active = self.view.bank
        return next((bank for bank in self.loaded.banks if active and bank.slug == active.slug), None)

    def pad(self, key: str) -> PadChanged | None:
        """How a pad of the active bank stands."""
        return self.view.pads.get((self.view.bank.slug, key)) if self.view.bank else None

    def info(self, model: str | None = None) -> EngineInfo | None:
        """What is loaded for a model, by default the show's."""
        engine = self.view.engines.get(model or self.loaded.show.model)
        return engine.info if engine else None

    def landings(self) -> dict[int, float]:
        """Seconds until each job lands."""
        return self.forecast.landings(self.view.jobs.values(), time.monotonic())

    @property
    def queued(self) -> int:
        """How many presses wait for an engine."""
        return sum(job.state is PadState.QUEUED for job in self.view.jobs.values())
