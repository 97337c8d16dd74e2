"""Graphs: a capture writes down what there is to do and does none of it; a replay does it."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from tests.cuda.memory import Block, Pool
from tests.cuda.tensors import CardTensor, key_of, tensors_in, where

if TYPE_CHECKING:
    from tests.cuda.card import Card

#: Names a pool.
Handle = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Launch:
    """One operation on the tape: what lies inside of its tensors."""

    func: Any
    args: Any
    kwargs: dict[str, Any]
    outputs: list[Tensor]
    is_mutable: bool

    def run(self) -> None:
        """Do it, and leave what comes of it where it was at the capture."""
        result = self.func(*self.args, **self.kwargs)
        if not self.is_mutable:
            for place, made in zip(self.outputs, tensors_in(result), strict=True):
                place.copy_(made)


@dataclass(frozen=True, slots=True)
class Outside:
    """Memory that was not made in the capture, and the line that touched it first."""

    block: weakref.ref[Block]
    line: str


class Graph:
    """What stands in for `torch.cuda.CUDAGraph`."""

    def __init__(self, card: Card, keep_graph: bool = False) -> None:
        del keep_graph
        self._card = card
        self._tape: list[Launch] = []
        self._outside: dict[int, Outside] = {}
        self._born: dict[int, weakref.ref[Block]] = {}
        self._before: dict[int, tuple[torch.UntypedStorage, torch.UntypedStorage]] = {}
        self._handle: Handle | None = None
        self._written: set[int] = set()
        self._is_broken = False
        self.can_replay = False

    def capture_begin(self, pool: Handle | None = None, capture_error_mode: str = "global") -> None:
        """Write down what follows on this stream."""
        if self._card.capturing is not None or self._card.is_stuck:
            self._card.violate("begins a capture within another one")
        if self._card.stream is self._card.default_stream:
            self._card.violate("captures on the default stream")
        self.mode = capture_error_mode
        self._handle = pool or self._card.new_pool_handle()
        self.memory.users += 1
        self._card.capturing = self
        self._card.graphs_of(self._handle).append(weakref.ref(self))

    @property
    def memory(self) -> Pool:
        """The pool of what is made in it."""
        if self._handle is None:
            raise RuntimeError("nothing was captured")
        return self._card.memory.private.setdefault(self._handle, Pool())

    def pool(self) -> Handle:
        """What names its pool."""
        if self._handle is None:
            raise RuntimeError("nothing was captured")
        return self._handle

    def break_off(self) -> None:
        """Something happened that no capture survives."""
        self._is_broken = True

    def capture_end(self) -> None:
        """End it: nothing has run. One that broke cannot be ended, and stays underway for the allocator."""
        self._card.capturing = None
        if self._is_broken:
            self._card.is_stuck = True
            raise RuntimeError("CUDA error: operation failed due to a previous error during capture")
        with self._card.quietly():
            for storage, before in self._before.values():
                if storage.device.type != "meta":
                    storage.copy_(before)
            for launch in self._tape:
                for place in launch.outputs:
                    if key_of(place) in self._born and place.is_floating_point():
                        place.fill_(float("nan"))
        # What was overwritten outside of it was kept before.
        self._written = set(self._before)
        self._before.clear()
        self._card.captures += 1
        self.can_replay = True

    def will_touch(self, tensors: list[CardTensor], *, writes: bool) -> None:
        """Note whose memory an operation is about to touch; keep what it would overwrite outside."""
        for each in tensors:
            key = key_of(each.inside)
            if key in self._born:
                continue
            if key not in self._outside:
                self._outside[key] = Outside(weakref.ref(each.block), where())
            if writes and key not in self._before:
                storage = each.inside.untyped_storage()
                self._before[key] = storage, storage.clone()

    def note(self, launch: Launch) -> None:
        """Write an operation down."""
        self._tape.append(launch)

    def bear(self, key: int, block: Block) -> None:
        """A storage was made in the capture."""
        self._born[key] = weakref.ref(block)

    def replay(self) -> None:
        """Do it all, reading what lies in the same places now."""
        card = self._card
        if card.capturing is not None:
            card.refuse_in_capture("a replay")
        touched = []
        for outside in self._outside.values():
            block = outside.block()
            if block is None:
                card.violate(f"a replay touches freed memory, first touched at {outside.line}")
            else:
                touched.append(block)
        born = [block for ref in self._born.values() if (block := ref()) is not None]
        card.order(touched, [*born, *(block for block in touched if int(block.storage._cdata) in self._written)])
        card.replays += 1
        if card.inner.type == "meta":
            return
        with card.quietly():
            for other in self._later():
                other.spoil()
            for launch in self._tape:
                launch.run()

    def spoil(self) -> None:
        """Another graph of this pool, captured before, has used the same memory."""
        alive = {key for key, ref in self._born.items() if ref() is not None}
        for launch in self._tape:
            for place in launch.outputs:
                if place.is_floating_point() and key_of(place) in alive:
                    place.fill_(float("nan"))

    def reset(self) -> None:
        """Let go of the pool."""
        if self._handle is not None:
            self.memory.users -= 1
            self._handle = None
        self._tape.clear()
        self.can_replay = False

    def __del__(self) -> None:
        self.reset()

    def _later(self) -> list[Graph]:
        graphs = [graph for ref in self._card.graphs_of(self.pool()) if (graph := ref()) is not None]
        return graphs[graphs.index(self) + 1 :]
