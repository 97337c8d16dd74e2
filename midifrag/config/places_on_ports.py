"""Which way banks are read at each port, by place or by notes, and which of their pads that leaves out."""

from __future__ import annotations

from collections.abc import Iterator

from midifrag.config.banks import Bank
from midifrag.config.desk import Desk, plan_of
from midifrag.config.loading import Loaded
from midifrag.config.ports import PortSettings
from midifrag.surface.grid import Grid


def readings(loaded: Loaded) -> Iterator[str]:
    """A line for each port whose controller has a grid."""
    plans = [plan_of(bank) for bank in loaded.banks]
    for name, port in loaded.settings.ports.items():
        grids = port.known_grids
        if not grids:
            continue
        size = f"{grids[0].rows} × {grids[0].columns}"
        if not port.grids:
            yield f"{name}: {port.surface}, {size}: each pad is where the controller has its note (place: notes)"
            continue
        row, column = port.corner
        turned = [
            f"{bank.slug} has {pages} pages"
            for number, bank in enumerate(loaded.banks)
            if (pages := Desk(loaded.settings, plans, number).pages(name)) > 1
        ]
        beside = [f"{port.banks} side by side"] if port.banks > 1 else []
        by_place = f"{name}: {port.surface}, {size}: banks lie by place, from [{row}, {column}]"
        yield ", ".join([by_place, *beside, *turned])


def hidden_places(loaded: Loaded, bank: Bank, file: str) -> Iterator[str]:
    """A line for each pad that an action takes where it lies, or that a controller has no note for."""
    for name, port in loaded.settings.ports.items():
        if port.grids:
            yield from _taken(loaded, bank, file, name, port)
        else:
            yield from _without_a_pad(bank, file, name, port)


def _taken(loaded: Loaded, bank: Bank, file: str, name: str, port: PortSettings) -> Iterator[str]:
    desk = Desk(loaded.settings, [plan_of(bank)], 0)
    for action in loaded.settings.actions:
        if action.note is None or action.port not in (None, name):
            continue
        found = desk.pad(name, "note", action.note, action.channel or port.channel or 1)
        if found is not None:
            where = f"its place at {name}, note {action.note},"
            yield f"{file}: pads.{found[1]}: {where} does {action.does} (actions of {loaded.path.name})"


def _without_a_pad(bank: Bank, file: str, name: str, port: PortSettings) -> Iterator[str]:
    grids = port.known_grids
    for key, pad in bank.pads.items() if grids else ():
        if pad.port in (None, name) and not any(_has(grid, key.note, key.channel) for grid in grids):
            yield f"{file}: pads.{key}: {port.surface} at {name} has no pad of this note (place: notes)"


def _has(grid: Grid, note: int, channel: int | None) -> bool:
    channels = range(1, 17) if channel is None else [channel]
    return any(grid.seat("note", note, one) or grid.button("note", note, one) for one in channels)
