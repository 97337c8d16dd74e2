"""What engines say of themselves: told to everybody, and seen to that somebody plays while one is away."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias, assert_never

from midifrag.bridge.absences import Absences
from midifrag.bridge.outages import Outages
from midifrag.engine import messages as engine
from midifrag.engine.protocol import Engines
from midifrag.events import EngineChanged, Notice, StateChange
from midifrag.states import EngineState, NoticeLevel

#: What an engine says that is about no job.
Report: TypeAlias = engine.Warming | engine.Ready | engine.Stalled | engine.Resumed | engine.Died


class EngineReports:
    """Publishes how engines stand. `look` is called a few times a second."""

    def __init__(
        self,
        engines: Engines,
        absences: Absences,
        outages: Outages,
        publish: Callable[[StateChange], None],
        begun: Iterable[str] = (),
    ) -> None:
        self._engines = engines
        self._absences = absences
        self._outages = outages
        self._publish = publish
        #: The models that are loaded or on their way, those that somebody plays for now, and those that took over.
        self._begun = set(begun)
        self._covered: set[str] = set()
        self._took_over: set[str] = set()

    def take(self, model: str, report: Report) -> None:
        """Take in what the engine of ``model`` says of itself; the absences have heard of it."""
        match report:
            case engine.Warming(done, total, what):
                self._tell(model, EngineState.WARMING, what, done, total)
            case engine.Ready(info):
                self._tell(model, EngineState.READY, info.summary, info=info)
                self._outages.on_stall(model)
                if not self._absences.loading:
                    # Nothing waits for the machine now, and an engine that dies keeps it busy when it comes back.
                    self._begin(self._absences.stand_in)
            case engine.Stalled(seconds):
                self._tell(model, EngineState.STALLED, f"no progress for {seconds:.0f} s")
                self._outages.on_stall(model)
                self._begin(self._absences.stand_in)
            case engine.Resumed():
                loaded = self._engines.info(model)
                self._tell(model, EngineState.READY, loaded.summary if loaded else "", info=loaded)
                self._outages.on_stall(model)
            case engine.Died():
                self._died(model, report)
            case _:
                assert_never(report)

    def look(self) -> None:
        """Have somebody play for an engine that has been away for too long, and tell; and tell when it is back."""
        self._outages.hand_over()
        for model in self._absences.away:
            other = self._absences.substitute(model)
            if other is not None and model not in self._covered:
                self._covered.add(model)
                self._notice(NoticeLevel.WARNING, f"{other} stands in for {model} until it is back")
        for model in self._covered - set(self._absences.away):
            self._covered.discard(model)
            if not self._absences.is_lost(model):
                self._notice(NoticeLevel.INFO, f"{model} is back and renders again")

    def _died(self, model: str, death: engine.Died) -> None:
        self._tell(model, EngineState.RESTARTING if death.restarting else EngineState.LOST, death.reason)
        self._outages.on_death(model, death)
        if death.restarting:
            self._begin(self._absences.stand_in)
            self.look()
            return
        other = self._engines.effective(model)
        self._begin(other)
        if other not in self._took_over | {model}:
            self._took_over.add(other)
            self._notice(NoticeLevel.WARNING, f"{other} renders for {model} from now on")

    def _begin(self, other: str | None) -> None:
        """Load what stands in, before a press needs it."""
        if other is not None and other not in self._begun:
            self._begun.add(other)
            self._engines.send(other, engine.Warm(()))

    def _tell(
        self,
        model: str,
        state: EngineState,
        text: str,
        done: int = 0,
        total: int = 0,
        info: engine.EngineInfo | None = None,
    ) -> None:
        since = self._absences.since(model)
        expected = self._absences.expected(model) if self._absences.is_away(model) else None
        self._publish(EngineChanged(model, state, text, done, total, info, since, expected))

    def _notice(self, level: NoticeLevel, text: str) -> None:
        self._publish(Notice(level, text))
