"""The pretended card, and putting it in the place of `torch.cuda`."""

from __future__ import annotations

import contextlib
import gc
import itertools
import weakref
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any
from unittest import mock

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils._python_dispatch import _disable_current_modes

from midifrag.engine.network import graphs, guidance, kernels
from tests.cuda import streams
from tests.cuda.capture import Graph, Handle
from tests.cuda.dispatch import CardMode, attention, dispatch
from tests.cuda.host import HostMemory
from tests.cuda.known import KnownShapes
from tests.cuda.memory import Block, Memory
from tests.cuda.streams import Event, Moment, Stream
from tests.cuda.tensors import CardTensor, convert_module, where

GIB = 1 << 30


class Card:
    """One card with ``memory`` bytes and a compute ``capability``; ``inner`` is the device of what lies inside.

    Everything that tests ask about is counted: where the host waited for it (``syncs``), what would be wrong on a real
    one (``violations``), operations by name (``kernels``), those of convolutions and attention with their shapes
    (``shapes``), ``captures``, ``replays``, ``event_waits``.
    """

    def __init__(self, inner: str = "cpu", memory: int = 80 * GIB, capability: tuple[int, int] = (9, 0)) -> None:
        self.inner = torch.device(inner)
        self.capability = capability
        self.memory = Memory(memory)
        self.host = HostMemory(self)
        self.known = KnownShapes()
        self.streams: list[Stream] = []
        self.stream = self.default_stream = Stream(self)
        self.capturing: Graph | None = None
        #: A capture could not be ended.
        self.is_stuck = False
        self.syncs: Counter[tuple[str, str]] = Counter()
        self.violations: list[str] = []
        self.kernels: Counter[str] = Counter()
        self.shapes: set[tuple[Any, ...]] = set()
        self.captures = self.replays = self.event_waits = 0
        self._handles = itertools.count(1)
        self._graphs: dict[Handle, list[weakref.ref[Graph]]] = {}

    def dispatch(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Do an operation."""
        return dispatch(self, func, args, kwargs)

    def on_card(self, inner: Tensor, kernel: str | None) -> CardTensor:
        """A new tensor on the card; ``kernel`` is what has made it, where that is told here."""
        pool = self.memory.main if self.capturing is None else self.capturing.memory
        block = self.memory.allocate(inner.untyped_storage(), pool)
        if self.capturing is not None:
            self.capturing.bear(int(block.storage._cdata), block)
        if kernel is not None:
            self.kernels[kernel] += 1
            self.order([], [block])
        return CardTensor(inner, block, self)

    def order(self, reads: Sequence[Block], writes: Sequence[Block]) -> None:
        """Work on the current stream: what it touches must be done with elsewhere. A capture does none."""
        if self.capturing is not None:
            return
        stream = self.stream
        stream.now += 1
        for block in (*reads, *writes):
            if not stream.knows(block.written):
                self.violate("touches what another stream is at work on")
        for block in writes:
            if not all(stream.knows(Moment(other, count)) for other, count in block.read.items()):
                self.violate("overwrites what another stream reads")
            block.written, block.read = self.moment(), {}
        for block in reads:
            block.read[stream] = stream.now

    def moment(self) -> Moment:
        """The end of the current stream's work."""
        return Moment(self.stream, self.stream.now)

    def host_waits(self, what: str) -> None:
        """The host waits for all that there is to do."""
        if self.capturing is not None:
            self.refuse_in_capture(what)
        self.syncs[what, where()] += 1
        streams.all_know_all(self.streams)
        self.host.land()

    def violate(self, what: str) -> None:
        """Note what would be wrong on a real card, and where."""
        self.violations.append(f"{what} ({where()})")

    def refuse_in_capture(self, what: str) -> None:
        """What breaks a capture: noted, and raised as torch raises it."""
        self.violate(f"in a capture: {what}")
        if self.capturing is not None:
            self.capturing.break_off()
        raise RuntimeError("CUDA error: operation not permitted when stream is capturing")

    def new_pool_handle(self) -> Handle:
        """What names a new pool."""
        return (0, next(self._handles))

    def graphs_of(self, handle: Handle) -> list[weakref.ref[Graph]]:
        """The graphs of a pool, as they were captured."""
        return self._graphs.setdefault(handle, [])

    @property
    def live_graphs(self) -> int:
        """How many captures can be replayed."""
        alive = [graph for refs in self._graphs.values() for ref in refs if (graph := ref()) is not None]
        return sum(graph.can_replay for graph in alive)

    def empty_cache(self) -> None:
        """Give memory back that nobody uses."""
        if self.capturing is not None:
            self.refuse_in_capture("memory given back")
        if self.is_stuck:
            raise RuntimeError("captures_underway.empty() INTERNAL ASSERT FAILED")
        self.memory.give_back()

    @contextlib.contextmanager
    def quietly(self) -> Iterator[None]:
        """What is done inside of tensors is nobody's operation."""
        with _disable_current_modes(), torch.inference_mode():
            yield

    def forget(self) -> None:
        """Count anew from here on."""
        self.syncs.clear()
        self.kernels.clear()
        self.shapes = set()
        self.replays = self.event_waits = self.host.locked = 0
        self.memory.refused = 0
        self.memory.reset_peaks()


def _stand_ins(card: Card) -> dict[str, Any]:
    """What the engine and torch ask of `torch.cuda`, by name."""
    memory = card.memory
    properties = SimpleNamespace(
        name="Pretended card",
        total_memory=memory.total,
        major=card.capability[0],
        minor=card.capability[1],
        multi_processor_count=132,
    )

    def limit(fraction: float, _device: Any = None) -> None:
        memory.fraction = fraction

    return {
        "_lazy_init": lambda: None,
        "is_available": lambda: True,
        "device_count": lambda: 1,
        "set_device": lambda _device: None,
        "current_device": lambda: 0,
        "get_device_properties": lambda _device=None: properties,
        "get_device_name": lambda _device=None: properties.name,
        "get_device_capability": lambda _device=None: card.capability,
        "synchronize": lambda _device=None: card.host_waits("synchronize"),
        "empty_cache": card.empty_cache,
        "memory_allocated": lambda _device=None: memory.live,
        "memory_reserved": lambda _device=None: memory.reserved,
        "max_memory_allocated": lambda _device=None: memory.peak_live,
        "max_memory_reserved": lambda _device=None: memory.peak,
        "reset_peak_memory_stats": lambda _device=None: memory.reset_peaks(),
        "mem_get_info": lambda _device=None: (memory.total - memory.reserved, memory.total),
        "set_per_process_memory_fraction": limit,
        "get_per_process_memory_fraction": lambda _device=None: memory.fraction,
        "graph_pool_handle": card.new_pool_handle,
        "is_current_stream_capturing": lambda: card.capturing is not None,
        "Stream": lambda *_device, **_options: Stream(card),
        "current_stream": lambda _device=None: card.stream,
        "default_stream": lambda _device=None: card.default_stream,
        "stream": partial(streams.Using, card),
        "Event": lambda blocking=False, **_options: Event(card, blocking=blocking),
        "CUDAGraph": partial(Graph, card),
    }


def _forget_kept_tensors() -> None:
    """What the package keeps for the life of a process, which has one card."""
    for kept in (graphs.capture_stream, guidance._scales, guidance._mask, guidance.index_tensor):
        kept.cache_clear()


@contextlib.contextmanager
def pretended(card: Card) -> Iterator[Card]:
    """Put a card in place, for this thread."""
    torch._C._ensureCUDADeviceGuardSet()
    lifted = torch._C._only_lift_cpu_tensors()
    _forget_kept_tensors()
    try:
        with contextlib.ExitStack() as stack:
            for name, stand_in in _stand_ins(card).items():
                stack.enter_context(mock.patch.object(torch.cuda, name, stand_in))
            stack.enter_context(mock.patch.object(torch.cuda.graph, "default_capture_stream", None))
            stack.enter_context(mock.patch.object(torch._C, "_host_emptyCache", card.host.give_back, create=True))
            stack.enter_context(mock.patch.object(functional, "scaled_dot_product_attention", attention))
            stack.enter_context(mock.patch.object(torch, "Generator", _Generator))
            # Nothing can be compiled for it.
            stack.enter_context(mock.patch.object(kernels, "_made", return_value=kernels.PLAIN))
            torch._C._set_only_lift_cpu_tensors(True)
            stack.enter_context(mock.patch.object(nn.Module, "_apply", convert_module))
            stack.enter_context(CardMode(card))
            yield card
    finally:
        torch._C._set_only_lift_cpu_tensors(lifted)
        _forget_kept_tensors()
        gc.collect()


class _Generator(torch.Generator):
    """Draws the same numbers wherever it is: the card's own are nothing that could be compared."""

    def __new__(cls, device: Any = "cpu") -> _Generator:
        """One of the CPU's."""
        del device
        return super().__new__(cls, "cpu")  # type: ignore[call-arg]  # torch's types know of none
