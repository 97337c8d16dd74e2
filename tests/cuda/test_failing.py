"""What goes wrong on a card: memory at any moment, a capture, pinned memory. No press goes without an answer."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import AbstractContextManager
from unittest import mock

import pytest
import torch
from torch.nn import functional

from midifrag.engine.border import Border
from midifrag.engine.diffusion.worker import DiffusionWorker
from midifrag.engine.hosting.command_queue import CommandQueue
from midifrag.engine.hosting.worker_loop import WorkerLoop, death_of
from midifrag.engine.messages import EngineEvent, Failed, Ready, Rendered, Warm
from midifrag.errors import CaptureError
from tests.cuda.card import Card
from tests.cuda.playing import PRESSES, TOLERANCE, furthest, one_after_the_other, play, playing, sounds, tiny
from tests.engine.presses import press
from tests.support.forms import form

#: A chord of two lengths, with and without guidance.
CHORD = (press(1), press(2, seconds=0.4, steps=2), press(3, cfg_scale=1.0, steps=2), press(4, steps=2))
#: Of the allocations of a chord, how many are tried in one run of all tests.
TRIED = form(3, 8)
#: Presses at once: more of them make way for each other, and batches are halved.
MOST = 2
#: Without and with guidance.
TWO = PRESSES[:2]


class Playing:
    """A worker that is warm for the chord, the allocations that it takes, and what it sounds like."""

    def __init__(self, card: Card) -> None:
        self.card = card
        self.worker = DiffusionWorker.from_model(tiny("v", "fp32", "cuda"), max_in_flight=MOST)
        list(self.worker.warm(CHORD))
        before = card.memory.allocations
        self.sound = sounds(play(self.worker, CHORD))
        self.allocations = card.memory.allocations - before

    def fail(self, first: int, every: int | None = None) -> list[EngineEvent]:
        """Play the chord while the ``first`` allocation from now on fails, and then one of ``every``."""
        start = self.card.memory.allocations
        self.card.memory.fails = lambda number: (
            number - start == first or (every is not None and number - start > first and (number - start) % every == 0)
        )
        events = play(self.worker, CHORD)
        self.card.memory.fails = lambda _number: False
        return events


@pytest.fixture(scope="module")
def warm() -> Iterator[Playing]:
    with playing(Card()) as card:
        yield Playing(card)


def answers(events: list[EngineEvent]) -> list[int]:
    return sorted(event.job for event in events if isinstance(event, Rendered | Failed))


@pytest.mark.shortened
def test_memory_that_runs_out_once_at_any_allocation_costs_no_press(
    warm: Playing, request: pytest.FixtureRequest
) -> None:
    step = 1 if request.config.getoption("--every-model", default=False) else warm.allocations // TRIED
    for first in range(1, warm.allocations + 1, step):
        events = warm.fail(first)
        assert furthest(sounds(events), warm.sound) <= TOLERANCE["fp32"], f"at allocation {first}"
    assert warm.card.violations == []


@pytest.mark.parametrize("every", [1, 7, 150])
def test_memory_that_runs_out_again_and_again_leaves_no_press_without_an_answer(warm: Playing, every: int) -> None:
    assert answers(warm.fail(every, every)) == [1, 2, 3, 4]
    assert furthest(sounds(play(warm.worker, CHORD)), warm.sound) <= TOLERANCE["fp32"]
    assert warm.card.violations == []


def test_where_no_page_can_be_locked_copies_are_waited_for(warm: Playing) -> None:
    card = warm.card
    torch._C._host_emptyCache()
    card.host.is_full = True
    card.forget()
    try:
        # A new prompt, so that numbers go there too.
        sound = sounds(play(warm.worker, [*CHORD, press(5, prompt="bell")]))
    finally:
        card.host.is_full = False
    assert card.syncs.total() > 0
    assert sorted(sound) == [1, 2, 3, 4, 5]
    assert furthest({job: sound[job] for job in warm.sound}, warm.sound) <= TOLERANCE["fp32"]
    assert card.violations == []


@pytest.mark.thorough
def test_memory_that_runs_out_in_warm_up_leaves_an_engine_that_plays() -> None:
    plain = one_after_the_other(DiffusionWorker.from_model(tiny("v", "fp32"), max_in_flight=MOST), PRESSES)
    with playing(Card()) as card:
        worker = DiffusionWorker.from_model(tiny("v", "fp32", "cuda"), max_in_flight=MOST)
        card.memory.fails = lambda number: number % 311 == 0
        list(worker.warm(PRESSES))
        refused = card.memory.refused
        card.memory.fails = lambda _number: False
        assert furthest(sounds(play(worker, PRESSES)), plain) <= TOLERANCE["fp32"]
        assert refused > 3
        assert card.violations == []


def live(worker: DiffusionWorker) -> list[EngineEvent]:
    """A worker's life up to the moment that it is warm. Raises what ends it."""
    commands, told = CommandQueue(), queue.SimpleQueue[EngineEvent]()

    def tell(event: EngineEvent) -> None:
        told.put(event)
        if isinstance(event, Ready):
            commands.close()

    WorkerLoop(worker, commands, Border("tiny", tell), [Warm(TWO)]).run()
    return [told.get() for _ in range(told.qsize())]


def test_an_engine_whose_work_cannot_be_captured_goes_on_without_graphs() -> None:
    """As a synchronisation in a library would break it: the first life ends, the next one plays without."""
    plain = one_after_the_other(DiffusionWorker.from_model(tiny("v", "fp32"), max_in_flight=MOST), TWO)
    with playing(Card()) as card, unrecordable():
        first = DiffusionWorker.from_model(tiny("v", "fp32", "cuda"), max_in_flight=MOST)
        with pytest.raises(CaptureError, match="operation failed due to a previous error during capture") as raised:
            live(first)
        assert card.is_stuck
    death = death_of(raised.value)
    assert not death.final
    # Another life is another process.
    with playing(Card()) as card, unrecordable():
        model = tiny("v", "fp32", "cuda")
        worker = DiffusionWorker.from_model(model, max_in_flight=MOST, **death.options)
        list(worker.warm(TWO))
        assert "without CUDA graphs" in worker.info().warmed
        assert furthest(sounds(play(worker, TWO)), plain) <= TOLERANCE["fp32"]
        assert (card.captures, card.replays) == (0, 0)


def unrecordable() -> AbstractContextManager[object]:
    """A function of every block looks at its own numbers."""
    silu = functional.silu

    def looking(x: torch.Tensor, inplace: bool = False) -> torch.Tensor:
        assert x.sum().item() is not None
        return silu(x, inplace)

    return mock.patch.object(functional, "silu", looking)
