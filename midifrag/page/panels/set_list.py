"""The set list: banks are added, copied, renamed and put in order, by drag or by key."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ClassVar

from nicegui import events, ui

from midifrag.config.bank_editing import add_bank, order_banks, rename_bank
from midifrag.config.entry_editing import Change
from midifrag.page import set_texts
from midifrag.page.model import PageModel, Part
from midifrag.page.panels.panel import Panel, Play, icon_button
from midifrag.page.panels.saving import change, tell

#: What is dragged, told to the row that it is dropped on.
_DRAG = "(e) => e.dataTransfer.setData('text/midifrag-bank', e.currentTarget.dataset.bank)"
_OVER = "(e) => { if (e.dataTransfer.types.includes('text/midifrag-bank')) e.preventDefault(); }"
_DROP = "(e) => { e.preventDefault(); emit(e.dataTransfer.getData('text/midifrag-bank')); }"


class SetListPanel(Panel):
    """A row a bank, in the order in which a performer steps through them."""

    parts: ClassVar[frozenset[Part]] = frozenset({Part.CONFIGURATION})

    def __init__(self, page: PageModel, play: Play) -> None:
        super().__init__(page, play)
        self._shown: tuple[tuple[str, str], ...] = ()
        with ui.element("section").classes("set-list"):
            ui.label(set_texts.SET_LIST).classes("box-title")
            ui.label(set_texts.SET_LIST_HINT).classes("quiet")
            self._rows = ui.element("div").classes("set-rows")
            with ui.element("div").classes("set-new"):
                self._name = ui.input(set_texts.BANK_NAME).props("outlined dense").classes("set-name")
                self._name.on("keydown.enter", self._add)
                ui.button(set_texts.ADD_BANK, icon="add", on_click=self._add).props("flat no-caps")

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        banks = tuple((bank.slug, bank.name) for bank in self.page.loaded.banks)
        if banks == self._shown:
            return
        self._shown = banks
        self._rows.clear()
        with self._rows:
            for slug, name in banks:
                self._build(slug, name)

    def _build(self, slug: str, name: str) -> None:
        with ui.element("div").classes("set-row").props("draggable=true") as row:
            row.props["data-bank"] = slug
            row.on("dragstart", js_handler=_DRAG).on("dragover", js_handler=_OVER)
            row.on("drop", functools.partial(self._dropped, slug), js_handler=_DROP)
            ui.icon("drag_indicator").props("aria-hidden=true").classes("quiet")
            field = ui.input(value=name).props("outlined dense").classes("set-name")
            field.props["aria-label"] = set_texts.BANK_NAME_OF.format(name=name)
            field.on("keydown.enter", lambda: self._rename(slug, field)).on("blur", lambda: self._rename(slug, field))
            for icon, words, step in (("arrow_upward", set_texts.EARLIER, -1), ("arrow_downward", set_texts.LATER, 1)):
                icon_button(icon, words.format(name=name)).on_click(functools.partial(self._step, slug, step))
            copy = icon_button("content_copy", set_texts.COPY_BANK.format(name=name))
            copy.on_click(functools.partial(self._copy, slug, name))

    async def _add(self) -> None:
        name = str(self._name.value or "").strip()
        if name and await self._do(lambda: add_bank(self.page.loaded, name)):
            self._name.value = ""

    async def _copy(self, slug: str, name: str) -> None:
        await self._do(lambda: add_bank(self.page.loaded, set_texts.COPY_OF.format(name=name), slug))

    async def _rename(self, slug: str, field: ui.input) -> None:
        name, before = str(field.value or "").strip(), dict(self._shown).get(slug)
        if name in ("", before) or not await self._do(lambda: rename_bank(self.page.loaded, slug, name)):
            field.value = before

    async def _step(self, slug: str, step: int) -> None:
        order = [one for one, _ in self._shown]
        at = order.index(slug)
        await self._move(slug, at + step)

    async def _dropped(self, onto: str, event: events.GenericEventArguments) -> None:
        order = [one for one, _ in self._shown]
        if event.args in order:
            await self._move(str(event.args), order.index(onto))

    async def _move(self, slug: str, to: int) -> None:
        order = [one for one, _ in self._shown if one != slug]
        order.insert(min(max(to, 0), len(order)), slug)
        if order != [one for one, _ in self._shown]:
            await self._do(lambda: order_banks(self.page.loaded, order))

    async def _do(self, edit: Callable[[], Change]) -> bool:
        problems = await change(self.page, edit)
        tell(problems or {})
        return problems is None
