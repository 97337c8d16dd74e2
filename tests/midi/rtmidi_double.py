"""A python-rtmidi in memory: clients that know the ports of one system and write down what is done to them."""

from __future__ import annotations

import os


class Client:
    """What `rtmidi.MidiIn` and `rtmidi.MidiOut` both are here."""

    def __init__(self, system, direction, **options):
        self.system = system
        self.direction = direction
        self.options = options
        self.done = []
        self.callback = None
        self.end = None

    def get_ports(self):
        if isinstance(self.system.ports, Exception):
            raise self.system.ports
        return list(self.system.ports)

    def open_port(self, index, name=None):
        self._open("open_port", index)
        self.end = name

    def open_virtual_port(self, name):
        self._open("open_virtual_port", name)

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
        self.clients = []
        self.refuses = None
        self.missing = ()

    def get_compiled_api(self):
        return self.apis

    def MidiIn(self, **options):  # noqa: N802 - its name in rtmidi
        return self._client("in", options)

    def MidiOut(self, **options):  # noqa: N802 - its name in rtmidi
        return self._client("out", options)

    def _client(self, direction, options):
        if options["rtapi"] in self.missing:
            os.write(2, b"native chatter\n")
            raise OSError("nobody there")
        client = Client(self, direction, **options)
        self.clients.append(client)
        return client
