"""``midifrag models``: models, samplers and engines that can be chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from midifrag.commands import servers
from midifrag.commands.check_loras import presence as presence_of
from midifrag.commands.console import add_plain_row, out
from midifrag.commands.fetch import size_text
from midifrag.commands.lines import NARROW, listed
from midifrag.config.catalogue import CATALOGUE, engine_names
from midifrag.config.loading import Loaded
from midifrag.config.parameters import shown
from midifrag.config.used_loras import UsedLora, used_loras
from midifrag.engine.diffusion.samplers import SAMPLERS
from midifrag.engine.loading.inventory import presence


def models(loaded: Loaded | None) -> None:
    """List the models that can be chosen and what of each is here, samplers, and engines from plug-ins."""
    own: dict[str, Any] = dict(loaded.settings.models) if loaded else {}
    rows: list[tuple[str, ...]] = [
        (model.name, here(model.name, model.source), model.what, model.source.get("hub", "built in"))
        for model in CATALOGUE
        if model.name not in own
    ]
    for name in own if loaded else ():
        source = loaded.source(name) if loaded else {}
        kinds = loaded.settings.source(name) if loaded else {}
        kinds.pop("loras", None)
        rows.append((name, here(name, source), "", ", ".join(f"{key}: {value}" for key, value in kinds.items())))
    rows += servers.rows(loaded) if loaded else ()
    out.print(_models(rows))
    used = used_loras(loaded.settings, loaded.banks) if loaded else []
    if used:
        out.print(_loras(used))
    out.print(_samplers())


def here(name: str, source: Mapping[str, Any]) -> str:
    """How much of a model is on this machine, and what is missing."""
    if "engine" in source:
        return ""
    try:
        found = presence(name, source)
    except Exception as error:  # one model, whatever is wrong with it, does not keep the others from being listed
        return f"will not play: {error}"
    if found.refused:
        return f"will not play: {found.refused}"
    if found.is_whole:
        size = f", {size_text(found.size)}" if found.size else ""
        return f"yes{size}{f'; {found.note}' if found.note else ''}"
    if not found.is_begun:
        return f"no; midifrag fetch {name}" if found.is_fetched else "no"
    way_out = f"; midifrag fetch {name}" if found.is_fetched else ""
    return f"in part, without {', '.join(found.missing)}{way_out}"


def _models(rows: list[tuple[str, ...]]) -> Table:
    return _titled("models", ("name", "here", "what", "from"), rows)


def _titled(title: str, names: tuple[str, ...], rows: list[tuple[str, ...]]) -> Table:
    if out.width < NARROW:
        table = listed(names, rows)
    else:
        table = Table(box=None, header_style="dim")
        for column in names:
            table.add_column(column, overflow="fold")
        for row in rows:
            add_plain_row(table, *row)
    table.title, table.title_justify = title, "left"
    return table


def _loras(used: list[UsedLora]) -> Table:
    rows: list[tuple[str, ...]] = [
        (one.lora.name, presence_of(one), f"{', '.join(map(shown, one.strengths))} of {', '.join(one.models)}", place)
        for one in used
        for place in (one.lora.place,)
    ]
    return _titled("\nLoRAs", ("name", "here", "strength", "from"), rows)


def _samplers() -> Table:
    table = Table(box=None, title="\nsamplers", title_justify="left", header_style="dim")
    for column in ("name", "for models trained with"):
        table.add_column(column)
    for name, sampler in SAMPLERS.items():
        table.add_row(name, ", ".join(sampler.objectives))
    table.caption = f"engines: {', '.join(engine_names())}"
    table.caption_justify = "left"
    return table
