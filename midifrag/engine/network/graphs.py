"""CUDA graphs: a whole denoiser call captured once per batch size and length, then replayed with one launch.

Requests of all kinds must meet the few shapes that were captured at warm-up. So rows are filled up to a captured batch
size with copies, rows without guidance can ride along with those that have it (at scale 1 guidance is the identity),
and rows without a negative prompt get one of zeros beside rows with one; `midifrag.engine.network.call_costs` knows
where that pays. What fits no captured graph runs without, and nothing is captured while a press waits. torch cannot
keep graphs on a disk, so they are made anew at every start.

No two graphs ever run at once, and each one's output is copied as soon as it has run. So all of one batch size work
in the same memory, whatever their number, and read their inputs from the same place. Each batch size has memory of its
own, because torch gives it back only with the last graph that works in it: the largest can go, and leave the rest.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Protocol, TypeAlias

import torch
from torch import Tensor

from midifrag.engine.loading.device import first_line, says_memory_is_short
from midifrag.errors import CaptureError

#: Batch sizes that are captured.
CAPTURED_BATCHES = (1, 2, 4, 8, 16)
#: Graphs that are kept, the least recently used going first: each holds some hundred nodes in the driver.
MOST_GRAPHS = 64
#: A denoiser call's tensors, by name.
_INPUTS = ("latents", "time_embeddings", "context", "prepend", "context_bias", "heard", "local", "strengths")


@dataclass(frozen=True, slots=True)
class GraphShape:
    """What is captured: a batch of latents of one length, whether guided, and whether against negative prompts."""

    batch: int
    frames: int
    guided: bool
    has_negative: bool


@dataclass(frozen=True, slots=True)
class DenoiserInputs:
    """A denoiser call's tensors; see ``FastDenoiser``."""

    latents: Tensor
    time_embeddings: Tensor
    context: Tensor | None
    prepend: Tensor | None
    context_bias: Tensor | None = None
    heard: Tensor | None = None
    local: Tensor | None = None
    strengths: Tensor | None = None

    def is_like(self, other: DenoiserInputs) -> bool:
        """Whether the other's tensors have the same shapes."""
        return all(_shape(getattr(self, name)) == _shape(getattr(other, name)) for name in _INPUTS)

    def copy_(self, other: DenoiserInputs) -> None:
        """Overwrite these tensors with the other's values."""
        for name in _INPUTS:
            mine, its = getattr(self, name), getattr(other, name)
            if mine is not None:
                mine.copy_(its)


def _shape(tensor: Tensor | None) -> torch.Size | None:
    return None if tensor is None else tensor.shape


Forward: TypeAlias = Callable[[DenoiserInputs, bool], Tensor]


class InputMemory:
    """Where captured calls read their inputs: one stretch of memory for each kind of them, as long as the longest."""

    def __init__(self) -> None:
        self._stretches: dict[str, Tensor] = {}

    def place(self, inputs: DenoiserInputs) -> DenoiserInputs:
        """The same values, where captured calls shall read them; what stood there is overwritten."""
        given = {name: getattr(inputs, name) for name in _INPUTS}
        placed = replace(inputs, **{name: self._placed(name, each) for name, each in given.items() if each is not None})
        placed.copy_(inputs)
        return placed

    def _placed(self, name: str, tensor: Tensor) -> Tensor:
        stretch = self._stretches.get(name)
        if stretch is None or stretch.numel() < tensor.numel() or stretch.dtype != tensor.dtype:
            # Calls that were captured before keep the shorter one, and hold it.
            stretch = self._stretches[name] = torch.empty(tensor.numel(), dtype=tensor.dtype, device=tensor.device)
        return stretch[: tensor.numel()].view(tensor.shape)


class CapturedCall(Protocol):
    """Captured work: `replay` repeats it on what ``inputs`` hold by then and leaves the result in ``output``."""

    inputs: DenoiserInputs
    output: Tensor

    def replay(self) -> None:
        """Run it again."""
        ...


@cache
def capture_stream(device: int) -> torch.cuda.Stream:
    """The stream of all captures on a device: cuBLAS keeps a workspace, of up to 32 MiB, for each that it has met."""
    return torch.cuda.Stream(device)


