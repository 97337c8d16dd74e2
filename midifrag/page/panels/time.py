"""Musical time: tempo, bar and beat, whose clock that is; and a button to tap the tempo."""

from __future__ import annotations

import json
from typing import ClassVar

from nicegui import ui

from midifrag.clock import monotonic
from midifrag.intents import Tap
from midifrag.page import texts
from midifrag.page.model import PageModel, Part
from midifrag.page.panels.panel import Panel, Play, set_prop
from midifrag.timeline import Timeline


class TimePanel(Panel):
    """Tempo, bar and beat, source, tap."""

    parts: ClassVar[frozenset[Part]] = frozenset({Part.BEAT})

    def __init__(self, page: PageModel, play: Play) -> None:
        super().__init__(page, play)
        with ui.element("div").classes("time"):
            with ui.element("div").classes("time-numbers") as self._numbers:
                self._tempo = ui.label().classes("time-tempo")
                # Counted by beats.js.
                self._beat = ui.element("div").classes("time-beat")
                self._source = ui.label().classes("time-source")
            tap = ui.button(texts.TAP, color=None, on_click=lambda: page.put(Tap(monotonic())))
            tap.props("flat no-caps").classes("tap").props["title"] = texts.TAP_HELP

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        line = self.page.view.time
        if line is None:
            self._tempo.text = texts.NO_TEMPO
            return
        self._tempo.text = texts.TEMPO.format(bpm=line.bpm)
        set_prop(self._beat, "data-line", json.dumps(_told(line)))
        self._source.text = line.source
        title = texts.TIME_HELP if line.running else texts.WAITS_HELP
        set_prop(self._numbers, "title", title.format(signature=line.signature, source=line.source))


def _told(line: Timeline) -> dict[str, float | bool]:
    """A line of time as beats.js reads it: lengths in quarter notes, moments in seconds of the show's clock."""
    signature = line.signature
    return {
        "bpm": line.bpm,
        "at": line.at,
        "position": line.position,
        "bar": signature.bar,
        "beat": signature.beat,
        "running": line.running,
    }
