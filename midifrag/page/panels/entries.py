"""Controls and actions of the set and its banks, each as the line that its file has of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple

from nicegui import background_tasks, ui

from midifrag.config.entry_editing import (
    Change,
    Section,
    add_entry,
    change_entry,
    document_of,
    file_name,
    remove_entry,
)
from midifrag.config.loading import Loaded
from midifrag.config.pad_editing import read_file_of
from midifrag.config.yaml_files import plain, read_content
from midifrag.config.yaml_writing import dump, in_one_line
from midifrag.errors import MidifragError
from midifrag.page import set_texts
from midifrag.page.model import PageModel, Part
from midifrag.page.panels.panel import Panel, Play, icon_button
from midifrag.page.panels.saving import ask_to_leave, change, tell


class Place(NamedTuple):
    """A list in a file of the set: of bank ``slug``, or (None) of the set's own."""

    slug: str | None
    section: Section


def places(loaded: Loaded) -> list[Place]:
    """Every list that there may be: banks have controls alone."""
    own = [Place(None, "controls"), Place(None, "actions")]
    return own + [Place(bank.slug, "controls") for bank in loaded.banks]


def entries_of(loaded: Loaded, place: Place) -> list[dict[str, Any]]:
    """What a file has in a list. Raises `ConfigurationError` and `StorageError`."""
    _, content = read_file_of(loaded, place.slug)
    found = document_of(loaded, place.slug, content).get(place.section) or []
    return [dict(one) for one in found if isinstance(one, Mapping)]


def line_of(entry: Mapping[str, Any]) -> str:
    """An entry as it is written on one line."""
    return dump(in_one_line(entry)).strip()


def parsed(text: str) -> dict[str, Any] | None:
    """The entry that somebody typed; None where that is no keys and values."""
    problems: list[Any] = []
    typed = text.strip()
    if ":" not in typed:
        return None
    if not typed.startswith("{"):
        typed = f"{{{typed}}}"
    found = plain(read_content(typed.encode("utf-8", "replace"), problems, ""))
    return dict(found) if not problems and isinstance(found, Mapping) and found else None


class _Row:
    """One entry; ``was`` is what its file says, None for one that is new."""

    def __init__(self, panel: EntriesPanel, number: int, was: Mapping[str, Any] | None) -> None:
        self._panel, self._number, self._was = panel, number, was
        self._saved: str | None = None
        label = set_texts.NEW_ENTRY if was is None else set_texts.ENTRY.format(number=number + 1)
        with ui.element("div").classes("entry"):
            self.field = ui.input(label, value="" if was is None else line_of(was)).props("outlined dense stack-label")
            self.field.classes("entry-line").on("keydown.enter", self._save)
            self.field.on_value_change(lambda: panel.unsaved_changed())
            icon_button("save", set_texts.SAVE_ENTRY).on_click(self._save)
            if was is not None:
                icon_button("delete", set_texts.REMOVE_ENTRY).on_click(self._remove)

    @property
    def typed(self) -> str | None:
        """What is typed and not saved; None for what is as its file says it."""
        clean = "" if self._was is None else line_of(self._was)
        return None if self.field.value in (clean, self._saved, None) else str(self.field.value)

    def takes_over(self, earlier: list[_Row]) -> None:
        """Show what was typed for the same entry before the list was built anew; taken from ``earlier``."""
        before = next((row for row in earlier if row._was == self._was), None)
        if before is not None:
            earlier.remove(before)
            self.field.value = before.field.value

    async def _save(self) -> None:
        entry, place, loaded, was = (
            parsed(str(self.field.value or "")),
            self._panel.place,
            self._panel.page.loaded,
            self._was,
        )
        if entry is None:
            self._mark({"": set_texts.NO_ENTRY})
        elif was is None:
            await self._do(lambda: add_entry(loaded, place.slug, place.section, entry))
        elif entry != was:
            await self._do(lambda: change_entry(loaded, place.slug, place.section, self._number, entry, was))

    async def _remove(self) -> None:
        place, loaded = self._panel.place, self._panel.page.loaded
        await self._do(lambda: remove_entry(loaded, place.section, self._number, place.slug, self._was))

    async def _do(self, edit: Callable[[], Change]) -> None:
        text = str(self.field.value or "")
        problems = await change(self._panel.page, edit)
        self._mark(problems or {})
        if problems is None:
            self._saved = text
            await self._panel.read()

    def _mark(self, problems: Mapping[str, str]) -> None:
        self.field.props["error"] = bool(problems)
        self.field.props["error-message"] = "; ".join(problems.values())


class EntriesPanel(Panel):
    """One list at a time; an entry is changed, removed or added, and all of it can be undone."""

    parts: ClassVar[frozenset[Part]] = frozenset({Part.CONFIGURATION})

    def __init__(self, page: PageModel, play: Play) -> None:
        super().__init__(page, play)
        self._places: dict[str, Place] = {}
        self._listed = ""
        self._entries: list[dict[str, Any]] | None = None
        self.rows: list[_Row] = []
        with ui.element("section").classes("entries"):
            ui.label(set_texts.ENTRIES).classes("box-title")
            ui.label(set_texts.ENTRIES_HINT).classes("quiet")
            self._choice = ui.select({}, label=set_texts.ENTRIES_OF, on_change=self._chosen).props("outlined dense")
            self._choice.classes("entries-of")
            self._list = ui.element("div").classes("entry-list")

    @property
    def place(self) -> Place:
        """The list that is shown."""
        return self._places.get(str(self._choice.value), Place(None, "controls"))

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        loaded = self.page.loaded
        self._places = {f"{file_name(loaded, one.slug)}: {one.section}": one for one in places(loaded)}
        names = list(self._places)
        if self._choice.options != names:
            self._choice.set_options(names, value=self._choice.value if self._choice.value in names else names[0])
        # Not here: a drive that hangs must not keep the page waiting.
        background_tasks.create(self.read())

    @property
    def unsaved(self) -> str:
        """See `Panel.unsaved`."""
        return ", ".join(row.typed for row in self.rows if row.typed)

    def _chosen(self) -> None:
        wanted = self._choice.value
        if self._listed == wanted:
            return
        if not self.unsaved or self._listed not in self._choice.options:
            self._turn_to(wanted)
            return
        # Still the list that was typed in, until that is answered.
        self._choice.value = self._listed
        answers = {set_texts.STAY: lambda: None, set_texts.DISCARD_IT: lambda: self._turn_to(wanted)}
        ask_to_leave(set_texts.LEAVE_LINES_ASKED.format(lines=self.unsaved), answers)

    def _turn_to(self, name: str) -> None:
        self._listed, self._entries, self.rows = name, None, []
        self._choice.value = name
        self.unsaved_changed()
        background_tasks.create(self.read())

    async def read(self) -> None:
        """Show what the file says now; rows that stay the same keep what is typed in them."""
        place = self.place
        try:
            entries = await asyncio.to_thread(entries_of, self.page.loaded, place)
        except MidifragError as error:
            with self._list:
                tell({"": str(error)})
            return
        if place != self.place or entries == self._entries:
            return
        self._entries, typed = entries, [row for row in self.rows if row.typed is not None]
        self._list.clear()
        with self._list:
            self.rows = [_Row(self, number, entry) for number, entry in enumerate(entries)]
            self.rows.append(_Row(self, len(entries), None))
        for row in self.rows:
            row.takes_over(typed)
        self.unsaved_changed()
