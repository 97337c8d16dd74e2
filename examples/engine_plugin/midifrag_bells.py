"""Bells as an engine of midifrag: a `Worker` that adds one partial a tick.

midifrag makes it in a process of its own, which is why nothing here starts before `load`, and calls everything from
one thread.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from midifrag.engine.limits import check_limits
from midifrag.engine.messages import EngineEvent, EngineInfo, Progress, Render, Rendered, Started, Warming
from midifrag.engine.protocol import EngineChoice
from midifrag.errors import RequestError

SAMPLE_RATE, CHANNELS = 44_100, 2
#: Lengths in seconds that can be asked for, and the one of a request that names none.
SHORTEST, LONGEST, USUAL = 0.05, 20.0, 3.0
#: Frequencies of a bell's partials beside its strike note, from the hum an octave below.
PARTIALS = (0.5, 1.0, 1.183, 1.506, 2.0, 2.514, 2.662, 3.011)
#: Words of a prompt and the strike note they ask for, in hertz.
NOTES = {"low": 220.0, "high": 1760.0}
USUAL_NOTE = 660.0


@dataclass
class Bell:
    """A job on its way: the sound so far, and its random generator."""

    render: Render
    audio: npt.NDArray[np.float32]
    random: np.random.Generator
    steps: int = 0
    seconds_taken: float = field(default=0.0)


class BellWorker:
    """Rings bells; ``decay`` of its entry in presets.yaml is how many seconds they take to fall by 60 dB."""

    def __init__(self, choice: EngineChoice) -> None:
        self._model = choice.model
        self._decay = float(choice.source.get("decay", 2.0))
        self._bells: dict[int, Bell] = {}

    def load(self) -> Iterator[EngineEvent]:
        """There is nothing to load; whatever takes long is yielded like this, so that a performer sees it."""
        yield Warming(1, 1, "bells")

    def info(self) -> EngineInfo:
        """What is loaded."""
        return EngineInfo(
            engine="bells",
            model=self._model,
            checksum="",
            device="cpu",
            precision="fp32",
            sample_rate=SAMPLE_RATE,
            channels=CHANNELS,
            max_seconds=LONGEST,
            samplers=(),
        )

    def warm(self, renders: tuple[Render, ...]) -> Iterator[EngineEvent]:
        """A model would encode the prompts now."""
        yield Warming(len(renders), len(renders), "bells")

    def submit(self, render: Render) -> None:
        """Begin a job. Raises `RequestError`, which the pad shows, for what can never be rendered."""
        check_limits(render)
        seconds = USUAL if render.seconds is None else render.seconds
        if not SHORTEST <= seconds <= LONGEST:
            raise RequestError(f"seconds: {seconds:g} is not between {SHORTEST:g} and {LONGEST:g}.")
        audio = np.zeros((CHANNELS, round(seconds * SAMPLE_RATE)), np.float32)
        self._bells[render.job] = Bell(replace(render, seconds=seconds), audio, np.random.default_rng(render.seed))

    def cancel(self, job: int) -> bool:
        """Drop a job; whether there was one."""
        return self._bells.pop(job, None) is not None

    def promote(self, job: int) -> None:
        """A press wants the take that was rendered ahead."""
        if job in self._bells:
            self._bells[job].render = replace(self._bells[job].render, spare=False)

    @property
    def busy(self) -> bool:
        """Whether a tick has work."""
        return bool(self._bells)

    def tick(self) -> list[EngineEvent]:
        """Add one partial to the first bell that a press waits for, else to the first spare."""
        if not self._bells:
            return []
        bell = next((one for one in self._bells.values() if not one.render.spare), next(iter(self._bells.values())))
        job = bell.render.job
        events: list[EngineEvent] = [Started(job)] if bell.steps == 0 else []
        before = time.perf_counter()
        self._add_partial(bell)
        bell.seconds_taken += time.perf_counter() - before
        events.append(Progress(job, bell.steps, len(PARTIALS)))
        if bell.steps == len(PARTIALS):
            del self._bells[job]
            events.append(self._rendered(bell))
        return events

    def close(self) -> None:
        """Nothing is called after this."""
        self._bells.clear()

    def _add_partial(self, bell: Bell) -> None:
        said = bell.render.prompt.lower().split()
        note = next((hertz for word, hertz in NOTES.items() if word in said), USUAL_NOTE)
        ratio = PARTIALS[bell.steps]
        seconds = np.arange(bell.audio.shape[1]) / SAMPLE_RATE
        # Each channel a little out of tune with the other, by the seed; high partials fall sooner.
        hertz = note * ratio * (1 + 0.002 * bell.random.standard_normal((CHANNELS, 1)))
        fall = 10 ** (-3 * seconds * max(1.0, ratio) / self._decay)
        bell.audio += (fall * np.sin(2 * np.pi * hertz * seconds) / len(PARTIALS)).astype(np.float32)
        bell.steps += 1

    def _rendered(self, bell: Bell) -> Rendered:
        render = bell.render
        known = {"bell", *NOTES}
        unknown = [word for word in render.prompt.lower().split() if word not in known]
        return Rendered(
            job=render.job,
            audio=bell.audio,
            sample_rate=SAMPLE_RATE,
            # Enough to render it again.
            used={"prompt": render.prompt, "seconds": render.seconds, "seed": render.seed},
            engine_seconds=bell.seconds_taken,
            notes=(f"unknown words: {', '.join(unknown)}",) if unknown else (),
        )
