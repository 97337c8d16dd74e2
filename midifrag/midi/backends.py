"""MIDI systems: what lists, opens and carries ports. With `midifrag.midi.jack` all that touches real ones.

`RtMidi` speaks to ALSA, CoreMIDI, WinMM and JACK through python-rtmidi, with one probe client for all listings and raw
bytes on input, so that malformed messages can be counted. `MidoBackend` takes any other backend that mido knows.
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

from midifrag.errors import MidiGoneError, NoMidiError, PortError
from midifrag.midi import jack
from midifrag.midi.protocol import Backend, Direction, InputPort, OutputPort, Receive

#: What our clients are called where a MIDI system shows clients.
CLIENT = "midifrag"
#: JACK loses what is sent in the first cycles of a connection; others connect at once.
JACK_SETTLE_SECONDS = 0.1
#: Ports that python-rtmidi makes for a program that connects to a device; no device themselves.
_CONNECTION_ENDS = re.compile(
    rf"(RtMidi(In|Out) Client|{CLIENT}[^:]*):(RtMidi (in|out)put|{jack.BEAT_PORT}$)", re.IGNORECASE
)


def choose_backend(name: str | None = None) -> Backend:
    """The backend called ``name`` (as mido names them), or the first of python-rtmidi's that works here.

    Raises PortError that says what is missing, `NoMidiError` where that is the MIDI system itself.
    """
    if name is not None:
        module, _, api = name.partition("/")
        if module == "mido.backends.rtmidi":
            return RtMidi(api) if api else _first_working()
        return MidoBackend(name)
    return _first_working()


def _first_working() -> Backend:
    tried: list[str] = []
    for api in rtmidi.get_compiled_api():
        try:
            return RtMidi(_API_NAMES[api])
        except PortError as error:
            tried.append(str(error))
    raise NoMidiError(
        "No MIDI system found. " + " ".join(tried or ["python-rtmidi has no backend compiled in."]) + " On Linux, load "
        "ALSA's sequencer (sudo modprobe snd-seq) or start a JACK server; or play without ports: midifrag demo."
    )


_API_NAMES: dict[int, str] = {
    getattr(rtmidi, name): name.removeprefix("API_") for name in dir(rtmidi) if name.startswith("API_")
}


class RtMidi:
    """One of python-rtmidi's systems: LINUX_ALSA, UNIX_JACK, MACOSX_CORE or WINDOWS_MM."""

    def __init__(self, api: str) -> None:
        self.name = f"mido.backends.rtmidi/{api}"
        self._is_jack = api == "UNIX_JACK"
        self._heartbeat: jack.Heartbeat | None = None
        self.settle_seconds = JACK_SETTLE_SECONDS if self._is_jack else 0.0
        self._api_name = api
        known = [_API_NAMES[compiled] for compiled in rtmidi.get_compiled_api()]
        if api not in known:
            raise PortError(f"{self.name} is not in this python-rtmidi; it has {', '.join(known) or 'none'}.")
        self._api = next(number for number, name in _API_NAMES.items() if name == api)
        self._probes: dict[Direction, Any] = {"in": self._client(rtmidi.MidiIn), "out": self._client(rtmidi.MidiOut)}

    def names(self, direction: Direction) -> list[str]:
        """The ports that can be opened now."""
        self._check()
        try:
            found = self._probes[direction].get_ports()
        except (OSError, RuntimeError, KeyError) as error:
            raise PortError(f"{self.name} lists no ports: {error}") from error
        return [name for name in found if not _CONNECTION_ENDS.match(name)]

    def open_input(self, name: str, *, virtual: bool, receive: Receive) -> InputPort:
        """Open the input ``name``, or make a virtual one."""
        client = self._client(rtmidi.MidiIn, queue_size_limit=jack.QUEUE)
        client.ignore_types(sysex=True, timing=False, active_sense=True)
        if not self._is_jack:
            # Before the port opens, so that its first message already comes this way.
            client.set_callback(lambda packet, _data: receive(packet[0]))
        self._open(client, name, virtual)
        return jack.PolledInput(client, receive) if self._is_jack else _CallbackInput(client)

    def open_output(self, name: str, *, virtual: bool) -> OutputPort:
        """Open the output ``name``, or make a virtual one."""
        if self._is_jack and self._heartbeat is None:
            self._heartbeat = jack.Heartbeat(self._probes["out"], self._probes["in"])
        client = self._client(rtmidi.MidiOut)
        self._open(client, name, virtual)
        return jack.WatchedOutput(client, self._heartbeat) if self._heartbeat else _RtMidiOutput(client)

    def close(self) -> None:
        """Give up the probe clients."""
        for probe in self._probes.values():
            probe.delete()
        self._probes.clear()

    def _check(self) -> None:
        if self._heartbeat is not None and not self._heartbeat.beat():
            raise MidiGoneError("The JACK server died; start it, then midifrag, again.")

    def _client(self, kind: Any, **options: Any) -> Any:
        self._check()
        try:
            with _no_native_chatter():
                return kind(rtapi=self._api, name=CLIENT, **options)
        except (OSError, RuntimeError) as error:
            raise NoMidiError(f"{_MISSING.get(self._api_name, self.name)} ({error}).") from error

    def _open(self, client: Any, name: str, virtual: bool) -> None:
        try:
            if virtual:
                client.open_virtual_port(name)
            else:
                client.open_port(client.get_ports().index(name))
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


class _CallbackInput:
    def __init__(self, client: Any) -> None:
        self._client = client

    def close(self) -> None:
        self._client.cancel_callback()
        self._client.close_port()
        self._client.delete()


class _RtMidiOutput:
    def __init__(self, client: Any) -> None:
        self._client = client

    def send(self, message: mido.Message) -> None:
        self._client.send_message(message.bytes())

    def close(self) -> None:
        self._client.close_port()
        self._client.delete()


class MidoBackend:
    """Any backend that mido knows by its module's name, such as ``mido.backends.portmidi``."""

    settle_seconds = 0.0

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

    def open_input(self, name: str, *, virtual: bool, receive: Receive) -> InputPort:
        """Open the input ``name``, or make a virtual one."""

        def callback(message: mido.Message) -> None:
            receive(message.bytes())

        port: InputPort = self._open(lambda: self._backend.open_input(name, virtual=virtual, callback=callback), name)
        return port

    def open_output(self, name: str, *, virtual: bool) -> OutputPort:
        """Open the output ``name``, or make a virtual one."""
        port: OutputPort = self._open(lambda: self._backend.open_output(name, virtual=virtual), name)
        return port

    def close(self) -> None:
        """Nothing is held between listings."""

    def _open(self, opening: Callable[[], Any], name: str) -> Any:
        # A foreign backend may raise anything; whatever it is, this port is not open.
        try:
            return opening()
        except Exception as error:
            raise PortError(f"{name!r} cannot be opened by {self.name}: {error}") from error
