"""What every part of a screen is, and the few things that all of them say and do."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Protocol

from nicegui import ui

from midifrag.boundary import Boundary
from midifrag.clock import monotonic
from midifrag.events import EngineChanged, PadChanged
from midifrag.page import texts
from midifrag.page.model import PageModel, Part
from midifrag.surface.driver import DEFAULT_COLOUR, colour_of
from midifrag.surface.palette import COLOURS


class Play(Protocol):
    """The screen's player, as panels know it."""

    def __call__(self, address: str, title: str) -> None:
        """Play what is at an address from its beginning, under a title."""

    def compare(self, addresses: tuple[str, str], title: str) -> None:
        """Play one of two, and let the other one be heard in its place."""


class Panel:
    """A part of one browser's screen, built where it is made. `refresh` is called when one of ``parts`` has changed."""

    parts: ClassVar[frozenset[Part]] = frozenset()

    def __init__(self, page: PageModel, play: Play) -> None:
        self.page = page
        self.play = play
        #: Called when `unsaved` may be another one; the screen says what to do then.
        self.unsaved_changed: Callable[[], None] = lambda: None

    @property
    def unsaved(self) -> str:
        """What is typed here and not saved, as a question calls it; "" for nothing."""
        return ""

    async def opened(self) -> None:
        """Do what opening the panel's tab asks for, beside showing it."""

    def pressed(self, *, whole: bool = False) -> Sequence[Mapping[str, Any]]:
        """What presses have made new since this was asked last, for pads.js to show before `refresh`; or the whole."""
        del whole
        return ()

    def refresh(self) -> None:
        """Show how everything stands now."""
        raise NotImplementedError


def css_colour(name: str) -> str:
    """A pad colour as screens show it: #rrggbb, as bright as the LED's hue allows."""
    red, green, blue = (min(255, level * 2) for level in COLOURS[name].rgb)
    return f"#{red:02x}{green:02x}{blue:02x}"


def led(pad: PadChanged) -> str:
    """The colour of a pad's LED in its state."""
    return css_colour(colour_of(pad.state, pad.colour))


def own_colour(name: str | None) -> str:
    """The colour of a pad at rest."""
    return css_colour(name or DEFAULT_COLOUR)


def age(since: float | None) -> str:
    """How long ago a time (seconds since 1970) was, in steps coarse enough that the text seldom changes."""
    if since is None:
        return ""
    seconds = max(0.0, time.time() - since)
    if seconds < 5:
        return texts.NOW
    if seconds < 60:
        return texts.SECONDS_AGO.format(seconds // 5 * 5)
    if seconds < 3600:
        return texts.MINUTES_AGO.format(seconds // 60)
    if seconds < 86400:
        return texts.HOURS_AGO.format(seconds // 3600)
    return texts.DAYS_AGO.format(seconds // 86400)


def lands_in(seconds: float | None) -> str:
    """When something lands; nothing where that is not known."""
    if seconds is None:
        return ""
    return texts.LANDS_SOON if seconds < 1 else texts.LANDS_IN.format(seconds=seconds)


def countdown(boundary: Boundary, now: float) -> str:
    """How far a boundary is: in bars as long as that is more than one, then in beats."""
    beats = boundary.beats_left(now)
    bars = -(-beats // boundary.beats)
    words = texts.BARS_LEFT if bars > 1 else texts.BEATS_LEFT if beats > 1 else texts.ONE_BEAT_LEFT
    return words.format(boundary=boundary.short, bars=bars, beats=beats)


def engine_line(engine: EngineChanged) -> str:
    """How an engine stands, in one line."""
    total = engine.total or "?"
    words = texts.ENGINE_STATES[engine.state]
    wait = engine.wait(monotonic())
    after = texts.ENGINE_WAIT.format(wait=wait) if wait else ""
    return words.format(model=engine.model, text=engine.text, done=engine.done, total=total, wait=wait, after=after)


def engine_words(engine: EngineChanged) -> str:
    """How an engine stands, as a performer says it: what plays, where, and whether it is ready."""
    wait = engine.wait(monotonic())
    where = device_words(engine.info.device) if engine.info else ""
    what = texts.PLAYS_ON.format(model=engine.model, where=where) if where else engine.model
    after = texts.ENGINE_WAIT.format(wait=wait) if wait else ""
    words = texts.ENGINE_WORDS[engine.state]
    total = engine.total or "?"
    return words.format(what=what, text=engine.text, done=engine.done, total=total, wait=wait, after=after)


def device_words(device: str) -> str:
    """A device as people call it; ``device`` is as engines tell it, such as "cpu" or "cuda:0 (NVIDIA H100)"."""
    kind, _, name = device.partition(" (")
    return name.removesuffix(")") or texts.DEVICES.get(kind.partition(":")[0], device)


def set_prop(element: ui.element, name: str, value: object) -> None:
    """Set a property, sending it to the browser only if it is another one."""
    if element.props.get(name) != value:
        element.props[name] = value


def icon_button(icon: str, label: str) -> ui.button:
    """A round button of only an icon; ``label`` is what it is called for those who hear or hover it."""
    button = ui.button(icon=icon, color=None).props("flat round").classes("icon")
    button.props["aria-label"] = label
    button.props["title"] = label
    return button
