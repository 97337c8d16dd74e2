"""The active bank, by itself or as it lies on a controller: every pad with its state, and a place to press it."""

from __future__ import annotations

from typing import ClassVar, assert_never

from nicegui import events, ui

from midifrag.clock import monotonic
from midifrag.config.banks import Bank
from midifrag.config.buttons import ButtonUse
from midifrag.config.layout import BLOCK, Shown
from midifrag.config.pads import Pad
from midifrag.events import PadChanged
from midifrag.pad_key import PadKey
from midifrag.page import texts
from midifrag.page.model import PageModel, Part
from midifrag.page.panels.panel import Panel, Play, countdown, css_colour, lands_in, led, own_colour, set_prop
from midifrag.page.picture import Picture, controllers, of_bank, of_controller
from midifrag.show.button_looks import Surroundings
from midifrag.states import COUNTS_DOWN, TROUBLES, PadState
from midifrag.surface.driver import LOOKS
from midifrag.surface.grid import Place

#: Where on a pad it is touched, 0 at its lower edge to 1 at its upper edge.
_WHERE = """(e) => {
    const box = e.currentTarget.getBoundingClientRect();
    emit((box.bottom - e.clientY) / box.height);
}"""
#: A button pressed by keyboard clicks without a pointer.
_BY_KEY = "(e) => { if (e.detail === 0) emit(); }"
#: The velocity of a press by keyboard, and the softest by position.
USUAL_VELOCITY, SOFTEST = 100, 0.15
#: Keys of a computer keyboard that lie as a 4×4 pad grid does, top row first.
KEYS = ("1234", "qwer", "asdf", "zxcv")


class _Cell:
    """One pad on the screen, of the bank called ``slug``."""

    def __init__(self, panel: PadsPanel, slug: str, key: PadKey, pad: Pad, shortcut: str) -> None:
        self._panel, self._slug, self._key, self._pad = panel, slug, key, pad
        with ui.element("button").classes("pad") as self._button:
            with ui.element("div").classes("pad-top"):
                self._state = ui.label().classes("pad-state")
                ui.label(key.name).classes("pad-note")
            self._label = ui.label(pad.label).classes("pad-label")
            with ui.element("div").classes("pad-bottom"):
                self._landing = ui.label().classes("pad-landing")
                ui.label(shortcut).classes("pad-key")
        self._button.props["title"] = texts.PAD_HELP.format(name=key.name, prompt=pad.prompt)
        self._button.props["data-pad"] = str(key)
        self._button.on("pointerdown", self._touched, js_handler=_WHERE)
        self._button.on("click", lambda: panel.press(slug, key, USUAL_VELOCITY / 127), js_handler=_BY_KEY)

    def _touched(self, event: events.GenericEventArguments) -> None:
        self._panel.press(self._slug, self._key, float(event.args))

    def show(self, pad: PadChanged, landing: str) -> None:
        self._state.text = texts.PAD_STATES[pad.state]
        reason = pad.text if pad.state in TROUBLES or pad.fallback else ""
        self._label.text = texts.PAD_TROUBLE.format(label=self._pad.label, reason=reason) if reason else self._pad.label
        self._landing.text = landing
        look = LOOKS[pad.state]
        self._button.classes(replace=f"pad is-{pad.state.value} {look.motion}")
        progress = f"{pad.progress:.0%}" if pad.progress is not None else "0%"
        beat = "" if pad.boundary is None else f"; --beat: {pad.boundary.beat_seconds:.3f}s"
        self._button.style(
            replace=f"--led: {led(pad)}; --own: {own_colour(self._pad.colour)}; --progress: {progress}{beat}"
        )
        set_prop(self._button, "data-state", pad.state.value)


class _Button:
    """A button beside a controller's grid, on the screen."""

    def __init__(self, panel: PadsPanel, use: ButtonUse, port: str) -> None:
        self._use, self._port = use, port
        with ui.element("button").classes("pad-button") as self._button:
            ui.label(texts.BUTTONS[use.use].format(bank=use.bank, slot=use.slot))
        self._button.props["title"] = use.words
        self._button.on("click", self._pressed)
        self._page = panel.page

    def _pressed(self) -> None:
        for intent in self._use.intents(self._port):
            self._page.put(intent)

    def show(self, around: Surroundings, shown: Shown) -> None:
        look = around.look(self._use, shown)
        self._button.classes(replace=f"pad-button {look.motion}")
        is_dark = look.colour in (None, "off")
        self._button.style(replace="" if is_dark else f"--led: {css_colour(look.colour or '')}")


