"""The MIDI monitor: what arrives, the newest first; it can be held still, and show only some of it."""

from __future__ import annotations

from collections.abc import Sequence

from nicegui import ui

from midifrag.page import texts
from midifrag.page.panels.panel import set_prop
from midifrag.page.wire import MidiSeen

#: Lines that are shown.
LINES = 14


class Monitor:
    """Lines, a button that holds them still, and a field for the words that they must have."""

    def __init__(self) -> None:
        self._seen: tuple[MidiSeen, ...] = ()
        self._held = False
        with ui.element("div").classes("monitor-line"):
            self._words = ui.input(texts.MONITOR_ONLY, on_change=self._draw).props("outlined dense clearable")
            self._words.classes("monitor-words")
            self._hold = (
                ui.button(texts.MONITOR_HOLD, on_click=self._turn).props("flat no-caps").classes("monitor-hold")
            )
            set_prop(self._hold, "aria-pressed", "false")
        self._lines = ui.label(texts.NO_MIDI).classes("lines monitor")

    def show(self, seen: Sequence[MidiSeen]) -> None:
        """Show what has arrived, unless it is held still."""
        if not self._held:
            self._seen = tuple(seen)
            self._draw()

    def _turn(self) -> None:
        self._held = not self._held
        self._hold.text = texts.MONITOR_GO_ON if self._held else texts.MONITOR_HOLD
        set_prop(self._hold, "aria-pressed", "true" if self._held else "false")

    def _draw(self) -> None:
        words = str(self._words.value or "").casefold().split()
        fitting = [one.text for one in self._seen if all(word in one.text.casefold() for word in words)]
        nothing = texts.NO_MIDI_FITS if self._seen else texts.NO_MIDI
        self._lines.text = "\n".join(fitting[: -LINES - 1 : -1]) or nothing
