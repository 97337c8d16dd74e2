"""Where commands print: rich's consoles, and what people call things as it is written."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def add_plain_row(table: Table, *cells: str) -> None:
    """Add a row as it is written: what people call things may hold what rich takes for markup."""
    table.add_row(*map(Text, cells))
