"""A pattern on each controller, which the performer confirms."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import mido

from midifrag.commands.soundcheck.checks import Finding, fault, note, ok
from midifrag.config.loading import Loaded
from midifrag.errors import PortError
from midifrag.midi.ports import Ports
from midifrag.midi.protocol import Backend
from midifrag.surface.driver import Gridded, Look, Surface

#: The pattern's colours, which take turns from pad to pad.
COLOURS = ("red", "green", "blue", "white")


def pattern(surface: Surface) -> list[mido.Message]:
    """What lights every pad, colour by colour; empty for a controller without a grid or lights."""
    if not isinstance(surface, Gridded) or surface.grid is None:
        return []
    buttons = surface.grid.pads.values()
    return [
        message
        for number, button in enumerate(buttons)
        for message in surface.light(button, Look(COLOURS[number % len(COLOURS)]))
    ]


def dark(surface: Surface) -> list[mido.Message]:
    """What puts the pattern out."""
    if not isinstance(surface, Gridded) or surface.grid is None:
        return []
    return [message for button in surface.grid.pads.values() for message in surface.put_out(button)]


def leds(loaded: Loaded, confirm: Callable[[str], bool], backend: Backend | None = None) -> Iterator[Finding]:
    """Light each controller and ask whether it is seen; ``confirm`` asks a question."""
    ports = Ports(loaded.settings, lambda _event: None, backend=backend)
    try:
        ports.open()
        for name, settings in loaded.settings.ports.items():
            surface = settings.make_surface(ports.device(name))
            lit = pattern(surface)
            if not lit:
                continue
            if not ports.send(name, [*surface.init(), *lit]):
                yield note(f"{name}: nothing is there to be lit")
                continue
            try:
                seen = confirm(f"{name}: does every pad light up, {', '.join(COLOURS)} by turns?")
            finally:
                ports.send(name, [*dark(surface), *surface.leave()])
            yield (
                ok(f"{name}: its pads light up")
                if seen
                else fault(
                    f"{name}: its pads are dark; look at ports.{name}.surface and .out, and at the controller's mode"
                )
            )
    except PortError as error:
        yield note(str(error))
    finally:
        ports.close()
