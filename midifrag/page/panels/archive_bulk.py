"""What is done with several takes of the archive at once: stars, comparing, taking along, deleting, and its undo."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Protocol

from nicegui import ui

from midifrag.config.take_uses import uses
from midifrag.errors import MidifragError
from midifrag.fragment.record import TakeRecord
from midifrag.intents import StarTake, TrashTake
from midifrag.page import texts
from midifrag.page.model import PageModel
from midifrag.page.panels.panel import Play, icon_button


class Chooses(Protocol):
    """The sheet that takes are chosen on."""

    page: PageModel
    play: Play

    def choose_all(self, wanted: bool) -> None:
        """Choose all that it shows, or none of it."""


class Bulk:
    """Buttons for the takes that are ``chosen``. What a browser has deleted it can put back as long as it is open."""

    def __init__(self, sheet: Chooses) -> None:
        self._sheet = sheet
        self.chosen: set[int] = set()
        self._deleted: list[tuple[int, ...]] = []
        #: Takes that this browser has deleted or put back, and that the show has not told of yet.
        self._awaited: dict[int, bool] = {}
        self._in_trash = False
        self._all = ui.checkbox(on_change=lambda event: sheet.choose_all(event.value))
        self._all.props["aria-label"] = self._all.props["title"] = texts.CHOOSE_ALL
        self._bar = ui.element("div").classes("bulk")
        with self._bar:
            icon_button("star", texts.STAR_CHOSEN).on_click(lambda: self._star(wanted=True))
            icon_button("star_border", texts.UNSTAR_CHOSEN).on_click(lambda: self._star(wanted=False))
            self._compare = icon_button("compare", texts.COMPARE).on_click(self._compare_chosen)
            self._delete = icon_button("delete", texts.DELETE_CHOSEN).classes("bulk-delete")
            self._delete.on_click(lambda: self.delete(self.chosen))
            self._restore = icon_button("restore_from_trash", texts.RESTORE_CHOSEN).classes("bulk-restore")
            self._restore.on_click(lambda: self.restore(self.chosen))
        self._export = ui.button(texts.EXPORT_NONE, icon="archive", on_click=self._download).props("flat no-caps")
        self._undo = ui.button(icon="undo", on_click=self._take_back).props("flat no-caps").classes("undo-delete")
        self.in_trash(False)
        self._show()

    def choose(self, number: int, wanted: bool) -> None:
        """Take a take into what is chosen, or out of it."""
        (self.chosen.add if wanted else self.chosen.discard)(number)
        self._show()

    def in_trash(self, shown: bool) -> None:
        """Offer what can be done with takes that lie in the trash, or that do not; none of the others stay chosen."""
        if shown is not self._in_trash:
            self._in_trash, self._all.value = shown, False
            self.chosen.clear()
            self._show()
        self._delete.set_visibility(not shown)
        self._restore.set_visibility(shown)

    async def delete(self, takes: Collection[int]) -> None:
        """Have takes moved to the trash, and tell what of the set they are used by."""
        numbers = tuple(sorted(takes))
        if not numbers:
            return
        try:
            told = await asyncio.to_thread(self._uses, numbers)
        except MidifragError as error:
            told = [texts.ARCHIVE_TROUBLE.format(error=error)]
        self._deleted.append(numbers)
        self._move(numbers, trashed=True)
        words = texts.DELETED.format(takes=count_of(numbers))
        if told:
            ui.notify("\n".join([words, *told]), type="warning", timeout=0, close_button=True, multi_line=True)
        else:
            ui.notify(words)

    def restore(self, takes: Collection[int]) -> None:
        """Have takes put back from the trash."""
        numbers = tuple(sorted(takes))
        if numbers:
            self._move(numbers, trashed=False)
            ui.notify(texts.RESTORED.format(takes=count_of(numbers)))

    def heard(self, records: Collection[TakeRecord]) -> bool:
        """Take in what the show says of takes; whether one that this browser has moved is where it was to go."""
        last = {record.number: record.is_trashed for record in records}
        moved = [number for number, trashed in self._awaited.items() if last.get(number) == trashed]
        for number in moved:
            del self._awaited[number]
        return bool(moved)

    def _move(self, numbers: tuple[int, ...], *, trashed: bool) -> None:
        for number in numbers:
            self._awaited[number] = trashed
            self.chosen.discard(number)
            self._sheet.page.put(TrashTake(number, trashed))
        self._all.value = False
        self._show()

    def _take_back(self) -> None:
        if self._deleted:
            self.restore(self._deleted.pop())

    def _uses(self, numbers: tuple[int, ...]) -> list[str]:
        page = self._sheet.page
        slots = {slot.number: slot.take for slot in page.view.slots}

        def newest(bank: str, preset: str) -> int | None:
            return next((one.number for one in page.archive.find(bank=bank, preset=preset, limit=1)), None)

        return list(uses(page.loaded, numbers, slots, newest))

    def _show(self) -> None:
        self._bar.set_visibility(bool(self.chosen))
        self._compare.set_enabled(len(self.chosen) == 2)
        self._export.text = texts.EXPORT.format(count=len(self.chosen)) if self.chosen else texts.EXPORT_NONE
        self._export.set_enabled(bool(self.chosen))
        self._undo.set_visibility(bool(self._deleted))
        if self._deleted:
            self._undo.text = texts.UNDO_DELETE.format(takes=count_of(self._deleted[-1]))

    def _star(self, *, wanted: bool) -> None:
        for number in sorted(self.chosen):
            self._sheet.page.put(StarTake(number, wanted))

    def _compare_chosen(self) -> None:
        first, second = sorted(self.chosen)
        title = texts.COMPARING.format(first=first, second=second)
        self._sheet.play.compare((f"/takes/{first}.wav", f"/takes/{second}.wav"), title)

    def _download(self) -> None:
        query = "&".join(f"take={number}" for number in sorted(self.chosen))
        ui.download.from_url(f"/export.zip?{query}")


def count_of(numbers: Collection[int]) -> str:
    """Takes, as they are told: one by its number, more by how many they are."""
    return texts.ONE_TAKE.format(number=min(numbers)) if len(numbers) == 1 else texts.TAKES.format(count=len(numbers))
