"""The dialog that makes a pad of a typed prompt: it proposes a free one, and asks before another is replaced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from midifrag.config.banks import Bank
from midifrag.errors import EditConflictError
from midifrag.pad_key import PadKey
from midifrag.page import set_texts, texts
from midifrag.page.model import PageModel
from midifrag.page.panels.saving import ask, file_of, save, stands, tell
from midifrag.surface.palette import COLOURS

#: Notes that are offered for a new pad: the 4×4 grid of most pad controllers, and the 8×8 grid of a Launchpad.
GRID = range(36, 52)
LARGE_GRID = tuple(10 * row + column for row in range(1, 9) for column in range(1, 9))


class SaveDialog:
    """Asks where a prompt shall lie, and writes it there. A free pad is proposed, unless a ``place`` was meant."""

    def __init__(self, page: PageModel, values: Mapping[str, Any], place: tuple[str, PadKey] | None = None) -> None:
        self._page, self._values, self._place = page, values, place
        banks = {bank.slug: bank.name for bank in page.loaded.banks}
        active = page.bank
        chosen = active.slug if active and active.slug in banks else next(iter(banks))
        if place is not None and place[0] in banks:
            chosen = place[0]
        with ui.dialog() as self._dialog, ui.card().classes("dialog save-dialog"):
            ui.label(texts.SAVE_AS_PAD).classes("dialog-title")
            self._bank = ui.select(banks, value=chosen, label=texts.BANK)
            self._pad = ui.select({}, label=texts.PAD)
            self._name = ui.input(texts.NAME)
            colours = [texts.NONE, *(colour for colour in COLOURS if colour != "off")]
            self._colour = ui.select(colours, value=texts.NONE, label=texts.COLOUR)
            with ui.row():
                ui.button(texts.SAVE, on_click=self._save).props("unelevated no-caps color=primary")
                ui.button(texts.CANCEL, on_click=self._dialog.close).props("flat no-caps")
        self._bank.on_value_change(self._offer)
        self._offer()
        self._dialog.on("hide", self._dialog.delete)
        self._dialog.open()

    def _offer(self) -> None:
        bank = next((one for one in self._page.loaded.banks if one.slug == self._bank.value), None)
        if bank is None:
            return
        free = free_notes(bank, {action.note for action in self._page.loaded.settings.actions})
        options = {
            str(key): texts.TAKEN_PAD.format(note=key, name=key.name, label=bank.pads[key].label)
            if key in bank.pads
            else texts.FREE_PAD.format(note=key, name=key.name)
            for key in sorted({*bank.pads, *map(PadKey, free)})
        }
        proposed = str(free[0]) if free else None
        if self._place is not None and self._place[0] == bank.slug and str(self._place[1]) in options:
            proposed = str(self._place[1])
        self._pad.set_options(options, value=proposed)

    async def _save(self) -> None:
        if self._pad.value is None:
            tell({"": texts.NO_FREE_PAD})
            return
        given = {
            "name": self._name.value.strip() or None,
            "colour": None if self._colour.value == texts.NONE else self._colour.value,
        }
        values = {**self._values, **{key: value for key, value in given.items() if value is not None}}
        await self._save_as(str(self._bank.value), PadKey.parse(self._pad.value), values, None)

    async def _save_as(
        self, slug: str, key: PadKey, values: Mapping[str, Any], version: Mapping[str, Any] | None
    ) -> None:
        try:
            problems = await save(self._page, slug, key, values, version, whole=True)
        except EditConflictError as conflict:
            now = conflict.now
            question = set_texts.REPLACE_ASKED.format(name=key.name, file=file_of(slug), now=stands(now))
            ask(question, set_texts.REPLACE_IT, lambda: self._save_as(slug, key, values, now))
            return
        if problems is not None:
            tell(problems)
            return
        name = values.get("name", values["prompt"])
        ui.notify(texts.SAVED.format(name=name, note=key.name, file=file_of(slug)))
        self._dialog.close()


def free_notes(bank: Bank, used: set[int | None]) -> list[int]:
    """Notes that no pad of a bank has, and none of ``used``: those of its grid, or else the nearest one beyond."""
    taken = {key.note for key in bank.pads} | used
    large = all(key.note in LARGE_GRID for key in bank.pads) and not all(key.note in GRID for key in bank.pads)
    on_grid = [note for note in (LARGE_GRID if large else GRID) if note not in taken]
    if on_grid:
        return on_grid
    others = (*range(GRID.stop, 128), *reversed(range(GRID.start)))
    return [note for note in others if note not in taken][:1]
