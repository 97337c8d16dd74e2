"""Values by parameter: those that are said, the nearer ones over the farther, and whether they are within limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from midifrag.config import conditioning as conditionings
from midifrag.config import loras as lora_lists
from midifrag.config.parameters import NUMBERS, PresetParameters, RequestParameters, names_of

#: The ways to say a length; each level says one at most.
LENGTHS = ("seconds", "bars", "beats")


def values_of(values: RequestParameters, declared: type[RequestParameters] = PresetParameters) -> dict[str, Any]:
    """The values of the parameters that ``declared`` has, by name; None where nothing is said."""
    return {name: getattr(values, name) for name in names_of(declared)}


def layered(farther: Mapping[str, Any], nearer: Mapping[str, Any]) -> dict[str, Any]:
    """Values by parameter with those of a nearer level over them, whose length replaces any other; without None.

    What a model is told, and LoRAs, are put over each other name by name.
    """
    said = {name: value for name, value in nearer.items() if value is not None}
    for name, merged in (("conditioning", conditionings.merged), ("loras", lora_lists.merged)):
        if name in said:
            said[name] = merged(farther.get(name), said[name])
    gone = LENGTHS if any(name in said for name in LENGTHS) else ()
    return {name: value for name, value in farther.items() if value is not None and name not in gone} | said


def lengths_in(values: Mapping[str, Any]) -> list[str]:
    """The lengths among values by parameter that say something."""
    return [name for name in LENGTHS if values.get(name) is not None]


def beyond_limits(values: Mapping[str, Any]) -> dict[str, str]:
    """Why values, by their parameter's name, are beyond its limits, such as ``{"steps": "0 is below 1"}``."""
    given = {name: values.get(name) for name in NUMBERS}
    problems = {name: NUMBERS[name].problem(value) for name, value in given.items() if isinstance(value, int | float)}
    return {name: problem for name, problem in problems.items() if problem is not None}
