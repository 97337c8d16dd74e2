"""What a soundcheck looks at before anything is rendered: one table, a row each."""

from __future__ import annotations

import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import psutil

from midifrag.clock import monotonic
from midifrag.commands import check, check_doors, doctor, servers
from midifrag.commands.fetch import size_text
from midifrag.commands.soundcheck import listening
from midifrag.config.hints import hints
from midifrag.config.loading import Loaded
from midifrag.config.osc import LOOPBACK
from midifrag.config.playback import DEFAULT
from midifrag.config.servers import server_of
from midifrag.engine.loading.inventory import presence
from midifrag.engine.remote.calling import Look
from midifrag.errors import HubError, MidifragError, PlaybackError
from midifrag.fragment.files import force_to_disk, storage_error
from midifrag.playback.output_list import list_outputs
from midifrag.playback.outputs import find_output

#: Bytes of a take of eleven seconds in stereo at 44.1 kHz and 24 bits, which is what most models render.
TAKE_BYTES = 11 * 44100 * 2 * 3
#: Seconds that a take may need to the disk before that is told.
SLOW_DISK = 0.5
#: Free takes below which a show may end without room, and below which that is told.
NO_ROOM, LITTLE_ROOM = 50, 1000
#: Free memory below which the system begins to swap beside a show, in bytes.
LITTLE_MEMORY = 1 << 30


class Outcome(StrEnum):
    """What a check found: all is well, something should be known, or something would fail on stage."""

    OK = "ok"
    NOTE = "note"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look found, in a sentence that has the way out where there is one."""

    outcome: Outcome
    text: str


class Check(NamedTuple):
    """A row of the table: its name, and what looks. No finding at all is well."""

    name: str
    look: Callable[[Loaded], Iterator[Finding]]


def ok(text: str) -> Finding:
    """Something is as it should be."""
    return Finding(Outcome.OK, text)


def note(text: str) -> Finding:
    """Something that a performer should know."""
    return Finding(Outcome.NOTE, text)


def fault(text: str) -> Finding:
    """Something that would fail on stage."""
    return Finding(Outcome.FAULT, text)


def look_at(loaded: Loaded, checks: tuple[Check, ...] | None = None) -> Iterator[tuple[str, Finding]]:
    """Every finding with its check's name, in the table's order; what cannot be looked at is a fault itself."""
    for name, look in CHECKS if checks is None else checks:
        found = False
        try:
            for finding in look(loaded):
                found = True
                yield name, finding
        except (MidifragError, OSError) as error:
            found = True
            yield name, fault(str(error))
        if not found:
            yield name, ok("nothing to say")


def _set(loaded: Loaded) -> Iterator[Finding]:
    _ports, problems = check.ports_there(loaded)
    wrong = (
        *problems,
        *loaded.unplayable,
        *check.unusable_folders(loaded),
        *check.unusable_page(loaded),
        *check_doors.unusable_doors(loaded),
        *check.unusable_precision(loaded),
    )
    yield from (fault(str(problem)) for problem in wrong)
    yield from (note(line) for line in chain(hints(loaded, check.facts_here(loaded)), check_doors.taken_ports(loaded)))
    if not wrong:
        pads = sum(len(bank.pads) for bank in loaded.banks)
        yield ok(f"{loaded.path.name} is right: {len(loaded.banks)} banks, {pads} pads")


def _servers(loaded: Loaded) -> Iterator[Finding]:
    """What the set's servers say, and how long the line takes there and back."""
    said = servers.looks(loaded)
    for model, doubt in servers.doubts(loaded, said):
        if doubt:
            yield fault(doubt)
            continue
        name = server_of(model, loaded.settings.servers) or ""
        found = said[name]
        if isinstance(found, Look):
            trip = f"{1000 * found.round_trip:.0f} ms there and back"
            patience = loaded.settings.servers[name].patience_ms
            yield (ok if 2000 * found.round_trip < patience else note)(
                f"{model} is ready at {name}, {trip}; without a byte for {patience} ms, another one plays"
            )


def _models(loaded: Loaded) -> Iterator[Finding]:
    yield from (fault(str(problem)) for problem in check.unusable_models(loaded))
    yield from _servers(loaded)
    for name in sorted(loaded.limits):
        if loaded.settings.is_elsewhere(name):
            continue
        try:
            here = presence(name, loaded.source(name))
        except HubError as error:
            yield fault(f"models.{name}.hub: {error}")
            continue
        if here.refused:
            continue
        if here.is_whole:
            size = f", {size_text(here.size)}" if here.size else ""
            yield ok(f"{name} is on this machine{size}{f'; {here.note}' if here.note else ''}")
            continue
        licence = " (where its licence has to be accepted first, it says so)"
        way = f"`midifrag fetch {name}` brings it{licence}" if here.is_fetched else "its files have to be put there"
        yield fault(f"{name} lacks {', '.join(here.missing)}: {way}")


