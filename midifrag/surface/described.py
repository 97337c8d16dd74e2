"""A surface made of a description: pad states become the messages that it says."""

from __future__ import annotations

from collections.abc import Iterator

import mido

from midifrag.states import PadState
from midifrag.surface.description import Description, Lamp
from midifrag.surface.driver import DEFAULT_COLOUR, LOOKS, Look, PadLight, colour_of
from midifrag.surface.grid import Button, Grid
from midifrag.surface.palette import COLOURS
from midifrag.surface.screen import Screen
from midifrag.surface.templates import Template

_TYPES = {"note": 0x9, "cc": 0xB}


class Described:
    """The controller of ``description``; ``device`` is the name of the one that is there."""

    def __init__(self, description: Description, device: str = "") -> None:
        self.description = description
        self.grid: Grid | None = description.layout
        self.screen: Screen | None = description.screen
        self._values = description.values_for(device)
        self._templates: dict[str, Template] = {}

    def init(self) -> list[mido.Message]:
        """What it is told at the start."""
        return self._told(self.description.init)

    def leave(self) -> list[mido.Message]:
        """What it is told at the end."""
        return self._told(self.description.leave)

    def show(self, pad: PadLight) -> list[mido.Message]:
        """The pad in its state's colour and motion, or as its state's number."""
        lamp = self._lamp(pad.button)
        if lamp is None:
            return []
        number = _state_number(lamp, pad)
        return self._light(lamp, pad.button, pad.channel, colour_of(pad.state, pad.colour), LOOKS[pad.state], number)

    def light(self, button: Button, look: Look) -> list[mido.Message]:
        """A pad or button in a colour of its own, whatever pads show: None is dark."""
        lamp = self._lamp(button)
        if lamp is None:
            return []
        colour = look.colour or "off"
        number = _number_of(lamp, colour, look)
        return self._light(lamp, button, button.channel or 1, colour, look, number)

    def clear(self, note: int, channel: int) -> list[mido.Message]:
        """The LED of a note goes off."""
        return self.put_out(Button("note", note, channel))

    def put_out(self, button: Button) -> list[mido.Message]:
        """The LED of a pad or button goes off."""
        lamp = self._lamp(button)
        if lamp is None:
            return []
        return self._made(lamp.off or lamp.still, lamp, button, button.channel or 1, "off", 0)

    def _lamp(self, button: Button) -> Lamp | None:
        """What lights it; None where it is neither a pad nor a button of this controller, or has no LED."""
        if self.grid is None:
            return self.description.pads
        channel = button.channel or 1
        if self.grid.seat(button.kind, button.number, channel) is not None:
            return self.description.pads
        return self.description.buttons if self.grid.button(button.kind, button.number, channel) else None

    def _light(
        self, lamp: Lamp, button: Button, channel: int, colour: str, look: Look, number: int
    ) -> list[mido.Message]:
        return self._made(lamp.messages(look.motion), lamp, button, channel, colour, number)

    def _made(
        self, texts: tuple[str, ...], lamp: Lamp, button: Button, channel: int, colour: str, number: int
    ) -> list[mido.Message]:
        red, green, blue = COLOURS[colour].rgb
        values = {
            "type": _TYPES[button.kind],
            "channel": channel - 1,
            "number": button.number,
            "colour": lamp.colours.get(colour, COLOURS[colour].code),
            "state": number,
            "red": red,
            "green": green,
            "blue": blue,
        }
        return list(self._filled(texts, values))

    def _filled(self, texts: tuple[str, ...], values: dict[str, int]) -> Iterator[mido.Message]:
        for text in texts:
            template = self._templates.get(text)
            if template is None:
                template = self._templates[text] = Template(text)
            message = template.message(values)
            if message is not None:
                yield message

    def _told(self, texts: tuple[str, ...]) -> list[mido.Message]:
        names = tuple(self._values)
        told = (Template(text, names).message(self._values) for text in texts)
        return [message for message in told if message is not None]


class DescribedInTempo(Described):
    """One whose pads can blink in the tempo of the music."""

    def beat(self, pad: PadLight, on: bool) -> list[mido.Message]:
        """On at the beat and off half a beat later."""
        lamp = self._lamp(pad.button)
        if lamp is None or not lamp.in_tempo:
            return []
        colour = colour_of(pad.state, pad.colour) if on else "off"
        number = (lamp.lit if lamp.lit is not None else _state_number(lamp, pad)) if on else 0
        return self._light(lamp, pad.button, pad.channel, colour, Look(None), number)


def _state_number(lamp: Lamp, pad: PadLight) -> int:
    if pad.state in lamp.states:
        return lamp.states[pad.state]
    look = LOOKS[pad.state]
    # An idle pad that says only its state is dark.
    return 0 if look.colour is None else COLOURS[look.colour].code


def _number_of(lamp: Lamp, colour: str, look: Look) -> int:
    """The number of the state that looks most like this, for LEDs that have no colours."""
    if colour in ("off", DEFAULT_COLOUR):
        # White is what is only there, as pads at rest are.
        return lamp.states.get(PadState.IDLE, 0)
    state = PadState.LANDED if look.motion == "still" else PadState.RENDERING
    return lamp.states.get(state, COLOURS[colour].code)
