"""Texts as lines of a terminal: prompts, names and reasons hold whatever people and other programs put into them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

_BREAKS = re.compile("[\n\r\t\v\f\x1c-\x1e\x85\u2028\u2029]+")
#: What moves a cursor, rings, colours or turns the direction of what follows; and halves of characters.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
#: Below so many columns tables become lists.
NARROW = 76
#: The least width of a column with free text, if that is longer.
LEAST = 10


def one_line(text: str) -> str:
    """Return text as one line: breaks become spaces, and what would control a terminal question marks."""
    return _CONTROLS.sub("?", _BREAKS.sub(" ", text))


def shown(text: str) -> str:
    """Return text of several lines without what would control a terminal."""
    return "\n".join(map(one_line, text.split("\n")))


def shortened(text: str, width: int) -> str:
    """Return text as one line of at most ``width`` columns, with … where it goes on."""
    cut = Text(one_line(text))
    cut.truncate(max(1, width), overflow="ellipsis")
    return cut.plain


def fitted(names: Sequence[str], rows: Sequence[Sequence[str]], width: int, *yielding: str) -> Table:
    """Return a table with a line a row, at most ``width`` columns wide as far as that can be done.

    The columns ``yielding`` are shortened down to `LEAST`, the first one first.
    """
    cells = [[shortened(cell, width) for cell in row] for row in rows]
    columns = zip(names, zip(*cells, strict=True) if cells else ((),) * len(names), strict=True)
    widths = {name: max(map(cell_len, (name, *column))) for name, column in columns}
    # A column of air on both sides of each, in a table without lines.
    over = sum(widths.values()) + 2 * len(names) - width
    for name in yielding:
        less = max(0, min(over, widths[name] - LEAST))
        widths[name] -= less
        over -= less
    table = Table(box=None, header_style="dim")
    for name in names:
        table.add_column(shortened(name, widths[name]), no_wrap=True)
    for row in cells:
        table.add_row(*(Text(shortened(cell, widths[name])) for name, cell in zip(names, row, strict=True)))
    return table


def listed(names: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Return rows as a list for narrow terminals: a line or more for each cell that is not empty."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for number, row in enumerate(rows):
        if number:
            table.add_row("", "")
        for name, cell in zip(names, row, strict=True):
            if cell:
                table.add_row(name, Text(one_line(cell)))
    return table
