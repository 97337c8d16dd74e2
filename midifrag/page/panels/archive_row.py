"""One take on an archive sheet. A row is built once, and shows another take when the sheet is turned."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from typing import Any, Protocol

from nicegui import events, ui

from midifrag.clock import monotonic
from midifrag.config.seeds import RANDOM
from midifrag.fragment.length import MusicalLength
from midifrag.fragment.record import TakeRecord
from midifrag.fragment.recorded_length import recorded_length
from midifrag.intents import AnnotateTake, Prompt, StarTake
from midifrag.page import texts
from midifrag.page.model import PageModel
from midifrag.page.panels.archive_bulk import Bulk
from midifrag.page.panels.panel import Play, icon_button, set_prop
from midifrag.page.panels.prompt import parameters_of
from midifrag.page.panels.slots import DRAG_OUT
from midifrag.page.panels.where import tell_where

#: A click says which take the browser showed: the sheet may have been turned while it was on its way.
_OF_TAKE = "(e) => emit(Number(e.currentTarget.closest('.take').dataset.take))"


class Sheet(Protocol):
    """What a row needs of the sheet that it lies on."""

    page: PageModel
    play: Play
    bulk: Bulk

    @property
    def chosen(self) -> set[int]:
        """The takes that are chosen."""

    def choose(self, number: int, wanted: bool) -> None:
        """Take a take into the export, or out of it."""

    def playing(self, number: int) -> None:
        """A take of it is played."""

    def offer_slots(self, row: TakeRow) -> None:
        """Ask which slot the row's take goes to."""


