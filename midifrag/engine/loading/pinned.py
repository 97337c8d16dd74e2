"""Page-locked memory that a card's results are brought into.

Locking pages takes tens of milliseconds, which a chord shall not wait for, and torch forgets what it keeps of such
memory with each recording. So a few blocks are made in warm-up, as long as the longest result, and used in turn.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor

_log = logging.getLogger(__name__)

#: Blocks that are kept: one is filled, one waited for, and one read.
BLOCKS = 3
#: Bytes up to which what goes to a card is a few numbers: noise levels of a thousand steps.
SMALL = 4096


def locked(size: int) -> Tensor:
    """``size`` bytes of the host's memory, page-locked, or else as it is: copies from and to there hold the host up."""
    try:
        return torch.empty(size, dtype=torch.uint8, pin_memory=True)
    except RuntimeError as error:
        _tell(str(error).partition("\n")[0])
        return torch.empty(size, dtype=torch.uint8)


def pinned(tensor: Tensor) -> Tensor:
    """The same numbers in page-locked memory, or else the tensor itself."""
    try:
        return tensor.pin_memory()
    except RuntimeError as error:
        _tell(str(error).partition("\n")[0])
        return tensor


@cache
def _tell(trouble: str) -> None:
    """Once for each kind of trouble: a press copies some twenty times."""
    _log.warning("no page-locked memory is to be had; copies from and to the device take longer: %s", trouble)


def keep_small(device: torch.device) -> None:
    """Have torch keep what sends a few numbers to a card, of each length that it rounds to: powers of two."""
    if device.type == "cuda":
        lengths = [1 << power for power in range(SMALL.bit_length())]
        # All at once, so that each is one of its own; freed, they are kept.
        blocks = [locked(length) for length in lengths for _ in range(BLOCKS)]
        blocks.clear()


class LentBlock(NamedTuple):
    """A block, and the tensor that its beginning is taken for."""

    block: Tensor
    tensor: Tensor


class PinnedBlocks:
    """Blocks of one length, which grows with what is asked for; ``make`` makes one of so many bytes."""

    def __init__(self, make: Callable[[int], Tensor] = locked) -> None:
        self._make = make
        self._size = 0
        self._free: list[Tensor] = []

    def reserve(self, size: int) -> None:
        """Have blocks of at least ``size`` bytes at hand."""
        self._size = max(self._size, size)
        self._free = [block for block in self._free if len(block) >= self._size]
        while len(self._free) < BLOCKS:
            self._free.append(self._make(self._size))

    def lend(self, shape: Sequence[int], dtype: torch.dtype) -> LentBlock:
        """A block with room for such a tensor, to be given back."""
        size = math.prod(shape) * dtype.itemsize
        has_room = self._free and len(self._free[-1]) >= size
        block = self._free.pop() if has_room else self._make(max(size, self._size))
        return LentBlock(block, block[:size].view(dtype).view(tuple(shape)))

    def give_back(self, lent: LentBlock) -> None:
        """Nobody reads it any more, and nothing is on its way to it."""
        if len(lent.block) >= self._size and len(self._free) < BLOCKS:
            self._free.append(lent.block)
