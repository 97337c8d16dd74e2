"""Undo and redo of what browsers have written to the set, and asking where somebody else was at it meanwhile."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from nicegui import ui

from midifrag.errors import EditConflictError
from midifrag.page import set_texts
from midifrag.page.edits import name_of, owner_of
from midifrag.page.model import PageModel
from midifrag.page.panels.saving import ask, file_of_edit, stands, take_back, tell


class UndoButtons:
    """Two buttons that say what they undo, or do again: the last edit of any browser."""

    def __init__(self, page: PageModel) -> None:
        self._page = page
        with ui.element("div").classes("editor-buttons"):
            self._undo = ui.button(icon="undo", on_click=lambda: self._take_back(again=False)).props("flat no-caps")
            self._redo = ui.button(icon="redo", on_click=lambda: self._take_back(again=True)).props("flat no-caps")

    def refresh(self) -> None:
        """Show which edits these are."""
        edits = self._page.edits
        for button, edit, words, nothing in (
            (self._undo, edits.last, set_texts.UNDO, set_texts.NOTHING_TO_UNDO),
            (self._redo, edits.next, set_texts.REDO, set_texts.NOTHING_TO_REDO),
        ):
            button.text = nothing
            if edit is not None:
                button.text = words.format(name=name_of(edit), bank=owner_of(edit, self._page.loaded))
            button.set_enabled(edit is not None)

    async def _take_back(self, *, again: bool, overwrite: bool = False) -> None:
        edit = self._page.edits.next if again else self._page.edits.last
        if edit is None:
            return

        async def go_on(_now: Mapping[str, Any] | None) -> None:
            await self._take_back(again=again, overwrite=True)

        work = functools.partial(take_back, self._page, again=again, overwrite=overwrite)
        file = file_of_edit(edit, self._page.loaded)
        if await or_ask(name_of(edit), file, work, go_on) is None:
            ui.notify(set_texts.UNDONE.format(name=name_of(edit), file=file))


async def or_ask(
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
        question = set_texts.CHANGED_ASKED.format(name=name, file=file, now=stands(now, tuple(conflict.keys)))
        ask(question, set_texts.GO_ON, lambda: go_on(now))
        return {}
    tell(problems or {})
    return problems
