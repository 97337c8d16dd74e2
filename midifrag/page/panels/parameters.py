"""Fields for a preset's parameters: empty means what the level above says, anything else is checked as in a bank."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from nicegui import ui

from midifrag.config.parameters import NUMBERS, PARAMETERS
from midifrag.page import texts
from midifrag.page.model import PageModel

#: The numbers that a prompt's fields offer.
OFFERED = tuple(name for name, parameter in NUMBERS.items() if parameter.offered)


class Fields:
    """``inputs`` by parameter. ``values`` is what they say, without what is left empty."""

    def __init__(self, page: PageModel, numbers: Iterable[str] = OFFERED) -> None:
        self._page = page
        self.inputs: dict[str, Any] = {}
        for name in numbers:
            parameter = PARAMETERS[name]
            field = ui.input(parameter.label, placeholder="".join(parameter.words) or texts.AUTO)
            field.props("outlined dense stack-label").props["inputmode"] = "numeric" if parameter.whole else "decimal"
            self.inputs[name] = field.classes(f"field field-{name}")
        for name in ("sampler", "model"):
            choice = ui.select([texts.AUTO], value=texts.AUTO, label=texts.PARAMETERS[name])
            choice.props("outlined dense stack-label options-dense")
            self.inputs[name] = choice.classes(f"field field-{name}")
        negative = ui.input(texts.PARAMETERS["negative_prompt"]).props("outlined dense stack-label")
        self.inputs["negative_prompt"] = negative.classes("field field-negative")
        self.inputs["model"].on_value_change(self.offer)
        self.offer()

    def offer(self) -> None:
        """Offer the models and samplers that there are now."""
        self._offer("model", self._page.loaded.settings.known_models)
        model = self.inputs["model"].value
        info = self._page.info(None if model == texts.AUTO else model)
        self._offer("sampler", list(info.samplers) if info else [])

    def _offer(self, name: str, options: list[str]) -> None:
        choice = self.inputs[name]
        offered = [texts.AUTO, *options]
        if choice.value not in offered:
            offered.append(choice.value)
        if choice.options != offered:
            choice.set_options(offered)

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that there are fields for."""
        return tuple(self.inputs)

    @property
    def values(self) -> dict[str, Any]:
        """What was typed, as a bank file would say it: numbers where they are numbers, else the text itself."""
        said = {name: str(field.value or "").strip() for name, field in self.inputs.items()}
        return {name: _typed(name, text) for name, text in said.items() if text not in ("", texts.AUTO)}

    def shown(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """What each field holds where it shows these values; nothing in the others."""
        held: dict[str, Any] = {}
        for name, field in self.inputs.items():
            value, choice = values.get(name), isinstance(field, ui.select)
            held[name] = (texts.AUTO if choice else "") if value is None else value if choice else _shown(value)
        return held

    def fill(self, values: Mapping[str, Any]) -> None:
        """Show these values, and nothing in the others."""
        for name, held in self.shown(values).items():
            put(self.inputs[name], held)

    def mark(self, problems: Mapping[str, str]) -> None:
        """Show what is wrong at each field, and nothing at the others."""
        for name, field in self.inputs.items():
            problem = problems.get(name)
            field.props["error"] = problem is not None
            field.props["error-message"] = problem or ""


def put(field: Any, value: Any) -> None:
    """Have a field show a value, also one that it does not offer; nothing is sent where it does already."""
    if isinstance(field, ui.select) and value not in field.options:
        field.set_options([*field.options, value])
    if field.value != value:
        field.value = value


def _typed(name: str, text: str) -> Any:
    if name not in NUMBERS:
        return text
    for kind in (int, float):
        try:
            return kind(text.replace(",", "."))
        except ValueError:
            continue
    return text


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
