"""What the set that is being read says of its surfaces itself; `midifrag.config.surface_files` reads their files."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import TypeAlias

from midifrag.surface.description import Description

#: Finds what a set says of the surface of a name, if it says anything.
Find: TypeAlias = Callable[[str], Description | None]

#: How that is found while a set is read; None while none is.
READING: ContextVar[Find | None] = ContextVar("own surfaces", default=None)


def own_surface(name: str) -> Description | None:
    """What the set that is being read says of a surface itself; None outside of that, and where it says nothing."""
    find = READING.get()
    return None if find is None else find(name)
