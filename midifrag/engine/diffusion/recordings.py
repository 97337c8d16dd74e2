"""Which work of a denoiser is recorded on a card, and what of the card's memory that takes.

Only what a card was measured to wait for: where it is busy by itself a recording saves nothing, and costs memory and
time. Small batches come first when there is not room for all, since they are most often played and gain the most; made
are the largest first, in whose memory others of that batch size then work (`midifrag.engine.network.graphs`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import torch

from midifrag.engine.loading.device import fits_in_memory, free_bytes, held_bytes, live_bytes
from midifrag.engine.loading.pinned import keep_small
from midifrag.engine.network.call_costs import CallTime
from midifrag.engine.network.denoiser import Denoiser
from midifrag.engine.network.graphs import MOST_GRAPHS, GraphShape
from midifrag.engine.network.transformer import FastDenoiser

#: Of the memory that is free, the share that recordings may take.
SHARE = 1 / 8


def worth_recording(
    measured: Mapping[GraphShape, CallTime], room: int | None, taken: Mapping[int, int] | None = None
) -> list[GraphShape]:
    """What of the ``measured`` is recorded within ``room`` bytes, largest first; None is room enough.

    ``taken`` are bytes that recordings of a batch size have already, and can work in.
    """
    bound = [shape for shape, time in measured.items() if time.is_launch_bound]
    chosen: list[GraphShape] = []
    for batch in sorted({shape.batch for shape in bound}):
        alike = [shape for shape in bound if shape.batch == batch]
        needed = max(0, max(measured[shape].bytes for shape in alike) - (taken or {}).get(batch, 0))
        if room is not None:
            if needed > room:
                break
            room -= needed
        chosen += alike
    return sorted(chosen[:MOST_GRAPHS], key=_size, reverse=True)


def _size(shape: GraphShape) -> tuple[int, int]:
    return shape.batch, shape.frames * (1 + shape.guided)


class Recordings:
    """The recordings of a model's own denoiser on ``device``; none unless ``enabled``, and where none can be made."""

    def __init__(self, denoiser: Denoiser[Any], device: torch.device, *, enabled: bool) -> None:
        self._denoiser = denoiser if isinstance(denoiser, FastDenoiser) else None
        self._device, self._enabled = device, enabled
        self._measured: dict[GraphShape, CallTime] = {}
        # By batch size, of which each has memory of its own.
        self._bytes: dict[int, int] = {}
        self._live_bytes: dict[int, int] = {}
        self._lost: list[GraphShape] = []

    @property
    def are_possible(self) -> bool:
        """Whether work is to be recorded here."""
        return self._enabled and self._denoiser is not None and self._denoiser.captures_graphs

    @property
    def are_left_out(self) -> bool:
        """Whether the device could replay recordings, and is not to."""
        return not self._enabled and self._denoiser is not None and self._denoiser.captures_graphs

    def __len__(self) -> int:
        return 0 if self._denoiser is None else self._denoiser.captures

    @property
    def bytes(self) -> int:
        """Bytes that they take."""
        return sum(self._bytes.values())

    @property
    def live_bytes(self) -> int:
        """Those of them in which inputs and outputs lie, also while nothing runs."""
        return sum(self._live_bytes.values())

    def note(self, shape: GraphShape, time: CallTime) -> None:
        """A plain call of this shape was measured."""
        if self._denoiser is not None:
            self._measured[shape] = time
            rows = shape.batch * (1 + shape.guided)
            self._denoiser.costs.note_plain(shape.frames, rows, time.done, grows=not time.is_launch_bound)

    def note_recorded(self, shape: GraphShape, seconds: float) -> None:
        """A recording takes so long."""
        if self._denoiser is not None:
            self._denoiser.costs.note_recorded(shape, seconds)

    def wanted(self) -> list[GraphShape]:
        """What of all that was measured is worth recording, in that order. Ends the measuring."""
        free = free_bytes(self._device)
        room = None if free is None else max(0, int((free + self.bytes) * SHARE) - self.bytes)
        measured, self._measured = self._measured, {}
        return worth_recording(measured, room, self._bytes)

    def make(self, shape: GraphShape) -> None:
        """Record the device's work for one shape."""
        if self.are_possible and self._denoiser is not None:
            # A recording frees it too, and what is freed must not be taken off what it takes.
            self._denoiser.release_batch()
            held, live = held_bytes(self._device), live_bytes(self._device) or 0
            self._denoiser.capture(shape.frames, (shape.batch,), guided=shape.guided, has_negative=shape.has_negative)
            held, live = held_bytes(self._device) - held, (live_bytes(self._device) or 0) - live
            for counted, taken in ((self._bytes, held), (self._live_bytes, live)):
                counted[shape.batch] = counted.get(shape.batch, 0) + max(0, taken)

    @property
    def have_been_lost(self) -> bool:
        """Whether a shortage of memory dropped some that are worth another try."""
        return bool(self._lost)

    def make_lost(self) -> None:
        """Make one of them again, small ones first; once there is no room for one, larger ones are given up."""
        if self._lost:
            lost = self._lost.pop(0)
            if not fits_in_memory(self._device, partial(self.make, lost)):
                self._lost = [each for each in self._lost if each.batch < lost.batch]
            # Recording has had torch forget it.
            keep_small(self._device)

    def make_anew(self) -> None:
        """Free all of them, which the network has outgrown, to be made again while nothing is to do."""
        if self._denoiser is not None and len(self):
            dropped = self._denoiser.release_all()
            self._bytes.clear()
            self._live_bytes.clear()
            self._lost = sorted([*self._lost, *dropped], key=lambda shape: shape.batch)

    def give_up_lost(self) -> None:
        """Never make those again that a shortage has dropped."""
        self._lost.clear()

    def drop_largest(self, *, for_good: bool) -> bool:
        """Free those of the greatest batch, to be made again later unless ``for_good``. False if there are none."""
        dropped = [] if self._denoiser is None else self._denoiser.release_largest()
        for shape in dropped:
            self._bytes.pop(shape.batch, None)
            self._live_bytes.pop(shape.batch, None)
        if not for_good:
            self._lost = sorted([*self._lost, *dropped], key=lambda shape: shape.batch)
        return bool(dropped)
