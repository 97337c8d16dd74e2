"""The lights of one controller: what is lit on it, and what is sent when that changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import mido

from midifrag.config.buttons import ButtonUse
from midifrag.config.desk import Desk
from midifrag.config.layout import Shown
from midifrag.config.ports import PortSettings
from midifrag.events import PadChanged
from midifrag.pad_key import PadKey
from midifrag.show.button_looks import Surroundings
from midifrag.states import PadState
from midifrag.surface.driver import Gridded, Look, PadLight, Surface
from midifrag.surface.grid import Button, Grid


class PortLights:
    """What is lit at ``port``, where ``surface`` is. `banks_changed` says what lies where."""

    def __init__(self, port: str, settings: PortSettings, surface: Surface) -> None:
        self.port = port
        self.surface = surface
        #: By what each LED is called.
        self.lit: dict[Button, PadChanged] = {}
        self._settings = settings
        self._gridded: Gridded | None = surface if isinstance(surface, Gridded) else None
        self._seats: dict[tuple[str, PadKey], Button] = {}
        self._uses: Mapping[Button, ButtonUse] = {}
        self._buttons: dict[Button, Look] = {}
        self._active, self._shown = "", Shown()

    @property
    def grid(self) -> Grid | None:
        """The controller's grid, where banks lie on it by place."""
        if self._gridded is None or self._settings.place == "notes":
            return None
        return self._gridded.grid

    def lay(self, desk: Desk, active: str, *, buttons: bool) -> list[tuple[str, PadKey]]:
        """Take in what lies where while the bank called ``active`` is; what is shown, where that goes by place."""
        self._active, self._shown = active, desk.shown(self.port)
        grid = self.grid
        if grid is None:
            return []
        lying = desk.lying(self.port, grid)
        self._seats = {there: grid.pads[seat] for seat, there in lying.items()}
        self._uses = desk.uses(self.port, grid) if buttons else {}
        return list(self._seats)

    def address(self, pad: PadChanged, played: int) -> Button | None:
        """What the LED of a pad is called here; ``played`` is the channel that it was pressed on last.

        None where it is not shown.
        """
        if self.grid is None:
            return Button("note", pad.note, pad.pad.channel or self._settings.channel or played)
        button = self._seats.get((pad.bank, pad.pad))
        if button is None:
            return None
        return button._replace(channel=button.channel or self._settings.channel or played)

    def show(self, address: Button, pad: PadChanged) -> list[mido.Message]:
        """What shows a pad whose state or looks changed; nothing where its LED is right already."""
        messages: list[mido.Message] = []
        for other in [one for one, shown in self.lit.items() if _is_same(shown, pad) and one != address]:
            # It was pressed on another channel before.
            if self.lit.pop(other).state is not PadState.IDLE:
                messages += self._out(other)
        before = self.lit.get(address)
        if before is not None and pad.state is PadState.WAITING is before.state:
            # It may wait for another moment now.
            self.lit[address] = pad
        # A new press is shown even where the LED looks the same; progress alone, of several in turn, is not.
        if before is None or _looks(before) != _looks(pad) or (pad.job or 0) > (before.job or 0):
            self.lit[address] = pad
            messages += self.surface.show(light_of(address, pad))
        return messages

    def repaint(self, wanted: Mapping[Button, PadChanged]) -> list[mido.Message]:
        """What shows all of ``wanted``, and nothing else, whatever the LEDs show by now."""
        messages = [m for address in self.lit if address not in wanted for m in self._out(address)]
        messages += [m for address, pad in wanted.items() for m in self.surface.show(light_of(address, pad))]
        self.lit = dict(wanted)
        return messages

    def rest(self, pad: PadChanged) -> list[mido.Message]:
        """What has a pad that is shown at another port now rest here."""
        shown = [(address, one) for address, one in self.lit.items() if _is_same(one, pad)]
        busy = [(address, one) for address, one in shown if one.state not in (PadState.IDLE, PadState.READY)]
        return [m for at, one in busy for m in self.show(at, replace(one, state=PadState.IDLE, job=None))]

    def buttons(self, around: Surroundings, *, anew: bool = False) -> list[mido.Message]:
        """What shows the buttons as they are to look; all of them with ``anew``, else those that changed."""
        if self._gridded is None or self.grid is None:
            return []
        here = replace(around, active=self._active)
        wanted = {button: here.look(use, self._shown) for button, use in self._uses.items()}
        gone = [button for button in self._buttons if button not in wanted]
        messages = [m for button in gone for m in self._gridded.put_out(button)]
        for button, look in wanted.items():
            if anew or self._buttons.get(button) != look:
                messages += self._gridded.light(button, look)
        self._buttons = wanted
        return messages

    def close(self) -> list[mido.Message]:
        """What puts all LEDs out."""
        buttons = self._gridded.put_out if self._gridded is not None else None
        messages = [m for address in self.lit for m in self._out(address)]
        return messages + ([m for button in self._buttons for m in buttons(button)] if buttons else [])

    def _out(self, address: Button) -> Iterable[mido.Message]:
        if self._gridded is not None:
            return self._gridded.put_out(address)
        return self.surface.clear(address.number, address.channel or 1)


def light_of(address: Button, pad: PadChanged) -> PadLight:
    """A pad as the surface lights it at this LED."""
    return PadLight(address.number, address.channel or 1, pad.state, pad.colour, address.kind == "cc")


def _is_same(one: PadChanged, other: PadChanged) -> bool:
    return (one.bank, one.pad) == (other.bank, other.pad)


def _looks(pad: PadChanged) -> tuple[PadState, str | None]:
    return pad.state, pad.colour
