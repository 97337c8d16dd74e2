"""The archive: every take there is, found by words and circumstances, heard, marked, used again, taken along."""

from __future__ import annotations

import asyncio
import time
from typing import Any, ClassVar

from nicegui import background_tasks, events, ui

from midifrag.errors import MidifragError
from midifrag.fragment.record import TakeRecord
from midifrag.fragment.search import Filters, SearchError
from midifrag.intents import SendTake
from midifrag.page import texts
from midifrag.page.model import PageModel, Part
from midifrag.page.panels.archive_bulk import Bulk
from midifrag.page.panels.archive_row import TakeRow
from midifrag.page.panels.panel import Panel, Play, icon_button
from midifrag.page.versions import version_of

#: Which take is played next; see pads.js.
_TAKE_KEY = "(e) => emit(e.detail)"
#: Takes on one sheet, and rows that are built before others get their turn.
SHEET, AT_ONCE = 20, 5
#: Searches of one browser that go on at the same time: the one that is asked for last, and one that it overtakes.
SEARCHES = 2
#: Seconds that typing must rest before the archive is searched.
REST = 0.25


class ArchivePanel(Panel):
    """Search, sheet by sheet; rows follow what other browsers do to them, new takes wait to be asked for."""

    parts: ClassVar[frozenset[Part]] = frozenset({Part.TAKES, Part.FINISHED, Part.CONFIGURATION})

    def __init__(self, page: PageModel, play: Play) -> None:
        super().__init__(page, play)
        self._rows: list[TakeRow] = []
        self._sheet = self._goal = 0
        self._asked = 0
        self._searches = 0
        self._sent = 0
        self._looked = False
        self._newest = 0
        self._played = 0
        self._pages = 1
        self._clearing = False
        with ui.element("section").classes("archive-sheet"):
            with ui.element("div").classes("filters"):
                self._words = self._filter(
                    ui.input(texts.SEARCH, placeholder=texts.SEARCH_EXAMPLE).props("clearable stack-label"), "words"
                )
                self._words.props(f"debounce={int(REST * 1000)}")
                self._bank = self._filter(ui.select([texts.ANY_BANK], value=texts.ANY_BANK, label=texts.BANK), "bank")
                self._preset = self._filter(
                    ui.select([texts.ANY_PRESET], value=texts.ANY_PRESET, label=texts.PRESET, with_input=True), "preset"
                )
                self._since = self._filter(ui.input(texts.SINCE).props("type=date stack-label"), "date")
                self._until = self._filter(ui.input(texts.UNTIL).props("type=date stack-label"), "date")
                with ui.element("div").classes("filter-flags"):
                    self._starred = ui.checkbox(texts.STARRED, on_change=self.look)
                    self._trash = ui.checkbox(texts.TRASH, on_change=self.look)
            with ui.element("div").classes("sheet-line"):
                self._count = ui.label().classes("sheet-count")
                self._new = ui.button(on_click=self.look).props("flat no-caps").classes("sheet-new")
                self.bulk = Bulk(self)
                icon_button("chevron_left", texts.NEWER).on_click(lambda: self._turn(-1))
                self._page_number = ui.label().classes("sheet-page")
                icon_button("chevron_right", texts.OLDER).on_click(lambda: self._turn(1))
            self._empty = ui.element("div").classes("nothing-found")
            with self._empty:
                self._why_empty = ui.label().classes("quiet")
                self._clear = ui.button(texts.CLEAR_SEARCH, on_click=self._clear_search).props("outline no-caps")
            self._empty.set_visibility(False)
            self._list = ui.element("div").classes("takes").on("takekey", self._key, js_handler=_TAKE_KEY)
            # One for all rows: it opens at the one that asks.
            with self._list:
                self._slots = ui.menu().props("no-parent-event")

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        self._offer()
        rows = {row.number: row for row in self._rows}
        changed = tuple(self.page.changed_takes)
        for record in changed:
            row = rows.get(record.number or 0)
            if row is not None:
                row.show(record)
        if self.bulk.heard(changed):
            background_tasks.create(self._show(self._goal))
        new = sum((job.take or 0) > self._newest for job in self.page.view.finished)
        self._new.set_visibility(self._looked and new > 0)
        self._new.text = texts.NEW_TAKES.format(count=new)

    def choose(self, number: int, wanted: bool) -> None:
        """Take a take into what is chosen, or out of it."""
        self.bulk.choose(number, wanted)

    @property
    def chosen(self) -> set[int]:
        """The takes that are chosen, on this sheet and others."""
        return self.bulk.chosen

    def offer_slots(self, row: TakeRow) -> None:
        """Ask which slot a row's take goes to."""
        self._sent = row.number
        self._slots.clear()
        with self._slots:
            ui.menu_item(texts.NEXT_SLOT, lambda: self._send(None))
            for slot in self.page.view.slots:
                ui.menu_item(slot.file, lambda number=slot.number: self._send(number))
        self._slots.move(row.to_slot)
        self._slots.open()

    def _send(self, slot: int | None) -> None:
        self.page.put(SendTake(self._sent, slot))
        ui.notify(texts.SENT.format(take=self._sent, slot=slot or texts.NEXT_SLOT))

    async def opened(self) -> None:
        """See `Panel.opened`."""
        await self.look()

    async def look(self) -> None:
        """Search from the newest take on."""
        if self._clearing:
            return
        self._looked = True
        await self._show(0)

    async def _turn(self, step: int) -> None:
        await self._show(max(0, self._goal + step))

    async def _show(self, sheet: int) -> None:
        """Show a sheet. Who turns quicker than the archive is read gets the sheet that was asked for last."""
        self._goal = sheet
        self._asked += 1
        if self._searches == SEARCHES:
            return
        self._searches += 1
        try:
            asked = 0
            while asked != self._asked:
                asked = self._asked
                await self._search(asked)
        finally:
            self._searches -= 1

    async def _search(self, asked: int) -> None:
        sheet, words, filters = self._goal, (self._words.value or "").strip(), self._filters()
        try:
            count, takes = await asyncio.to_thread(self._find, words, sheet, filters)
        except MidifragError as error:
            words_are_wrong = isinstance(error, SearchError)
            self._count.text = str(error) if words_are_wrong else texts.ARCHIVE_TROUBLE.format(error=error)
            return
        # Answers may come in another order than they were asked for: only the last question counts.
        if asked != self._asked:
            return
        if sheet and not takes:
            # Past the end, which may have come nearer.
            self._goal = min(self._sheet, max(0, -(-count // SHEET) - 1))
            if self._goal != self._sheet:
                self._asked += 1
            return
        self._sheet = sheet
        self._newest = max((job.take or 0 for job in self.page.view.finished), default=0)
        self._count.text = texts.FOUND.format(count=count) if count else texts.NO_TAKES
        self._pages = max(1, -(-count // SHEET))
        self._page_number.text = texts.PAGE_OF.format(page=sheet + 1, pages=self._pages)
        self._empty.set_visibility(not count)
        in_trash = bool(self._trash.value)
        self.bulk.in_trash(in_trash)
        self._why_empty.text = (
            texts.EMPTY_TRASH if in_trash else texts.SEARCH_HELP if self._asks else texts.EMPTY_ARCHIVE
        )
        self._clear.set_visibility(self._asks)
        await self._list_takes(takes, asked)
        self.refresh()

    def _find(self, words: str, sheet: int, filters: Filters) -> tuple[int, list[tuple[TakeRecord, str]]]:
        """How many takes fit, and those of a sheet with the versions of their files."""
        archive = self.page.archive
        count = archive.count(words, **filters)
        records = archive.find(words, limit=SHEET, offset=sheet * SHEET, **filters)
        return count, [(record, version_of(archive.folder / record.file)) for record in records]

    async def _list_takes(self, takes: list[tuple[TakeRecord, str]], asked: int) -> None:
        """Show these takes in the rows that there are; more are built as they are needed."""
        if len(self._rows) > len(takes):
            # It may lie in a row that goes.
            self._slots.close()
            self._slots.move(self._list)
        while len(self._rows) > len(takes):
            self._rows.pop().delete()
        for index, (record, version) in enumerate(takes):
            if index == len(self._rows):
                with self._list:
                    self._rows.append(TakeRow(self))
            self._rows[index].fill(record, version)
            if index % AT_ONCE == AT_ONCE - 1:
                await asyncio.sleep(0)
                if asked != self._asked:
                    return

    def _filters(self) -> Filters:
        until = _day(self._until.value)
        return {
            "bank": None if self._bank.value == texts.ANY_BANK else self._bank.value,
            "preset": None if self._preset.value in (None, texts.ANY_PRESET) else self._preset.value,
            "since": _day(self._since.value),
            "until": None if until is None else until + 86400,
            "starred": True if self._starred.value else None,
            "trashed": bool(self._trash.value),
        }

    def _filter(self, field: Any, kind: str) -> Any:
        field.props("outlined dense").classes(f"filter filter-{kind}")
        field.on_value_change(self.look)
        return field

    def _offer(self) -> None:
        banks = self.page.loaded.banks
        presets = sorted({pad.label for bank in banks for pad in bank.pads.values()})
        for field, options in (
            (self._bank, [texts.ANY_BANK, *(bank.slug for bank in banks)]),
            (self._preset, [texts.ANY_PRESET, *presets]),
        ):
            if field.options != options:
                field.set_options(options)

    @property
    def _asks(self) -> bool:
        """Whether anything is searched for."""
        asked = (one not in (None, False) for one in self._filters().values())
        return bool((self._words.value or "").strip()) or any(asked)

    async def _clear_search(self) -> None:
        self._clearing = True
        self._words.value = self._since.value = self._until.value = ""
        self._bank.value, self._preset.value = texts.ANY_BANK, texts.ANY_PRESET
        self._starred.value = self._trash.value = False
        self._clearing = False
        await self.look()

    async def _key(self, event: events.GenericEventArguments) -> None:
        """Play the take after or before the one that was played last; over the end, of the next sheet."""
        step = 1 if event.args == "next" else -1
        shown = [row.number for row in self._rows]
        at = shown.index(self._played) + step if self._played in shown else 0 if step > 0 else len(shown) - 1
        if at in range(len(shown)):
            self._rows[at].play()
        elif 0 <= self._sheet + step < self._pages:
            await self._turn(step)
            if self._rows:
                self._rows[0 if step > 0 else -1].play()

    def playing(self, number: int) -> None:
        """A take of the sheet is played: the arrow keys go on from there."""
        self._played = number
        for row in self._rows:
            row.mark(number)

    def choose_all(self, wanted: bool) -> None:
        """See `Chooses`."""
        for row in self._rows:
            row.choose(wanted)


def _day(text: Any) -> float | None:
    """The beginning of a day written as browsers write it, in seconds since 1970; None for none."""
    try:
        return time.mktime(time.strptime(str(text), "%Y-%m-%d"))
    except (ValueError, OverflowError):
        return None
