"""What is down: notes and buttons, and what each meant when it went down; over all banks, so that its release fits."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from midifrag.config.banks import Bank

#: What a note did when it went down: it pressed (a pad, or what its length tells), or something else, or nothing.
Meant: TypeAlias = Literal["press", "act", "nothing"]
#: Port, channel and number of a note, or of a CC.
_Place: TypeAlias = tuple[str, int, int]


class Down(NamedTuple):
    """What a note meant, in the bank that was active then."""

    meant: Meant
    bank: Bank


class Held:
    """The notes that are down, by port, channel and number, and the CCs that stand at 64 or above."""

    def __init__(self) -> None:
        self._notes: dict[_Place, Down] = {}
        self._buttons: set[_Place] = set()

    def press(self, port: str, channel: int, note: int, down: Down) -> None:
        """A note went down."""
        self._notes[port, channel, note] = down

    def release(self, port: str, channel: int, note: int) -> None:
        """A note was let go."""
        self._notes.pop((port, channel, note), None)

    def button(self, port: str, channel: int, cc: int, *, is_down: bool) -> None:
        """A CC stands at 64 or above, or below."""
        (self._buttons.add if is_down else self._buttons.discard)((port, channel, cc))

    def note(self, port: str, channel: int, note: int) -> Down | None:
        """What a note that is down meant; None for one that is up, as far as was heard."""
        return self._notes.get((port, channel, note))

    def presses(self, port: str, channel: int | None) -> bool:
        """Whether something that pressed is down on a channel of a port, or (None) on any."""
        return any(
            down.meant == "press" and one == port and channel in (None, on)
            for (one, on, _), down in self._notes.items()
        )

    def has(self, port: str, *, note: int | None = None, cc: int | None = None) -> bool:
        """Whether a note or a CC of a port is down, on whatever channel."""
        if note is not None:
            return any((one, number) == (port, note) for one, _, number in self._notes)
        return any((one, number) == (port, cc) for one, _, number in self._buttons)

    def let_go(self, port: str, channel: int | None = None) -> None:
        """All that is down on a channel of a port, or on all of them, counts as up."""
        self._notes = {at: down for at, down in self._notes.items() if not _is_on(at, port, channel)}
        self._buttons = {at for at in self._buttons if not _is_on(at, port, channel)}


def _is_on(at: _Place, port: str, channel: int | None) -> bool:
    return at[0] == port and channel in (None, at[1])
