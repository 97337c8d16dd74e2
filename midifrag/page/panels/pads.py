"""The active bank, by itself or as it lies on a controller: every pad with its state, and a place to press it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, assert_never

from nicegui import events, ui

from midifrag.clock import monotonic
from midifrag.config.banks import Bank
from midifrag.config.layout import BLOCK, Shown
from midifrag.errors import MidifragError
from midifrag.events import PadChanged
from midifrag.pad_key import PadKey
from midifrag.page import texts
from midifrag.page.model import PageModel, Part
from midifrag.page.panels.pad_cell import USUAL_VELOCITY, Cell, GridButton, Look
from midifrag.page.panels.panel import Panel, Play, countdown, lands_in
from midifrag.page.panels.prompt import parameters_of
from midifrag.page.panels.save_dialog import SaveDialog
from midifrag.page.panels.saving import tell
from midifrag.page.picture import Picture, controllers, of_bank, of_controller
from midifrag.show.button_looks import Surroundings
from midifrag.states import COUNTS_DOWN, PadState
from midifrag.surface.grid import Place

#: The softest press by position.
SOFTEST = 0.15
#: Keys of a computer keyboard that lie as a 4×4 pad grid does, top row first, as an English one calls them.
KEYS = ("1234", "qwer", "asdf", "zxcv")
#: What browsers say of a key that was pressed: where it lies, whatever stands on it.
_PAD_KEY = "(e) => emit(e.detail)"


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
            Part.FAILURES,
        }
    )

    def __init__(self, page: PageModel, play: Play) -> None:
        super().__init__(page, play)
        self._cells: dict[tuple[str, PadKey], Cell] = {}
        self._buttons: list[GridButton] = []
        self._shortcuts: dict[str, PadKey] = {}
        self._shown: tuple[Bank, Picture] | None = None
        #: The port whose controller is drawn, "" for a bank by itself, None until somebody chooses.
        self._chosen: str | None = None
        #: The choices are being set, by nobody's hand.
        self._offers = False
        with ui.element("section").classes("pads-panel").props(f'aria-label="{texts.PADS}"') as panel:
            self._grid = ui.element("div").classes("pads")
            with ui.element("div").classes("velocity"):
                self._choice = ui.select({}, on_change=lambda event: self._choose(event.value)).props("dense outlined")
                self._choice.classes("pads-choice")
                self._choice.props["aria-label"] = texts.DRAWN
                ui.label(texts.VELOCITY)
                self._mode = ui.toggle([texts.BY_POSITION, texts.FIXED], value=texts.BY_POSITION).props("no-caps")
                self._velocity = ui.slider(min=1, max=127, value=USUAL_VELOCITY).props("label")
                self._velocity.props["aria-label"] = texts.VELOCITY
                self._velocity.bind_enabled_from(self._mode, "value", backward=lambda mode: mode == texts.FIXED)
            panel.on("padkey", self._key, js_handler=_PAD_KEY)

    def press(self, slug: str, key: PadKey, position: float) -> None:
        """Press a pad with the velocity that the performer chose."""
        if self._mode.value == texts.FIXED:
            velocity = self._velocity.value / 127
        else:
            velocity = SOFTEST + (1 - SOFTEST) * min(max(position, 0.0), 1.0)
        self.page.press(key, velocity, slug)

    async def take_dropped(self, slug: str, key: PadKey, number: int) -> None:
        """Ask whether the pad shall be what made a take; nothing is replaced without an answer."""
        try:
            record = await asyncio.to_thread(self.page.archive.get, number)
        except MidifragError as error:
            tell({"": str(error)})
            return
        model = record.model if record.model in self.page.loaded.settings.known_models else None
        SaveDialog(self.page, {"prompt": record.prompt, **parameters_of(record, model)}, (slug, key))

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
        for cell, look in self._looks():
            if not cell.show(look):
                self.page.pressed.set()
        view = self.page.view
        around = Surroundings.of(view)
        port = self.page.loaded.settings.ports.get(picture.port or "")
        shown = view.layouts.get(picture.port or "") or Shown(side=port.banks if port else 1)
        for button in self._buttons:
            button.show(around, shown)

    def pressed(self, *, whole: bool = False) -> Sequence[Mapping[str, Any]]:
        """See `Panel.pressed`."""
        said = (cell.tell(look, again=whole) for cell, look in self._looks())
        return [one for one in said if one is not None]

    def _looks(self) -> Iterator[tuple[Cell, Look]]:
        landings = self.page.landings()
        for (slug, key), cell in self._cells.items():
            pad = self.page.pad(key, slug)
            if pad is not None:
                yield cell, cell.look(pad, self._landing(pad, landings), self.page.failures.of_pad(slug, key))

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
                    self._buttons.append(GridButton(self.page.put, picture.buttons[place], picture.port or ""))
                else:
                    ui.element("div").classes("pad-none" if place in picture.bare else "pad-hole")

    def _build_pad(self, slug: str, key: PadKey) -> None:
        pad = next(bank.pads[key] for bank in self.page.loaded.banks if bank.slug == slug)
        is_active = self.page.bank is not None and self.page.bank.slug == slug
        code = next((one for one, meant in self._shortcuts.items() if is_active and meant == key), None)
        shortcut = None if code is None else (code, code[-1].lower())
        self._cells[slug, key] = Cell(self, slug, key, pad, shortcut)

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

    def _key(self, event: events.GenericEventArguments) -> None:
        key = self._shortcuts.get(str(event.args))
        if key and self.page.bank:
            self.press(self.page.bank.slug, key, USUAL_VELOCITY / 127)


def _shortcuts_of(bank: Bank) -> dict[str, PadKey]:
    """What presses the pads of a bank of 4 × 4, wherever these are drawn: keys by where they lie (``code``)."""
    own = of_bank(bank.slug, bank.pads, bank.places)
    if (own.rows, own.columns) != (BLOCK, BLOCK):
        return {}
    return {code_of(KEYS[BLOCK - place.row][place.column - 1]): key for place, (_, key) in own.pads.items()}


def code_of(letter: str) -> str:
    """What browsers call the key that an English keyboard has a letter or digit on (UI Events, ``code``)."""
    return f"Digit{letter}" if letter.isdigit() else f"Key{letter.upper()}"
