"""``midifrag check``: whether a set is right, and what in it looks like a slip."""

from __future__ import annotations

from midifrag.commands.console import say
from midifrag.config.hints import hints
from midifrag.config.loading import Loaded
from midifrag.config.settings import VirtualPort
from midifrag.errors import PortError
from midifrag.midi.port_names import find_port, list_ports


def check(loaded: Loaded) -> None:
    """Say what a right set holds, what in it looks like a slip, and which of its ports are not there now."""
    settings = loaded.settings
    say(f"{loaded.path.name} is right: model {settings.model}, {settings.fragments.count} slots")
    for bank in loaded.banks:
        program = f"program {bank.program}" if bank.program else "no program"
        say(f"  {bank.slug:<12} {bank.name}: {len(bank.pads)} pads, {program}")
    for line in (*hints(loaded), *missing_ports(loaded)):
        say(f"  note: {line}")


def missing_ports(loaded: Loaded) -> list[str]:
    """What `midifrag run` would wait for or refuse, as lines; a machine without MIDI is one line."""
    try:
        there = list_ports(loaded.settings.backend)
    except PortError as error:
        return [str(error)]
    lines = []
    for name, port in loaded.settings.ports.items():
        for direction, wanted, names in (("in", port.input, there.inputs), ("out", port.output, there.outputs)):
            if wanted is None or isinstance(wanted, VirtualPort):
                continue
            try:
                if find_port(wanted, names) is None:
                    lines.append(f"ports.{name}.{direction}: {wanted!r} is not plugged in; run waits for it")
            except PortError as error:
                lines.append(f"ports.{name}.{direction}: {error}")
    return lines
