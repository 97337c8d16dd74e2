"""The pretended card is as strict as a real one: each rule, broken once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tests.cuda.card import GIB, Card, pretended

IN_CAPTURE = "operation not permitted when stream is capturing"


@pytest.fixture
def card() -> Iterator[Card]:
    with pretended(Card()) as card:
        yield card


def captured(work: Tensor, pool: Any = None) -> tuple[torch.cuda.CUDAGraph, Tensor]:
    """A graph of ``2 · work + 1``, and what it leaves."""
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, pool=pool):
        output = work * 2 + 1
    return graph, output


def test_tensors_of_host_and_card_do_not_meet_but_for_single_numbers(card: Card) -> None:
    there = torch.ones(3, device="cuda")
    assert (there + torch.tensor(1.0)).cpu().tolist() == [2, 2, 2]
    with pytest.raises(RuntimeError, match="at least two devices, cuda:0 and cpu"):
        there + torch.ones(3)


@pytest.mark.parametrize("inference", [False, True])
def test_arithmetic_is_that_of_the_host(card: Card, inference: bool) -> None:
    layer = torch.nn.Conv1d(3, 3, 3, padding=1).requires_grad_(False)
    x, query = torch.randn(1, 3, 8), torch.randn(1, 2, 8, 4)
    expected = layer(x), functional.scaled_dot_product_attention(query, query, query)
    with torch.inference_mode(inference):
        sound = layer.to("cuda")(x.to("cuda"))
        there = query.to("cuda")
        seen = functional.scaled_dot_product_attention(there, there, there)
    assert torch.equal(sound.cpu(), expected[0])
    torch.testing.assert_close(seen.cpu(), expected[1])
    assert {shape[0] for shape in card.shapes} == {"convolution", "attention"}


def test_what_the_host_waits_for_is_noticed(card: Card) -> None:
    there = torch.arange(3.0).pin_memory().to("cuda", non_blocking=True)
    assert card.syncs == {}
    for wait in (
        lambda: there.sum().item(),
        lambda: bool(there[0] > 0),
        lambda: there.cpu(),
        lambda: torch.ones(3).to("cuda"),
        lambda: torch.ones(3).to("cuda", non_blocking=True),
        lambda: there[torch.tensor([0, 1])],
        torch.cuda.synchronize,
    ):
        card.forget()
        wait()
        assert card.syncs.total() == 1


def test_copies_to_the_host_land_when_their_event_was_waited_for(card: Card) -> None:
    there, here = torch.ones(3, device="cuda"), torch.empty(3, pin_memory=True)
    here.copy_(there, non_blocking=True)
    done = torch.cuda.Event()
    done.record()
    there.fill_(2)
    assert not done.query()
    assert np.isnan(here.numpy()).all()
    assert card.violations == []
    here.sum()
    assert "before its event" in card.violations[0]
    done.synchronize()
    assert done.query()
    assert here.tolist() == [1, 1, 1]
    assert card.syncs == {}


def test_a_capture_runs_nothing_and_a_replay_reads_what_is_there_by_then(card: Card) -> None:
    work = torch.ones(2, device="cuda")
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        output = work * 2
        work += 1
    assert work.cpu().tolist() == [1, 1]
    assert output.isnan().all()
    graph.replay()
    assert (output.cpu().tolist(), work.cpu().tolist()) == ([2, 2], [2, 2])
    work.fill_(5)
    graph.replay()
    assert output.cpu().tolist() == [10, 10]
    assert (card.captures, card.replays, card.violations) == (1, 2, [])


#: What no capture bears.
BREAKS: tuple[Callable[[Tensor], object], ...] = (
    lambda on_card: on_card.sum().item(),
    lambda on_card: on_card.cpu(),
    lambda _: torch.empty(3, pin_memory=True),
    lambda _: torch.ones(3).pin_memory(),
    lambda _: torch.ones(3).to("cuda"),
    lambda _: torch.randn(3, device="cuda", generator=torch.Generator("cuda")),
    lambda _: torch.cuda.empty_cache(),
    lambda _: torch.cuda.synchronize(),
    lambda _: torch.cuda.Event().record(),
)


@pytest.mark.parametrize("breaks", BREAKS)
def test_what_breaks_a_capture_leaves_it_underway_for_good(card: Card, breaks: Callable[[Tensor], object]) -> None:
    there = torch.ones(3, device="cuda")
    with (
        pytest.raises(RuntimeError, match="previous error during capture"),
        torch.cuda.graph(torch.cuda.CUDAGraph()),
        pytest.raises(RuntimeError, match=IN_CAPTURE),
    ):
        breaks(there)
    assert len(card.violations) == 1
    assert torch.cuda.current_stream() is not torch.cuda.default_stream()
    with pytest.raises(RuntimeError, match="captures_underway"):
        torch.cuda.empty_cache()


def test_a_capture_that_finds_no_memory_can_be_ended(card: Card) -> None:
    there = torch.ones(3, device="cuda")
    card.memory.fail_next(1)
    with pytest.raises(torch.OutOfMemoryError):
        captured(there)
    graph, output = captured(there)
    graph.replay()
    assert output.cpu().tolist() == [3, 3, 3]


def test_a_replay_that_reads_freed_memory_is_noticed(card: Card) -> None:
    work = torch.ones(2, device="cuda")
    graph, _ = captured(work)
    del work
    graph.replay()
    assert "freed memory" in card.violations[0]


def test_graphs_of_one_pool_spoil_what_later_ones_left(card: Card) -> None:
    handle = torch.cuda.graph_pool_handle()
    work = torch.ones(2, device="cuda")
    first, first_output = captured(work, handle)
    second, second_output = captured(work, handle)
    first.replay()
    second.replay()
    assert (first_output.cpu().tolist(), second_output.cpu().tolist()) == ([3, 3], [3, 3])
    first.replay()
    assert second_output.isnan().all()


def test_streams_that_do_not_wait_for_each_other_are_noticed(card: Card) -> None:
    work, side = torch.ones(2, device="cuda"), torch.cuda.Stream()
    with torch.cuda.stream(side):
        work * 2
    assert "another stream is at work on" in card.violations.pop()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        work * 2
    assert card.violations == []
    work += 1
    assert "another stream reads" in card.violations.pop()
    torch.cuda.current_stream().wait_stream(side)
    work += 1
    assert card.violations == []


def test_memory_is_counted_by_storage_and_kept_until_it_is_given_back(card: Card) -> None:
    there = torch.zeros(1024, device="cuda")
    part = there[:10]
    assert torch.cuda.memory_allocated() == 4096
    del there
    assert torch.cuda.memory_allocated() == 4096
    del part
    assert (torch.cuda.memory_allocated(), torch.cuda.memory_reserved()) == (0, 4096)
    torch.cuda.empty_cache()
    assert torch.cuda.memory_reserved() == 0
    assert torch.cuda.max_memory_reserved() == 4096


@pytest.mark.parametrize("shared", [False, True])
def test_graphs_keep_their_pools_and_may_share_them(card: Card, shared: bool) -> None:
    work = torch.zeros(1024, device="cuda")
    handle = torch.cuda.graph_pool_handle() if shared else None
    graphs = []
    for _ in range(3):
        graph, output = captured(work, handle)
        graphs.append(graph)
        del output
    # An intermediate result and an output each.
    assert torch.cuda.memory_reserved() == 4096 + 2 * 4096 * (1 if shared else 3)
    graphs.clear()
    del graph
    torch.cuda.empty_cache()
    assert torch.cuda.memory_reserved() == 4096


def test_memory_runs_out_where_there_is_no_more_of_it() -> None:
    with pretended(Card("meta", memory=8 * GIB)) as card:
        there = torch.empty(5 * GIB, dtype=torch.uint8, device="cuda")
        with pytest.raises(torch.OutOfMemoryError, match="CUDA out of memory"):
            torch.empty(4 * GIB, dtype=torch.uint8, device="cuda")
        torch.cuda.set_per_process_memory_fraction(0.7)
        with pytest.raises(torch.OutOfMemoryError):
            torch.empty(GIB, dtype=torch.uint8, device="cuda")
        del there
        torch.empty(5 * GIB, dtype=torch.uint8, device="cuda")
        assert card.memory.refused == 2


def test_pinned_memory_is_used_again(card: Card) -> None:
    for size in (100, 100, 120, 1000):
        torch.empty(size, dtype=torch.uint8, pin_memory=True)
    assert card.host.locked == 2
    torch._C._host_emptyCache()
    torch.empty(100, dtype=torch.uint8, pin_memory=True)
    assert card.host.locked == 3


def test_tensors_do_not_outlive_their_card(card: Card) -> None:
    there = torch.ones(3, device="cuda")
    with pretended(Card()) as another:
        there * 2
    assert another.violations != []


def test_what_was_there_before_is_there_again() -> None:
    before = torch.cuda.Stream, torch.Generator, torch.nn.Module._apply, functional.scaled_dot_product_attention
    with pretended(Card()):
        assert torch.cuda.is_available()
    after = torch.cuda.Stream, torch.Generator, torch.nn.Module._apply, functional.scaled_dot_product_attention
    assert before == after
    assert torch.ones(3).mul(2).tolist() == [2, 2, 2]
