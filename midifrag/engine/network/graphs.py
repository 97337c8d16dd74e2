"""CUDA graphs: a whole denoiser call captured once per batch size and length, then replayed with one launch.

Requests of all kinds must meet the few shapes that were captured at warm-up. So rows are filled up to the next captured
batch size with copies, rows without guidance ride along with those that have it (at scale 1 guidance is the identity),
and rows without a negative prompt get one of zeros beside rows with one. What fits no captured graph runs without, and
nothing is captured while a press waits. torch cannot keep graphs on a disk, so they are made anew at every start.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Protocol, TypeAlias

import torch
from torch import Tensor

from midifrag.engine.loading.device import first_line, says_memory_is_short
from midifrag.errors import CaptureError

#: Batch sizes that are captured.
CAPTURED_BATCHES = (1, 2, 4, 8, 16)


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

    def is_like(self, other: DenoiserInputs) -> bool:
        """Whether the other's tensors have the same shapes."""
        names = ("latents", "time_embeddings", "context", "prepend")
        return all(_shape(getattr(self, name)) == _shape(getattr(other, name)) for name in names)

    def copy_(self, other: DenoiserInputs) -> None:
        """Overwrite these tensors with the other's values."""
        for name in ("latents", "time_embeddings", "context", "prepend"):
            mine, its = getattr(self, name), getattr(other, name)
            if mine is not None:
                mine.copy_(its)


def _shape(tensor: Tensor | None) -> torch.Size | None:
    return None if tensor is None else tensor.shape


Forward: TypeAlias = Callable[[DenoiserInputs, bool], Tensor]


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
    """A CUDA graph of one denoiser call. Raises `CaptureError` for what cannot be captured."""

    def __init__(self, forward: Forward, inputs: DenoiserInputs, guided: bool) -> None:
        self.inputs = inputs
        side = capture_stream(torch.cuda.current_device())
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(2):
                forward(inputs, guided)
        torch.cuda.current_stream().wait_stream(side)
        self._graph = torch.cuda.CUDAGraph()
        try:
            # What another engine's thread does meanwhile does no harm: nothing of it is in this capture.
            with torch.cuda.graph(self._graph, stream=side, capture_error_mode="thread_local"):
                self.output = forward(inputs, guided)
        except Exception as error:
            # Memory alone leaves all as it was. Whatever else fails, also on top of that, keeps torch 2.11 from ending
            # the capture: its stream and its memory pool stay in the middle of it, for good.
            if says_memory_is_short(error):
                raise
            raise CaptureError(
                f"The work of the card could not be recorded as a CUDA graph: {first_line(error)}. The engine begins "
                "anew without; `engine: {graphs: false}` leaves it out from the start."
            ) from error

    def replay(self) -> None:
        """Launch the graph."""
        self._graph.replay()


class GraphCache:
    """The graphs of one denoiser, which it does not hold: what holds each other outlives its last use."""

    def __init__(self, capture: Callable[[Forward, DenoiserInputs, bool], CapturedCall] = CudaGraph) -> None:
        self._capture = capture
        self._captured: dict[GraphShape, CapturedCall] = {}

    def __len__(self) -> int:
        return len(self._captured)

    def fitting(self, batch: int, frames: int, *, guided: bool, has_negative: bool) -> GraphShape | None:
        """The smallest captured shape that this batch fits."""
        fits = [
            shape
            for shape in self._captured
            if shape.batch >= batch
            and shape.frames == frames
            and (shape.guided, shape.has_negative) == (guided, has_negative)
        ]
        return min(fits, key=lambda shape: shape.batch, default=None)

    def capture(self, forward: Forward, shape: GraphShape, inputs: DenoiserInputs) -> None:
        """Capture a call of a shape; ``inputs`` have it and stay in use."""
        if shape not in self._captured:
            self._captured[shape] = self._capture(forward, inputs, shape.guided)

    def run(self, shape: GraphShape, inputs: DenoiserInputs, forward: Forward) -> Tensor:
        """The output for these inputs, of a batch that has the captured shape; the tensor is the caller's.

        A prompt that takes more or fewer tokens than those that were captured has a plain call of ``forward``.
        """
        captured = self._captured[shape]
        if not captured.inputs.is_like(inputs):
            return forward(inputs, shape.guided)
        captured.inputs.copy_(inputs)
        captured.replay()
        return captured.output.clone()

    def drop_largest(self) -> list[GraphShape]:
        """Free the graphs of the greatest batch. Returns what they were of."""
        most = max((shape.batch for shape in self._captured), default=0)
        shapes = [shape for shape in self._captured if shape.batch == most]
        for shape in shapes:
            del self._captured[shape]
        return shapes
