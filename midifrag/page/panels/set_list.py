"""The set list: banks are added, copied, renamed and put in order, by drag or by key."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from nicegui import events, ui

from midifrag.config.bank_editing import add_bank, order_banks, rename_bank
from midifrag.config.entry_editing import Change
from midifrag.page import set_texts
from midifrag.page.model import PageModel, Part
from midifrag.page.panels.panel import Panel, Play, icon_button, set_prop
from midifrag.page.panels.saving import change, tell

#: What is dragged, told to the row that it is dropped on.
_DRAG = "(e) => e.dataTransfer.setData('text/midifrag-bank', e.currentTarget.dataset.bank)"
_OVER = "(e) => { if (e.dataTransfer.types.includes('text/midifrag-bank')) e.preventDefault(); }"
_DROP = "(e) => { e.preventDefault(); emit(e.dataTransfer.getData('text/midifrag-bank')); }"


#: What its buttons are called.
_WORDS = (set_texts.EARLIER, set_texts.LATER, set_texts.COPY_BANK)


class _Row:
    """A bank of the list. ``typed`` is a name that is typed and not saved."""

    def __init__(self, panel: SetListPanel, slug: str, name: str) -> None:
        self._panel, self._slug, self._name = panel, slug, name
        #: What is being saved, or was, and the show has not told of yet: who leaves the field saves it.
        self._saved: str | None = None
        with ui.element("div").classes("set-row").props("draggable=true") as self._row:
            self._row.props["data-bank"] = slug
            self._row.on("dragstart", js_handler=_DRAG).on("dragover", js_handler=_OVER)
            self._row.on("drop", self._dropped, js_handler=_DROP)
            ui.icon("drag_indicator").props("aria-hidden=true").classes("quiet")
            self._field = ui.input(value=name).props("outlined dense").classes("set-name")
            self._field.on("keydown.enter", self._rename).on("blur", self._rename)
            self._field.on_value_change(lambda: panel.unsaved_changed())
            self._buttons = [
                icon_button("arrow_upward", "").on_click(lambda: panel.step(slug, -1)),
                icon_button("arrow_downward", "").on_click(lambda: panel.step(slug, 1)),
                icon_button("content_copy", "").on_click(lambda: panel.copy(slug)),
            ]

    @property
    def typed(self) -> str:
        """The name that is typed; "" where that is the bank's."""
        text = str(self._field.value or "").strip()
        return "" if text in (self._name, self._saved) else text

    def show(self, name: str) -> None:
        """Show what the bank is called by now, unless another name is being typed."""
        if not self.typed:
            self._field.value = name
        self._name, self._saved = name, None
        set_prop(self._field, "aria-label", set_texts.BANK_NAME_OF.format(name=name))
        for button, words in zip(self._buttons, _WORDS, strict=True):
            set_prop(button, "title", words.format(name=name))
            set_prop(button, "aria-label", words.format(name=name))

    def move(self, place: int) -> None:
        """Lie at a place of the list."""
        listed = self._row.parent_slot.children if self._row.parent_slot else []
        if listed.index(self._row) != place:
            self._row.move(target_index=place)

    def delete(self) -> None:
        """Leave the list."""
        self._row.delete()

    async def _rename(self) -> None:
        text = str(self._field.value or "").strip()
        self._saved = text
        if not await self._panel.rename(self._slug, text):
            self._saved = None
            if not text:
                self._field.value = self._name
        self._panel.unsaved_changed()

    async def _dropped(self, event: events.GenericEventArguments) -> None:
        await self._panel.dropped(str(event.args), self._slug)


class SetListPanel(Panel):
    """A row a bank, in the order in which a performer steps through them."""

    parts: ClassVar[frozenset[Part]] = frozenset({Part.CONFIGURATION})

    def __init__(self, page: PageModel, play: Play) -> None:
        super().__init__(page, play)
        self._shown: tuple[tuple[str, str], ...] = ()
        self._rows: dict[str, _Row] = {}
        with ui.element("section").classes("set-list"):
            ui.label(set_texts.SET_LIST).classes("box-title")
            ui.label(set_texts.SET_LIST_HINT).classes("quiet")
            self._list = ui.element("div").classes("set-rows")
            with ui.element("div").classes("set-new"):
                self._name = ui.input(set_texts.BANK_NAME).props("outlined dense").classes("set-name")
                self._name.on("keydown.enter", self._add).on_value_change(lambda: self.unsaved_changed())
                ui.button(set_texts.ADD_BANK, icon="add", on_click=self._add).props("flat no-caps")

    def refresh(self) -> None:
        """See `Panel.refresh`. A row that stays keeps its field: somebody may be typing in it."""
        banks = tuple((bank.slug, bank.name) for bank in self.page.loaded.banks)
        if banks == self._shown:
            return
        self._shown = banks
        for slug in [slug for slug in self._rows if slug not in dict(banks)]:
            self._rows.pop(slug).delete()
        for place, (slug, name) in enumerate(banks):
            row = self._rows.get(slug)
            if row is None:
                with self._list:
                    row = self._rows[slug] = _Row(self, slug, name)
            row.show(name)
            row.move(place)
        self.unsaved_changed()

    @property
    def unsaved(self) -> str:
        """See `Panel.unsaved`."""
        names = [row.typed for row in self._rows.values()]
        return ", ".join(filter(None, [*names, str(self._name.value or "").strip()]))

    async def _add(self) -> None:
        name = str(self._name.value or "").strip()
        if name and await self._do(lambda: add_bank(self.page.loaded, name)):
            self._name.value = ""

    async def copy(self, slug: str) -> None:
        """Add a bank that is the same."""
        name = set_texts.COPY_OF.format(name=dict(self._shown)[slug])
        await self._do(lambda: add_bank(self.page.loaded, name, slug))

    async def rename(self, slug: str, name: str) -> bool:
        """Call a bank so; whether it is called so now."""
        if name == dict(self._shown).get(slug):
            return True
        return bool(name) and await self._do(lambda: rename_bank(self.page.loaded, slug, name))

    async def step(self, slug: str, step: int) -> None:
        """Move a bank so many places down."""
        order = [one for one, _ in self._shown]
        await self._move(slug, order.index(slug) + step)

    async def dropped(self, slug: str, onto: str) -> None:
        """Move a bank to the place of another one."""
        order = [one for one, _ in self._shown]
        if slug in order:
            await self._move(slug, order.index(onto))

    async def _move(self, slug: str, to: int) -> None:
        order = [one for one, _ in self._shown if one != slug]
        order.insert(min(max(to, 0), len(order)), slug)
        if order != [one for one, _ in self._shown]:
            await self._do(lambda: order_banks(self.page.loaded, order))

    async def _do(self, edit: Callable[[], Change]) -> bool:
        problems = await change(self.page, edit)
        tell(problems or {})
        return problems is None
