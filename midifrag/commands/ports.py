"""``midifrag ports``: what is plugged in, for MIDI and for sound."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from rich.table import Table

from midifrag.commands.common import explained
from midifrag.commands.console import add_plain_row, out
from midifrag.errors import PlaybackError
from midifrag.midi.port_names import list_ports
from midifrag.playback.inputs import Input, find_input, list_inputs
from midifrag.playback.output_list import list_outputs
from midifrag.playback.outputs import DEFAULT, Output, find_output

_Device = TypeVar("_Device", Output, Input)


def ports(backend: str | None) -> None:
    """List all MIDI ports, audio outputs and audio inputs there are."""
    try:
        _midi(backend)
    finally:
        # Each is there without the other.
        _audio()
        _inputs()


def _midi(backend: str | None) -> None:
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


def _audio() -> None:
    _devices("Audio outputs", "name, as `playback: {device: …}` finds it", list_outputs, find_output)


def _inputs() -> None:
    _devices("Audio inputs", "name, as `input: {device: …}` finds it", list_inputs, find_input)


def _devices(
    title: str,
    found_by: str,
    listed: Callable[[], list[_Device]],
    find: Callable[[Sequence[_Device], str], _Device],
) -> None:
    table = Table(title=title, box=None, title_justify="left", header_style="dim")
    table.add_column(found_by, overflow="fold")
    table.add_column("system")
    table.add_column("channels")
    table.add_column("rate")
    table.add_column("")
    try:
        there = listed()
    except PlaybackError as error:
        out.print(str(error), markup=False, soft_wrap=True)
        return
    usual = find(there, DEFAULT) if there else None
    for one in there:
        add_plain_row(table, one.name, one.host, str(one.channels), str(one.rate), "default" if one == usual else "")
    if not there:
        add_plain_row(table, "none", "", "", "", "")
    out.print(table)
