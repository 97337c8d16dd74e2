"""What a control or a velocity moves."""

from __future__ import annotations

from dataclasses import dataclass

from midifrag.config.names import none_of
from midifrag.config.parameters import NUMBERS, Parameter


@dataclass(frozen=True, slots=True)
class Target:
    """A generation parameter that a control may set."""

    parameter: Parameter

    def __str__(self) -> str:
        return self.parameter.name


#: Every target, by what a bank file calls it.
TARGETS = {name: Target(parameter) for name, parameter in NUMBERS.items() if parameter.settable}


def target(written: object) -> Target:
    """The target that a bank file calls ``written``. Raises ValueError that says which there are."""
    if isinstance(written, Target):
        return written
    if not isinstance(written, str) or written not in TARGETS:
        raise ValueError(none_of(written, TARGETS))
    return TARGETS[written]
