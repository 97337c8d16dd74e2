"""What engines say, and who hears it in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from midifrag.bridge.absences import Absences
from midifrag.bridge.engine_reports import EngineReports
from midifrag.bridge.pads import PadsAtRest
from midifrag.bridge.renders import Renders
from midifrag.bridge.spare_choice import SpareChoice
from midifrag.engine import messages as engine
from midifrag.engine.protocol import Engines
from midifrag.events import StateChange


class EngineEvents:
    """Takes in all that engines say. ``begun`` are the models that are loaded, or on their way.

    The pool hears it first and absences next, so that whoever asks them goes by it.
    """

    def __init__(
        self,
        engines: Engines,
        absences: Absences,
        renders: Renders,
        pads: PadsAtRest,
        spares: SpareChoice,
        publish: Callable[[StateChange], None],
        begun: Iterable[str],
    ) -> None:
        self._engines = engines
        self._absences = absences
        self._renders = renders
        self._pads = pads
        self._spares = spares
        self._reports = EngineReports(engines, absences, renders.outages, publish, begun)

    def take(self, model: str, event: engine.EngineEvent) -> None:
        """Take in what the engine of ``model`` says of a job, or of itself."""
        self._engines.note(model, event)
        self._absences.note(model, event)
        if isinstance(event, engine.JobEvent):
            spare = self._renders.on_engine(model, event)
            if spare is not None:
                self._pads.show_ready(spare.wish)
                self._spares.top_up()
            return
        self._reports.take(model, event)
        self._spares.top_up()
        self._pads.settle()

    def look(self) -> None:
        """Call a few times a second: somebody may have to play for an engine that has been away for too long."""
        self._reports.look()
