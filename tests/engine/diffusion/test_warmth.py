from collections.abc import Iterator

import pytest

from midifrag.engine.diffusion import warmth
from midifrag.engine.diffusion.cores import FreeCores
from midifrag.engine.diffusion.memory import MemoryLimit
from midifrag.engine.diffusion.model_runner import ModelRunner
from midifrag.engine.diffusion.warmth import Warmth
from midifrag.engine.loading.model import Model
from midifrag.engine.messages import Warming
from tests.engine.presses import press


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(warmth, "monotonic", made)
    return made


def test_the_seconds_are_those_that_the_first_press_had_to_wait(
    model: Model, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    held = [500, 300]

    def warm_up(*_asked: object) -> Iterator[Warming]:
        clock.now += 3
        yield Warming(1, 1, "chords, while nothing is pressed", playable=True)
        clock.now += 3
        yield Warming(1, 1, "ready")
        return held.pop(0)

    monkeypatch.setattr(warmth, "warm_up", warm_up)
    runner, limit, made = ModelRunner(model), MemoryLimit(8), Warmth()
    told = [made.words for _ in made.rehearse(runner, [press(1)], limit, FreeCores())]
    assert all(words.startswith("warm in 3.0 s; ") and "while nothing is pressed" in words for words in told)
    made.tell(runner, limit)
    assert made.words.startswith("warm in 3.0 s: ")
    assert made.bytes_of_a_request == 500
    limit.bound(2)
    list(made.rehearse(runner, [press(1)], limit, FreeCores()))
    made.tell(runner, limit)
    assert made.words.startswith("warm in 3.0 s, memory for 2 at once: ")
    assert made.bytes_of_a_request == 500
