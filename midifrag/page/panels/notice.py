"""The line at the bottom: what went wrong until somebody has seen it, else the newest message."""

from __future__ import annotations

from typing import ClassVar

from nicegui import ui

from midifrag.page import texts
from midifrag.page.model import PageModel, Part
from midifrag.page.panels.panel import Panel, Play, icon_button, set_prop


class NoticePanel(Panel):
    """One line, in the colour of how much it matters, and a button for who has seen what is wrong."""

    parts: ClassVar[frozenset[Part]] = frozenset({Part.NOTICES, Part.FAILURES})

    def __init__(self, page: PageModel, play: Play) -> None:
        super().__init__(page, play)
        with ui.element("div").classes("notices"):
            self._seen = icon_button("done_all", texts.SEEN).on_click(self._saw)
            self._seen.classes("seen").set_visibility(False)
            self._text = ui.label(texts.NO_NOTICE).classes("notice").props("role=status")

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        unseen, notices = self.page.failures.unseen, self.page.view.notices
        self._seen.set_visibility(bool(unseen))
        if unseen:
            more = texts.MORE_FAILED.format(count=len(unseen) - 1) if len(unseen) > 1 else ""
            self._show(f"{unseen[0].text}{more}", "error")
        elif notices:
            self._show(notices[-1].text, notices[-1].level)
        else:
            self._show(texts.NO_NOTICE, "")

    def _show(self, text: str, level: str) -> None:
        self._text.text = text
        set_prop(self._text, "title", text)
        self._text.classes(replace=f"notice {level}".strip())

    def _saw(self) -> None:
        self.page.saw_failures()
