"""Controllers seen from the output side: pad states become bytes, one description for each controller family.

The descriptions are YAML: those in the folder ``controllers`` here, and a user's own in ``surfaces/`` beside the set.
Packages register surfaces of their own under the entry-point group ``midifrag.surfaces``: by the name that ``surface:``
in presets.yaml says, a class or a function that takes the name of the device at the port and makes a
`midifrag.surface.driver.Surface`. One is imported only when a port names it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from midifrag.errors import SurfaceError
from midifrag.surface.driver import Gridded, Surface
from midifrag.surface.grid import Grid

if TYPE_CHECKING:
    from midifrag.surface.description import Description

#: The entry points that surfaces of others register under.
GROUP = "midifrag.surfaces"
#: Makes a surface for a device of this name.
SurfaceFactory: TypeAlias = Callable[[str], Surface]

#: The surfaces that need no plug-in, and the descriptions of each: what the device's name holds, and its file here.
SURFACES: dict[str, tuple[tuple[str, str], ...]] = {
    "echo": (("", "echo"),),
    "launchpad": (("", "launchpad"),),
    "launchpad_mk2": (("", "launchpad_mk2"),),
    "launchpad_mini": (("", "launchpad_mini"),),
    "launchkey": (("", "launchkey"),),
    "launch_control_xl": (("", "launch_control_xl"),),
    "apc_mini_mk2": (("", "apc_mini_mk2"),),
    "apc_mini": (("", "apc_mini"),),
    "apc40": (("mk", "apc40_mk2"), ("", "apc40")),
    "mpd218": (("", "mpd218"),),
    "lpd8": (("", "lpd8"),),
    "push2": (("", "push2"),),
    "push1": (("", "push1"),),
    "minilab3": (("", "minilab3"),),
    "nanopad2": (("", "nanopad2"),),
    "pads_4x4": (("", "pads_4x4"),),
    "midi_fighter_twister": (("", "midi_fighter_twister"),),
    "xtouch_mini": (("", "xtouch_mini"),),
    "ec4": (("", "ec4"),),
    "electra_one": (("", "electra_one"),),
    "mackie": (("", "mackie"),),
    "none": (("", "none"),),
}
_FOLDER = Path(__file__).parent / "controllers"


@cache
def built_in(file: str) -> Description:
    """The built-in description called ``file``."""
    # Here, since commands that need no surface would wait for both.
    from ruamel.yaml import YAML

    from midifrag.surface.description import Description

    text = (_FOLDER / f"{file}.yaml").read_text(encoding="utf-8")
    return Description.model_validate(YAML(typ="safe", pure=True).load(text))


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
        return lambda device: surface_of(_for_device(name, device), device)
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


def surface_of(description: Description, device: str = "") -> Surface:
    """The surface that a description makes for the device named ``device``."""
    from midifrag.surface.described import Described, DescribedInTempo

    pads = description.pads
    return (DescribedInTempo if pads is not None and pads.in_tempo else Described)(description, device)


@cache
def grids_of(name: str) -> tuple[Grid, ...]:
    """The grids that devices of a surface may have; none where it knows nothing of places."""
    if name in SURFACES:
        found = [built_in(file).layout for _pattern, file in SURFACES[name]]
    else:
        try:
            made = make_surface(name)
        except Exception:  # a plug-in may fail in any way; it is told where its port opens
            return ()
        found = [made.grid] if isinstance(made, Gridded) else []
    return tuple(grid for grid in found if grid is not None)


def _for_device(name: str, device: str) -> Description:
    files = (file for pattern, file in SURFACES[name] if re.search(pattern, device, re.IGNORECASE))
    return built_in(next(files))
