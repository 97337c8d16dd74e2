"""``midifrag models``: models, samplers and engines that can be chosen."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from midifrag.commands.console import add_plain_row, out
from midifrag.commands.lines import NARROW, listed
from midifrag.config.catalogue import CATALOGUE, engine_names
from midifrag.config.loading import Loaded
from midifrag.engine.diffusion.samplers import SAMPLERS


def models(loaded: Loaded | None) -> None:
    """List the models that can be chosen, the samplers of each kind, and engines from plug-ins."""
    own: dict[str, Any] = dict(loaded.settings.models) if loaded else {}
    rows: list[tuple[str, ...]] = [
        (model.name, "yes" if model.installed else "no", model.what, model.source.get("hub", "built in"))
        for model in CATALOGUE
        if model.name not in own
    ]
    for name, source in own.items():
        kinds = source.model_dump(exclude_none=True)
        rows.append((name, "", "", ", ".join(f"{key}: {value}" for key, value in kinds.items())))
    out.print(_models(rows))
    out.print(_samplers())


def _models(rows: list[tuple[str, ...]]) -> Table:
    names = ("name", "here", "what", "from")
    if out.width < NARROW:
        table = listed(names, rows)
    else:
        table = Table(box=None, header_style="dim")
        for column in names:
            table.add_column(column, overflow="fold")
        for row in rows:
            add_plain_row(table, *row)
    table.title, table.title_justify = "models", "left"
    return table


def _samplers() -> Table:
    table = Table(box=None, title="\nsamplers", title_justify="left", header_style="dim")
    for column in ("name", "for models trained with"):
        table.add_column(column)
    for name, sampler in SAMPLERS.items():
        table.add_row(name, ", ".join(sampler.objectives))
    table.caption = f"engines: {', '.join(engine_names())}"
    table.caption_justify = "left"
    return table
