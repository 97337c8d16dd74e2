"""Options that the table of generation parameters makes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

from midifrag.config.parameters import PARAMETERS, Parameter, RequestParameters, beyond_limits, names_of
from midifrag.errors import ConfigurationError, Problem


def with_parameter_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command an option for each parameter that an engine is told, in the place of its ``**parameters``."""
    signature = inspect.signature(command, eval_str=True)
    own = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
    options = [_option(PARAMETERS[name]) for name in names_of(RequestParameters)]
    command.__signature__ = signature.replace(parameters=[*own, *options])  # type: ignore[attr-defined]
    return command


def given(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that were typed. Raises `ConfigurationError` for those beyond their limits."""
    typed = {name: value for name, value in parameters.items() if value is not None}
    problems = beyond_limits(typed).items()
    if problems:
        raise ConfigurationError(Problem("command line", None, _flag(name), problem) for name, problem in problems)
    return typed


def _option(parameter: Parameter) -> inspect.Parameter:
    low, high = parameter.limits
    limits = "" if parameter.kind is str else f" ({f'{low} to {high} {parameter.unit}'.strip()})"
    option = typer.Option(
        _flag(parameter.name), *parameter.flags, help=f"{parameter.line[:1].upper()}{parameter.line[1:]}{limits}."
    )
    return inspect.Parameter(
        parameter.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[parameter.kind | None, option],
    )


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
