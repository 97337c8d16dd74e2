"""The form of one pad: what its file says of it, what has been typed over that, and what of it is to be saved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args

from nicegui import ui

from midifrag.boundary import LANDS
from midifrag.config.pad_versions import says
from midifrag.config.pads import OnLost
from midifrag.config.parameters import NUMBERS
from midifrag.config.press_keys import OnRepress, PressMode
from midifrag.config.targets import PARAMETER_TARGETS
from midifrag.fragment.options import FragmentOptions
from midifrag.pad_key import PadKey
from midifrag.page import set_texts, texts
from midifrag.page.edits import Draft
from midifrag.page.model import PageModel
from midifrag.page.panels.parameters import Fields, put
from midifrag.page.panels.saving import differences
from midifrag.page.panels.sound_fields import shown_part, typed_part
from midifrag.surface.palette import COLOURS

#: What a fragment option is that can only be so or not.
_YES, _NO = "yes", "no"
#: Fields of a pad's own fragment options begin so; they are one key of a pad.
_FRAGMENT = "fragment."
#: The three fields that say what velocity sets are one key of a pad.
_VELOCITY = ("velocity", "softest", "hardest")
#: The two that say towards which prompt a sound is moved, and by what.
_MORPH = ("morph", "morph_by")
_NOTE = "note"


class PadForm:
    """Fields of a pad. ``version`` is what the file said of it when they were filled, None for a pad that is new.

    ``changed`` is called when somebody types.
    """

    def __init__(self, page: PageModel, changed: Callable[[], Any]) -> None:
        self._page = page
        self.version: Mapping[str, Any] | None = None
        #: What the file was last known to say.
        self._file: Mapping[str, Any] | None = None
        self._clean: dict[str, Any] = {}
        self._filling = False
        self.note = ui.input(set_texts.NOTE_NUMBER).props("outlined dense stack-label").classes("field")
        self._prompt = (
            ui.textarea(texts.PARAMETERS["prompt"]).props("outlined stack-label rows=2").classes("prompt-text")
        )
        with ui.element("div").classes("fields"):
            self._fields = Fields(page, NUMBERS)
        self._choices: dict[str, Any] = {}
        with ui.element("div").classes("fields"):
            self._text("name", texts.NAME)
            self._text("from", f"{texts.FROM} ({texts.FROM_HINT})")
            self._text("continue", texts.CONTINUE)
            self._text("fill", texts.FILL)
            self._text("loras", texts.PARAMETERS["loras"])
            self._choice("colour", texts.COLOUR, [colour for colour in COLOURS if colour != "off"])
            self._choice("slot", texts.SLOT, [])
            self._choice("land", set_texts.LAND, list(LANDS))
            self._choice("fallback", set_texts.FALLBACK, ["last"])
            self._choice("press", set_texts.PRESS, list(get_args(PressMode)))
            self._choice("on_lost", set_texts.ON_LOST, list(get_args(OnLost)))
            self._choice("on_repress", set_texts.ON_REPRESS, list(get_args(OnRepress)))
            self._text("choke", set_texts.CHOKE)
            self._choice("port", set_texts.PORT, [])
            self._choice("velocity", set_texts.VELOCITY_SETS, [*PARAMETER_TARGETS, "gain"])
            self._text("softest", set_texts.VELOCITY_FROM)
            self._text("hardest", set_texts.VELOCITY_TO)
            self._text("morph", set_texts.MORPH_TO)
            self._text("morph_by", set_texts.MORPH_BY)
        ui.label(set_texts.FRAGMENT).classes("box-title")
        with ui.element("div").classes("fields"):
            for name, option in FragmentOptions.model_fields.items():
                self._option(name, option.annotation)
        self._inputs = {_NOTE: self.note, "prompt": self._prompt, **self._fields.inputs, **self._choices}
        for field in self._inputs.values():
            field.on_value_change(lambda: None if self._filling else changed())

    def offer(self) -> None:
        """Offer the models, samplers, slots and ports that there are now."""
        settings = self._page.loaded.settings
        self._fields.offer()
        for name, options in (("slot", list(range(1, settings.fragments.count + 1))), ("port", list(settings.ports))):
            offered = [texts.NONE, *options]
            if self._choices[name].value not in offered:
                offered.append(self._choices[name].value)
            if self._choices[name].options != offered:
                self._choices[name].set_options(offered)

    # --- what it shows -----------------------------------------------------------------------------------------------

    def fill(self, key: PadKey | None, said: Mapping[str, Any] | None, draft: Draft | None = None) -> None:
        """Show what the file says of a pad (None for a new one), and over it what was typed before."""
        typed = dict(draft.typed) if draft else {}
        # A pad that somebody has removed meanwhile is shown as it was.
        known = draft.version if said is None and draft else said
        self._clean = {_NOTE: "" if key is None else str(key), **self._held(known or {})}
        self._filling = True
        for name, value in (self._clean | typed).items():
            # A draft may be of another version of this page.
            if name in self._inputs:
                put(self._inputs[name], value)
        self._filling = False
        self.note.set_enabled(key is None)
        self.version = self._file = said
        if draft is not None:
            self._keep_version(draft.version, typed)

    def follow(self, key: PadKey, said: Mapping[str, Any] | None) -> tuple[str, ...]:
        """Show what others have changed meanwhile, save for what is typed here; returns the keys that they changed."""
        changed = differences(said, self._file)
        if said != self.version:
            self.fill(key, said, self.draft if self.typed else None)
        return changed

    def saved(self, key: PadKey, values: Mapping[str, Any], typed: Mapping[str, Any]) -> None:
        """Take ``values``, as they were ``typed``, for what the file says: they have been written there."""
        kept = {**(self.version or {}), **values}
        self.version = self._file = says({name: value for name, value in kept.items() if value is not None})
        self._clean |= typed
        self._filling = True
        put(self.note, str(key))
        self._filling = False
        self._clean[_NOTE] = str(key)
        self.note.set_enabled(False)

    @property
    def typed(self) -> dict[str, Any]:
        """What was changed since the form was filled, by field."""
        return {name: value for name, value in self._typed().items() if value != self._clean.get(name)}

    @property
    def draft(self) -> Draft:
        """The form as it is left without saving."""
        return Draft(self.version, self.typed)

    def _held(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """What each field holds where it shows what a file says."""
        held = {"prompt": said.get("prompt", ""), **self._fields.shown(said)}
        velocity = said.get("velocity")
        for name, field in self._choices.items():
            empty = texts.NONE if isinstance(field, ui.select) else ""
            held[name] = said.get(name, empty) if name != "velocity" else velocity["sets"] if velocity else empty
        held |= {"continue": shown_part(said.get("continue")), "fill": shown_part(said.get("fill"))}
        options = said.get("fragment") or {}
        for name in FragmentOptions.model_fields:
            field = self._choices[f"{_FRAGMENT}{name}"]
            empty = texts.NONE if isinstance(field, ui.select) else ""
            held[f"{_FRAGMENT}{name}"] = _option_shown(options[name]) if name in options else empty
        held["softest"], held["hardest"] = map(str, velocity["range"] if velocity else ("", ""))
        morph = _morph_said(said.get("morph"))
        held["morph"], held["morph_by"] = str(morph["to"]), str(morph["by"])
        return held

    def _keep_version(self, before: Mapping[str, Any] | None, typed: Mapping[str, Any]) -> None:
        """What is typed over starts from the version that it was typed over, and all else from what the file says."""
        if before is None or self.version is None:
            self.version = before
            return
        version = dict(self.version)
        for key in {_key_of(name) for name in typed}:
            version.pop(key, None)
            if key in before:
                version[key] = before[key]
        self.version = version

    def _typed(self) -> dict[str, Any]:
        return {name: field.value for name, field in self._inputs.items()}

    # --- what is to be saved -----------------------------------------------------------------------------------------

    @property
    def label(self) -> str:
        """What messages call the pad."""
        return str(self._choices["name"].value).strip() or str(self._prompt.value).strip()

    @property
    def changes(self) -> dict[str, Any]:
        """The keys whose fields were changed: a value or None for each."""
        everything = self.everything
        keys = {_key_of(name) for name in self.typed if name != _NOTE}
        return {key: value for key, value in everything.items() if key in keys}

    @property
    def everything(self) -> dict[str, Any]:
        """What the whole form says: a value or None for every key that it has a field for."""
        values: dict[str, Any] = dict.fromkeys(self._fields.names) | self._fields.values
        values["prompt"] = self._prompt.value.strip()
        for name, field in self._choices.items():
            if name not in (*_VELOCITY, *_MORPH) and not name.startswith(_FRAGMENT):
                text = field.value.strip() if isinstance(field.value, str) else field.value
                values[name] = None if text in ("", texts.NONE) else text
        values |= {name: typed_part(values[name]) for name in ("continue", "fill")}
        values["velocity"] = self._velocity()
        values["morph"] = self._morph()
        values["fragment"] = self._fragment() or None
        return values

    def mark(self, problems: Mapping[str, str]) -> dict[str, str]:
        """Show what is wrong at each field; what has none here is returned, to be told elsewhere."""
        self._fields.mark(problems)
        for name, field in {_NOTE: self.note, "prompt": self._prompt, **self._choices}.items():
            problem = problems.get(_plain(name))
            field.props["error"] = problem is not None
            field.props["error-message"] = problem or ""
        here = {*map(_plain, self._inputs), "prompt"}
        return {name: problem for name, problem in problems.items() if name not in here}

    def _fragment(self) -> dict[str, Any]:
        """The pad's own fragment options, as far as they are named."""
        said = {name: self._choices[f"{_FRAGMENT}{name}"].value for name in FragmentOptions.model_fields}
        return {name: _option(value) for name, value in said.items() if value not in ("", None, texts.NONE)}

    def _option(self, name: str, kind: Any) -> None:
        label = name.replace("_", " ")
        choices = [_YES, _NO] if kind is bool else list(get_args(kind))
        if choices:
            self._choice(f"{_FRAGMENT}{name}", label, choices)
        else:
            self._text(f"{_FRAGMENT}{name}", label)

    def _velocity(self) -> dict[str, Any] | None:
        sets = self._choices["velocity"].value
        if sets in (None, texts.NONE):
            return None
        before = (self.version or {}).get("velocity") or {}
        kept = {name: value for name, value in before.items() if name not in ("sets", "range")}
        return {"sets": sets, "range": [_number(self._choices[name].value) for name in ("softest", "hardest")], **kept}

    def _morph(self) -> dict[str, Any] | None:
        to, by = (str(self._choices[name].value or "").strip() for name in _MORPH)
        return {"to": to, "by": _number(by)} if to or by else None

    def _text(self, name: str, label: str) -> None:
        self._choices[name] = ui.input(label).props("outlined dense stack-label").classes(f"field field-{_plain(name)}")

    def _choice(self, name: str, label: str, options: list[Any]) -> None:
        choice = ui.select([texts.NONE, *options], value=texts.NONE, label=label).props("outlined dense stack-label")
        self._choices[name] = choice.classes(f"field field-{_plain(name)}")


def _key_of(field: str) -> str:
    """The key of a pad that a field says."""
    if field.startswith(_FRAGMENT):
        return "fragment"
    return "velocity" if field in _VELOCITY else "morph" if field in _MORPH else field


def _morph_said(said: Any) -> Mapping[str, Any]:
    """What a file says of another prompt, be that keys and values or one line."""
    nothing = {"to": "", "by": ""}
    if isinstance(said, Mapping):
        return {**nothing, **said}
    by, divided, to = str(said or "").partition(" to ")
    return {"to": to, "by": by} if divided else nothing


def _plain(field: str) -> str:
    """What a mistake in a field is called by."""
    return field.removeprefix(_FRAGMENT)


def _option_shown(value: Any) -> Any:
    return (_YES if value else _NO) if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else value


def _option(value: Any) -> Any:
    if value in (_YES, _NO):
        return value == _YES
    return _number(value) if isinstance(value, str) else value


def _number(text: Any) -> Any:
    try:
        return float(str(text).replace(",", "."))
    except ValueError:
        return str(text)
