"""``midifrag check``: whether a set is right, and what in it looks like a slip."""

from __future__ import annotations

from midifrag.commands.console import out
from midifrag.config.hints import hints
from midifrag.config.loading import Loaded
from midifrag.errors import PortError
from midifrag.midi.endpoints import endpoints_of
from midifrag.midi.finding import find, meant
from midifrag.midi.port_names import list_ports


def check(loaded: Loaded) -> None:
    """Say what a right set holds, what in it looks like a slip, and which of its ports are not there now."""
    settings = loaded.settings
    out.print(f"{loaded.path.name} is right: model {settings.model}, {settings.fragments.count} slots", markup=False)
    for bank in loaded.banks:
        program = f"program {bank.program}" if bank.program else "no program"
        out.print(f"  {bank.slug:<12} {bank.name}: {len(bank.pads)} pads, {program}", markup=False)
    for line in (*hints(loaded), *missing_ports(loaded)):
        out.print(f"  note: {line}", markup=False, soft_wrap=True)


def missing_ports(loaded: Loaded) -> list[str]:
    """What `midifrag run` would wait for or refuse, as lines; a machine without MIDI is one line."""
    try:
        there = list_ports(loaded.settings.backend)
    except PortError as error:
        return [str(error)]
    names = {"in": there.inputs, "out": there.outputs}
    lines = []
    for name, port in loaded.settings.ports.items():
        for endpoint in endpoints_of(name, port, loaded.settings.client):
            if endpoint.virtual is not None:
                continue
            try:
                if find(endpoint, names[endpoint.direction]) is None:
                    lines.append(
                        f"ports.{name}.{endpoint.direction}: {meant(endpoint)} is not plugged in; run waits for it"
                    )
            except PortError as error:
                lines.append(f"ports.{name}.{endpoint.direction}: {error}")
    return lines
