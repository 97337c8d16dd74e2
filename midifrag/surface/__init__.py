"""Controllers seen from the output side: pad states become bytes, one small driver per controller family."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from midifrag.surface.driver import Surface
from midifrag.surface.echo import Echo
from midifrag.surface.silent import Silent


class SurfaceKind(NamedTuple):
    """A driver: what it is for, and how to make one for a device of this name."""

    about: str
    make: Callable[[str], Surface]


#: Every surface that a port may name.
SURFACES: dict[str, SurfaceKind] = {
    "echo": SurfaceKind("any controller or DAW: the pad's own note, its state as velocity", lambda _device: Echo()),
    "none": SurfaceKind("no feedback", lambda _device: Silent()),
}


def make_surface(name: str, device: str = "") -> Surface:
    """The surface called ``name`` for the device named ``device``. Raises KeyError for a name not in the table."""
    return SURFACES[name].make(device)
