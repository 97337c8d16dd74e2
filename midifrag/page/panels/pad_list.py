"""The list of a bank's pads, beside the form that changes one of them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Mapping, Sequence

from nicegui import ui

from midifrag.config.pads import Pad
from midifrag.pad_key import PadKey
from midifrag.page import set_texts, texts
from midifrag.page.panels.panel import own_colour


class PadList:
    """A row for each pad, and a last one for a pad that is new; ``go`` hears which was clicked, None for that one."""

    def __init__(self, go: Callable[[PadKey | None], None]) -> None:
        self._go = go
        self._rows: dict[PadKey | None, ui.button] = {}
        self._labels: dict[PadKey, ui.label] = {}
        self._pads = ui.element("div").classes("editor-pads")

    def show(self, keys: Sequence[PadKey], pads: Mapping[PadKey, Pad]) -> None:
        """Have rows for ``keys``, and say in each what ``pads`` say of it."""
        # Rows stay where they can: a click on one that was made anew just then would be lost.
        if [*self._rows] != [*keys, None]:
            self._build(keys)
        for key in keys:
            pad = pads.get(key)
            self._rows[key].style(replace=f"--own: {own_colour(pad.colour if pad else None)}")
            self._labels[key].text = pad.label if pad else texts.NONE

    def mark(self, chosen: PadKey | None, drafted: Collection[PadKey | None]) -> None:
        """Show which pad is in the form, and which have a draft."""
        for key, row in self._rows.items():
            unsaved = " unsaved" if key in drafted else ""
            row.classes(replace=f"{'' if key is None else 'editor-pad'}{' chosen' * (key == chosen)}{unsaved}")

    def first_beside(self, key: PadKey | None) -> PadKey | None:
        """The first pad that is another one; None where there is none."""
        return next((other for other in self._rows if other != key), None)

    def _build(self, keys: Sequence[PadKey]) -> None:
        self._pads.clear()
        self._rows.clear()
        self._labels.clear()
        with self._pads:
            for key in keys:
                row = ui.button(color=None, on_click=functools.partial(self._go, key)).props("flat no-caps align=left")
                row.props["data-edit"] = str(key)
                self._rows[key] = row
                with row:
                    ui.label(key.name).classes("pad-note")
                    self._labels[key] = ui.label().classes("editor-label")
            new = ui.button(set_texts.NEW_PAD, icon="add", color=None, on_click=functools.partial(self._go, None))
            self._rows[None] = new.props("flat no-caps align=left")
