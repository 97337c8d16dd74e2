"""MIDI systems: what lists, opens and carries ports. With `midifrag.midi.jack` all that touches real ones.

`RtMidi` speaks to ALSA, CoreMIDI and WinMM through python-rtmidi, with one probe client for all listings and raw bytes
on input, so that malformed messages can be counted. `MidoBackend` takes any other backend that mido knows.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mido
import rtmidi

from midifrag.errors import NoMidiError, PortError
from midifrag.midi import alsa
from midifrag.midi.jack import JackBackend
from midifrag.midi.jack_client import CONNECTION_ENDS, QUEUE
from midifrag.midi.protocol import Backend, Direction, InputPort, OutputPort, Receive

#: What our clients are called where a MIDI system shows clients, if nothing else is said.
CLIENT = "midifrag"
#: Ports that python-rtmidi makes for a program that connects to a device; no device themselves.
_CONNECTION_ENDS = re.compile(
    rf"^RtMidi(In|Out) Client:RtMidi (in|out)put|:({'|'.join(CONNECTION_ENDS.values())})( \d+:\d+)?$", re.IGNORECASE
)


def choose_backend(name: str | None = None, client: str = CLIENT) -> Backend:
    """The backend called ``name`` (as mido names them), or the first of python-rtmidi's that works here.

    ``client`` is what we are called where a MIDI system shows programs. Raises PortError that says what is missing,
    `NoMidiError` where that is the MIDI system itself.
    """
    if name is not None:
        module, _, api = name.partition("/")
        if module == "mido.backends.rtmidi":
            return _system(api, client) if api else _first_working(client)
        return MidoBackend(name)
    return _first_working(client)


def awaited_backend(name: str | None = None, client: str = CLIENT) -> Backend | None:
    """One that may begin to work later, where `choose_backend` found none that does: JACK, if it is meant or may be."""
    is_jack = JackBackend.name.partition("/")[2] in {_API_NAMES[api] for api in compiled()}
    waits = is_jack and name in (None, "mido.backends.rtmidi", JackBackend.name)
    return JackBackend(client, wait=True) if waits else None


def compiled() -> list[int]:
    """The systems that python-rtmidi knows here, the best first."""
    return list(rtmidi.get_compiled_api())


def _first_working(client: str) -> Backend:
    tried: list[str] = []
    for api in compiled():
        try:
            return _system(_API_NAMES[api], client)
        except PortError as error:
            tried.append(str(error))
    raise NoMidiError(
        "No MIDI system found. " + " ".join(tried or ["python-rtmidi has no backend compiled in."]) + " On Linux, load "
        "ALSA's sequencer (sudo modprobe snd-seq) or start a JACK server; or play without ports: midifrag demo."
    )


def _system(api: str, client: str) -> Backend:
    known = [_API_NAMES[number] for number in compiled()]
    if api not in known:
        name = f"mido.backends.rtmidi/{api}"
        raise PortError(f"{name} is not in this python-rtmidi; it has {', '.join(known) or 'none'}.")
    return JackBackend(client) if api == "UNIX_JACK" else RtMidi(api, client)


_API_NAMES: dict[int, str] = {
    getattr(rtmidi, name): name.removeprefix("API_") for name in dir(rtmidi) if name.startswith("API_")
}


class RtMidi:
    """One of python-rtmidi's systems but JACK: LINUX_ALSA, MACOSX_CORE or WINDOWS_MM.

    Of these only ALSA tells which connections there are; of the others one learns that a port went by its name alone.
    """

    settle_seconds = 0.0
    loses = False

    def __init__(self, api: str, client: str = CLIENT) -> None:
        self.name = f"mido.backends.rtmidi/{api}"
        self._api_name = api
        self._api = next(number for number, name in _API_NAMES.items() if name == api)
        self._probes: dict[Direction, Any] = {
            "in": self._client(rtmidi.MidiIn, client),
            "out": self._client(rtmidi.MidiOut, client),
        }

    def names(self, direction: Direction) -> list[str]:
        """The ports that can be opened now."""
        try:
            found = self._probes[direction].get_ports()
        except (OSError, RuntimeError, KeyError) as error:
            raise PortError(f"{self.name} lists no ports: {error}") from error
        return [name for name in found if not _CONNECTION_ENDS.search(name)]

    def open_input(self, name: str, *, virtual: bool, client: str, receive: Receive) -> InputPort:
        """Open the input ``name``, or make a virtual one."""
        before = self._numbers(client)
        made = self._client(rtmidi.MidiIn, client, queue_size_limit=QUEUE)
        # System exclusive is let in for the sake of devices that say who they are.
        made.ignore_types(sysex=False, timing=False, active_sense=True)
        # Before the port opens, so that its first message already comes this way.
        made.set_callback(lambda packet, _data: receive(packet[0]))
        self._open(made, name, virtual, CONNECTION_ENDS["in"])
        return _RtMidiInput(made, client, self._watch(client, before, name, virtual))

    def open_output(self, name: str, *, virtual: bool, client: str) -> OutputPort:
        """Open the output ``name``, or make a virtual one."""
        before = self._numbers(client)
        made = self._client(rtmidi.MidiOut, client)
        self._open(made, name, virtual, CONNECTION_ENDS["out"])
        return _RtMidiPort(made, client, self._watch(client, before, name, virtual))

    def close(self) -> None:
        """Give up the probe clients."""
        for probe in self._probes.values():
            probe.delete()
        self._probes.clear()

    def _numbers(self, client: str) -> set[int]:
        """The numbers of the clients called ``client``, where the system has numbers and tells them."""
        if self._api_name != "LINUX_ALSA":
            return set()
        return {number for number, found in alsa.clients().items() if found.name == client}

    def _watch(self, client: str, before: set[int], name: str, virtual: bool) -> Callable[[], bool | None]:
        ours = self._numbers(client) - before
        address = alsa.address_of(name)
        if virtual or address is None or len(ours) != 1:
            return lambda: None
        number = ours.pop()
        return lambda: alsa.is_connected(number, address)

    def _client(self, kind: Any, client: str, **options: Any) -> Any:
        try:
            with _no_native_chatter():
                return kind(rtapi=self._api, name=client, **options)
        except (OSError, RuntimeError) as error:
            raise NoMidiError(f"{_MISSING.get(self._api_name, self.name)} ({error}).") from error

    def _open(self, client: Any, name: str, virtual: bool, end: str) -> None:
        try:
            if virtual:
                client.open_virtual_port(name)
            else:
                client.open_port(client.get_ports().index(name), end)
        except NotImplementedError as error:
            client.delete()
            raise PortError(
                f"{self._api_name} has no virtual ports, so {name!r} cannot be made: create it with a loopback driver "
                f"such as loopMIDI and name it as in: {name}."
            ) from error
        except ValueError as error:
            client.delete()
            raise PortError(f"{name!r} went away while it was opened.") from error
        except (OSError, RuntimeError) as error:
            client.delete()
            raise PortError(f"{name!r} cannot be opened; another program may hold it ({error}).") from error


@contextlib.contextmanager
def _no_native_chatter() -> Iterator[None]:
    """ALSA and JACK write to stderr by themselves when they are not there; our own error says it better."""
    sys.stderr.flush()
    with Path(os.devnull).open("wb") as nowhere:
        kept = os.dup(2)
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


_MISSING: dict[str, str] = {
    "LINUX_ALSA": "ALSA has no sequencer here",
    "UNIX_JACK": "No JACK server is running",
    "WINDOWS_MM": "Windows MIDI does not answer",
    "MACOSX_CORE": "CoreMIDI does not answer",
}


class _RtMidiPort:
    """A client of python-rtmidi, in either direction; ``ask`` tells whether its connection stands."""

    def __init__(self, made: Any, client: str, ask: Callable[[], bool | None]) -> None:
        self.client = client
        self._made = made
        self._ask = ask

    @property
    def connected(self) -> bool | None:
        return self._ask()

    def send(self, message: mido.Message) -> None:
        self._made.send_message(message.bytes())

    def close(self) -> None:
        self._made.close_port()
        self._made.delete()


class _RtMidiInput(_RtMidiPort):
    def close(self) -> None:
        self._made.cancel_callback()
        super().close()


class ForeignPort:
    """One of mido's ports, ``port``, in either direction."""

    connected = None
    client = ""

    def __init__(self, port: Any) -> None:
        self.port = port

    def send(self, message: mido.Message) -> None:
        """Send one message."""
        self.port.send(message)

    def close(self) -> None:
        """Close it."""
        self.port.close()


