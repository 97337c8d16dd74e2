"""OSC: every address, what it carries, and a try of those that come in, by a real packet to the show."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from nicegui import ui

from midifrag.doors.osc.packets import Message, OscError, Value, encoded
from midifrag.doors.osc.table import IN, OUT, Address, Argument, Direction, Kind
from midifrag.doors.osc.udp import send_once
from midifrag.page import texts
from midifrag.page.model import PageModel, Part
from midifrag.page.panels.panel import Panel, Play, set_prop


def typed(argument: Argument, text: str) -> Value:
    """What somebody typed for an argument, as the table may take it."""
    text = text.strip()
    if argument.kind is Kind.TEXT:
        return text
    try:
        return float(text)
    except ValueError:
        return text


class _Row:
    """One address; with fields and a button where it comes in."""

    def __init__(self, address: Address, page: PageModel) -> None:
        self._address, self._page = address, page
        with ui.element("div").classes("osc-row"):
            with ui.element("div").classes("osc-about"):
                ui.label(address.path).classes("osc-path")
                ui.label(f"{address.line[0].upper()}{address.line[1:]}.").classes("quiet")
            if address.direction is Direction.IN:
                self._build_try()
            else:
                self._build_arguments()

    def _build_arguments(self) -> None:
        with ui.element("div").classes("osc-arguments"):
            for argument in self._address.arguments:
                ui.label(texts.OSC_ARGUMENT.format(name=argument.name, line=argument.line)).classes("quiet")

    def _build_try(self) -> None:
        with ui.element("div").classes("osc-try"):
            self._fields = [self._field(argument) for argument in self._address.arguments]
            button = ui.button(texts.OSC_SEND, on_click=self._send).props("flat no-caps").classes("osc-send")
            set_prop(button, "aria-label", texts.OSC_SEND_HELP.format(path=self._address.path))
            self._said = ui.label().classes("osc-said quiet").props("role=status")

    def _field(self, argument: Argument) -> ui.input:
        label = texts.OSC_OPTIONAL.format(name=argument.name) if argument.optional else argument.name
        field = ui.input(label).props("outlined dense").classes("osc-field")
        set_prop(field, "title", argument.line)
        return field

    async def _send(self) -> None:
        try:
            packet = encoded(Message(self._address.path, self._values()), Direction.IN)
        except OscError as error:
            self._say(str(error), "error")
            return
        where = self._page.configuration.loaded.settings.osc.listen
        if where is None:
            self._say(texts.OSC_DEAF, "error")
            return
        try:
            await asyncio.to_thread(send_once, where, packet)
        except OSError as error:
            self._say(texts.OSC_NOT_SENT.format(where=where, error=error.strerror or error), "error")
            return
        self._say(texts.OSC_SENT.format(where=where), "sent")

    def _values(self) -> tuple[Value, ...]:
        """What was typed, as far as the first field that is left empty and may be."""
        values: list[Value] = []
        for argument, field in zip(self._address.arguments, self._fields, strict=True):
            text = field.value or ""
            if argument.optional and not text.strip():
                break
            values.append(typed(argument, text))
        return tuple(values)

    def _say(self, text: str, kind: str) -> None:
        self._said.text = text
        self._said.classes(replace=f"osc-said {kind}")


class OscPanel(Panel):
    """What other programs are told, and what they may say."""

    parts: ClassVar[frozenset[Part]] = frozenset({Part.CONFIGURATION})

    def __init__(self, page: PageModel, play: Play) -> None:
        super().__init__(page, play)
        with ui.element("div").classes("osc"):
            self._state = ui.label().classes("osc-state")
            ui.label(texts.OSC_IN).classes("box-title")
            for address in IN:
                _Row(address, page)
            ui.label(texts.OSC_OUT).classes("box-title")
            for address in OUT:
                _Row(address, page)

    def refresh(self) -> None:
        """See `Panel.refresh`."""
        settings = self.page.configuration.loaded.settings.osc
        listen = texts.OSC_LISTENS.format(where=settings.listen) if settings.listen else texts.OSC_DEAF
        send = texts.OSC_TELLS.format(where=", ".join(map(str, settings.send))) if settings.send else texts.OSC_SILENT
        self._state.text = f"{listen} {send}" if settings.is_on else texts.OSC_OFF
