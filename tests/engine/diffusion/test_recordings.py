"""What is recorded on a card, and within which bounds."""

from typing import Any

import pytest
import torch

from midifrag.engine.diffusion import recordings
from midifrag.engine.diffusion.recordings import SHARE, Recordings, worth_recording
from midifrag.engine.loading.model import Model
from midifrag.engine.network.call_costs import CallTime
from midifrag.engine.network.conditioning import Conditioner
from midifrag.engine.network.denoiser import StockDenoiser
from midifrag.engine.network.graphs import CAPTURED_BATCHES, MOST_GRAPHS, GraphCache, GraphShape
from midifrag.engine.network.transformer import FastDenoiser
from tests.engine.replayed import Replayed

CPU = torch.device("cpu")
WAITED_FOR, BUSY = CallTime(3e-3, 3e-3, 0), CallTime(3e-3, 10e-3, 0)
#: What a batch of small takes, unguided, by size.
MEGABYTES = {1: 14, 2: 33, 4: 62, 8: 119, 16: 234}


def shape(batch: int, frames: int = 256, *, guided: bool = False) -> GraphShape:
    return GraphShape(batch, frames, guided, False)


def small(*lengths: int) -> dict[GraphShape, CallTime]:
    """What is measured of small on a card that waits for the host."""
    return {
        shape(batch, frames): WAITED_FOR._replace(bytes=MEGABYTES[batch] * frames // 256)
        for frames in lengths
        for batch in CAPTURED_BATCHES
    }


def test_a_model_that_a_card_is_busy_with_is_not_recorded() -> None:
    assert worth_recording({shape(batch, 1024, guided=True): BUSY for batch in CAPTURED_BATCHES}, None) == []
    assert worth_recording({shape(1): WAITED_FOR, shape(2): BUSY}, None) == [shape(1)]


def test_the_largest_is_recorded_first_of_what_there_is_room_for() -> None:
    assert worth_recording(small(256), None) == [shape(batch) for batch in (16, 8, 4, 2, 1)]
    assert worth_recording(small(256), 120) == [shape(4), shape(2), shape(1)]
    assert worth_recording(small(256), 13) == []
    lengths = worth_recording(small(128, 256), 14)
    assert lengths == [shape(1), shape(1, 128)]


def test_lengths_share_their_memory_and_are_not_added_up() -> None:
    """16 lengths, 3 kinds and 5 sizes would be 240 recordings; together they took more than 5 GB."""
    room = sum(MEGABYTES.values())
    assert len(worth_recording(small(256, 240, 224), room)) == 15
    many = small(*range(16, 257, 16))
    assert len(many) == 80
    chosen = worth_recording(many, room)
    assert len(chosen) == MOST_GRAPHS
    assert sum(each.batch == 1 for each in chosen) == 16


def test_what_a_batch_size_has_already_is_not_taken_twice() -> None:
    assert worth_recording(small(256), 33, {1: 14, 2: 0}) == [shape(2), shape(1)]
    assert worth_recording(small(256), 0, {1: 14}) == [shape(1)]
    assert worth_recording(small(256), 0, {1: 13}) == []


class Card:
    """A card's memory, of which each capture takes some."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, free: int) -> None:
        self.free, self.held = free, 0
        monkeypatch.setattr(recordings, "free_bytes", lambda _device: self.free)
        monkeypatch.setattr(recordings, "held_bytes", lambda _device: self.held)
        monkeypatch.setattr(recordings, "live_bytes", lambda _device: self.held // 10)

    def capture(self, *call: Any) -> Replayed:
        self.held += 100
        return Replayed(*call)


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Card:
    return Card(monkeypatch, 8000)


@pytest.fixture
def denoiser(model: Model, card: Card) -> FastDenoiser:
    made = FastDenoiser(model.module, torch.float32)
    made.captures_graphs, made._graphs = True, GraphCache(card.capture)
    made.prepare(Conditioner(model).encode("rain", "", 1.0), [0.5], 24)
    return made


def test_what_they_take_is_known_by_batch_size_and_counts_towards_the_bound(
    card: Card, denoiser: FastDenoiser, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Recordings(denoiser, CPU, enabled=True)
    for each in shape(2, 24), shape(1, 24), shape(1, 16):
        made.make(each)
    assert (len(made), made.bytes, made.live_bytes) == (3, 300, 30)
    # An eighth of the memory may be taken, with what is.
    assert SHARE == 1 / 8
    card.free = 8 * 400 - 300
    made.note(shape(4, 24), WAITED_FOR._replace(bytes=100))
    made.note(shape(8, 24), WAITED_FOR._replace(bytes=100))
    assert made.wanted() == [shape(4, 24)]
    assert made.wanted() == []
    assert made.drop_largest(for_good=False)
    assert (len(made), made.bytes, made.live_bytes, made.have_been_lost) == (2, 200, 20, True)
    kept: list[torch.device] = []
    monkeypatch.setattr(recordings, "keep_small", kept.append)
    made.make_lost()
    assert kept == [CPU]
    assert (len(made), made.bytes, made.have_been_lost) == (3, 300, False)
    assert made.drop_largest(for_good=True)
    assert not made.have_been_lost


def test_what_was_measured_says_how_batches_are_evaluated(denoiser: FastDenoiser) -> None:
    made = Recordings(denoiser, CPU, enabled=True)
    made.note(shape(1, 24), CallTime(3.0, 3.0, 0))
    made.note(shape(2, 24, guided=True), CallTime(3.0, 4.0, 0))
    assert denoiser.costs._plain == {24: {1: 3.0, 4: 4.0}}
    made.make(shape(1, 24))
    made.note_recorded(shape(1, 24), 2.0)
    assert denoiser.costs._recorded == {shape(1, 24): 2.0}


def test_where_nothing_can_be_recorded_nothing_is(model: Model, card: Card, denoiser: FastDenoiser) -> None:
    off, on = Recordings(denoiser, CPU, enabled=False), Recordings(denoiser, CPU, enabled=True)
    assert (off.are_possible, off.are_left_out) == (False, True)
    assert (on.are_possible, on.are_left_out) == (True, False)
    stock = Recordings(StockDenoiser(model.module), CPU, enabled=True)
    assert (stock.are_possible, stock.are_left_out, len(stock)) == (False, False, 0)
    for each in (off, stock):
        each.make(shape(1, 24))
        stock.note(shape(1), WAITED_FOR)
        stock.note_recorded(shape(1), 1.0)
    assert card.held == 0
    assert stock.wanted() == []
    assert not stock.drop_largest(for_good=False)
