"""Where a file of the show is: to be read, copied, fetched, and shown in the file manager of this machine."""

from __future__ import annotations

import asyncio
from pathlib import Path

from nicegui import ui

from midifrag.page import texts
from midifrag.page.reveal import RevealError, is_here, reveal


def tell_where(path: Path, address: str) -> None:
    """Open a dialog for the file at ``path``, which browsers fetch from ``address``."""

    async def show() -> None:
        try:
            await asyncio.to_thread(reveal, path)
        except RevealError as error:
            ui.notify(str(error), type="negative", multi_line=True)

    with ui.dialog() as dialog, ui.card().classes("dialog"):
        ui.label(texts.WHERE).classes("dialog-title")
        ui.label(str(path)).classes("path")
        with ui.row():
            if is_here(ui.context.client.ip):
                ui.button(texts.REVEAL, on_click=show).props("flat no-caps")
            ui.button(texts.COPY, on_click=lambda: _copy(str(path))).props("flat no-caps")
            ui.button(texts.DOWNLOAD, on_click=lambda: ui.download.from_url(address)).props("flat no-caps")
            ui.button(texts.CLOSE, on_click=dialog.close).props("flat no-caps")
    dialog.on("hide", dialog.delete)
    dialog.open()


def _copy(path: str) -> None:
    ui.clipboard.write(path)
    ui.notify(texts.COPIED)
