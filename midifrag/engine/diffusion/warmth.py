"""How warm an engine is: what has been rehearsed so far, and what is told of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from midifrag.clock import monotonic
from midifrag.engine.diffusion.cores import FreeCores
from midifrag.engine.diffusion.info import warmed_in_words
from midifrag.engine.diffusion.memory import MemoryLimit
from midifrag.engine.diffusion.model_runner import ModelRunner
from midifrag.engine.diffusion.rehearsal import RenderShape
from midifrag.engine.diffusion.warming import warm_up
from midifrag.engine.messages import Render, Warming


class Warmth:
    """What warm-ups have come to: the ``shapes`` that are warm, in ``words``, and what one request holds in flight."""

    def __init__(self) -> None:
        self.shapes: set[RenderShape] = set()
        self.words = ""
        self.bytes_of_a_request = 0
        #: When the last one began, in monotonic seconds, and how many the first took until a press could go.
        self._began = 0.0
        self._seconds: float | None = None

    def rehearse(
        self, runner: ModelRunner, renders: Sequence[Render], limit: MemoryLimit, cores: FreeCores
    ) -> Iterator[Warming]:
        """Warm up for these (`midifrag.engine.diffusion.warming.warm_up`); it is told once single presses can go."""
        self._began = monotonic()
        work = cores.during(warm_up(runner, renders, self.shapes, limit))
        while True:
            try:
                piece = next(work)
            except StopIteration as end:
                self.bytes_of_a_request = max(self.bytes_of_a_request, end.value)
                return
            if piece.playable:
                self.tell(runner, limit, chords=False)
            yield piece

    def tell(self, runner: ModelRunner, limit: MemoryLimit, *, chords: bool = True) -> None:
        """Put it into words, for presses, and for ``chords`` too."""
        self._seconds = self._seconds or (monotonic() - self._began)
        self.words = warmed_in_words(runner, self._seconds, limit.reduced, chords=chords)
