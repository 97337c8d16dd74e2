"""``midifrag models``: models, samplers and engines that can be chosen."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from midifrag.commands.console import add_plain_row, out
from midifrag.config.catalogue import CATALOGUE, engine_names
from midifrag.config.loading import Loaded
from midifrag.engine.diffusion.samplers import SAMPLERS


def models(loaded: Loaded | None) -> None:
    """List the models that can be chosen, the samplers of each kind, and engines from plug-ins."""
    table = Table(box=None, title="models", title_justify="left", header_style="dim")
    for column in ("name", "here", "what", "from"):
        table.add_column(column)
    own: dict[str, Any] = dict(loaded.settings.models) if loaded else {}
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
    table = Table(box=None, title="\nsamplers", title_justify="left", header_style="dim")
    for column in ("name", "for models trained with"):
        table.add_column(column)
    for name, sampler in SAMPLERS.items():
        table.add_row(name, ", ".join(sampler.objectives))
    table.caption = f"engines: {', '.join(engine_names())}"
    table.caption_justify = "left"
    return table
