"""What a performer needs to know at the top: what plays and whether it is ready, what sounds, how late; and panic."""

from __future__ import annotations

from typing import ClassVar

from nicegui import ui

from midifrag.intents import Panic
from midifrag.page import texts
from midifrag.page.model import PageModel, Part
from midifrag.page.panels.panel import Panel, Play, engine_line, engine_words, set_prop
from midifrag.page.panels.sounding import shown_level, sound_line, sounds_words


class StatusPanel(Panel):
    """Engine, what sounds, queue, latency, panic. Details are on the engine's tab, and told to who hovers."""

    parts: ClassVar[frozenset[Part]] = frozenset(
        {Part.ENGINES, Part.JOBS, Part.FINISHED, Part.PLAYBACK, Part.SOUNDING, Part.METERS, Part.SLOTS, Part.TIME}
    )

    def __init__(self, page: PageModel, play: Play) -> None:
        super().__init__(page, play)
        with ui.element("div").classes("status"):
            self._engine = ui.label().classes("status-engine")
            self._sound = ui.label().classes("status-sound")
            with ui.element("div").classes("status-numbers"):
                self._queue = ui.label()
                self._latency = ui.label()
        panic = ui.button(texts.PANIC, on_click=lambda: page.put(Panic())).props("unelevated no-caps color=negative")
        panic.classes("panic").props["title"] = texts.PANIC_HELP

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        view = self.page.view
        engine = view.engines.get(self.page.loaded.settings.model) or next(iter(view.engines.values()), None)
        if engine is None:
            self._engine.text = texts.STARTING
        else:
            self._engine.text = engine_words(engine)
            set_prop(self._engine, "title", engine_line(engine))
            set_prop(self._engine, "data-state", engine.state)
        self._sound.text = sounds_words(view)
        if view.playback is not None:
            set_prop(self._sound, "data-state", view.playback.state)
            set_prop(self._sound, "title", "; ".join(filter(None, (sound_line(view.playback), view.playback.text))))
            level = shown_level(view.meters, None) if view.sounding else 0.0
            self._sound.style(replace=f"--level: {level:.2f}")
        self._queue.text = texts.QUEUE.format(count=self.page.queued)
        p50 = view.percentile(0.5)
        self._latency.text = texts.NO_LATENCY if p50 is None else texts.LATENCY.format(p50=p50)