class MidoBackend:
    """Any backend that mido knows by its module's name, such as ``mido.backends.portmidi``."""

    settle_seconds = 0.0
    loses = False

    def __init__(self, name: str) -> None:
        self.name = name
        self._backend = mido.Backend(name)
        try:
            self._backend.load()
        except Exception as error:
            raise PortError(f"MIDI backend {name!r} cannot be loaded: {error}") from error
        if not (hasattr(self._backend.module, "Input") or hasattr(self._backend.module, "Output")):
            raise PortError(f"{name!r} is a module of Python, and no MIDI backend.")

    def names(self, direction: Direction) -> list[str]:
        """The ports that can be opened now."""
        try:
            return list(self._backend.get_input_names() if direction == "in" else self._backend.get_output_names())
        except Exception as error:
            raise PortError(f"{self.name} lists no ports: {error}") from error

    def open_input(self, name: str, *, virtual: bool, client: str, receive: Receive) -> InputPort:  # noqa: ARG002 — as the protocol has it
        """Open the input ``name``, or make a virtual one. What its client is called is mido's own business."""

        def callback(message: mido.Message) -> None:
            receive(message.bytes())

        return ForeignPort(self._open(lambda: self._backend.open_input(name, virtual=virtual, callback=callback), name))

    def open_output(self, name: str, *, virtual: bool, client: str) -> OutputPort:  # noqa: ARG002 — as the protocol has it
        """Open the output ``name``, or make a virtual one. What its client is called is mido's own business."""
        return ForeignPort(self._open(lambda: self._backend.open_output(name, virtual=virtual), name))

    def close(self) -> None:
        """Nothing is held between listings."""

    def _open(self, opening: Callable[[], Any], name: str) -> Any:
        # A foreign backend may raise anything; whatever it is, this port is not open.
        try:
            return opening()
        except Exception as error:
            raise PortError(f"{name!r} cannot be opened by {self.name}: {error}") from error
