"""One place of the grid on a screen: a pad, or a button beside a controller's grid."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

from nicegui import events, ui

from midifrag.config.buttons import ButtonUse
from midifrag.config.layout import Shown
from midifrag.config.pads import Pad
from midifrag.events import PadChanged
from midifrag.intents import Intent
from midifrag.pad_key import PadKey
from midifrag.page import texts
from midifrag.page.failures import Failure
from midifrag.page.pad_looks import BADGES, BUTTON_BADGES, badge_colour, surface_colour
from midifrag.page.panels.panel import css_colour, led, own_colour, set_prop
from midifrag.page.panels.slots import TAKE_DROPPED, TAKES_OVER
from midifrag.show.button_looks import ButtonState, Surroundings
from midifrag.states import TROUBLES, PadState
from midifrag.surface.driver import LOOKS, colour_of

_AT_REST = (PadState.IDLE, PadState.READY)
#: The velocity of a press by keyboard.
USUAL_VELOCITY = 100
#: Where on a pad it is touched, 0 at its lower edge to 1 at its upper edge; see pads.js.
_TOUCHED = "(e) => window.pressPad(e, emit)"
#: A button pressed by keyboard clicks without a pointer.
_BY_KEY = "(e) => { if (e.detail === 0) emit(); }"


class Presses(Protocol):
    """What a pad needs of the grid that it lies on."""

    def press(self, slug: str, key: PadKey, position: float) -> None:
        """Press it; ``position`` is where it was touched, 0 at its lower edge to 1 at its upper edge."""

    async def take_dropped(self, slug: str, key: PadKey, number: int) -> None:
        """An archived take, by its number, shall be what the pad renders."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a pad looks: texts, the name of its badge's icon, classes and style."""

    state: str
    word: str
    badge: str
    label: str
    landing: str
    classes: str
    style: str


class Cell:
    """One pad of the bank called ``slug``; ``shortcut`` is the key of a computer keyboard that presses it."""

    def __init__(self, grid: Presses, slug: str, key: PadKey, pad: Pad, shortcut: tuple[str, str] | None) -> None:
        self._pad = pad
        self._shown: Look | None = None
        #: What the browser shows, as far as it has been told.
        self._told: Look | None = None
        code, letter = shortcut or ("", "")
        with ui.element("button").classes("pad") as self._button:
            with ui.element("div").classes("pad-top"):
                with ui.element("span").classes("pad-badge") as self._badge:
                    # As an icon of Quasar's lies in the page, but with a text that pads.js can change.
                    self._icon = ui.label().classes("q-icon notranslate material-icons pad-icon")
                    self._icon.props("aria-hidden=true")
                    self._state = ui.label().classes("pad-state")
                ui.label(key.name).classes("pad-note")
            self._label = ui.label(pad.label).classes("pad-label")
            with ui.element("div").classes("pad-bottom"):
                self._landing = ui.label().classes("pad-landing")
                ui.label(letter).classes("pad-key").props["data-code"] = code
        self._badge.set_visibility(False)
        self._button.props["title"] = texts.PAD_HELP.format(name=key.name, prompt=pad.prompt)
        self._button.props["data-pad"] = str(key)
        self._button.style(_surface(pad))

        def touched(event: events.GenericEventArguments) -> None:
            grid.press(slug, key, float(event.args))

        self._button.on("pointerdown", touched, js_handler=_TOUCHED)
        self._button.on("dragover", js_handler=TAKES_OVER)
        self._button.on("drop", lambda event: grid.take_dropped(slug, key, int(event.args)), js_handler=TAKE_DROPPED)
        self._button.on("click", lambda: grid.press(slug, key, USUAL_VELOCITY / 127), js_handler=_BY_KEY)

    def look(self, pad: PadChanged, landing: str, failure: Failure | None = None) -> Look:
        """How it looks as it stands, with when it lands; at rest with a ``failure`` that nobody has seen."""
        if failure is not None and failure.job is not None and pad.state in _AT_REST:
            pad = replace(pad, state=failure.state, text=failure.job.text)
        reason = pad.text if pad.state in TROUBLES or pad.fallback else ""
        progress = f"{pad.progress:.0%}" if pad.progress is not None else "0%"
        beat = "" if pad.boundary is None else f"; --beat: {pad.boundary.beat_seconds:.3f}s"
        word = badge_colour(colour_of(pad.state, pad.colour))
        return Look(
            state=pad.state.value,
            word=texts.PAD_STATES[pad.state],
            badge=BADGES[pad.state],
            label=texts.PAD_TROUBLE.format(label=self._pad.label, reason=reason) if reason else self._pad.label,
            landing=landing,
            classes=f"pad is-{pad.state.value} {LOOKS[pad.state].motion}",
            style=f"{_surface(self._pad)}; --led: {led(pad)}; --word: {word}; --progress: {progress}{beat}",
        )

    def tell(self, look: Look, *, again: bool = False) -> Mapping[str, Any] | None:
        """A look as pads.js takes it, ahead of `show`; None for the one that it has, unless that is told ``again``."""
        if look == self._told and not again:
            return None
        self._told = look
        return {"id": self._button.id, **asdict(look)}

    def show(self, look: Look) -> bool:
        """Look so; whether the browser does then, or is to be told as well.

        Vue writes only what differs from what it drew before, and not what was told ahead of it.
        """
        if look != self._shown:
            self._draw(look)
        return look == self._told

    def _draw(self, look: Look) -> None:
        if self._told == self._shown:
            self._told = look
        self._shown = look
        self._state.text = look.word
        self._icon.text = look.badge
        self._badge.set_visibility(bool(look.badge))
        self._label.text = look.label
        self._landing.text = look.landing
        self._button.classes(replace=look.classes)
        self._button.style(replace=look.style)
        set_prop(self._button, "data-state", look.state)


class GridButton:
    """A button beside a controller's grid; ``put`` takes what it wants."""

    def __init__(self, put: Callable[[Intent], None], use: ButtonUse, port: str) -> None:
        self._put, self._use, self._port = put, use, port
        with ui.element("button").classes("pad-button") as self._button:
            ui.label(texts.BUTTONS[use.use].format(bank=use.bank, slot=use.slot))
            self._badges = ui.element("span").classes("button-badges")
        self._states: tuple[ButtonState, ...] | None = None
        self._button.on("click", self._pressed)

    def _pressed(self) -> None:
        for intent in self._use.intents(self._port):
            self._put(intent)

    def show(self, around: Surroundings, shown: Shown) -> None:
        """Show it as it is lit there."""
        look = around.look(self._use, shown)
        self._button.classes(replace=f"pad-button {look.motion}")
        is_dark = look.colour in (None, "off")
        self._button.style(replace="" if is_dark else f"--led: {css_colour(look.colour or '')}")
        states = around.states(self._use, shown)
        if states != self._states:
            self._states = states
            self._tell(states)

    def _tell(self, states: tuple[ButtonState, ...]) -> None:
        """Say what is so by shapes, and in words."""
        words = ", ".join((self._use.words, *(texts.BUTTON_STATES[state] for state in states)))
        set_prop(self._button, "title", words)
        self._badges.clear()
        with self._badges:
            for state in states:
                ui.icon(BUTTON_BADGES[state]).classes("button-badge").props("aria-hidden=true")
            ui.label(", ".join(texts.BUTTON_STATES[state] for state in states)).classes("heard")


def _surface(pad: Pad) -> str:
    return f"--own: {own_colour(pad.colour)}; --surface: {surface_colour(pad.colour)}"