class CudaGraph:
    """A CUDA graph of one denoiser call, which works in the same memory as ``beside``, where there is one.

    Raises `CaptureError` for what cannot be captured.
    """

    def __init__(
        self, forward: Forward, inputs: DenoiserInputs, guided: bool, beside: CapturedCall | None = None
    ) -> None:
        self.inputs = inputs
        side = capture_stream(torch.cuda.current_device())
        side.wait_stream(torch.cuda.current_stream())
        try:
            with torch.cuda.stream(side):
                for _ in range(2):
                    forward(inputs, guided)
        finally:
            # Also where memory ran out: others of this batch size read their inputs from the same place.
            torch.cuda.current_stream().wait_stream(side)
        self._graph = torch.cuda.CUDAGraph()
        pool = beside._graph.pool() if isinstance(beside, CudaGraph) else None
        try:
            # What another engine's thread does meanwhile does no harm: nothing of it is in this capture.
            with torch.cuda.graph(self._graph, pool=pool, stream=side, capture_error_mode="thread_local"):
                self.output = forward(inputs, guided)
        except Exception as error:
            # Memory alone leaves all as it was. Whatever else fails, also on top of that, keeps torch 2.11 from ending
            # the capture: its stream and its memory pool stay in the middle of it, for good.
            if says_memory_is_short(error):
                raise
            raise CaptureError(
                f"The work of the card could not be recorded as a CUDA graph: {first_line(error)}. "
                "`engine: {graphs: false}` plays without from the start."
            ) from error

    def replay(self) -> None:
        """Launch the graph."""
        self._graph.replay()


#: Captures a call, beside another one whose memory it may share.
Capture: TypeAlias = Callable[[Forward, DenoiserInputs, bool, CapturedCall | None], CapturedCall]


class GraphCache:
    """The graphs of one denoiser, which it does not hold: what holds each other outlives its last use."""

    def __init__(self, capture: Capture = CudaGraph) -> None:
        self._capture = capture
        self._captured: OrderedDict[GraphShape, CapturedCall] = OrderedDict()
        self._memory: dict[int, InputMemory] = {}

    def __len__(self) -> int:
        return len(self._captured)

    def __contains__(self, shape: GraphShape) -> bool:
        return shape in self._captured

    def capture(self, forward: Forward, shape: GraphShape, inputs: DenoiserInputs) -> list[GraphShape]:
        """Capture a call of a shape, which ``inputs`` have. Returns what had to go for it, the least recently used."""
        beside = next((call for each, call in self._captured.items() if each.batch == shape.batch), None)
        try:
            placed = self._memory.setdefault(shape.batch, InputMemory()).place(inputs)
            self._captured[shape] = self._capture(forward, placed, shape.guided, beside)
        except BaseException:
            self._drop([])
            raise
        return self._drop(list(self._captured)[:-MOST_GRAPHS])

    def run(self, shape: GraphShape, inputs: DenoiserInputs, forward: Forward) -> Tensor:
        """The output for these inputs, of a batch that has the captured shape; the tensor is the caller's.

        A prompt that takes more or fewer tokens than those that were captured has a plain call of ``forward``.
        """
        captured = self._captured[shape]
        if not captured.inputs.is_like(inputs):
            return forward(inputs, shape.guided)
        self._captured.move_to_end(shape)
        captured.inputs.copy_(inputs)
        captured.replay()
        return captured.output.clone()

    def drop_all(self) -> list[GraphShape]:
        """Free all of them. Returns what they were of."""
        return self._drop(list(self._captured))

    def drop_largest(self) -> list[GraphShape]:
        """Free the graphs of the greatest batch. Returns what they were of."""
        most = max((shape.batch for shape in self._captured), default=0)
        return self._drop([shape for shape in self._captured if shape.batch == most])

    def _drop(self, shapes: list[GraphShape]) -> list[GraphShape]:
        for shape in shapes:
            del self._captured[shape]
        for batch in self._memory.keys() - {shape.batch for shape in self._captured}:
            del self._memory[batch]
        return shapes
