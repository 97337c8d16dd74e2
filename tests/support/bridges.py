"""A bridge with nothing real around it: engines and writer record what they are told and say what a test wants."""

from __future__ import annotations

import dataclasses
import random
from typing import Any, TypeVar

import numpy as np

from midifrag.bridge.bridge import Bridge
from midifrag.bridge.items import FromEngine
from midifrag.clock import ManualClock
from midifrag.config.banks import Bank
from midifrag.config.loading import Loaded
from midifrag.engine.messages import (
    Cancel,
    Command,
    EngineEvent,
    EngineInfo,
    Progress,
    Ready,
    Render,
    Rendered,
    Started,
)
from midifrag.events import JobChanged, Notice, PadChanged, StateChange
from midifrag.fragment.writer_commands import LandTake, WriterCommand
from midifrag.fragment.writer_events import Landed, TakeArchived
from midifrag.midi.messages import ControlChange, NoteOn, ProgramChange
from midifrag.pad_key import PadKey
from midifrag.playback.messages import PlayerCommand
from tests.support.shows import loaded, one_pad

Kind = TypeVar("Kind")
#: The pad that tests press unless they say otherwise.
PAD = PadKey(36)
INFO = EngineInfo("sketch", "sketch", "abc", "cpu", "fp32", 44100, 2, 190.0, ("sketch",))


class RecordingEngines:
    def __init__(self) -> None:
        self.sent: list[tuple[str, Command]] = []
        self.fallback: dict[str, str] = {}
        self.longest: dict[str, float] = {}
        self.hears_tempo = False
        self.begins_from: tuple[str, ...] = ()
        self.min_seconds = 0.0

    def send(self, model: str, command: Command) -> None:
        self.sent.append((model, command))

    def note(self, _model: str, _event: EngineEvent) -> None:
        """What engines say changes nothing here; tests set ``fallback`` themselves."""

    def effective(self, model: str) -> str:
        return self.fallback.get(model, model)

    def info(self, model: str) -> EngineInfo | None:
        longest = self.longest.get(model, INFO.max_seconds)
        return dataclasses.replace(
            INFO,
            model=model,
            max_seconds=longest,
            min_seconds=self.min_seconds,
            hears_tempo=self.hears_tempo,
            begins_from=self.begins_from,
        )

    def renders(self) -> list[Render]:
        return [command for _, command in self.sent if isinstance(command, Render)]

    def cancels(self) -> list[int]:
        return [command.job for _, command in self.sent if isinstance(command, Cancel)]


class Rig:
    """A bridge and everything that it said."""

    def __init__(self, show: Loaded | None = None) -> None:
        self.clock = ManualClock()
        self.engines = RecordingEngines()
        self.writes: list[WriterCommand] = []
        self.played: list[PlayerCommand] = []
        self.changes: list[StateChange] = []
        #: What was written and what was told, in one order.
        self.happened: list[WriterCommand | StateChange] = []
        self.bridge = Bridge(
            show or loaded(),
            self.engines,
            self._write,
            self._tell,
            self.clock,
            random.Random(1),
            self.played.append,
        )

    def _write(self, command: WriterCommand) -> None:
        self.writes.append(command)
        self.happened.append(command)

    def _tell(self, change: StateChange) -> None:
        self.changes.append(change)
        self.happened.append(change)

    def ready(self, model: str = "sketch") -> None:
        self.say(Ready(INFO), model)

    def say(self, event: Any, model: str = "sketch") -> None:
        self.bridge.handle(FromEngine(model, event))

    def press(self, note: int = 36, velocity: int = 100, channel: int = 1, port: str = "midifrag") -> None:
        self.bridge.handle(NoteOn(port, channel, note, velocity, self.clock.now()))

    def turn(self, cc: int, value: int, channel: int = 1) -> None:
        self.bridge.handle(ControlChange("midifrag", channel, cc, value, self.clock.now()))

    def program(self, program: int) -> None:
        self.bridge.handle(ProgramChange("midifrag", 1, program, self.clock.now()))

    def finish(self, render: Render, slot: int = 1, take: int = 1) -> None:
        """The engine renders a job and the writer lands it."""
        self.say(Started(render.job))
        self.say(Progress(render.job, 1, 1))
        self.rendered(render)
        self.landed(render.job, slot, take)

    def rendered(self, render: Render, frames: int = 44100) -> None:
        """The engine that was asked last renders a job."""
        asked = next((model for model, command in reversed(self.engines.sent) if command == render), "sketch")
        self.bridge.handle(self.rendered_by(asked, render, frames))

    def rendered_by(self, model: str, render: Render, frames: int = 44100) -> FromEngine:
        """What the engine of ``model`` says when it has rendered a job."""
        audio = np.ones((2, frames), np.float32)
        return FromEngine(model, Rendered(render.job, audio, 44100, {"seed": render.seed, "steps": 1}, 0.5))

    def landed(self, job: int, slot: int = 1, take: int = 1) -> None:
        self.bridge.handle(TakeArchived(job, take, f"output{take:03d}.wav"))
        self.bridge.handle(Landed(job, slot, f"output{slot:02d}.wav", take, 1.0, 0.0, 0.01))

    def lands(self) -> list[LandTake]:
        return [command for command in self.writes if isinstance(command, LandTake)]

    def told(self, kind: type[Kind]) -> list[Kind]:
        """All changes of a kind, in their order."""
        return [change for change in self.changes if isinstance(change, kind)]

    def pad_states(self, pad: PadKey = PAD) -> list[str]:
        return [str(change.state) for change in self.told(PadChanged) if change.pad == pad]

    def jobs(self) -> list[JobChanged]:
        return self.told(JobChanged)

    def notices(self) -> list[tuple[str, str]]:
        return [(str(notice.level), notice.text) for notice in self.told(Notice)]


def with_spares(*banks: Bank, show: dict[str, Any] | None = None, **spares: Any) -> Rig:
    """A rig whose spares are on and whose engine is ready; its bank is one pad that asks for rain, if none is given."""
    settings = {"engine": {"spares": {"enabled": True, **spares}}, **(show or {})}
    rig = Rig(loaded(*(banks or (one_pad(),)), **settings))
    rig.ready()
    return rig
