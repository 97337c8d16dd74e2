"""The card's memory: blocks that live as long as tensors on them, in pools that keep what they once took."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from tests.cuda.streams import Moment, Stream

#: Bytes that torch's allocator rounds sizes up to.
GRAIN = 512


class Pool:
    """Memory of one purpose: ``live`` bytes are in use, ``reserved`` ones kept from others. ``users`` counts graphs."""

    def __init__(self) -> None:
        self.live = self.reserved = self.users = 0


class Block:
    """What the tensors of one storage share; freed with the last of them."""

    def __init__(self, pool: Pool, size: int, storage: torch.UntypedStorage) -> None:
        self.pool, self.size = pool, size
        # Held, so that nothing else gets its address while this is known by it.
        self.storage = storage
        #: When it was last written to, and read on each stream.
        self.written: Moment | None = None
        self.read: dict[Stream, int] = {}

    def __del__(self) -> None:
        self.pool.live -= self.size


class Memory:
    """``total`` bytes of it. `fails` may say of an allocation, by its number, that there is no memory for it."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.fraction = 1.0
        self.allocations = self.refused = self.peak = self.peak_live = 0
        self.fails: Callable[[int], bool] = lambda _number: False
        self.main = Pool()
        self.private: dict[tuple[int, int], Pool] = {}

    @property
    def pools(self) -> tuple[Pool, ...]:
        """All of them."""
        return (self.main, *self.private.values())

    @property
    def live(self) -> int:
        """Bytes in use."""
        return sum(pool.live for pool in self.pools)

    @property
    def reserved(self) -> int:
        """Bytes that other programs cannot have."""
        return sum(pool.reserved for pool in self.pools)

    def allocate(self, storage: torch.UntypedStorage, pool: Pool) -> Block:
        """A block for a new storage. Raises `torch.OutOfMemoryError`."""
        size = -(-storage.nbytes() // GRAIN) * GRAIN
        self.allocations += 1
        if self.fails(self.allocations):
            self._refuse(size)
        limit = int(self.total * self.fraction)
        if self.reserved + self._more(pool, size) > limit:
            self.give_back()
            if self.reserved + self._more(pool, size) > limit:
                self._refuse(size)
        pool.live += size
        pool.reserved = max(pool.reserved, pool.live)
        self.peak, self.peak_live = max(self.peak, self.reserved), max(self.peak_live, self.live)
        return Block(pool, size, storage)

    def fail_next(self, count: int) -> None:
        """Have the next allocations fail, and no others."""
        last = self.allocations + count
        self.fails = lambda number: number <= last

    def give_back(self) -> None:
        """Keep what is in use alone, and pools of graphs whole."""
        self.main.reserved = self.main.live
        for handle, pool in list(self.private.items()):
            if pool.users <= 0:
                pool.reserved = pool.live
                if not pool.live:
                    del self.private[handle]

    def reset_peaks(self) -> None:
        """Count the greatest use anew."""
        self.peak, self.peak_live = self.reserved, self.live

    def _more(self, pool: Pool, size: int) -> int:
        return max(0, pool.live + size - pool.reserved)

    def _refuse(self, size: int) -> None:
        self.refused += 1
        raise torch.OutOfMemoryError(
            f"CUDA out of memory. Tried to allocate {size / (1 << 20):.2f} MiB. GPU 0 has a total capacity of "
            f"{self.total / (1 << 30):.2f} GiB of which {(self.total - self.reserved) / (1 << 20):.2f} MiB is free."
        )
