"""``midifrag monitor``: what arrives on a set's ports and what it would do."""

from __future__ import annotations

import threading

from midifrag.bridge.set_list import SetList
from midifrag.commands.common import explained, stopping
from midifrag.commands.console import say
from midifrag.config.loading import Loaded
from midifrag.config.settings import Settings
from midifrag.intents import SelectBank
from midifrag.midi.describing import describe_event
from midifrag.midi.messages import MidiEvent, PortChanged, Tick
from midifrag.midi.ports import Ports


class Explaining:
    """Says what each event would do in the bank that is active, and goes along from bank to bank as a show would."""

    def __init__(self, loaded: Loaded) -> None:
        self.set_list = SetList(loaded)
        #: Each port calls from a thread of its own.
        self._lock = threading.Lock()

    def lines(self, event: MidiEvent) -> list[str]:
        """What came and what it does, and the bank that is active by it."""
        with self._lock:
            channel = getattr(event, "channel", None)
            only = self.set_list.settings.ports[event.port].channel
            if channel is not None and only not in (None, channel):
                return [f"{describe_event(event)} → nothing: channel {only} is the only one that counts on this port"]
            self.set_list.turn_to(event.port)
            mapper = self.set_list.mapper
            lines = [mapper.explain(event)]
            for select in mapper.intents(event):
                if not isinstance(select, SelectBank):
                    continue
                index = self.set_list.find(select)
                if index is None:
                    lines.append(f"No bank for it; {self.set_list.bank.name} stays.")
                elif index != self.set_list.index:
                    self.set_list.activate(index)
                    lines.append(f"Bank {self.set_list.bank.name}.")
            return lines


def monitor(loaded: Loaded, clock: bool) -> None:
    """Print what arrives, and what it would do, until Ctrl-C."""
    explaining = Explaining(loaded)

    def heard(event: MidiEvent) -> None:
        if isinstance(event, Tick) and not clock:
            return
        before = explaining.set_list.mappers
        for line in explaining.lines(event):
            say(line)
        if explaining.set_list.mappers != before:
            system.pair(*explaining.set_list.heard_together())

    def changed(change: PortChanged) -> None:
        say(change.text)

    with explained(), stopping() as stopped:
        system = Ports(_all_channels(loaded.settings), heard, changed)
        system.pair(*explaining.set_list.heard_together())
        system.open()
        try:
            system.watch()
            say(f"Bank {explaining.set_list.bank.name}. Press, turn, play; Ctrl-C ends.")
            stopped.wait()
        finally:
            system.close()


def _all_channels(settings: Settings) -> Settings:
    """The set with ports that let every channel through: what comes on the wrong one is what is looked for here."""
    ports = {name: port.model_copy(update={"channel": None}) for name, port in settings.ports.items()}
    return settings.model_copy(update={"ports": ports})
