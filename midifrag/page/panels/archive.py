"""The archive: every take there is, found by words and circumstances, heard, marked, used again, taken along."""

from __future__ import annotations

import asyncio
import time
from typing import Any, ClassVar

from nicegui import ui

from midifrag.config.parameters import RANDOM
from midifrag.errors import MidifragError
from midifrag.fragment.archive_index import Filters
from midifrag.fragment.record import TakeRecord
from midifrag.intents import AnnotateTake, Prompt, SendTake, StarTake
from midifrag.page import texts
from midifrag.page.model import PageModel, Part
from midifrag.page.panels.panel import Panel, Play, icon_button, set_prop
from midifrag.page.panels.prompt import parameters_of
from midifrag.page.panels.slots import DRAG_OUT

#: Takes on one sheet.
SHEET = 20
#: Seconds that typing must rest before the archive is searched.
REST = 0.25


class _Row:
    """One take on the screen."""

    def __init__(self, panel: ArchivePanel, record: TakeRecord) -> None:
        self._panel, self.number = panel, record.number or 0
        page = panel.page
        with ui.element("div").classes("take"):
            chosen = ui.checkbox(
                value=self.number in panel.chosen, on_change=lambda e: panel.choose(self.number, e.value)
            )
            chosen.props["aria-label"] = texts.CHOOSE.format(number=self.number)
            self._star = icon_button("star_border", texts.STAR).on_click(self._toggle_star)
            with ui.element("button").classes("take-wave") as wave:
                ui.element("img").props("alt='' loading=lazy draggable=false").props["src"] = (
                    f"/takes/{self.number}.svg"
                )
            wave.props["aria-label"] = texts.PLAY_TAKE.format(number=self.number)
            wave.props["draggable"] = "true"
            wave.props["data-url"] = f"/takes/{self.number}.wav"
            wave.props["data-file"] = record.file
            wave.on("click", self._play).on("dragstart", js_handler=DRAG_OUT)
            with ui.element("div").classes("take-text"):
                ui.label(record.prompt).classes("take-prompt")
                ui.label(_about(record)).classes("take-about")
                self._note = ui.label().classes("take-note")
            with ui.element("div").classes("take-buttons"):
                icon_button("edit", texts.NOTE).on_click(self._annotate)
                icon_button("replay", texts.AGAIN_HELP).on_click(lambda: self._render(again=True))
                icon_button("shuffle", texts.VARIATION_HELP).on_click(lambda: self._render(again=False))
                with icon_button("save_alt", texts.TO_SLOT), ui.menu():
                    ui.menu_item(texts.NEXT_SLOT, lambda: self._send(None))
                    for slot in page.view.slots:
                        ui.menu_item(slot.file, lambda number=slot.number: self._send(number))
        self.show(record)

    def show(self, record: TakeRecord) -> None:
        """Show what may have changed about the take."""
        self._record = record
        self._note.text = record.reason or record.note
        self._note.classes(replace="take-note reason" if record.reason else "take-note")
        set_prop(self._star, "icon", "star" if record.starred else "star_border")
        label = texts.UNSTAR if record.starred else texts.STAR
        set_prop(self._star, "title", label)
        set_prop(self._star, "aria-label", label)

    def _toggle_star(self) -> None:
        self._panel.page.put(StarTake(self.number, not self._record.starred))

    def _play(self) -> None:
        self._panel.play(f"/takes/{self.number}.wav", self._record.prompt)

    def _send(self, slot: int | None) -> None:
        self._panel.page.put(SendTake(self.number, slot))
        ui.notify(texts.SENT.format(take=self.number, slot=slot or texts.NEXT_SLOT))

    def _render(self, *, again: bool) -> None:
        page, record = self._panel.page, self._record
        model = record.model if record.model in page.loaded.settings.known_models else None
        parameters = parameters_of(record, model)
        if not again:
            parameters["seed"] = RANDOM
        page.put(Prompt(record.prompt, parameters, time.monotonic()))

    def _annotate(self) -> None:
        with ui.dialog() as dialog, ui.card().classes("dialog"):
            note = ui.input(texts.NOTE, value=self._record.note).props("autofocus")

            def keep() -> None:
                self._panel.page.put(AnnotateTake(self.number, note.value.strip()))
                dialog.close()

            note.on("keydown.enter", keep)
            with ui.row():
                ui.button(texts.SAVE, on_click=keep).props("unelevated no-caps color=primary")
                ui.button(texts.CANCEL, on_click=dialog.close).props("flat no-caps")
        dialog.on("hide", dialog.delete)
        dialog.open()


