"""Where commands print: rich's consoles, and what people call things as it is written."""

from __future__ import annotations

from typing import TextIO, cast

from rich.console import Console
from rich.table import Table
from rich.text import Text

from midifrag.commands.streams import Stream

out = Console(file=cast("TextIO", Stream("stdout")), highlight=False)
err = Console(file=cast("TextIO", Stream("stderr")), highlight=False)


def add_plain_row(table: Table, *cells: str) -> None:
    """Add a row as it is written: what people call things may hold what rich takes for markup."""
    table.add_row(*map(Text, cells))
