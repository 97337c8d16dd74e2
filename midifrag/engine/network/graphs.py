"""CUDA graphs: a whole denoiser call recorded once per batch size and length, then replayed with one launch.

Requests of all kinds must meet the few shapes that were recorded at warm-up. So rows are filled up to the next recorded
batch size with copies, rows without guidance ride along with those that have it (at scale 1 guidance is the identity),
and rows without a negative prompt get one of zeros beside rows with one. What fits no recording runs without, and
nothing is recorded while a press waits. torch cannot keep recordings on a disk, so they are made anew at every start.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

#: Batch sizes that are recorded.
BATCHES = (1, 2, 4, 8, 16)


@dataclass(frozen=True, slots=True)
class Shape:
    """What is recorded: a batch of latents of one length, whether guided, and whether against negative prompts."""

    batch: int
    frames: int
    guided: bool
    refusing: bool


@dataclass(frozen=True, slots=True)
class Inputs:
    """A denoiser call's tensors; see ``FastDenoiser``."""

    latents: Tensor
    moments: Tensor
    context: Tensor | None
    prepend: Tensor | None

    def copy_(self, other: Inputs) -> None:
        """Overwrite these tensors with the other's values."""
        for name in ("latents", "moments", "context", "prepend"):
            mine, its = getattr(self, name), getattr(other, name)
            if mine is not None:
                mine.copy_(its)


Forward = Callable[[Inputs, bool], Tensor]


class Recording(Protocol):
    """Recorded work: `replay` repeats it on what ``inputs`` hold by then and leaves the result in ``output``."""

    inputs: Inputs
    output: Tensor

    def replay(self) -> None:
        """Run it again."""
        ...


class CudaRecording:
    """A CUDA graph of one denoiser call."""

    def __init__(self, forward: Forward, inputs: Inputs, guided: bool) -> None:
        self.inputs = inputs
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(2):
                forward(inputs, guided)
        torch.cuda.current_stream().wait_stream(side)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self.output = forward(inputs, guided)

    def replay(self) -> None:
        """Launch the graph."""
        self._graph.replay()


class Graphs:
    """The recordings of one denoiser."""

    def __init__(self, forward: Forward, record: Callable[[Forward, Inputs, bool], Recording] = CudaRecording) -> None:
        self._forward = forward
        self._record = record
        self._recordings: dict[Shape, Recording] = {}

    def __len__(self) -> int:
        return len(self._recordings)

    def fitting(self, batch: int, frames: int, *, guided: bool, refusing: bool) -> Shape | None:
        """The smallest recorded shape that this batch fits."""
        fits = [
            shape
            for shape in self._recordings
            if shape.batch >= batch and shape.frames == frames and (shape.guided, shape.refusing) == (guided, refusing)
        ]
        return min(fits, key=lambda shape: shape.batch, default=None)

    def record(self, shape: Shape, inputs: Inputs) -> None:
        """Record a shape; ``inputs`` have it and stay in use."""
        if shape not in self._recordings:
            self._recordings[shape] = self._record(self._forward, inputs, shape.guided)

    def run(self, shape: Shape, inputs: Inputs) -> Tensor:
        """The output for these inputs, which have the recorded shape; the tensor is the caller's."""
        recording = self._recordings[shape]
        recording.inputs.copy_(inputs)
        recording.replay()
        return recording.output.clone()

    def clear(self) -> list[Shape]:
        """Free all recordings. Returns what they were of."""
        shapes = list(self._recordings)
        self._recordings.clear()
        return shapes