class PadsPanel(Panel):
    """The pad grid, as a bank by itself or as a controller has it, and the velocity of its presses."""

    parts: ClassVar[frozenset[Part]] = frozenset(
        {
            Part.BANK,
            Part.PADS,
            Part.LAYOUT,
            Part.JOBS,
            Part.CONFIGURATION,
            Part.TIME,
            Part.COUNTDOWN,
            Part.SLOTS,
            Part.SOUNDING,
            Part.PORTS,
        }
    )

    def __init__(self, page: PageModel, play: Play) -> None:
        super().__init__(page, play)
        self._cells: dict[tuple[str, PadKey], _Cell] = {}
        self._buttons: list[_Button] = []
        self._shortcuts: dict[str, PadKey] = {}
        self._shown: tuple[Bank, Picture] | None = None
        #: The port whose controller is drawn, "" for a bank by itself, None until somebody chooses.
        self._chosen: str | None = None
        #: The choices are being set, by nobody's hand.
        self._offers = False
        with ui.element("section").classes("pads-panel"):
            self._choice = ui.select({}, on_change=lambda event: self._choose(event.value)).props("dense outlined")
            self._choice.classes("pads-choice")
            self._choice.props["aria-label"] = texts.DRAWN
            self._grid = ui.element("div").classes("pads")
            with ui.element("div").classes("velocity"):
                ui.label(texts.VELOCITY)
                self._mode = ui.toggle([texts.BY_POSITION, texts.FIXED], value=texts.BY_POSITION).props("no-caps")
                self._velocity = ui.slider(min=1, max=127, value=USUAL_VELOCITY).props("label")
                self._velocity.props["aria-label"] = texts.VELOCITY
                self._velocity.bind_enabled_from(self._mode, "value", backward=lambda mode: mode == texts.FIXED)
            ui.keyboard(self._key, repeating=False, ignore=["input", "select", "textarea"])

    def press(self, slug: str, key: PadKey, position: float) -> None:
        """Press a pad with the velocity that the performer chose."""
        if self._mode.value == texts.FIXED:
            velocity = self._velocity.value / 127
        else:
            velocity = SOFTEST + (1 - SOFTEST) * min(max(position, 0.0), 1.0)
        self.page.press(key, velocity, slug)

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        bank = self.page.bank
        if bank is None:
            return
        picture = self._picture(bank)
        if self._shown is None or self._shown[0] is not bank or self._shown[1] != picture:
            self._shown = bank, picture
            self._shortcuts = _shortcuts_of(bank)
            self._build(picture)
        landings = self.page.landings()
        for (slug, key), cell in self._cells.items():
            pad = self.page.pad(key, slug)
            if pad is not None:
                cell.show(pad, self._landing(pad, landings))
        view = self.page.view
        around = Surroundings.of(view)
        port = self.page.loaded.settings.ports.get(picture.port or "")
        shown = view.layouts.get(picture.port or "") or Shown(side=port.banks if port else 1)
        for button in self._buttons:
            button.show(around, shown)

    def _picture(self, bank: Bank) -> Picture:
        loaded, view = self.page.loaded, self.page.view
        ports = controllers(loaded)
        open_ports = [port for port in ports if any((port, way) in view.open_ports for way in ("in", "out"))]
        chosen = self._chosen if self._chosen in ("", *ports) else None
        port = (open_ports[0] if open_ports else "") if chosen is None else chosen
        options = {"": texts.BANK_ALONE} | {name: name for name in ports}
        if self._choice.options != options or self._choice.value != port:
            self._offers = True
            self._choice.set_options(options, value=port)
            self._offers = False
        self._choice.set_visibility(bool(ports))
        drawn = of_controller(loaded, view, port) if port else None
        return drawn or of_bank(bank.slug, bank.pads, bank.places)

    def _choose(self, port: str) -> None:
        if not self._offers:
            self._chosen = port
            self.refresh()

    def _build(self, picture: Picture) -> None:
        rows, columns = picture.rows, picture.columns
        self._grid.style(replace=f"--columns: {columns}; --rows: {rows}")
        self._grid.classes(replace="pads large" if columns > BLOCK + 1 else "pads")
        self._grid.clear()
        self._cells.clear()
        self._buttons.clear()
        with self._grid:
            for place in (Place(row, column) for row in range(rows, 0, -1) for column in range(1, columns + 1)):
                if place in picture.pads:
                    self._build_pad(*picture.pads[place])
                elif place in picture.buttons:
                    self._buttons.append(_Button(self, picture.buttons[place], picture.port or ""))
                else:
                    ui.element("div").classes("pad-none" if place in picture.bare else "pad-hole")

    def _build_pad(self, slug: str, key: PadKey) -> None:
        pad = next(bank.pads[key] for bank in self.page.loaded.banks if bank.slug == slug)
        is_active = self.page.bank is not None and self.page.bank.slug == slug
        shortcut = next((one for one, meant in self._shortcuts.items() if is_active and meant == key), "")
        self._cells[slug, key] = _Cell(self, slug, key, pad, shortcut)

    def _landing(self, pad: PadChanged, landings: dict[int, float]) -> str:
        if pad.boundary is not None and pad.state in COUNTS_DOWN:
            return countdown(pad.boundary, monotonic())
        match pad.state:
            case PadState.READY:
                return texts.LANDS_NOW
            case PadState.QUEUED | PadState.RENDERING:
                seconds = landings.get(pad.job or 0)
            case PadState.IDLE:
                seconds = self.page.forecast.render_seconds(pad.bank, pad.pad)
            case PadState.GROWING:
                return pad.text
            case (
                PadState.WAITING
                | PadState.STALLED
                | PadState.LANDED
                | PadState.SOUNDING
                | PadState.HELD
                | PadState.REFUSED
                | PadState.FAILED
            ):
                return ""
            case _:
                assert_never(pad.state)
        return lands_in(seconds)

    def _key(self, event: events.KeyEventArguments) -> None:
        modified = event.modifiers.ctrl or event.modifiers.alt or event.modifiers.meta
        key = self._shortcuts.get(str(event.key)) if event.action.keydown and not modified else None
        if key and self.page.bank:
            self.press(self.page.bank.slug, key, USUAL_VELOCITY / 127)


def _shortcuts_of(bank: Bank) -> dict[str, PadKey]:
    """The keys of a computer keyboard that press the pads of a bank of 4 × 4, wherever these are drawn."""
    own = of_bank(bank.slug, bank.pads, bank.places)
    if (own.rows, own.columns) != (BLOCK, BLOCK):
        return {}
    return {KEYS[BLOCK - place.row][place.column - 1]: key for place, (_, key) in own.pads.items()}
