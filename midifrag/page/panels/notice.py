"""The newest message, in a line that is always there."""

from __future__ import annotations

from typing import ClassVar

from nicegui import ui

from midifrag.page import texts
from midifrag.page.model import PageModel, Part
from midifrag.page.panels.panel import Panel, Play


class NoticePanel(Panel):
    """One line, in the colour of how much it matters."""

    parts: ClassVar[frozenset[Part]] = frozenset({Part.NOTICES})

    def __init__(self, page: PageModel, play: Play) -> None:
        super().__init__(page, play)
        self._text = ui.label(texts.NO_NOTICE).classes("notice").props("role=status")

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        notices = self.page.view.notices
        if notices:
            self._text.text = notices[-1].text
            self._text.classes(replace=f"notice {notices[-1].level}")
