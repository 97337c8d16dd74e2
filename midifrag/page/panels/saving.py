"""Saving to a bank's file, with every answer told: what went wrong is a sentence, what would be lost is asked."""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from nicegui import Client, ui

from midifrag.config.entry_editing import Change, file_name, undone
from midifrag.config.loading import Loaded, bank_name
from midifrag.config.pad_editing import ANY_VERSION, changed_elsewhere, remove_pad, save_pad
from midifrag.errors import ConfigurationError, EditConflictError, MidifragError
from midifrag.pad_key import PadKey
from midifrag.page import set_texts, texts
from midifrag.page.model import PageModel, Part
from midifrag.show.learning_edits import New, place_of, write

_log = logging.getLogger(__name__)


async def save(
    page: PageModel,
    slug: str,
    key: PadKey,
    values: Mapping[str, Any],
    version: Mapping[str, Any] | None = ANY_VERSION,
    *,
    whole: bool = False,
    merged: Callable[[Mapping[str, Any]], None] = lambda _now: None,
) -> dict[str, str] | None:
    """Write a pad; None if that went well, else what is wrong, by key ("" for what concerns no key).

    ``version`` and ``whole`` are as `midifrag.config.pad_editing.save_pad` has them. ``merged`` is called where others
    had changed other keys of the pad since: with what the file said of it before. Raises `EditConflictError`.
    """
    found: list[Mapping[str, Any]] = []

    def write_pad() -> Change:
        edit = save_pad(page.loaded, slug, key, values, version, whole=whole)
        now = changed_elsewhere(edit, version)
        if now is not None:
            found.append(now)
        return edit

    problems = await change(page, write_pad)
    if problems is None and found:
        merged(found[0])
    return problems


async def remove(
    page: PageModel, slug: str, key: PadKey, version: Mapping[str, Any] | None = ANY_VERSION
) -> dict[str, str] | None:
    """Remove a pad; answers as `save` does."""
    return await change(page, lambda: remove_pad(page.loaded, slug, key, version))


async def learn(page: PageModel, new: New) -> tuple[str, dict[str, str] | None]:
    """Write what was learnt: where that stands now, and what is wrong, as `save` has it."""
    places: list[str] = []

    def written() -> Change:
        change = write(page.loaded, new)
        places.append(place_of(page.loaded, change))
        return change

    problems = await change(page, written)
    return "".join(places), problems


async def take_back(page: PageModel, *, again: bool = False, overwrite: bool = False) -> dict[str, str] | None:
    """Undo the last edit of any browser, or do it ``again``; answers as `save` does."""
    edits = page.edits

    def back() -> Change:
        edit = edits.next if again else edits.last
        if edit is None:
            raise MidifragError(set_texts.NOTHING_TO_REDO if again else set_texts.NOTHING_TO_UNDO)
        return undone(page.loaded, edit, overwrite=overwrite)

    return await change(page, back, edits.redid if again else edits.undid)


async def change(
    page: PageModel, write: Callable[[], Change], taken_in: Callable[[Change], None] | None = None
) -> dict[str, str] | None:
    """Change a file, one browser after the other, and have it taken over. Raises `EditConflictError` alone."""
    try:
        async with page.edits.writing:
            (taken_in or page.edits.add)(await asyncio.to_thread(write))
    except EditConflictError:
        raise
    except ConfigurationError as error:
        problems: dict[str, str] = {}
        for problem in error.problems:
            key = problem.key.split(".")[-1]
            problems[key] = f"{problems[key]}\n{problem}" if key in problems else str(problem)
        return problems
    except MidifragError as error:
        return {"": str(error)}
    except Exception as error:
        _log.debug("an edit failed", exc_info=True)
        return {"": set_texts.UNEXPECTED.format(error=f"{type(error).__name__}: {error}")}
    page.touch(Part.EDITS)
    page.read_again()
    return None


def tell(problems: Mapping[str, str]) -> None:
    """Say what was refused, until it is read."""
    for problem in problems.values():
        ui.notify(problem, type="negative", timeout=0, close_button=True, multi_line=True)


def file_of(slug: str) -> str:
    """A bank's file as messages call it."""
    return bank_name(slug)


def file_of_edit(change: Change, loaded: Loaded) -> str:
    """The file of an edit as messages call it."""
    return file_name(loaded, change.slug)


def ask(question: str, answer: str, action: Callable[[], Any]) -> None:
    """Ask before something goes; ``action`` is done where ``answer`` is chosen."""
    client = ui.context.client
    with _asked(question) as dialog, ui.row():
        go = functools.partial(_go, client, dialog, action)
        ui.button(answer, on_click=go).props("unelevated no-caps color=negative").classes("asked-yes")
        ui.button(texts.CANCEL, on_click=dialog.close).props("flat no-caps autofocus")


class Question:
    """A question that somebody was asked. It is not the dialog itself: who is given one waits until it is closed."""

    def __init__(self, dialog: ui.dialog) -> None:
        self._dialog = dialog

    def close(self) -> None:
        """Take it back, if it is still open."""
        if not self._dialog.is_deleted:
            self._dialog.close()


def ask_to_leave(question: str, answers: Mapping[str, Callable[[], Any]]) -> Question:
    """Ask what shall become of what is not saved, before something else takes its place; without an answer it stays.

    ``answers`` are what can be chosen, and what is done then; the first one is done at Enter. Returns the question.
    """
    client = ui.context.client
    with _asked(question) as dialog, ui.row():
        for number, (answer, action) in enumerate(answers.items()):
            look = "unelevated color=primary autofocus" if number == 0 else "flat"
            ui.button(answer, on_click=functools.partial(_go, client, dialog, action)).props(f"{look} no-caps")
        if set_texts.STAY not in answers:
            ui.button(set_texts.STAY, on_click=dialog.close).props("flat no-caps")
    return Question(dialog)


@contextmanager
def _asked(question: str) -> Iterator[ui.dialog]:
    """A dialog that asks, with the buttons that are made within; it is opened then, and goes when it is closed."""
    with ui.dialog() as dialog, ui.card().classes("dialog asked"):
        ui.label(question).classes("asked-text")
        yield dialog
    dialog.on("hide", dialog.delete)
    dialog.open()


async def _go(client: Client, dialog: ui.dialog, action: Callable[[], Any]) -> None:
    dialog.close()
    # What it shows must not lie in a dialog that is about to go.
    with client:
        result = action()
        if inspect.isawaitable(result):
            await result


def differences(now: Mapping[str, Any] | None, before: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The keys of which a pad's file says something else than before."""
    now, before = now or {}, before or {}
    return tuple(sorted(key for key in {*now, *before} if now.get(key) != before.get(key)))


def stands(now: Mapping[str, Any] | None, keys: tuple[str, ...] = ()) -> str:
    """What a pad's file says now, for a question: these keys, or its prompt where the whole pad is meant."""
    said = now or {}
    shown = keys if keys and set(keys) != set(said) else ("prompt",)
    return ", ".join(
        set_texts.KEY_NOW.format(key=key, value=said[key]) if key in said else set_texts.KEY_GONE.format(key=key)
        for key in shown
    )
