"""Controllers seen from the output side: pad states become bytes, one small driver per controller family."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from midifrag.surface.apc import ApcMiniMk2, make_apc40
from midifrag.surface.driver import Surface
from midifrag.surface.echo import Echo
from midifrag.surface.launchpad import Launchpad
from midifrag.surface.mackie import Mackie
from midifrag.surface.minilab3 import MiniLab3
from midifrag.surface.push2 import Push2
from midifrag.surface.silent import Silent


class SurfaceKind(NamedTuple):
    """A driver: what it is for, and how to make one for a device of this name."""

    about: str
    make: Callable[[str], Surface]


#: Every surface that a port may name.
SURFACES: dict[str, SurfaceKind] = {
    "echo": SurfaceKind("any controller or DAW: the pad's own note, its state as velocity", lambda _device: Echo()),
    "launchpad": SurfaceKind("Novation Launchpad X, Mini MK3, Pro MK3 (programmer mode, notes 11–88)", Launchpad),
    "apc_mini_mk2": SurfaceKind("Akai APC mini mk2 (notes 0–63)", lambda _device: ApcMiniMk2()),
    "apc40": SurfaceKind("Akai APC40 (notes 53–57, channels 1–8) and APC40 mkII (notes 0–39)", make_apc40),
    "push2": SurfaceKind("Ableton Push 2, user mode (notes 36–99)", lambda _device: Push2()),
    "mackie": SurfaceKind("Mackie Control buttons", lambda _device: Mackie()),
    "minilab3": SurfaceKind("Arturia MiniLab 3 (notes 36–43)", lambda _device: MiniLab3()),
    "none": SurfaceKind("no feedback", lambda _device: Silent()),
}


def make_surface(name: str, device: str = "") -> Surface:
    """The surface called ``name`` for the device named ``device``. Raises KeyError for a name not in the table."""
    return SURFACES[name].make(device)
