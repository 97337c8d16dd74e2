"""The set list: which bank is active, and any other one step away."""

from __future__ import annotations

from typing import ClassVar

from nicegui import ui

from midifrag.intents import SelectBank
from midifrag.page import texts
from midifrag.page.model import PageModel, Part
from midifrag.page.panels.panel import Panel, Play, icon_button, set_prop


class BanksPanel(Panel):
    """A button for each bank, in the order of the set list, and two that step."""

    parts: ClassVar[frozenset[Part]] = frozenset({Part.BANK, Part.CONFIGURATION})

    def __init__(self, page: PageModel, play: Play) -> None:
        super().__init__(page, play)
        self._buttons: dict[str, ui.button] = {}
        with ui.element("nav").classes("banks").props(f'aria-label="{texts.BANKS}"'):
            icon_button("chevron_left", texts.PREVIOUS_BANK).on_click(lambda: self._step(-1))
            self._list = ui.element("div").classes("bank-list")
            icon_button("chevron_right", texts.NEXT_BANK).on_click(lambda: self._step(1))

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        names = {bank.slug: bank.name for bank in self.page.loaded.banks}
        # Buttons stay where they can: a click on one that was made anew just then would be lost.
        if [*names] != [*self._buttons]:
            self._list.clear()
            with self._list:
                self._buttons = {slug: self._build(slug) for slug in names}
        for slug, button in self._buttons.items():
            button.text = names[slug]
        active = self.page.view.bank
        for slug, button in self._buttons.items():
            chosen = active is not None and active.slug == slug
            button.classes(replace="bank active" if chosen else "bank")
            set_prop(button, "aria-pressed", "true" if chosen else "false")

    def _build(self, slug: str) -> ui.button:
        button = ui.button(color=None, on_click=lambda: self.page.put(SelectBank(slug=slug)))
        return button.props("flat no-caps").classes("bank")

    def _step(self, offset: int) -> None:
        self.page.put(SelectBank(offset=offset))
