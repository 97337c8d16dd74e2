"""Which stretches of latents a decoder is asked for at a time.

A CPU takes any. A card makes a plan for each shape that it meets, and times several for it, while a press waits. So its
windows have one of few sizes, and are decoded for one of few numbers of requests at once: all of them can be rehearsed.
A window that reaches further than it has to is cut afterwards.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

#: Latents of a window on a card, with those around it that its samples depend on.
SIZES = (32, 64, 128, 256, 512, 1024)
#: How many requests' windows a card decodes at once.
BATCHES = (1, 2, 4, 8, 16)
#: Latents of one call on a card, of all its requests: beyond that a call gets no quicker for each, and takes gigabytes.
MOST_LATENTS = 1024


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of audio and the latents that it depends on.

    Latents ``first`` … ``last`` are decoded, and of the result ``samples`` samples from ``skip`` on are kept.
    """

    first: int
    last: int
    skip: int
    samples: int

    @property
    def latents(self) -> int:
        """How many latents are decoded."""
        return self.last - self.first


def window_size(needed: int, frames: int, most: int, sizes: Collection[int]) -> int:
    """Of the ``sizes``, the one that a window has which at best takes in ``needed`` of ``frames`` latents.

    That is the smallest that is enough, or else the largest, of those with at most ``most`` latents, where there are
    such. Fewer latents than any size are decoded whole.
    """
    within = sorted(size for size in sizes if size <= frames)
    if not within:
        return frames
    allowed = [size for size in within if size <= most] or within[:1]
    return next((size for size in allowed if size >= needed), allowed[-1])


def largest_batch(count: int, latents: int, most: int, met: Collection[tuple[int, int]]) -> int:
    """How many of ``count`` requests are decoded at once, with windows of ``latents`` each and ``most`` in all.

    It is a number that has been ``met`` (latents, requests) with such windows, or else one.
    """
    return max((batch for size, batch in met if size == latents and batch <= count and batch * size <= most), default=1)


def shapes_to_meet(frames: int, sizes: Collection[int], requests: int) -> list[tuple[int, int]]:
    """What presses of ``frames`` latents can need: sizes of windows, each for how many requests; small ones first.

    ``sizes`` are those that windows may have. The whole length is one too, as pads keep theirs.
    """
    lengths = {size for size in sizes if size <= frames}
    if frames <= MOST_LATENTS or not lengths:
        lengths.add(frames)
    return [
        (size, batch)
        for size in sorted(lengths)
        for batch in BATCHES
        if batch == 1 or (batch <= requests and batch * size <= MOST_LATENTS)
    ]
