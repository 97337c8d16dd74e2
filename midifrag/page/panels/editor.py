"""Set editing: change a pad's prompt, parameters and press rules; written to its bank's file and live at once.

Nothing typed goes by itself: who leaves a form is asked, and one that is kept for later keeps its draft. What another
browser has saved meanwhile is told, and only overwritten by who has seen it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from nicegui import ui

from midifrag.config.banks import Bank
from midifrag.errors import EditConflictError
from midifrag.pad_key import PadKey
from midifrag.page import set_texts, texts
from midifrag.page.edits import Drafts, tab_of
from midifrag.page.model import PageModel, Part
from midifrag.page.panels.pad_form import PadForm
from midifrag.page.panels.pad_list import PadList
from midifrag.page.panels.panel import Panel, Play
from midifrag.page.panels.saving import ask, ask_to_leave, differences, file_of, remove, save, stands, tell
from midifrag.page.panels.undoing import UndoButtons, or_ask


class EditorPanel(Panel):
    """A list of a bank's pads, and a form for the one that is chosen."""

    parts: ClassVar[frozenset[Part]] = frozenset({Part.CONFIGURATION, Part.ENGINES, Part.EDITS})

    def __init__(self, page: PageModel, play: Play) -> None:
        super().__init__(page, play)
        self._key: PadKey | None = None
        self._client = ui.context.client
        # Which tab of a browser it is, is known once that has come.
        self._client.on_connect(self._bring_back)
        self._listed: Bank | None = None
        with ui.element("section").classes("editor"):
            with ui.element("div").classes("editor-list"):
                self._bank = ui.select({}, label=texts.BANK, on_change=self._bank_chosen).props("outlined dense")
                self._rows = PadList(self._go)
            with ui.element("div").classes("editor-form"):
                self._hint = ui.label().classes("quiet")
                self._form = PadForm(page, self._typed)
                self._build_buttons()

    def _build_buttons(self) -> None:
        with ui.element("div").classes("editor-buttons"):
            ui.button(set_texts.SAVE_PAD, on_click=self._save).props("unelevated no-caps color=primary").classes(
                "save-pad"
            )
            self._discard = ui.button(set_texts.DISCARD, on_click=self._ask_to_discard).props("flat no-caps")
            ui.button(set_texts.REMOVE_PAD, on_click=self._ask_to_remove).props("flat no-caps color=negative")
            self._unsaved = ui.label(set_texts.UNSAVED).classes("unsaved-text")
        self._undoing = UndoButtons(self.page)

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        banks = {bank.slug: bank.name for bank in self.page.loaded.banks}
        if self._bank.options != banks:
            chosen = self._bank.value if self._bank.value in banks else next(iter(banks))
            self._bank.set_options(banks, value=chosen)
            self.unsaved_changed()
        self._form.offer()
        self._list()
        self._bring_back()
        self._undoing.refresh()

    @property
    def unsaved(self) -> str:
        """See `Panel.unsaved`. What is of a bank that the set has no more waits for that to come back: unasked."""
        there = (key for slug, key in self._drafts if slug in self._bank.options)
        return ", ".join(key.name if key else set_texts.NEW_PAD for key in there)

    @property
    def _drafts(self) -> Drafts:
        return self.page.edits.drafts(tab_of(self._client))

    def _bring_back(self) -> None:
        """Show the draft of what is in the form, where there is one that came by another way than by typing here."""
        draft = self._drafts.get((self._slug, self._key))
        if draft is not None and draft.typed and not self._form.typed:
            self._open(self._key)
        self._mark_rows()

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
        wanted, shown = self._bank.value, self._listed
        if shown is None or wanted == shown.slug:
            return
        if not self._form.typed or shown.slug not in self._bank.options:
            self._turn_to(wanted)
            return
        # Still the bank that the form is of, until that is answered.
        self._bank.value = shown.slug
        self._leave(lambda: self._turn_to(wanted))

    def _turn_to(self, slug: str) -> None:
        self._key, self._listed = None, None
        self._bank.value = slug
        self._list()

    def _list(self) -> None:
        bank = self._shown
        if bank is None or bank is self._listed:
            return
        stays = self._listed is not None and self._listed.slug == bank.slug
        self._listed = bank
        self._hint.text = set_texts.EDIT_HINT.format(file=self._file)
        drafts = {key: draft for (slug, key), draft in self._drafts.items() if slug == bank.slug}
        # What somebody has removed meanwhile stays as long as there is a draft of it.
        keys = sorted({*bank.pads, *(key for key in drafts if key is not None)})
        self._rows.show(keys, bank.pads)
        if stays and (self._key is None or self._key in bank.pads or self._form.typed):
            if self._key is not None:
                self._follow(self._key)
            self._mark_rows()
        else:
            self._open(next(iter(drafts or bank.pads)))

    def _follow(self, key: PadKey) -> None:
        """Show what the file says by now of the pad in the form; over what is typed there, that is told."""
        said = self._said(key)
        changed = self._form.follow(key, said)
        if changed and self._form.typed:
            # Beside the buttons: what is told for a moment would cover them.
            words = set_texts.CHANGED_NOW.format(name=key.name, file=self._file, now=stands(said, changed))
            self._unsaved.text = words

    def _mark_rows(self) -> None:
        """Show which pad is in the form, and which have a draft."""
        self._rows.mark(self._key, {key for slug, key in self._drafts if slug == self._slug})

    def _go(self, key: PadKey | None) -> None:
        """Show another pad in the form, and ask first what becomes of what is typed there."""
        if key == self._key:
            return
        if self._form.typed:
            self._leave(lambda: self._open(key))
        else:
            self._open(key)

    def _leave(self, go: Callable[[], None]) -> None:
        """Ask what becomes of what is typed and not saved, and go."""

        async def save() -> None:
            await self._save()
            if not self._form.typed:
                go()

        def discard() -> None:
            self._drafts.pop((self._slug, self._key), None)
            self._open(self._key)
            go()

        name = self._key.name if self._key else set_texts.NEW_PAD
        ask_to_leave(
            set_texts.LEAVE_ASKED.format(name=name, file=self._file),
            {set_texts.SAVE_IT: save, set_texts.KEEP_IT: go, set_texts.DISCARD_IT: discard},
        )

    def _open(self, key: PadKey | None) -> None:
        """Show a pad in the form; None for a new one. What was typed there before is still there."""
        self._key = key
        self._form.fill(key, self._said(key), self._drafts.get((self._slug, key)))
        self._form.mark({})
        self._unsaved.text = set_texts.UNSAVED
        self._typed()

    def _typed(self) -> None:
        """Keep what is typed, in case the form is left."""
        if self._form.typed:
            self._drafts[self._slug, self._key] = self._form.draft
        else:
            self._drafts.pop((self._slug, self._key), None)
            self._unsaved.text = set_texts.UNSAVED
        self._unsaved.set_visibility(bool(self._form.typed))
        self._discard.set_enabled(bool(self._form.typed))
        self._mark_rows()
        self.unsaved_changed()

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
        others: list[str] = []

        def merged(now: Mapping[str, Any]) -> None:
            keys = tuple(one for one in differences(now, version) if one not in values)
            others.append(set_texts.MERGED.format(now=stands(now, keys)) if keys else "")

        try:
            problems = await save(self.page, self._slug, key, values, version, whole=whole, merged=merged)
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
        ui.notify("".join([set_texts.SAVED_PAD.format(name=self._form.label, file=self._file), *others]))

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

        problems = await or_ask(key.name, file_of(slug), lambda: remove(self.page, slug, key, version), go_on)
        if problems is None:
            self._drafts.pop((slug, key), None)
            if (self._slug, self._key) == (slug, key):
                self._open(self._rows.first_beside(key))
            ui.notify(set_texts.REMOVED.format(name=key.name, file=file_of(slug)))

    def _ask_to_discard(self) -> None:
        name = self._key.name if self._key else set_texts.NEW_PAD
        slug, key = self._slug, self._key

        def discard() -> None:
            self._drafts.pop((slug, key), None)
            if (self._slug, self._key) == (slug, key):
                gone = key is not None and self._said(key) is None
                self._open(self._rows.first_beside(key) if gone else key)

        ask(set_texts.DISCARD_ASKED.format(name=name), set_texts.DISCARD_IT, discard)
