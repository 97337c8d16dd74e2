"""Where commands print: rich's consoles, and what people call things as it is written."""

from __future__ import annotations

from typing import TextIO, cast

from rich.console import Console
from rich.table import Table
from rich.text import Text

from midifrag.commands.lines import one_line
from midifrag.commands.streams import Stream

out = Console(file=cast("TextIO", Stream("stdout")), highlight=False)
err = Console(file=cast("TextIO", Stream("stderr")), highlight=False)


def add_plain_row(table: Table, *cells: str) -> None:
    """Add a row as it is written: what people call things may hold what rich takes for markup, or control it."""
    table.add_row(*(Text(one_line(cell)) for cell in cells))


def say(text: str, to: Console = out) -> None:
    """Print a line as it is written, as long as it is."""
    to.print(one_line(text), markup=False, soft_wrap=True)
