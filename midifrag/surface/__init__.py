"""Controllers seen from the output side: pad states become bytes, one small driver per controller family.

Packages register surfaces of their own under the entry-point group ``midifrag.surfaces``: by the name that ``surface:``
in presets.yaml says, a class or a function that takes the name of the device at the port and makes a
`midifrag.surface.driver.Surface`. One is imported only when a port names it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import NamedTuple, TypeAlias

from midifrag.errors import SurfaceError
from midifrag.surface.apc import ApcMiniMk2, make_apc40
from midifrag.surface.driver import Surface
from midifrag.surface.echo import Echo
from midifrag.surface.launchpad import Launchpad
from midifrag.surface.mackie import Mackie
from midifrag.surface.minilab3 import MiniLab3
from midifrag.surface.push2 import Push2
from midifrag.surface.silent import Silent

#: The entry points that surfaces of others register under.
GROUP = "midifrag.surfaces"
#: Makes a surface for a device of this name.
SurfaceFactory: TypeAlias = Callable[[str], Surface]


class SurfaceKind(NamedTuple):
    """A driver: what it is for, and how to make one."""

    about: str
    make: SurfaceFactory


#: The surfaces that need no plug-in.
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


@cache
def plugins() -> dict[str, EntryPoint]:
    """The installed plug-in surfaces by name."""
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def surfaces() -> tuple[str, ...]:
    """Names of all surfaces that a port may name, built in first."""
    return (*SURFACES, *sorted(set(plugins()) - set(SURFACES)))


def factory_for(name: str) -> SurfaceFactory:
    """What makes surfaces called ``name``; a built-in one wins over a plug-in.

    Raises `SurfaceError` for one that is not there, cannot be imported or makes nothing.
    """
    if name in SURFACES:
        return SURFACES[name].make
    if name not in plugins():
        raise SurfaceError(f"{name!r} is none of {', '.join(surfaces())}")
    entry = plugins()[name]
    try:
        factory: object = entry.load()
    except Exception as error:  # a plug-in may fail to import in any way
        raise SurfaceError(
            f"{name!r} ({entry.value}) cannot be imported: {type(error).__name__}: {error}; install its package again "
            "or choose another surface"
        ) from error
    if not callable(factory):
        raise SurfaceError(
            f"{name!r} ({entry.value}) is no class or function that makes a surface; its author finds in "
            "midifrag.surface what to register"
        )
    return factory


def make_surface(name: str, device: str = "") -> Surface:
    """The surface called ``name`` for the device named ``device``. Raises `SurfaceError`, see `factory_for`."""
    return factory_for(name)(device)
