"""Options that the table of generation parameters makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from midifrag.config.conditioning import as_conditioning
from midifrag.config.morphing import as_morph, at
from midifrag.config.parameter_values import beyond_limits, lengths_in
from midifrag.config.parameters import PARAMETERS, Parameter, RequestParameters, names_of
from midifrag.config.seeds import is_random
from midifrag.errors import ConfigurationError, Problem

Command = TypeVar("Command", bound=Callable[..., None])


def with_parameter_options(command: Command) -> Command:
    """Give a command an option for each parameter that an engine is told, and for a length in music."""
    for name in reversed((*names_of(RequestParameters), "bars", "beats")):
        command = _option(PARAMETERS[name])(command)
    return command


def given(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that were typed.

    Raises `ConfigurationError` for those beyond their limits, and for more than one length.
    """
    typed = {name: value for name, value in parameters.items() if value is not None}
    if is_random(typed.get("seed")):
        del typed["seed"]
    for name, read in (("conditioning", as_conditioning), ("loras", _as_loras_from_here), ("morph", _morph)):
        try:
            if name in typed:
                typed[name] = read(typed[name])
        except ValueError as error:
            raise ConfigurationError([Problem("command line", None, _flag(name), str(error))]) from error
    problems = beyond_limits(typed).items()
    if problems:
        raise ConfigurationError(Problem("command line", None, _flag(name), problem) for name, problem in problems)
    lengths = lengths_in(typed)
    if len(lengths) > 1:
        text = f"stands beside {_flag(lengths[0])}; a length is one of seconds, bars and beats"
        raise ConfigurationError([Problem("command line", None, _flag(lengths[1]), text)])
    return typed


def _as_loras_from_here(said: str) -> Any:
    # What reads sets takes long to be imported.
    from midifrag.config.lora_lists import as_loras_from

    return as_loras_from(Path.cwd(), said)


def _morph(said: str) -> str | None:
    """What is typed of another prompt; there is no hand that could say how much."""
    return at(as_morph(said))


def _option(parameter: Parameter) -> Callable[[Command], Command]:
    low, high = parameter.limits
    limits = "" if parameter.kind is str else f" ({f'{low} to {high} {parameter.unit}'.strip()})"
    text = f"{parameter.line[:1].upper()}{parameter.line[1:]}{limits}."
    return click.option(parameter.name, _flag(parameter.name), *parameter.flags, type=parameter.kind, help=text)


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
