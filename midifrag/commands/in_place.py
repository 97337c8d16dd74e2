"""One line of what is drawn on a terminal, written over by itself: a whole drawing for each beat costs far more."""

from __future__ import annotations

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.control import Control
from rich.segment import ControlType, Segment


class InPlace:
    """Draws ``whole``, in which ``text`` stands in a line that begins with ``label``, and changes it where it stands.

    The cursor is taken to stand in the last line, as `rich.live.Live` leaves it; what is higher than the terminal ends
    there in a line of dots.
    """

    def __init__(self, whole: RenderableType, label: str, text: str) -> None:
        self._whole, self._label, self._text = whole, label, text
        #: Lines above the last one and columns from the left at which the text stands; None where it cannot be changed.
        self._place: tuple[int, int] | None = None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = console.render_lines(self._whole, options, pad=False)
        self._place = self._found(lines, options.size.height)
        for line in lines:
            yield from line
            yield Segment.line()

    def _found(self, lines: list[list[Segment]], height: int) -> tuple[int, int] | None:
        last = min(len(lines), height) - 1
        for row, line in enumerate(lines if last == len(lines) - 1 else lines[:last]):
            plain = "".join(segment.text for segment in line)
            if plain.startswith(self._label):
                # There is none as long as nobody knows of any time.
                before, found, _ = plain.partition(self._text) if self._text else (plain, "", "")
                return (last - row, cell_len(before)) if found else None
        return None

    def change(self, console: Console, text: str) -> bool:
        """Write ``text`` in its place, if that can be done; nothing of the line may come after it."""
        if self._place is None or console.is_dumb_terminal or console.legacy_windows:
            return False
        up, column = self._place
        # In the last column a cursor stays on what was written there, which would be erased with the rest.
        if column + cell_len(text) >= console.width:
            return False
        there, back = f"{Control.move(y=-up)}{Control.move_to_column(column)}", Control.move(y=up)
        rest = Control((ControlType.ERASE_IN_LINE, 0))
        # In one piece, so that nobody else's lines come in between.
        console.file.write(f"{there}{text}{rest}{back}\r")
        console.file.flush()
        return True
