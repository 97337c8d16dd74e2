"""What NiceGUI asks of signatures, remembered: to ask was a third of the time that an element takes to be made."""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType
from typing import Any

from nicegui import helpers


def remember_signatures() -> None:
    """Have NiceGUI 3 look once whether a class's method expects arguments, and not three times for each element.

    Each element's classes, style and props have a method of theirs called when they change, which it looks at anew.
    A NiceGUI that asks otherwise is left as it is.
    """
    ask: Callable[[Callable[..., Any]], bool] | None = getattr(helpers, "expects_arguments", None)
    if ask is None or getattr(ask, "remembers", False):
        return
    answers: dict[Any, bool] = {}

    def expects_arguments(func: Callable[..., Any]) -> bool:
        if type(func) is not MethodType:
            return ask(func)
        function = func.__func__
        if function not in answers:
            answers[function] = ask(func)
        return answers[function]

    expects_arguments.remembers = True  # type: ignore[attr-defined]  # of a function made here
    helpers.expects_arguments = expects_arguments
