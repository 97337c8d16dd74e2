"""One audio player for a screen: what it plays, it plays in the browser, beside whatever the DAW plays."""

from __future__ import annotations

import itertools

from nicegui import ui

from midifrag.page import texts


class Player:
    """Plays a slot or a take; the next one takes its place."""

    def __init__(self) -> None:
        self._times = itertools.count(1)
        with ui.element("div").classes("player"):
            self._title = ui.label(texts.PLAYER).classes("player-title")
            self._audio = ui.audio("data:audio/wav;base64,", autoplay=True).classes("player-audio")

    def play(self, address: str, title: str) -> None:
        """Play what is at ``address`` from its beginning."""
        self._title.text = title
        self._audio.set_source(f"{address}?play={next(self._times)}")
