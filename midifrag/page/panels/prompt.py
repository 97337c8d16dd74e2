"""The prompt box: type what it should sound like, and render."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any, ClassVar

from nicegui import events, ui
from pydantic import ValidationError

from midifrag.clock import monotonic
from midifrag.config.pads import Pad
from midifrag.config.parameter_values import layered
from midifrag.config.problems import Sources, problems_in
from midifrag.errors import MidifragError
from midifrag.fragment.record import TakeRecord
from midifrag.intents import Prompt
from midifrag.page import texts
from midifrag.page.model import PageModel, Part
from midifrag.page.panels.panel import Panel, Play
from midifrag.page.panels.parameters import Fields
from midifrag.page.panels.save_dialog import SaveDialog

#: What a browser has kept; see drafts.js.
_DRAFT = "(e) => emit(e.detail)"
#: Prompts of the history, and takes that are looked through for them.
HISTORY, LOOKED_THROUGH = 20, 200


class PromptPanel(Panel):
    """Text box, parameters and button."""

    parts: ClassVar[frozenset[Part]] = frozenset({Part.ENGINES, Part.CONFIGURATION})

    def __init__(self, page: PageModel, play: Play) -> None:
        super().__init__(page, play)
        with ui.element("section").classes("prompt").on("draft", self._bring_back, js_handler=_DRAFT):
            with ui.element("div").classes("prompt-row"):
                self._prompt = ui.textarea(texts.PARAMETERS["prompt"], placeholder=texts.PROMPT_HINT)
                self._prompt.props("outlined stack-label rows=2").classes("prompt-text")
                self._prompt.on("keydown.ctrl.enter", self._render).on("keydown.meta.enter", self._render)
                with ui.element("div").classes("prompt-buttons"):
                    render = ui.button(texts.RENDER, on_click=self._render).props("unelevated no-caps color=primary")
                    render.classes("render").props["title"] = texts.RENDER_HELP
                    with ui.element("div").classes("prompt-more"):
                        with ui.button(icon="history", color=None).props("flat").classes("icon") as history:
                            self._history = ui.menu().props("max-height=60vh")
                        history.props["aria-label"] = history.props["title"] = texts.HISTORY
                        history.on_click(self._fill_history)
                        save = ui.button(icon="save", color=None, on_click=self._save).props("flat").classes("icon")
                        save.props["aria-label"] = save.props["title"] = texts.SAVE_AS_PAD
            with ui.element("div").classes("fields"):
                self._fields = Fields(page)
                self._from = ui.input(texts.FROM, placeholder=texts.FROM_HINT).classes("field field-from")
                self._from.props("outlined dense stack-label").props["title"] = texts.FROM_HINT

    @property
    def values(self) -> dict[str, Any]:
        """The prompt and its parameters, as a pad of a bank would say it."""
        return {"prompt": self._prompt.value.strip(), **self._parameters}

    @property
    def _parameters(self) -> dict[str, Any]:
        source = self._from.value.strip()
        return {**self._fields.values, **({"from": source} if source else {})}

    def show(self, prompt: str, parameters: Mapping[str, Any]) -> None:
        """Put a prompt and its parameters into the box."""
        self._prompt.value = prompt
        self._fields.fill(parameters)
        self._from.value = parameters.get("from", "")

    def _bring_back(self, event: events.GenericEventArguments) -> None:
        """Show what was typed in this browser before it loaded the page anew; nothing that is here now goes."""
        if self.values != {"prompt": ""}:
            return
        try:
            kept = json.loads(str(event.args))
        except ValueError:
            return
        if isinstance(kept, dict):
            typed = {str(name): value for name, value in kept.items() if isinstance(value, str)}
            self.show(typed.pop("prompt", ""), typed)

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        self._fields.offer()

    def _render(self) -> None:
        if self._right() is not None:
            prompt, parameters = self._prompt.value.strip(), self._parameters
            self.page.put(Prompt(prompt, parameters, monotonic()))

    def _right(self) -> dict[str, Any] | None:
        """What was typed if it can be rendered; else every field says what is wrong with it."""
        values = self.values
        problems = problems_with(values)
        self._fields.mark(problems)
        self._from.props["error"] = "from" in problems
        self._from.props["error-message"] = problems.get("from", "")
        self._prompt.props["error"] = "prompt" in problems
        self._prompt.props["error-message"] = problems.get("prompt", "")
        return None if problems else values

    def _save(self) -> None:
        values = self._right()
        if values is not None:
            SaveDialog(self.page, values)

    async def _fill_history(self) -> None:
        records = await asyncio.to_thread(recent, self.page)
        self._history.clear()
        with self._history:
            for record in records:
                ui.menu_item(record.prompt, lambda record=record: self.show(record.prompt, parameters_of(record, None)))
            if not records:
                ui.menu_item(texts.NO_HISTORY)


def problems_with(values: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with a pad's values, by key, in the words of ``check``."""
    try:
        Pad.model_validate(values)
    except ValidationError as error:
        found = problems_in(error, Pad, Sources("", dict(values)))
        return {(problem.key or "prompt").split(".")[0]: problem.message for problem in found}
    return {}


def parameters_of(record: TakeRecord, model: str | None) -> dict[str, Any]:
    """What a bank would have to say to render a take again, without what no bank may say."""
    said: dict[str, Any] = {name: value for name, value in record.parameters.items() if value not in (None, "")}
    # In place of the seconds that were rendered for it.
    asked = {"bars": record.bars, "beats": record.beats, "seconds": record.cut_seconds}
    said = layered(said, asked) | {"seed": record.seed, "model": model}
    kept = {name: said[name] for name in texts.PARAMETERS if name != "prompt" and said.get(name) is not None}
    kept |= _source_of(record)
    wrong = problems_with({"prompt": record.prompt, **kept})
    return {name: value for name, value in kept.items() if name not in wrong}


def _source_of(record: TakeRecord) -> dict[str, Any]:
    """What a bank would have to say to begin from what a take began from: its sound, as the archive keeps it."""
    if not record.source_checksum:
        return {}
    kept = f"take {record.source_take}" if record.source_take else f"kept {record.source_checksum}"
    part = {} if record.fill is None else {"fill": list(record.fill)}
    return {"from": kept, **part}


def recent(page: PageModel) -> list[TakeRecord]:
    """The last prompts that were rendered, each once, with the take that it made last."""
    try:
        records = page.archive.find(limit=LOOKED_THROUGH)
    except MidifragError:
        return []
    by_prompt: dict[str, TakeRecord] = {}
    for record in records:
        by_prompt.setdefault(record.prompt, record)
    return list(by_prompt.values())[:HISTORY]
