"""``midifrag monitor``: what arrives on a set's ports and what it would do."""

from __future__ import annotations

from midifrag.commands.common import explained, stopping
from midifrag.commands.console import out
from midifrag.config.loading import Loaded
from midifrag.midi.mapping import Mapper
from midifrag.midi.messages import MidiEvent, PortChanged, ProgramChange, Tick
from midifrag.midi.ports import Ports


def monitor(loaded: Loaded, clock: bool) -> None:
    """Print what arrives, and what it would do, until Ctrl-C."""
    banks = loaded.banks
    state = {"mapper": Mapper(loaded.settings, banks[0])}

    def heard(event: MidiEvent) -> None:
        if isinstance(event, Tick) and not clock:
            return
        mapper = state["mapper"]
        out.print(mapper.explain(event), markup=False, soft_wrap=True)
        if isinstance(event, ProgramChange):
            bank = next((bank for bank in banks if bank.program == event.program), None)
            if bank is not None:
                state["mapper"] = Mapper(loaded.settings, bank)
                system.pair(state["mapper"].pairs)

    def changed(change: PortChanged) -> None:
        out.print(change.text, markup=False, soft_wrap=True)

    with explained(), stopping() as stopped:
        system = Ports(loaded.settings, heard, changed)
        system.pair(state["mapper"].pairs)
        system.open()
        try:
            system.watch()
            out.print(f"Bank {banks[0].name}. Press, turn, play; Ctrl-C ends.", markup=False)
            stopped.wait()
        finally:
            system.close()
