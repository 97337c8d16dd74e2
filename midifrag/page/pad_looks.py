"""How pads look on a screen: each keeps its own colour as its surface; its state is an edge and a badge.

Nothing is told by a colour alone: every state has a badge of another shape, with its word.
"""

from __future__ import annotations

import functools
from typing import TypeAlias

from midifrag.show.button_looks import ButtonState
from midifrag.states import PadState
from midifrag.surface.driver import DEFAULT_COLOUR
from midifrag.surface.palette import COLOURS

#: Red, green and blue, 0–255 each.
Rgb: TypeAlias = tuple[float, float, float]

#: The picture on each state's badge, one of Material's; none where nothing happens.
BADGES: dict[PadState, str] = {
    PadState.IDLE: "",
    PadState.READY: "bolt",
    PadState.GROWING: "touch_app",
    PadState.QUEUED: "schedule",
    PadState.RENDERING: "autorenew",
    PadState.STALLED: "hourglass_disabled",
    PadState.WAITING: "hourglass_bottom",
    PadState.LANDED: "check",
    PadState.SOUNDING: "volume_up",
    PadState.HELD: "pause",
    PadState.REFUSED: "block",
    PadState.FAILED: "error",
}
#: The same of what is so of a button beside a controller's grid.
BUTTON_BADGES: dict[ButtonState, str] = {
    "active": "radio_button_checked",
    "busy": "autorenew",
    "more": "filter_none",
    "filled": "graphic_eq",
    "locked": "lock",
    "sounds": "volume_up",
}
#: What lies under a pad's colour, what is written on it, and what a badge lies on.
GROUND, TEXT, BADGE = (28.0, 33.0, 44.0), (255.0, 255.0, 255.0), (12.0, 14.0, 19.0)
#: How much of a pad's surface is its own colour, and how far it goes back where its text would be hard to read.
SHARE, STEP = 0.5, 0.04
#: The least contrast of text (WCAG 2.2, 1.4.3).
LEGIBLE = 4.5


@functools.cache
def surface_colour(name: str | None) -> str:
    """The surface of a pad that has this colour in its bank, as #rrggbb; what is written on it can be read."""
    own, share = _rgb(name or DEFAULT_COLOUR), SHARE
    while contrast(mixed(own, GROUND, share), TEXT) < LEGIBLE:
        share -= STEP
    return _hex(mixed(own, GROUND, share))


@functools.cache
def badge_colour(name: str) -> str:
    """An LED's colour as it can be read on a badge, as #rrggbb."""
    own, share = _rgb(name), 1.0
    while contrast(mixed(own, TEXT, share), BADGE) < LEGIBLE:
        share -= STEP
    return _hex(mixed(own, TEXT, share))


def mixed(one: Rgb, other: Rgb, share: float) -> Rgb:
    """``share`` of one colour and the rest of another."""
    red, green, blue = (a * share + b * (1 - share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def contrast(one: Rgb, other: Rgb) -> float:
    """How far two colours stand apart, 1 to 21 (WCAG 2.2, contrast ratio)."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Rgb) -> float:
    red, green, blue = (_linear(level / 255) for level in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(level: float) -> float:
    return float(level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4)


def _rgb(name: str) -> Rgb:
    """As bright as an LED's hue allows."""
    red, green, blue = (min(255.0, level * 2.0) for level in COLOURS[name].rgb)
    return red, green, blue


def _hex(colour: Rgb) -> str:
    return "#" + "".join(f"{int(level):02x}" for level in colour)
