"""Saving to a bank's file, with every answer told: a dialog for a typed prompt, and what both it and the editor do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from nicegui import ui

from midifrag.config.loading import bank_path
from midifrag.config.pad_editing import remove_pad, save_pad
from midifrag.errors import ConfigurationError, MidifragError
from midifrag.pad_key import PadKey
from midifrag.page import texts
from midifrag.page.model import PageModel
from midifrag.surface.palette import COLOURS

#: Notes that are offered for a new pad: the 4×4 grid of most pad controllers.
OFFERED = range(36, 52)


async def save(page: PageModel, slug: str, key: PadKey, values: Mapping[str, Any]) -> dict[str, str] | None:
    """Write a pad; None if that went well, else what is wrong, by key ("" for what concerns no key)."""
    return await _written(page, save_pad, page.loaded, slug, key, values)


async def remove(page: PageModel, slug: str, key: PadKey) -> dict[str, str] | None:
    """Remove a pad; answers as `save` does."""
    return await _written(page, remove_pad, page.loaded, slug, key)


async def _written(page: PageModel, write: Callable[..., Any], *arguments: Any) -> dict[str, str] | None:
    try:
        await asyncio.to_thread(write, *arguments)
    except ConfigurationError as error:
        return {problem.key.split(".")[-1]: str(problem) for problem in error.problems}
    except MidifragError as error:
        return {"": str(error)}
    page.read_again()
    return None


def tell(problems: Mapping[str, str]) -> None:
    """Say what was refused, until it is read."""
    for problem in problems.values():
        ui.notify(problem, type="negative", timeout=0, close_button=True, multi_line=True)


def file_of(page: PageModel, slug: str) -> str:
    """A bank's file as messages call it."""
    return f"presets/{bank_path(page.loaded.path, slug).name}"


def open_save_dialog(page: PageModel, values: Mapping[str, Any]) -> None:
    """Ask where a typed prompt shall lie, and write it there."""
    banks = {bank.slug: bank.name for bank in page.loaded.banks}
    active = page.bank
    with ui.dialog() as dialog, ui.card().classes("dialog"):
        ui.label(texts.SAVE_AS_PAD).classes("dialog-title")
        bank = ui.select(banks, value=active.slug if active else next(iter(banks)), label=texts.BANK)
        pad = ui.select({}, label=texts.PAD)
        name = ui.input(texts.NAME)
        colour = ui.select([texts.NONE, *(c for c in COLOURS if c != "off")], value=texts.NONE, label=texts.COLOUR)

        def offer() -> None:
            options = _pads(page, bank.value)
            pad.set_options(options, value=_first_free(page, bank.value))

        async def save_here() -> None:
            chosen = {
                "name": name.value.strip() or None,
                "colour": None if colour.value == texts.NONE else colour.value,
            }
            given = {key: value for key, value in chosen.items() if value is not None}
            key = PadKey.parse(pad.value)
            problems = await save(page, bank.value, key, {**values, **given})
            if problems is not None:
                tell(problems)
                return
            ui.notify(
                texts.SAVED.format(
                    name=given.get("name", values["prompt"]), note=key.name, file=file_of(page, bank.value)
                )
            )
            dialog.close()

        bank.on_value_change(offer)
        offer()
        with ui.row():
            ui.button(texts.SAVE, on_click=save_here).props("unelevated no-caps color=primary")
            ui.button(texts.CANCEL, on_click=dialog.close).props("flat no-caps")
    dialog.on("hide", dialog.delete)
    dialog.open()


def _pads(page: PageModel, slug: str) -> dict[str, str]:
    bank = next(one for one in page.loaded.banks if one.slug == slug)
    return {
        str(key): texts.TAKEN_PAD.format(note=key, name=key.name, label=bank.pads[key].label)
        if key in bank.pads
        else texts.FREE_PAD.format(note=key, name=key.name)
        for key in sorted({*bank.pads, *map(PadKey, OFFERED)})
    }


def _first_free(page: PageModel, slug: str) -> str:
    options = _pads(page, slug)
    bank = next(one for one in page.loaded.banks if one.slug == slug)
    return next((key for key in options if PadKey.parse(key) not in bank.pads), next(iter(options)))
