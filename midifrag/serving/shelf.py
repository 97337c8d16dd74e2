"""Which of its models a replica has in memory: those that were played last, as many as fit into so many bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping


class Shelf:
    """``sizes`` are the bytes of all models, as far as they are known; ``room`` is what those on it may take together.

    One that is larger than all the room is there alone.
    """

    def __init__(self, sizes: Mapping[str, int], room: float = float("inf")) -> None:
        self._sizes = dict(sizes)
        self._room = room
        #: Those that are there, the one first that was used longest ago.
        self._held: list[str] = []

    def __contains__(self, model: str) -> bool:
        return model in self._held

    @property
    def held(self) -> tuple[str, ...]:
        """Those that are there, the one first that was used longest ago."""
        return tuple(self._held)

    def fill(self) -> tuple[str, ...]:
        """Put there what fits, the first ones first, and say which; the first one is as if it were used last."""
        for model in self._sizes:
            if not self._held or self._taken() + self._sizes[model] <= self._room:
                self.put(model)
        self._held.reverse()
        return self.held

    def weigh(self, model: str, size: int) -> None:
        """Take in how many bytes a model really takes."""
        self._sizes[model] = size

    def put(self, model: str) -> None:
        """A model is there, or is used: it goes last from now on."""
        self.remove(model)
        self._held.append(model)

    def remove(self, model: str) -> None:
        """A model is there no more."""
        if model in self._held:
            self._held.remove(model)

    def in_the_way(self, model: str, may_go: Callable[[str], bool]) -> tuple[str, ...] | None:
        """What has to go so that ``model`` fits: what was used longest ago first, and no more than that.

        None where what has to is in use: what ``may_go`` says goes alone.
        """
        left, gone = self._taken() + self._sizes.get(model, 0) - self._room, list[str]()
        # What takes nothing makes no room.
        weighing = [one for one in self._held if self._sizes.get(one)]
        for one in weighing:
            if left <= 0:
                break
            if may_go(one):
                gone.append(one)
                left -= self._sizes[one]
        return tuple(gone) if left <= 0 or gone == weighing else None

    def _taken(self) -> int:
        return sum(self._sizes.get(one, 0) for one in self._held)
