"""A python-rtmidi in memory: clients that know the ports of one system and write down what is done to them."""

from __future__ import annotations

import os
from collections import deque


class Client:
    """What `rtmidi.MidiIn` and `rtmidi.MidiOut` both are here."""

    def __init__(self, system, direction, **options):
        self.system = system
        self.direction = direction
        self.options = options
        self.done = []
        self.callback = None
        self.port = None
        self.waiting = deque()

    def get_ports(self):
        if isinstance(self.system.ports, Exception):
            raise self.system.ports
        return [*self.system.ports, *self.system.virtual]

    def open_port(self, index):
        self._open("open_port", index)
        self.port = self.get_ports()[index]

    def open_virtual_port(self, name):
        self._open("open_virtual_port", name)
        self.port = f"{self.options['name']}:{name}"
        self.system.virtual.append(self.port)

    def _open(self, what, which):
        if self.system.refuses is not None:
            raise self.system.refuses
        self.done.append((what, which))

    def set_callback(self, callback):
        self.done.append("set_callback")
        self.callback = callback

    def cancel_callback(self):
        self.done.append("cancel_callback")

    def ignore_types(self, **types):
        self.done.append(("ignore_types", types))

    def send_message(self, data):
        self.done.append(("send", data))
        self.system.carry(self.port, data)

    def get_message(self):
        return self.waiting.popleft() if self.waiting else None

    def close_port(self):
        self.done.append("close_port")

    def delete(self):
        self.done.append("delete")


class Time:
    """A clock that goes on only while somebody sleeps. Stands in for the module ``time``."""

    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


class System:
    """A MIDI system: its ``ports``, and what it refuses. Stands in for the module ``rtmidi``."""

    def __init__(self, *apis):
        self.apis = list(apis)
        self.ports = []
        self.virtual = []
        self.clients = []
        self.refuses = None
        self.missing = ()
        self.alive = True

    def get_compiled_api(self):
        return self.apis

    def MidiIn(self, **options):  # noqa: N802 - its name in rtmidi
        return self._client("in", options)

    def MidiOut(self, **options):  # noqa: N802 - its name in rtmidi
        return self._client("out", options)

    def carry(self, port, data):
        """What is sent to a virtual input arrives there, as long as the server lives."""
        for client in self.clients:
            if self.alive and client.direction == "in" and client.port == port:
                client.waiting.append((data, 0.0))

    def _client(self, direction, options):
        if options["rtapi"] in self.missing:
            os.write(2, b"native chatter\n")
            raise OSError("nobody there")
        client = Client(self, direction, **options)
        self.clients.append(client)
        return client
