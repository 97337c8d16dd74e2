"""Commands for setting up: ``init``, ``check``, ``ports``, ``monitor``, ``models``."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import typer
from rich.table import Table

from midifrag.commands.common import add_plain_row, err, explained, out
from midifrag.config import loading
from midifrag.config.catalogue import CATALOGUE, engine_names
from midifrag.config.hints import hints
from midifrag.config.settings import VirtualPort
from midifrag.errors import PortError
from midifrag.midi.mapping import Mapper
from midifrag.midi.messages import MidiEvent, PortChanged, ProgramChange, Tick
from midifrag.midi.port_names import find_port, list_ports
from midifrag.midi.ports import Ports


def init(folder: Path) -> None:
    """Copy the shipped set into ``folder``; files that are there stay as they are."""
    source = loading.shipped_path()
    files = [source, *sorted((source.parent / "presets").glob("*.yaml"))]
    targets = {file: folder / file.relative_to(source.parent) for file in files}
    there = [target for target in targets.values() if target.exists()]
    if there:
        err.print(f"{there[0]} is there already; nothing was written. Choose another folder.", markup=False)
        raise typer.Exit(2)
    try:
        for file, target in targets.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
    except OSError as error:
        err.print(f"{folder} cannot be written: {error}", markup=False)
        raise typer.Exit(1) from error
    out.print(f"A set lies in {folder}:", markup=False, soft_wrap=True)
    for target in targets.values():
        out.print(f"  {target.relative_to(folder)}", markup=False)
    out.print(
        "\nNext:  midifrag ports    find your controller's name, and write it under `ports` in presets.yaml\n"
        "       midifrag check    in that folder, after every change\n"
        "       midifrag run      in that folder, to play",
        markup=False,
    )


def check(loaded: loading.Loaded) -> None:
    """Say what a right set holds, what in it looks like a slip, and which of its ports are not there now."""
    show = loaded.show
    out.print(f"{loaded.path.name} is right: model {show.model}, {show.fragments.count} slots", markup=False)
    for bank in loaded.banks:
        program = f"program {bank.program}" if bank.program else "no program"
        out.print(f"  {bank.slug:<12} {bank.name}: {len(bank.pads)} pads, {program}", markup=False)
    for line in (*hints(loaded), *missing_ports(loaded)):
        out.print(f"  note: {line}", markup=False, soft_wrap=True)


def missing_ports(loaded: loading.Loaded) -> list[str]:
    """What `midifrag run` would wait for or refuse, as lines; a machine without MIDI is one line."""
    try:
        there = list_ports(loaded.show.backend)
    except PortError as error:
        return [str(error)]
    lines = []
    for name, port in loaded.show.ports.items():
        for direction, wanted, names in (("in", port.input, there.inputs), ("out", port.output, there.outputs)):
            if wanted is None or isinstance(wanted, VirtualPort):
                continue
            try:
                if find_port(wanted, names) is None:
                    lines.append(f"ports.{name}.{direction}: {wanted!r} is not plugged in; run waits for it")
            except PortError as error:
                lines.append(f"ports.{name}.{direction}: {error}")
    return lines


def ports(backend: str | None) -> None:
    """List all MIDI ports there are."""
    with explained():
        there = list_ports(backend)
    table = Table(title=f"MIDI ports ({there.backend})", box=None, title_justify="left", header_style="dim")
    table.add_column("direction")
    table.add_column("name, as `in` and `out` patterns find it")
    for direction, names in (("in", there.inputs), ("out", there.outputs)):
        for name in names or ["none"]:
            add_plain_row(table, direction, name)
    out.print(table)


def monitor(loaded: loading.Loaded, clock: bool) -> None:
    """Print what arrives, and what it would do, until Ctrl-C."""
    banks = loaded.banks
    state = {"mapper": Mapper(loaded.show, banks[0])}

    def heard(event: MidiEvent) -> None:
        if isinstance(event, Tick) and not clock:
            return
        mapper = state["mapper"]
        out.print(mapper.explain(event), markup=False, soft_wrap=True)
        if isinstance(event, ProgramChange):
            bank = next((bank for bank in banks if bank.program == event.program), None)
            if bank is not None:
                state["mapper"] = Mapper(loaded.show, bank)
                system.pair(state["mapper"].pairs)

    def changed(change: PortChanged) -> None:
        out.print(change.text, markup=False, soft_wrap=True)

    from midifrag.commands.show import stopping

    with explained(), stopping() as stopped:
        system = Ports(loaded.show, heard, changed)
        system.pair(state["mapper"].pairs)
        system.open()
        try:
            system.watch()
            out.print(f"Bank {banks[0].name}. Press, turn, play; Ctrl-C ends.", markup=False)
            stopped.wait()
        finally:
            system.close()


def models(loaded: loading.Loaded | None) -> None:
    """List the models that can be chosen, the samplers of each kind, and engines from plug-ins."""
    table = Table(box=None, title="models", title_justify="left", header_style="dim")
    for column in ("name", "here", "what", "from"):
        table.add_column(column)
    own: dict[str, Any] = dict(loaded.show.models) if loaded else {}
    for model in CATALOGUE:
        if model.name not in own:
            source = model.source.get("hub", "built in")
            add_plain_row(table, model.name, "yes" if model.installed else "no", model.what, source)
    for name, source in own.items():
        kinds = source.model_dump(exclude_none=True)
        add_plain_row(table, name, "", "", ", ".join(f"{key}: {value}" for key, value in kinds.items()))
    out.print(table)
    out.print(_samplers())


def _samplers() -> Table:
    from midifrag.engine.diffusion.samplers import SAMPLERS

    table = Table(box=None, title="\nsamplers", title_justify="left", header_style="dim")
    for column in ("name", "for models trained with"):
        table.add_column(column)
    for name, sampler in SAMPLERS.items():
        table.add_row(name, ", ".join(sampler.objectives))
    table.caption = f"engines: {', '.join(engine_names())}"
    table.caption_justify = "left"
    return table
