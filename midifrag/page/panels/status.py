"""The top line's figures: how the engine stands, how much is queued, how quick it is; and the panic button."""

from __future__ import annotations

from typing import ClassVar

from nicegui import ui

from midifrag.intents import Panic
from midifrag.page import texts
from midifrag.page.model import PageModel, Part
from midifrag.page.panels.panel import Panel, Play, engine_line, set_prop
from midifrag.page.panels.sounding import shown_level, sound_line


class StatusPanel(Panel):
    """Engine, queue, latency, panic."""

    parts: ClassVar[frozenset[Part]] = frozenset(
        {Part.ENGINES, Part.JOBS, Part.FINISHED, Part.PLAYBACK, Part.SOUNDING, Part.METERS, Part.TIME}
    )

    def __init__(self, page: PageModel, play: Play) -> None:
        super().__init__(page, play)
        with ui.element("div").classes("status"):
            self._engine = ui.label().classes("status-engine")
            with ui.element("div").classes("status-numbers"):
                self._queue = ui.label()
                self._latency = ui.label()
            self._sound = ui.label().classes("status-sound")
            self._sound.set_visibility(False)
        panic = ui.button(texts.PANIC, on_click=lambda: page.put(Panic())).props("unelevated no-caps color=negative")
        panic.classes("panic").props["title"] = texts.PANIC_HELP

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        view = self.page.view
        engine = view.engines.get(self.page.loaded.settings.model) or next(iter(view.engines.values()), None)
        if engine is None:
            self._engine.text = texts.STARTING
        else:
            self._engine.text = engine_line(engine)
            set_prop(self._engine, "data-state", engine.state)
        if view.playback is not None:
            self._sound.set_visibility(True)
            self._sound.text = sound_line(view.playback)
            set_prop(self._sound, "data-state", view.playback.state)
            set_prop(self._sound, "title", "; ".join(filter(None, (view.playback.device, view.playback.text))))
            level = shown_level(view.meters, None) if view.sounding else 0.0
            self._sound.style(replace=f"--level: {level:.2f}")
        self._queue.text = texts.QUEUE.format(count=self.page.queued)
        p50 = view.percentile(0.5)
        self._latency.text = texts.NO_LATENCY if p50 is None else texts.LATENCY.format(p50=p50)
