"""Page-locked memory that is made once and used in turn."""

import logging

import pytest
import torch

from midifrag.engine.loading import pinned
from midifrag.engine.loading.pinned import BLOCKS, SMALL, LentBlock, PinnedBlocks


@pytest.fixture
def made() -> list[int]:
    return []


@pytest.fixture
def blocks(made: list[int]) -> PinnedBlocks:
    def make(size: int) -> torch.Tensor:
        made.append(size)
        return torch.zeros(size, dtype=torch.uint8)

    return PinnedBlocks(make)


def lend(blocks: PinnedBlocks, *shape: int) -> LentBlock:
    return blocks.lend(shape, torch.float32)


def test_what_was_reserved_is_used_again_and_again(blocks: PinnedBlocks, made: list[int]) -> None:
    blocks.reserve(400)
    assert made == [400] * BLOCKS
    for shape in ((1, 2, 50), (4, 2, 3), (100,)):
        first, second = lend(blocks, *shape), lend(blocks, *shape)
        assert first.tensor.shape == shape
        assert first.tensor.dtype == torch.float32
        first.tensor.fill_(1.0)
        second.tensor.fill_(2.0)
        assert first.tensor.eq(1.0).all()
        blocks.give_back(first)
        blocks.give_back(second)
    assert made == [400] * BLOCKS


def test_what_needs_more_gets_more_and_a_longer_one_takes_the_places_of_shorter_ones(
    blocks: PinnedBlocks, made: list[int]
) -> None:
    blocks.reserve(40)
    long = lend(blocks, 100)
    assert made == [40] * BLOCKS + [400]
    short = lend(blocks, 1)
    blocks.reserve(400)
    assert made == [40] * BLOCKS + [400] * (1 + BLOCKS)
    for each in long, short:
        blocks.give_back(each)
    assert [len(block) for block in blocks._free] == [400] * BLOCKS
    blocks.reserve(100)
    assert len(made) == 2 * BLOCKS + 1


def test_more_at_once_than_are_kept_are_made_and_let_go(blocks: PinnedBlocks, made: list[int]) -> None:
    blocks.reserve(8)
    lent = [lend(blocks, 2) for _ in range(BLOCKS + 2)]
    assert len(made) == BLOCKS + 2
    for each in lent:
        blocks.give_back(each)
    assert len(blocks._free) == BLOCKS


def test_what_sends_a_few_numbers_to_a_card_is_kept_of_each_length(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    monkeypatch.setattr(pinned, "locked", lambda size: made.append(size) or torch.zeros(1))
    pinned.keep_small(torch.device("cpu"))
    assert made == []
    pinned.keep_small(torch.device("cuda"))
    assert {4, 8, 16, 1024, SMALL} <= set(made)
    assert all(made.count(size) == BLOCKS and size.bit_count() == 1 for size in made)


def test_without_page_locked_memory_it_is_other_memory_which_is_told_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = torch.empty

    def refuse(*_: object) -> torch.Tensor:
        raise RuntimeError("CUDA error: out of memory\nand more")

    def empty(size: int, *, dtype: torch.dtype, pin_memory: bool = False) -> torch.Tensor:
        return refuse() if pin_memory else real(size, dtype=dtype)

    numbers = torch.arange(3)
    monkeypatch.setattr(torch, "empty", empty)
    monkeypatch.setattr(torch.Tensor, "pin_memory", refuse)
    pinned._tell.cache_clear()
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert len(pinned.locked(12)) == 12
            assert pinned.pinned(numbers) is numbers
    [told] = caplog.messages
    assert told.endswith("take longer: CUDA error: out of memory")
