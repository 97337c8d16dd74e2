"""Whether a set's ports can be opened, and whether its clock is heard."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, Literal, TypeAlias

from midifrag.config.loading import Loaded
from midifrag.errors import MidifragError, PortError
from midifrag.midi.backends import choose_backend
from midifrag.midi.endpoints import Endpoint, endpoints_of
from midifrag.midi.finding import find, meant
from midifrag.midi.messages import MidiEvent, Tick
from midifrag.midi.ports import Ports
from midifrag.midi.protocol import Backend
from midifrag.show.link import LibrarySession, OpenSession

#: Seconds that a clock is waited for: at the slowest tempo, a tick comes every eighth of a second.
LISTEN_SECONDS = 2.0

#: How it is (the words of `checks.Outcome`), and a sentence.
Told: TypeAlias = tuple[Literal["ok", "note", "fault"], str]


def ports(loaded: Loaded, backend: Backend | None = None) -> Iterator[Told]:
    """Each endpoint of the set: whether it is there and can be opened."""
    settings = loaded.settings
    try:
        system = backend or choose_backend(settings.backend)
    except PortError as error:
        yield "fault", str(error)
        return
    with ExitStack() as ending:
        ending.callback(system.close)
        for name, port in settings.ports.items():
            for endpoint in endpoints_of(name, port, settings.client):
                yield _tried(system, endpoint)


def _tried(system: Backend, endpoint: Endpoint) -> Told:
    key = f"ports.{endpoint.port}.{endpoint.direction}"
    try:
        name = endpoint.virtual or find(endpoint, system.names(endpoint.direction))
        if name is None:
            return "fault", f"{key}: {meant(endpoint)} is not plugged in; plug it in, or say another in {key}"
        is_virtual = endpoint.virtual is not None
        if endpoint.direction == "in":
            opened: Any = system.open_input(
                name, virtual=is_virtual, client=endpoint.client, receive=lambda _data: None
            )
        else:
            opened = system.open_output(name, virtual=is_virtual, client=endpoint.client)
        opened.close()
    except (MidifragError, OSError) as error:
        return "fault", f"{key}: {error}; close what else uses it, or plug it in anew"
    return "ok", f"{key}: {name} opens"


def clock_source(
    loaded: Loaded,
    backend: Backend | None = None,
    seconds: float = LISTEN_SECONDS,
    open_link: OpenSession = LibrarySession,
) -> Iterator[Told]:
    """Whether the clock that the set goes by is heard within so many ``seconds``."""
    time = loaded.settings.time
    if time.source == "internal":
        yield "ok", f"midifrag's own, {loaded.settings.tempo:g} beats a minute"
        return
    if time.source == "ableton":
        yield "note", "Live's own, which tells its time once a show runs; until then midifrag's own goes on"
        return
    heard = _ticking(loaded, backend, seconds) if time.hears_midi else None
    if heard is not None:
        yield "ok", f"MIDI clock ticks on {heard}"
        return
    peers = _peers(loaded, open_link, seconds) if time.hears_link else None
    if peers:
        yield "ok", f"Ableton Link, with {peers} others"
        return
    own = "midifrag's own goes on in its place"
    if time.source == "auto":
        yield "ok", f"no other is heard: midifrag's own, {loaded.settings.tempo:g} beats a minute"
    elif time.source == "link":
        lacking = "nobody else is in Link's session" if peers == 0 else "Link is not installed (midifrag[link])"
        yield "note", f"{lacking}; start Link in the other program, or {own}"
    else:
        where = f"on {time.port}" if time.port else "on any port"
        yield "note", f"no MIDI clock ticks {where}; start the DAW's, and let it send its clock there, or {own}"


def _ticking(loaded: Loaded, backend: Backend | None, seconds: float) -> str | None:
    """The port on which a clock that counts is heard; None where none is."""
    wanted, found, heard = loaded.settings.time.port, list[str](), threading.Event()

    def hear(event: MidiEvent) -> None:
        if isinstance(event, Tick) and wanted in (None, event.port):
            found.append(event.port)
            heard.set()

    listening = Ports(loaded.settings, hear, backend=backend)
    try:
        listening.open()
        heard.wait(seconds)
    except PortError:
        # The ports' own check tells it.
        return None
    finally:
        listening.close()
    return found[0] if found else None


def _peers(loaded: Loaded, open_link: OpenSession, seconds: float) -> int | None:
    """How many others are in Link's session; None without its library."""
    try:
        session = open_link(loaded.settings.tempo)
    except ImportError:
        return None
    try:
        return _until(lambda: session.look(session.micros(), 4.0)[2], seconds)
    finally:
        session.close()


def _until(count: Callable[[], int], seconds: float, step: float = 0.1) -> int:
    waiting = threading.Event()
    for _ in range(max(1, round(seconds / step))):
        found = count()
        if found:
            return found
        waiting.wait(step)
    return count()
