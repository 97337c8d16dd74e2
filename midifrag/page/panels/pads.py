"""The active bank as it lies on the controller: every pad with its state, and a place to press it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar, assert_never

from nicegui import events, ui

from midifrag.clock import monotonic
from midifrag.config.banks import Bank
from midifrag.config.pads import Pad
from midifrag.events import PadChanged
from midifrag.pad_key import PadKey
from midifrag.page import texts
from midifrag.page.model import PageModel, Part
from midifrag.page.panels.panel import Panel, Play, countdown, lands_in, led, own_colour, set_prop
from midifrag.states import COUNTS_DOWN, TROUBLES, PadState
from midifrag.surface.driver import LOOKS

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


@dataclass(frozen=True, slots=True)
class Place:
    """Where a pad lies: column and row from the lower left corner, counted from 0."""

    column: int
    row: int


def lay_out(keys: Collection[PadKey]) -> tuple[int, int, dict[PadKey, Place]]:
    """Columns, rows and the place of each pad, the lowest note at the lower left, as controllers have it.

    Notes 36–51 are the 4×4 grid of most pad controllers, 11–88 with digits 1–8 the 8×8 grid of a Launchpad. Other
    sets of notes lie in order of their notes.
    """
    notes = {key: key.note for key in keys}
    if all(36 <= note <= 51 for note in notes.values()) and len(set(notes.values())) == len(notes):
        return 4, 4, {key: Place((note - 36) % 4, (note - 36) // 4) for key, note in notes.items()}
    digits = {key: divmod(note, 10) for key, note in notes.items()}
    on_grid = all(1 <= row <= 8 and 1 <= column <= 8 for row, column in digits.values())
    if on_grid and len(set(digits.values())) == len(notes):
        return 8, 8, {key: Place(column - 1, row - 1) for key, (row, column) in digits.items()}
    columns = 4 if len(notes) <= 16 else 8
    ordered = sorted(keys)
    rows = max(4, -(-len(ordered) // columns))
    return columns, rows, {key: Place(i % columns, i // columns) for i, key in enumerate(ordered)}


class _Cell:
    """One pad on the screen."""

    def __init__(self, panel: PadsPanel, key: PadKey, pad: Pad, shortcut: str) -> None:
        self._panel, self._key, self._pad = panel, key, pad
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
        self._button.on("click", lambda: panel.press(key, USUAL_VELOCITY / 127), js_handler=_BY_KEY)

    def _touched(self, event: events.GenericEventArguments) -> None:
        self._panel.press(self._key, float(event.args))

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


class PadsPanel(Panel):
    """The pad grid, and the velocity of its presses."""

    parts: ClassVar[frozenset[Part]] = frozenset(
        {Part.BANK, Part.PADS, Part.JOBS, Part.CONFIGURATION, Part.TIME, Part.COUNTDOWN}
    )

    def __init__(self, page: PageModel, play: Play) -> None:
        super().__init__(page, play)
        self._cells: dict[PadKey, _Cell] = {}
        self._shortcuts: dict[str, PadKey] = {}
        self._shown: Bank | None = None
        with ui.element("section").classes("pads-panel"):
            self._grid = ui.element("div").classes("pads")
            with ui.element("div").classes("velocity"):
                ui.label(texts.VELOCITY)
                self._mode = ui.toggle([texts.BY_POSITION, texts.FIXED], value=texts.BY_POSITION).props("no-caps")
                self._velocity = ui.slider(min=1, max=127, value=USUAL_VELOCITY).props("label")
                self._velocity.props["aria-label"] = texts.VELOCITY
                self._velocity.bind_enabled_from(self._mode, "value", backward=lambda mode: mode == texts.FIXED)
            ui.keyboard(self._key, repeating=False, ignore=["input", "select", "textarea"])

    def press(self, key: PadKey, position: float) -> None:
        """Press a pad with the velocity that the performer chose."""
        if self._mode.value == texts.FIXED:
            self.page.press(key, self._velocity.value / 127)
        else:
            position = min(max(position, 0.0), 1.0)
            self.page.press(key, SOFTEST + (1 - SOFTEST) * position)

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        bank = self.page.bank
        if bank is None:
            return
        if bank is not self._shown:
            self._shown = bank
            self._build(bank)
        landings = self.page.landings()
        for key, cell in self._cells.items():
            pad = self.page.pad(key)
            if pad is not None:
                cell.show(pad, self._landing(pad, landings))

    def _build(self, bank: Bank) -> None:
        columns, rows, places = lay_out(bank.pads)
        self._grid.style(replace=f"--columns: {columns}; --rows: {rows}")
        self._grid.classes(replace="pads large" if columns > 4 else "pads")
        self._grid.clear()
        self._cells.clear()
        self._shortcuts.clear()
        at = {place: key for key, place in places.items()}
        with self._grid:
            for row in reversed(range(rows)):
                for column in range(columns):
                    key = at.get(Place(column, row))
                    if key is None:
                        ui.element("div").classes("pad-hole")
                        continue
                    shortcut = KEYS[rows - 1 - row][column] if rows == columns == 4 else ""
                    self._cells[key] = _Cell(self, key, bank.pads[key], shortcut)
                    self._shortcuts[shortcut] = key

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
        if key:
            self.press(key, USUAL_VELOCITY / 127)
