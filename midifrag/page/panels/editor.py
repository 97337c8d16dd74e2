"""Set editing: change a pad's prompt, parameters and press rules; written to its bank's file and live at once.

Nothing typed goes by itself: a form that is left keeps its draft, and what another browser has saved meanwhile is only
overwritten by who has seen it.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar

from nicegui import ui

from midifrag.config.banks import Bank
from midifrag.errors import EditConflictError
from midifrag.pad_key import PadKey
from midifrag.page import set_texts, texts
from midifrag.page.edits import name_of, owner_of
from midifrag.page.model import PageModel, Part
from midifrag.page.panels.pad_form import PadForm
from midifrag.page.panels.panel import Panel, Play, own_colour
from midifrag.page.panels.saving import ask, file_of, file_of_edit, remove, save, stands, take_back, tell


class EditorPanel(Panel):
    """A list of a bank's pads, and a form for the one that is chosen."""

    parts: ClassVar[frozenset[Part]] = frozenset({Part.CONFIGURATION, Part.ENGINES, Part.EDITS})

    def __init__(self, page: PageModel, play: Play) -> None:
        super().__init__(page, play)
        self._key: PadKey | None = None
        self._drafts = page.edits.drafts(ui.context.client.tab_id or "")
        self._listed: Bank | None = None
        self._rows: dict[PadKey | None, ui.button] = {}
        with ui.element("section").classes("editor"):
            with ui.element("div").classes("editor-list"):
                self._bank = ui.select({}, label=texts.BANK, on_change=self._bank_chosen).props("outlined dense")
                self._pads = ui.element("div").classes("editor-pads")
            with ui.element("div").classes("editor-form"):
                self._hint = ui.label().classes("quiet")
                self._form = PadForm(page, self._typed)
                self._build_buttons()

    def _build_buttons(self) -> None:
        with ui.element("div").classes("editor-buttons"):
            ui.button(set_texts.SAVE_PAD, on_click=self._save).props("unelevated no-caps color=primary").classes("save-pad")
            self._discard = ui.button(set_texts.DISCARD, on_click=self._ask_to_discard).props("flat no-caps")
            ui.button(set_texts.REMOVE_PAD, on_click=self._ask_to_remove).props("flat no-caps color=negative")
            self._unsaved = ui.label(set_texts.UNSAVED).classes("unsaved-text")
        with ui.element("div").classes("editor-buttons"):
            self._undo = ui.button(icon="undo", on_click=lambda: self._take_back(again=False)).props("flat no-caps")
            self._redo = ui.button(icon="redo", on_click=lambda: self._take_back(again=True)).props("flat no-caps")

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        banks = {bank.slug: bank.name for bank in self.page.loaded.banks}
        if self._bank.options != banks:
            chosen = self._bank.value if self._bank.value in banks else next(iter(banks))
            self._bank.set_options(banks, value=chosen)
        self._form.offer()
        self._list()
        for button, edit, words, nothing in (
            (self._undo, self.page.edits.last, set_texts.UNDO, set_texts.NOTHING_TO_UNDO),
            (self._redo, self.page.edits.next, set_texts.REDO, set_texts.NOTHING_TO_REDO),
        ):
            button.text = nothing
            if edit is not None:
                button.text = words.format(name=name_of(edit), bank=owner_of(edit, self.page.loaded))
            button.set_enabled(edit is not None)

    # --- the list ----------------------------------------------------------------------------------------------------

    @property
    def _slug(self) -> str:
        return str(self._bank.value)

    @property
    def _file(self) -> str:
        return file_of(self._slug)

    @property
    def _shown(self) -> Bank | None:
        return next((one for one in self.page.loaded.banks if one.slug == self._bank.value), None)

    def _bank_chosen(self) -> None:
        self._key, self._listed = None, None
        self._list()

    def _list(self) -> None:
        bank = self._shown
        if bank is None or bank is self._listed:
            return
        stays = self._listed is not None and self._listed.slug == bank.slug
        self._listed = bank
        self._hint.text = set_texts.EDIT_HINT.format(file=self._file)
        drafts = {key: draft for (slug, key), draft in self._drafts.items() if slug == bank.slug}
        self._pads.clear()
        self._rows.clear()
        with self._pads:
            # What somebody has removed meanwhile stays as long as there is a draft of it.
            for key in sorted({*bank.pads, *(key for key in drafts if key is not None)}):
                pad = bank.pads.get(key)
                row = ui.button(color=None, on_click=functools.partial(self._open, key)).props(
                    "flat no-caps align=left"
                )
                row.style(f"--own: {own_colour(pad.colour if pad else None)}").props["data-edit"] = str(key)
                self._rows[key] = row
                with row:
                    ui.label(key.name).classes("pad-note")
                    ui.label(pad.label if pad else texts.NONE).classes("editor-label")
            new = ui.button(set_texts.NEW_PAD, icon="add", color=None, on_click=functools.partial(self._open, None))
            self._rows[None] = new.props("flat no-caps align=left")
        if stays and (self._key is None or self._key in bank.pads or self._form.typed):
            if self._key is not None:
                self._form.follow(self._key, self._said(self._key))
            self._mark_rows()
        else:
            self._open(next(iter(drafts or bank.pads)))

    def _mark_rows(self) -> None:
        """Show which pad is in the form, and which have a draft."""
        for key, row in self._rows.items():
            drafted = " unsaved" if (self._slug, key) in self._drafts else ""
            row.classes(replace=f"{'' if key is None else 'editor-pad'}{' chosen' * (key == self._key)}{drafted}")

    def _open(self, key: PadKey | None) -> None:
        """Show a pad in the form; None for a new one. What was typed there before is still there."""
        self._key = key
        self._form.fill(key, self._said(key), self._drafts.get((self._slug, key)))
        self._form.mark({})
        self._typed()

    def _typed(self) -> None:
        """Keep what is typed, in case the form is left."""
        if self._form.typed:
            self._drafts[self._slug, self._key] = self._form.draft
        else:
            self._drafts.pop((self._slug, self._key), None)
        self._unsaved.set_visibility(bool(self._form.typed))
        self._discard.set_enabled(bool(self._form.typed))
        self._mark_rows()

    def _said(self, key: PadKey | None) -> dict[str, Any] | None:
        """What the bank's file says of a pad, without defaults; None where it has no such pad."""
        bank = self._shown
        pad = bank.pads.get(key) if bank and key else None
        return pad.model_dump(exclude_unset=True, by_alias=True) if pad else None

    # --- saving ------------------------------------------------------------------------------------------------------

    async def _save(self) -> None:
        try:
            key = self._key or PadKey.parse(self._form.note.value.strip())
        except ValueError as error:
            self._form.mark({"note": str(error)})
            return
        if self._key is None and (taken := self._said(key)) is not None:
            self._form.mark({"note": set_texts.TAKEN.format(name=key.name, now=stands(taken))})
            return
        version = self._form.version
        await self._save_as(key, self._form.changes if version else self._form.everything, version, whole=not version)

    async def _save_as(
        self, key: PadKey, values: Mapping[str, Any], version: Mapping[str, Any] | None, *, whole: bool
    ) -> None:
        opened, typed = (self._slug, self._key), self._form.typed
        try:
            problems = await save(self.page, self._slug, key, values, version, whole=whole)
        except EditConflictError as conflict:
            if whole and opened[1] is None:
                # Somebody else was quicker.
                self._form.mark({"note": set_texts.TAKEN.format(name=key.name, now=stands(conflict.now))})
            else:
                self._ask_to_overwrite(conflict, key, values, whole=whole)
            return
        if (self._slug, self._key) != opened:
            # Somebody who is that quick has left the form; its draft says what is not saved.
            tell(problems or {})
            return
        tell(self._form.mark(problems or {}))
        if problems is not None:
            return
        self._drafts.pop(opened, None)
        self._key = key
        self._form.saved(key, values, typed)
        self._typed()
        ui.notify(set_texts.SAVED_PAD.format(name=self._form.label, file=self._file))

    def _ask_to_overwrite(
        self, conflict: EditConflictError, key: PadKey, values: Mapping[str, Any], *, whole: bool
    ) -> None:
        """Somebody has changed what would be saved over: show what is there now."""
        words = {"name": key.name, "file": self._file}
        if conflict.now is None:
            values = self._form.everything
            question, answer = set_texts.GONE_ASKED.format(**words), set_texts.SAVE_IT
        elif whole:
            question, answer = set_texts.REPLACE_ASKED.format(**words, now=stands(conflict.now)), set_texts.REPLACE_IT
        else:
            now = stands(conflict.now, tuple(conflict.keys))
            question, answer = set_texts.OVERWRITE_ASKED.format(**words, now=now), set_texts.OVERWRITE_IT
        ask(question, answer, lambda: self._save_as(key, values, conflict.now, whole=whole or conflict.now is None))

    def _ask_to_remove(self) -> None:
        key, bank = self._key, self._shown
        pad = bank.pads.get(key) if bank and key else None
        if key is None or pad is None:
            return
        question = set_texts.REMOVE_ASKED.format(name=key.name, label=pad.label, file=self._file)
        ask(question, set_texts.REMOVE_IT, functools.partial(self._remove, self._slug, key, self._said(key)))

    async def _remove(self, slug: str, key: PadKey, version: Mapping[str, Any] | None) -> None:
        async def go_on(version: Mapping[str, Any] | None) -> None:
            await self._remove(slug, key, version)

        problems = await self._or_ask(key.name, file_of(slug), lambda: remove(self.page, slug, key, version), go_on)
        if problems is None:
            self._drafts.pop((slug, key), None)
            if (self._slug, self._key) == (slug, key):
                self._open(next(other for other in (*self._rows, None) if other != key))
            ui.notify(set_texts.REMOVED.format(name=key.name, file=file_of(slug)))

    def _ask_to_discard(self) -> None:
        name = self._key.name if self._key else set_texts.NEW_PAD
        slug, key = self._slug, self._key

        def discard() -> None:
            self._drafts.pop((slug, key), None)
            if (self._slug, self._key) == (slug, key):
                gone = key is not None and self._said(key) is None
                self._open(next(other for other in self._rows if other != key) if gone else key)

        ask(set_texts.DISCARD_ASKED.format(name=name), set_texts.DISCARD_IT, discard)

    async def _take_back(self, *, again: bool, overwrite: bool = False) -> None:
        edit = self.page.edits.next if again else self.page.edits.last
        if edit is None:
            return

        async def go_on(_now: Mapping[str, Any] | None) -> None:
            await self._take_back(again=again, overwrite=True)

        work = functools.partial(take_back, self.page, again=again, overwrite=overwrite)
        file = file_of_edit(edit, self.page.loaded)
        if await self._or_ask(name_of(edit), file, work, go_on) is None:
            ui.notify(set_texts.UNDONE.format(name=name_of(edit), file=file))

    async def _or_ask(
        self,
        name: str,
        file: str,
        work: Callable[[], Awaitable[dict[str, str] | None]],
        go_on: Callable[[Mapping[str, Any] | None], Awaitable[None]],
    ) -> dict[str, str] | None:
        """Do something to a pad; where it has been changed meanwhile, ask whether to ``go_on``. Tells what is wrong."""
        try:
            problems = await work()
        except EditConflictError as conflict:
            now = conflict.now
            shown = stands(now, tuple(conflict.keys))
            ask(
                set_texts.CHANGED_ASKED.format(name=name, file=file, now=shown),
                set_texts.GO_ON,
                lambda: go_on(now),
            )
            return {}
        tell(problems or {})
        return problems
