"""``midifrag ports``: what is plugged in."""

from __future__ import annotations

from rich.table import Table

from midifrag.commands.common import explained
from midifrag.commands.console import add_plain_row, out
from midifrag.midi.port_names import list_ports


def ports(backend: str | None) -> None:
    """List all MIDI ports there are."""
    with explained():
        there = list_ports(backend)
    table = Table(title=f"MIDI ports ({there.backend})", box=None, title_justify="left", header_style="dim")
    table.add_column("direction")
    # A name is copied from here, so none of it is left out.
    table.add_column("name, as `in` and `out` patterns find it", overflow="fold")
    for direction, names in (("in", there.inputs), ("out", there.outputs)):
        for name in names or ["none"]:
            add_plain_row(table, direction, name)
    out.print(table)