def _disk(loaded: Loaded, clock: Callable[[], float] = monotonic) -> Iterator[Finding]:
    folder = next(one for one in (loaded.archive_folder, *loaded.archive_folder.parents) if one.is_dir())
    try:
        seconds = _write_a_take(folder, clock)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        yield fault(str(storage_error("write into", folder, error)))
        return
    text = f"a take reaches the disk of {folder} in {seconds * 1000:.0f} ms"
    if seconds > SLOW_DISK:
        yield note(f"{text}: landings will be late by that; choose a folder on an internal drive")
    else:
        yield ok(text)
    takes = free // TAKE_BYTES
    room = f"room for {takes} takes ({size_text(free)})"
    if takes < NO_ROOM:
        yield fault(f"{room}: takes will be lost; make room, or choose another archive.folder")
    elif takes < LITTLE_ROOM:
        yield note(f"{room}: make some before a long show")
    else:
        yield ok(room)


def _write_a_take(folder: Path, clock: Callable[[], float]) -> float:
    """Seconds that a file of a take's size needs into ``folder`` and down to the disk; it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix=".midifrag-soundcheck-", dir=folder) as own:
        path = Path(own) / "take"
        began = clock()
        path.write_bytes(b"\x55" * TAKE_BYTES)
        force_to_disk(path)
        return clock() - began


def _memory(_loaded: Loaded) -> Iterator[Finding]:
    free = psutil.virtual_memory().available
    text = f"{size_text(free)} of memory are free"
    yield ok(text) if free >= LITTLE_MEMORY else note(f"{text}: close other programs before the show")


def _device(_loaded: Loaded) -> Iterator[Finding]:
    for found in doctor.findings():
        text = ": ".join(part for part in (found.what, found.remedy, found.command) if part)
        yield fault(text) if found.is_wrong else ok(found.what)


def _playback(loaded: Loaded) -> Iterator[Finding]:
    wanted = loaded.settings.playback
    if not wanted.is_on:
        yield ok("off: nothing sounds from this machine")
        return
    outputs = list_outputs()
    if wanted.device == DEFAULT:
        yield (
            ok("what the system prefers")
            if outputs
            else fault("there is no output on this machine; connect one, or say playback: {device: off}")
        )
        return
    try:
        find_output(outputs, wanted.device)
    except PlaybackError as error:
        yield fault(f"playback.device: {error}")
    else:
        yield ok(f"{wanted.device} is there")


def _links(loaded: Loaded) -> Iterator[Finding]:
    settings = loaded.settings
    for target in settings.osc.send:
        yield _listens(f"osc.send {target}", target.host, target.port, "start the program that is to be told")
    hydrogen = settings.instruments.hydrogen
    if hydrogen is not None:
        way = "start Hydrogen, and switch its OSC server on in its preferences"
        yield _listens("Hydrogen", hydrogen.host, hydrogen.port, way)
    if settings.ableton.enabled:
        yield listens_for_live(loaded)


def _listens(what: str, host: str, port: int, way_out: str) -> Finding:
    """Whether anybody has a UDP port; of another machine only whether its name is known."""
    kind, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    if host not in (LOOPBACK, "localhost"):
        return ok(f"{what}: another machine, which does not say whether it listens")
    with socket.socket(kind, socket.SOCK_DGRAM) as tried:
        try:
            tried.bind(address)
        except OSError:
            return ok(f"{what}: somebody listens on port {port}")
    return note(f"{what}: nobody listens on port {port}; {way_out}")


def listens_for_live(_loaded: Loaded) -> Finding:
    """Whether our script is in Live's User Library; that Live is connected shows once a show runs."""
    from midifrag.commands.ableton_script import script_state

    is_well, text = script_state()
    return ok(f"Live's script: {text}") if is_well else note(f"Live's script: {text}")


def _ports(loaded: Loaded) -> Iterator[Finding]:
    yield from (Finding(Outcome(kind), text) for kind, text in listening.ports(loaded))


def _clock(loaded: Loaded) -> Iterator[Finding]:
    yield from (Finding(Outcome(kind), text) for kind, text in listening.clock_source(loaded))


#: One row a check.
CHECKS: tuple[Check, ...] = (
    Check("set", _set),
    Check("models", _models),
    Check("device", _device),
    Check("memory", _memory),
    Check("disk", _disk),
    Check("ports", _ports),
    Check("clock", _clock),
    Check("links", _links),
    Check("playback", _playback),
)
