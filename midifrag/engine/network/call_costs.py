"""What denoiser calls of a card cost, as measured, and how a batch is evaluated for the least of it.

Recorded work (`midifrag.engine.network.graphs`) saves the host's time, not the card's. So it is worth something where
the card waits for the host, and a batch that must be filled up for it may well cost more than the plain call: nine
requests in a recording of sixteen take a large model almost twice as long as nine. Three ways are compared: the whole
batch at once, in recordings one after the other (nine as eight and one), and guided rows apart from the others, beside
which they would all be evaluated twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from midifrag.engine.network.graphs import GraphShape

#: Where the host has a call on its way only after this share of the time until the card is done, the card waits for it.
LAUNCH_BOUND = 0.8
#: Ways to evaluate batches that are remembered.
_KEPT = 512


class CallTime(NamedTuple):
    """Seconds of a plain call until the host has it on its way, and until the device is done; and bytes it takes."""

    host: float
    done: float
    bytes: int

    @property
    def is_launch_bound(self) -> bool:
        """Whether a recording would save time."""
        return self.host >= LAUNCH_BOUND * self.done


class Piece(NamedTuple):
    """Rows of a batch, by number, and the recording that they are evaluated by; None for a plain call."""

    rows: tuple[int, ...]
    shape: GraphShape | None


class RowKind(NamedTuple):
    """What of a row decides what evaluating it costs."""

    guided: bool
    has_negative: bool


_Kinds = tuple[RowKind, ...]


class CallCosts:
    """The measured seconds of one denoiser's calls, plain and recorded."""

    def __init__(self) -> None:
        self._plain: dict[int, dict[int, float]] = {}
        self._flat: set[int] = set()
        self._recorded: dict[GraphShape, float] = {}
        self._known: dict[tuple[int, _Kinds], list[Piece]] = {}

    def note_plain(self, frames: int, evaluations: int, seconds: float, *, grows: bool = True) -> None:
        """A plain call of so many rows takes so long, those counted twice that are evaluated again unguided.

        ``grows`` says whether more rows take longer. Of several measurements the largest counts.
        """
        self._plain.setdefault(frames, {})[evaluations] = seconds
        if evaluations == max(self._plain[frames]):
            (self._flat.discard if grows else self._flat.add)(frames)
        self._known.clear()

    def note_recorded(self, shape: GraphShape, seconds: float = 0.0) -> None:
        """There is a recording that takes so long, as far as that has been measured."""
        self._recorded[shape] = seconds
        self._known.clear()

    def drop(self, shapes: Iterable[GraphShape]) -> None:
        """These recordings are no more."""
        for shape in shapes:
            self._recorded.pop(shape, None)
        self._known.clear()

    def pieces(self, frames: int, kinds: Sequence[RowKind]) -> list[Piece]:
        """How a batch of these rows, of one length, is evaluated."""
        if not self._recorded:
            return [Piece(tuple(range(len(kinds))), None)]
        key = frames, tuple(kinds)
        if key not in self._known:
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[key] = self._cheapest(*key)
        return self._known[key]

    def _cheapest(self, frames: int, kinds: _Kinds) -> list[Piece]:
        everyone = range(len(kinds))
        guided = [row for row in everyone if kinds[row].guided]
        apart = [guided, [row for row in everyone if not kinds[row].guided]]
        if frames not in self._plain:
            return [self._filled_up(frames, kinds)]
        # Of equals the first is taken: recorded work leaves the host to others.
        ways = [self._in_turn(frames, kinds, everyone), [Piece(tuple(everyone), None)]]
        if all(apart):
            ways.append([piece for rows in apart for piece in self._in_turn(frames, kinds, rows)])
        return min(ways, key=lambda way: (self._seconds(frames, kinds, way), len(way)))

    def _filled_up(self, frames: int, kinds: _Kinds) -> Piece:
        """Without any figures: the smallest recording that has room."""
        everyone = tuple(range(len(kinds)))
        fitting = [shape for shape in self._of_kind(frames, kinds, everyone) if shape.batch >= len(kinds)]
        return Piece(everyone, min(fitting, key=lambda shape: shape.batch, default=None))

    def _in_turn(self, frames: int, kinds: _Kinds, rows: Sequence[int]) -> list[Piece]:
        """The cheapest way for ``rows`` by recordings in turn, and a plain call for what is left of them."""
        shapes = self._of_kind(frames, kinds, rows)
        # The best for the rows from each one on, from the last to the first.
        best: list[list[Piece]] = [[]]
        for begin in reversed(range(len(rows))):
            ways = []
            for shape in shapes:
                taken = tuple(rows[begin : begin + shape.batch])
                ways.append([Piece(taken, shape), *best[len(rows) - begin - len(taken)]])
            ways.append([Piece(tuple(rows[begin:]), None)])
            best.append(min(ways, key=lambda way: (self._seconds(frames, kinds, way), len(way))))
        return best[-1]

    def _of_kind(self, frames: int, kinds: _Kinds, rows: Sequence[int]) -> list[GraphShape]:
        """The recordings that can evaluate these rows beside each other."""
        guided, has_negative = (any(kinds[row][each] for row in rows) for each in (0, 1))
        return [
            shape
            for shape in self._recorded
            if (shape.frames, shape.guided, shape.has_negative) == (frames, guided, has_negative)
        ]

    def _seconds(self, frames: int, kinds: _Kinds, way: Sequence[Piece]) -> float:
        return sum(
            self._plain_seconds(frames, sum(1 + kinds[row].guided for row in piece.rows))
            if piece.shape is None
            else self._recorded[piece.shape]
            for piece in way
        )

    def _plain_seconds(self, frames: int, evaluations: int) -> float:
        """Between two measured numbers of rows on a straight line; beyond the largest as it, or in proportion to it."""
        measured = sorted(self._plain[frames].items())
        above = next((index for index, (count, _) in enumerate(measured) if count >= evaluations), None)
        if above is None:
            count, seconds = measured[-1]
            return seconds if frames in self._flat else seconds * evaluations / count
        count, seconds = measured[above]
        if above == 0:
            return seconds
        fewer, less = measured[above - 1]
        return less + (seconds - less) * (evaluations - fewer) / (count - fewer)