class ArchivePanel(Panel):
    """Search, sheet by sheet; rows follow what other browsers do to them, new takes wait to be asked for."""

    parts: ClassVar[frozenset[Part]] = frozenset({Part.TAKES, Part.FINISHED, Part.CONFIGURATION})

    def __init__(self, page: PageModel, play: Play) -> None:
        super().__init__(page, play)
        self.chosen: set[int] = set()
        self._rows: dict[int, _Row] = {}
        self._sheet = 0
        self._asked = 0
        self._looked = False
        self._newest = 0
        with ui.element("section").classes("archive-sheet"):
            with ui.element("div").classes("filters"):
                self._words = self._filter(ui.input(texts.SEARCH).props("clearable"), "words")
                self._words.props(f"debounce={int(REST * 1000)}")
                self._bank = self._filter(ui.select([texts.ANY_BANK], value=texts.ANY_BANK, label=texts.BANK), "bank")
                self._preset = self._filter(
                    ui.select([texts.ANY_PRESET], value=texts.ANY_PRESET, label=texts.PRESET, with_input=True), "preset"
                )
                self._since = self._filter(ui.input(texts.SINCE).props("type=date stack-label"), "date")
                self._until = self._filter(ui.input(texts.UNTIL).props("type=date stack-label"), "date")
                self._starred = ui.checkbox(texts.STARRED, on_change=self.look)
            with ui.element("div").classes("sheet-line"):
                self._count = ui.label().classes("sheet-count")
                self._new = ui.button(on_click=self.look).props("flat no-caps").classes("sheet-new")
                self._export = ui.button(texts.EXPORT_NONE, icon="archive", on_click=self._download)
                self._export.props("flat no-caps").disable()
                icon_button("chevron_left", texts.NEWER).on_click(lambda: self._turn(-1))
                icon_button("chevron_right", texts.OLDER).on_click(lambda: self._turn(1))
            self._list = ui.element("div").classes("takes")

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        self._offer()
        for record in tuple(self.page.changed_takes):
            row = self._rows.get(record.number or 0)
            if row is not None:
                row.show(record)
        new = sum((job.take or 0) > self._newest for job in self.page.view.finished)
        self._new.set_visibility(self._looked and new > 0)
        self._new.text = texts.NEW_TAKES.format(count=new)

    def choose(self, number: int, wanted: bool) -> None:
        """Take a take into the export, or out of it."""
        (self.chosen.add if wanted else self.chosen.discard)(number)
        self._export.text = texts.EXPORT.format(count=len(self.chosen)) if self.chosen else texts.EXPORT_NONE
        self._export.set_enabled(bool(self.chosen))

    async def opened(self) -> None:
        """See `Panel.opened`."""
        await self.look()

    async def look(self) -> None:
        """Search from the newest take on."""
        self._looked = True
        await self._show(0)

    async def _turn(self, step: int) -> None:
        await self._show(max(0, self._sheet + step))

    async def _show(self, sheet: int) -> None:
        words, filters = (self._words.value or "").strip(), self._filters()
        archive = self.page.archive
        self._asked += 1
        asked = self._asked
        try:
            count = await asyncio.to_thread(archive.count, words, **filters)
            records = await asyncio.to_thread(archive.find, words, limit=SHEET, offset=sheet * SHEET, **filters)
        except MidifragError as error:
            self._count.text = texts.ARCHIVE_TROUBLE.format(error=error)
            return
        # Answers may come in another order than they were asked for: only the last question counts.
        if asked != self._asked or (sheet and not records):
            return
        self._sheet = sheet
        self._newest = max((job.take or 0 for job in self.page.view.finished), default=0)
        self._count.text = texts.FOUND.format(count=count) if count else texts.NO_TAKES
        self._list_takes(records)
        self.refresh()

    def _list_takes(self, records: list[TakeRecord]) -> None:
        """Show these takes; while they are those that are shown already, nobody's click is lost on a row that goes."""
        if [record.number for record in records] == list(self._rows):
            for record in records:
                self._rows[record.number or 0].show(record)
            return
        self._list.clear()
        with self._list:
            self._rows = {record.number or 0: _Row(self, record) for record in records}

    def _filters(self) -> Filters:
        until = _day(self._until.value)
        return {
            "bank": None if self._bank.value == texts.ANY_BANK else self._bank.value,
            "preset": None if self._preset.value in (None, texts.ANY_PRESET) else self._preset.value,
            "since": _day(self._since.value),
            "until": None if until is None else until + 86400,
            "starred": True if self._starred.value else None,
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

    def _download(self) -> None:
        query = "&".join(f"take={number}" for number in sorted(self.chosen))
        ui.download.from_url(f"/export.zip?{query}")


def _about(record: TakeRecord) -> str:
    moment = record.rendered_at
    return texts.TAKE_LINE.format(
        number=record.number,
        when=time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment)) if moment else texts.NONE,
        length=texts.LENGTH.format(record.seconds),
        seed=texts.NONE if record.seed is None else record.seed,
        bank=record.bank or texts.NONE,
        model=record.model or texts.NONE,
    )


def _day(text: Any) -> float | None:
    """The beginning of a day written as browsers write it, in seconds since 1970; None for none."""
    try:
        return time.mktime(time.strptime(str(text), "%Y-%m-%d"))
    except (ValueError, OverflowError):
        return None
