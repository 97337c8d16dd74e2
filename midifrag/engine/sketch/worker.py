"""`sketch` as an engine: the built-in synthesiser behind the `Worker` protocol. No torch, no weights, no download."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from midifrag.clock import monotonic
from midifrag.config.morphing import no_morph
from midifrag.engine import sketch
from midifrag.engine.limits import check_limits
from midifrag.engine.messages import EngineEvent, EngineInfo, Progress, Render, Rendered, Started, Warming
from midifrag.engine.protocol import EngineChoice
from midifrag.errors import RequestError

CHANNELS = 2
#: What a request that names no length gets.
DEFAULT_SECONDS = 4.0


class SketchWorker:
    """Renders one job a tick, presses before spares, in one honest step.

    A prompt, a length and a seed are all that matter to it; ``steps``, ``cfg_scale``, ``sampler`` and σ are ignored.
    """

    def __init__(self, choice: EngineChoice) -> None:
        self._choice = choice
        self._waiting: deque[Render] = deque()
        self._has_told_of_loras = False

    def load(self) -> Iterator[EngineEvent]:
        """See `Worker.load`."""
        yield Warming(1, 1, "sketch")

    def info(self) -> EngineInfo:
        """See `Worker.info`."""
        return EngineInfo(
            engine="sketch",
            model=self._choice.model,
            checksum="",
            device="cpu",
            precision="fp32",
            sample_rate=sketch.SAMPLE_RATE,
            channels=CHANNELS,
            max_seconds=sketch.SECONDS_RANGE[1],
            samplers=(),
        )

    def warm(self, renders: tuple[Render, ...]) -> Iterator[EngineEvent]:
        """See `Worker.warm`; there is nothing to prepare."""
        yield Warming(len(renders), len(renders), "sketch")

    def submit(self, render: Render) -> None:
        """See `Worker.submit`."""
        check_limits(render)
        if render.morph is not None:
            raise RequestError(f"morph: {no_morph('sketch')}.")
        shortest, longest = sketch.SECONDS_RANGE
        seconds = _seconds(render)
        if not shortest <= seconds <= longest:
            raise RequestError(f"seconds: {seconds:g} is not between {shortest:g} and {longest:g}, sketch's limits.")
        if any(waiting.job == render.job for waiting in self._waiting):
            raise RequestError(f"job {render.job} is in flight already.")
        self._waiting.append(render)

    def cancel(self, job: int) -> bool:
        """See `Worker.cancel`."""
        before = len(self._waiting)
        self._waiting = deque(render for render in self._waiting if render.job != job)
        return len(self._waiting) != before

    def promote(self, job: int) -> None:
        """See `Worker.promote`."""
        # Behind the presses that wait already, before those that come later.
        promoted = [replace(render, spare=False) for render in self._waiting if render.job == job]
        others = [render for render in self._waiting if render.job != job]
        presses, spares = ([one for one in others if one.spare is spare] for spare in (False, True))
        self._waiting = deque([*presses, *promoted, *spares])

    @property
    def busy(self) -> bool:
        """See `Worker.busy`."""
        return bool(self._waiting)

    def tick(self) -> list[EngineEvent]:
        """See `Worker.tick`."""
        if not self._waiting:
            return []
        render = next((waiting for waiting in self._waiting if not waiting.spare), self._waiting[0])
        self._waiting.remove(render)
        before = monotonic()
        sound = sketch.render_prompt(render.prompt, _seconds(render), render.seed)
        unknown = sketch.parse(render.prompt).unknown
        rendered = Rendered(
            job=render.job,
            audio=np.ascontiguousarray(sound.audio, dtype=np.float32),
            sample_rate=sketch.SAMPLE_RATE,
            used={"prompt": render.prompt, "seconds": _seconds(render), "seed": render.seed},
            engine_seconds=monotonic() - before,
            notes=(*([f"unknown words: {', '.join(unknown)}"] if unknown else []), *self._of_loras(render)),
        )
        return [Started(render.job), Progress(render.job, 1, 1), rendered]

    def _of_loras(self, render: Render) -> Iterator[str]:
        """What is to be said, once, of LoRAs that a request names."""
        if render.loras and not self._has_told_of_loras:
            self._has_told_of_loras = True
            yield "sketch plays no LoRAs; they are for models of Stable Audio"

    def close(self) -> None:
        """See `Worker.close`."""
        self._waiting.clear()


def _seconds(render: Render) -> float:
    return DEFAULT_SECONDS if render.seconds is None else render.seconds
