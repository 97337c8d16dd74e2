"""Set editing: change a pad's prompt, parameters and press rules; written to its bank's file and live at once."""

from __future__ import annotations

from typing import Any, ClassVar, get_args

from nicegui import ui

from midifrag.config.banks import OnLost, OnRepress, Pad
from midifrag.config.parameters import NUMBERS
from midifrag.config.targets import TARGETS
from midifrag.pad_key import PadKey
from midifrag.page import texts
from midifrag.page.model import PageModel, Part
from midifrag.page.panels.panel import Panel, Play, own_colour
from midifrag.page.panels.parameters import Fields
from midifrag.page.panels.saving import file_of, remove, save, tell
from midifrag.surface.palette import COLOURS


class EditorPanel(Panel):
    """A list of a bank's pads, and a form for the one that is chosen."""

    parts: ClassVar[frozenset[Part]] = frozenset({Part.CONFIGURATION, Part.ENGINES})

    def __init__(self, page: PageModel, play: Play) -> None:
        super().__init__(page, play)
        self._key: PadKey | None = None
        self._listed: Any = None
        self._choices: dict[str, Any] = {}
        self._rows: dict[PadKey, ui.button] = {}
        with ui.element("section").classes("editor"):
            with ui.element("div").classes("editor-list"):
                self._bank = ui.select({}, label=texts.BANK, on_change=self._bank_chosen).props("outlined dense")
                self._pads = ui.element("div").classes("editor-pads")
            with ui.element("div").classes("editor-form"):
                self._hint = ui.label().classes("quiet")
                self._build_form()

    def _build_form(self) -> None:
        self._note = ui.input(texts.NOTE_NUMBER).props("outlined dense stack-label").classes("field")
        self._prompt = (
            ui.textarea(texts.PARAMETERS["prompt"]).props("outlined stack-label rows=2").classes("prompt-text")
        )
        with ui.element("div").classes("fields"):
            self._fields = Fields(self.page, NUMBERS)
        with ui.element("div").classes("fields"):
            self._text("name", texts.NAME)
            self._choice("colour", texts.COLOUR, [colour for colour in COLOURS if colour != "off"])
            self._choice("slot", texts.SLOT, [])
            self._choice("on_repress", texts.ON_REPRESS, list(get_args(OnRepress)))
            self._choice("on_lost", texts.ON_LOST, list(get_args(OnLost)))
            self._text("choke", texts.CHOKE)
            self._choice("port", texts.PORT, [])
            self._choice("velocity", texts.VELOCITY_SETS, list(TARGETS))
            self._text("softest", texts.VELOCITY_FROM)
            self._text("hardest", texts.VELOCITY_TO)
        with ui.element("div").classes("editor-buttons"):
            ui.button(texts.SAVE_PAD, on_click=self._save).props("unelevated no-caps color=primary").classes("save-pad")
            ui.button(texts.REMOVE_PAD, on_click=self._remove).props("flat no-caps color=negative")

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        banks = {bank.slug: bank.name for bank in self.page.loaded.banks}
        if self._bank.options != banks:
            chosen = self._bank.value if self._bank.value in banks else next(iter(banks))
            self._bank.set_options(banks, value=chosen)
        self._fields.offer()
        self._offer("slot", [slot + 1 for slot in range(self.page.loaded.settings.fragments.count)])
        self._offer("port", list(self.page.loaded.settings.ports))
        self._list()

    @property
    def _file(self) -> str:
        return file_of(self.page, str(self._bank.value))

    def _bank_chosen(self) -> None:
        self._key = None
        self._list()

    def _list(self) -> None:
        bank = next((one for one in self.page.loaded.banks if one.slug == self._bank.value), None)
        if bank is None or bank is self._listed:
            return
        self._listed = bank
        self._hint.text = texts.EDIT_HINT.format(file=self._file)
        self._pads.clear()
        self._rows.clear()
        with self._pads:
            for key in sorted(bank.pads):
                pad = bank.pads[key]
                row = ui.button(color=None, on_click=lambda key=key: self._open(key)).props("flat no-caps align=left")
                row.classes("editor-pad").style(f"--own: {own_colour(pad.colour)}")
                row.props["data-edit"] = str(key)
                self._rows[key] = row
                with row:
                    ui.label(key.name).classes("pad-note")
                    ui.label(pad.label).classes("editor-label")
            ui.button(texts.NEW_PAD, icon="add", color=None, on_click=lambda: self._open(None)).props(
                "flat no-caps align=left"
            )
        if self._key is None or self._key not in bank.pads:
            self._open(next(iter(bank.pads)))
        else:
            self._choose(self._key)

    def _open(self, key: PadKey | None) -> None:
        """Show a pad in the form; None for a new one."""
        self._choose(key)
        said = self._said(key)
        self._note.value = "" if key is None else str(key)
        self._note.set_enabled(key is None)
        self._prompt.value = said.get("prompt", "")
        self._fields.fill(said)
        velocity = said.get("velocity")
        for name, field in self._choices.items():
            empty = texts.NONE if isinstance(field, ui.select) else ""
            field.value = said.get(name, empty) if name != "velocity" else velocity["sets"] if velocity else empty
        low, high = velocity["range"] if velocity else ("", "")
        self._choices["softest"].value, self._choices["hardest"].value = str(low), str(high)
        self._mark({})

    def _choose(self, key: PadKey | None) -> None:
        self._key = key
        for name, row in self._rows.items():
            row.classes(replace="editor-pad chosen" if name == key else "editor-pad")

    def _said(self, key: PadKey | None) -> dict[str, Any]:
        """What the bank's file says of a pad, without defaults."""
        bank = next((one for one in self.page.loaded.banks if one.slug == self._bank.value), None)
        pad: Pad | None = bank.pads.get(key) if bank and key else None
        return pad.model_dump(exclude_unset=True) if pad else {}

    def _values(self) -> dict[str, Any]:
        """What the form says: a value or None for every key that it has a field for."""
        values: dict[str, Any] = dict.fromkeys(self._fields.names) | self._fields.values
        values["prompt"] = self._prompt.value.strip()
        for name, field in self._choices.items():
            if name not in ("velocity", "softest", "hardest"):
                text = field.value.strip() if isinstance(field.value, str) else field.value
                values[name] = None if text in ("", texts.NONE) else text
        values["velocity"] = self._velocity()
        return values

    def _velocity(self) -> dict[str, Any] | None:
        sets = self._choices["velocity"].value
        if sets in (None, texts.NONE):
            return None
        before = self._said(self._key).get("velocity") or {}
        kept = {name: value for name, value in before.items() if name not in ("sets", "range")}
        return {"sets": sets, "range": [_number(self._choices[name].value) for name in ("softest", "hardest")], **kept}

    async def _save(self) -> None:
        values = self._values()
        try:
            key = self._key or PadKey.parse(self._note.value.strip())
        except ValueError as error:
            tell({"": f"{self._file}: pads.{self._note.value.strip()}: {error}"})
            return
        problems = await save(self.page, str(self._bank.value), key, values)
        self._mark(problems or {})
        if problems is not None:
            tell(problems)
            return
        self._choose(key)
        ui.notify(texts.SAVED_PAD.format(name=values.get("name") or values["prompt"], file=self._file))

    async def _remove(self) -> None:
        if self._key is None:
            return
        name = self._key.name
        problems = await remove(self.page, str(self._bank.value), self._key)
        if problems is not None:
            tell(problems)
            return
        self._key = None
        ui.notify(texts.REMOVED.format(name=name, file=self._file))

    def _mark(self, problems: dict[str, str]) -> None:
        self._fields.mark(problems)
        self._prompt.props["error"] = "prompt" in problems
        self._prompt.props["error-message"] = problems.get("prompt", "")
        for name, field in self._choices.items():
            field.props["error"] = name in problems

    def _text(self, name: str, label: str) -> None:
        self._choices[name] = ui.input(label).props("outlined dense stack-label").classes(f"field field-{name}")

    def _choice(self, name: str, label: str, options: list[Any]) -> None:
        choice = ui.select([texts.NONE, *options], value=texts.NONE, label=label).props("outlined dense stack-label")
        self._choices[name] = choice.classes(f"field field-{name}")

    def _offer(self, name: str, options: list[Any]) -> None:
        offered = [texts.NONE, *options]
        if self._choices[name].options != offered:
            self._choices[name].set_options(offered)


def _number(text: Any) -> Any:
    try:
        return float(str(text).replace(",", "."))
    except ValueError:
        return str(text)