class TakeRow:
    """The elements of a row; ``number`` is the take that it shows now."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self.number = 0
        self._record = TakeRecord("")
        with ui.element("div").classes("take") as self._row:
            self._chosen = ui.checkbox(on_change=lambda event: sheet.choose(self.number, event.value))
            self._star = self._acts(icon_button("star_border", texts.STAR), self._toggle_star)
            with ui.element("button").classes("take-wave") as self._wave:
                self._picture = ui.element("img").props("alt='' loading=lazy draggable=false")
            self._wave.props["draggable"] = "true"
            self._wave.props["title"] = texts.DRAG
            self._acts(self._wave, self.play).on("dragstart", js_handler=DRAG_OUT)
            with ui.element("div").classes("take-text"):
                self._prompt = ui.label().classes("take-prompt")
                self._about = ui.label().classes("take-about")
                self._note = ui.label().classes("take-note")
            with ui.element("div").classes("take-buttons"):
                self._acts(icon_button("folder_open", texts.WHERE), self._tell_where)
                self._acts(icon_button("edit", texts.NOTE), self._annotate)
                self._acts(icon_button("replay", texts.AGAIN_HELP), lambda: self._render(again=True))
                self._acts(icon_button("shuffle", texts.VARIATION_HELP), lambda: self._render(again=False))
                self.to_slot = self._acts(icon_button("save_alt", texts.TO_SLOT), lambda: sheet.offer_slots(self))
                self._bin = self._acts(icon_button("delete", texts.DELETE), self._delete).classes("take-bin")

    def _acts(self, element: Any, action: Callable[[], Any]) -> Any:
        """Do something at a click, if the row still shows what was clicked."""

        async def clicked(event: events.GenericEventArguments) -> None:
            if event.args in (None, self.number):
                done = action()
                if inspect.isawaitable(done):
                    await done
            else:
                ui.notify(texts.TURNED)

        return element.on("click", clicked, js_handler=_OF_TAKE)

    def fill(self, record: TakeRecord, version: str) -> None:
        """Show a take; ``version`` is that of its file, "" if that is gone."""
        self.number = number = record.number or 0
        set_prop(self._row, "data-take", number)
        self._chosen.value = number in self._sheet.chosen
        set_prop(self._chosen, "aria-label", texts.CHOOSE.format(number=number))
        set_prop(self._picture, "src", f"/takes/{number}.svg?v={version}")
        set_prop(self._wave, "aria-label", texts.PLAY_TAKE.format(number=number))
        set_prop(self._wave, "data-url", f"/takes/{number}.wav")
        set_prop(self._wave, "data-file", record.file)
        self._prompt.text = record.prompt
        self._about.text = _about(record, gone=not version)
        self.show(record)

    def show(self, record: TakeRecord) -> None:
        """Show what may have changed about the take."""
        self._record = record
        deleted = texts.IN_TRASH if record.is_trashed else ""
        self._note.text = " · ".join(filter(None, (deleted, record.reason or record.note)))
        self._note.classes(replace="take-note reason" if record.reason or deleted else "take-note")
        _name(self._star, "star" if record.starred else "star_border", texts.UNSTAR if record.starred else texts.STAR)
        if record.is_trashed:
            _name(self._bin, "restore_from_trash", texts.RESTORE_TAKE)
        else:
            _name(self._bin, "delete", texts.DELETE)

    def play(self) -> None:
        """Play the take."""
        self._sheet.playing(self.number)
        self._sheet.play(f"/takes/{self.number}.wav", self._record.prompt)

    def mark(self, playing: int) -> None:
        """Show whether it is this take that is played."""
        self._row.classes(replace="take current" if self.number == playing else "take")

    def choose(self, wanted: bool) -> None:
        """Take it into what is chosen, or out of it."""
        self._chosen.value = wanted

    def delete(self) -> None:
        """Take the row off the sheet."""
        self._row.delete()

    def _toggle_star(self) -> None:
        self._sheet.page.put(StarTake(self.number, not self._record.starred))

    async def _delete(self) -> None:
        if self._record.is_trashed:
            self._sheet.bulk.restore([self.number])
        else:
            await self._sheet.bulk.delete([self.number])

    def _tell_where(self) -> None:
        place = self._sheet.page.configuration.archive / self._record.file
        tell_where(place, f"/takes/{self.number}.wav")

    def _render(self, *, again: bool) -> None:
        page, record = self._sheet.page, self._record
        model = record.model if page.loaded.settings.knows(record.model) else None
        parameters = parameters_of(record, model)
        if not again:
            parameters["seed"] = RANDOM
        page.put(Prompt(record.prompt, parameters, monotonic()))

    def _annotate(self) -> None:
        number = self.number
        with ui.dialog() as dialog, ui.card().classes("dialog"):
            note = ui.input(texts.NOTE, value=self._record.note).props("autofocus")

            def keep() -> None:
                self._sheet.page.put(AnnotateTake(number, note.value.strip()))
                dialog.close()

            note.on("keydown.enter", keep)
            with ui.row():
                ui.button(texts.SAVE, on_click=keep).props("unelevated no-caps color=primary")
                ui.button(texts.CANCEL, on_click=dialog.close).props("flat no-caps")
        dialog.on("hide", dialog.delete)
        dialog.open()


def _name(button: ui.button, icon: str, label: str) -> None:
    """Have a round button be another one."""
    for name, value in (("icon", icon), ("title", label), ("aria-label", label)):
        set_prop(button, name, value)


def _about(record: TakeRecord, *, gone: bool) -> str:
    # A spare was rendered before anybody pressed; what counts is when it was wanted.
    moment = record.rendered_at if record.pressed_at is None else record.pressed_at
    line = texts.TAKE_LINE.format(
        number=record.number,
        when=time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment)) if moment else texts.NONE,
        length=texts.GONE if gone else _length(record),
        seed=texts.NONE if record.seed is None else record.seed,
        bank=record.bank or texts.NONE,
        model=record.model or texts.NONE,
    )
    tempo = record.bpm if record.tempo is None else record.tempo
    more = (
        texts.TAKE_KEY.format(key=record.key) if record.key else "",
        texts.TAKE_TEMPO.format(tempo=tempo) if tempo is not None else "",
        texts.TAKE_FROM.format(source=record.source) if record.source else "",
    )
    return line + "".join(more)


def _length(record: TakeRecord) -> str:
    length = recorded_length(record)
    return str(length) if isinstance(length, MusicalLength) else texts.LENGTH.format(record.seconds)
