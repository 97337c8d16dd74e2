"""``midifrag ableton install``, ``status`` and ``remove``: our script in Live, and what a running show knows of it."""

from __future__ import annotations

from pathlib import Path

from rich.table import Table
from rich.text import Text

from midifrag.commands.common import explained
from midifrag.commands.console import out, say
from midifrag.commands.lines import NARROW, fitted, listed, one_line
from midifrag.doors.live import library as libraries
from midifrag.doors.live.answers import Status
from midifrag.doors.live.asking import ask_status
from midifrag.doors.live.meeting import Meeting, meeting_file, problem_of
from midifrag.errors import DoorError, StorageError

_TO_DO = """\
Now, in Live:
  1. restart it: it looks for scripts only when it starts
  2. in its settings, under Link, Tempo & MIDI, choose midifrag as a Control Surface in a free row
  3. leave Input and Output of that row at None
  4. call a track or a drum rack's chain with a Simpler, or an audio track, midifrag 1; the next one midifrag 2, …
In presets.yaml, write ableton: {} and start midifrag; `midifrag ableton status` says how it stands."""


def install(user_library: str | None) -> None:
    """Put our script into the User Library, and say what is left to do."""
    with explained():
        done = libraries.install(_library(user_library))
    say(f"midifrag's script, version {done.version}, is in {done.folder}")
    out.print(_TO_DO, markup=False, soft_wrap=True)


def remove(user_library: str | None) -> None:
    """Take our script out of the User Library."""
    with explained():
        library = _library(user_library)
        folder = libraries.remove(library)
    if folder is None:
        say(f"midifrag's script is not in {library}")
    else:
        say(f"midifrag's script is gone from {library}; Live forgets it when it is restarted")


def status(user_library: str | None) -> None:
    """Say how script, show and Live stand."""
    rows = [("script", *_script(user_library))]
    found: Status | None = None
    try:
        found = ask_status(meeting_file())
    except DoorError as error:
        rows.append(("midifrag", "red", str(error)))
    else:
        odd = problem_of(meeting_file()) if found is None else None
        rows.append(("midifrag", *(("red", odd) if odd is not None else _show(found))))
    if found is not None:
        rows.append(("Live", *_live(found)))
        rows.append(("copies", "", found.folder))
        if found.selected is not None:
            rows.append(("selected", "", found.selected))
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, style, text in rows:
        table.add_row(name, Text(one_line(text), style=style))
    out.print(table)
    if found is not None:
        out.print()
        out.print(_slots(found))
        _tell_troubles(found)


def _library(named: str | None) -> Path:
    """The User Library that is named, or else found. Raises `DoorError` and `StorageError`."""
    return libraries.user_library() if named is None else libraries.named_library(named)


def _script(user_library: str | None) -> tuple[str, str]:
    """How our script stands in the User Library: a style, and what to say."""
    try:
        library = _library(user_library)
    except (DoorError, StorageError) as error:
        return "yellow", str(error)
    there = libraries.installed_in(library)
    if there is None:
        return "yellow", f"not in {library}; `midifrag ableton install` puts it there"
    version = "of an unknown version" if there.version is None else f"version {there.version}"
    if not there.is_current:
        return "yellow", f"{version}, not as this midifrag has it: `midifrag ableton install`, and restart Live"
    return "green", f"{version}, in {there.folder}"


def script_state() -> tuple[bool, str]:
    """Whether our script is as it should be in the User Library that is found, and how it stands in words."""
    style, text = _script(None)
    return style == "green", text


def _show(found: Status | None) -> tuple[str, str]:
    if found is not None:
        meeting = Meeting.read(meeting_file())
        return "green", "runs" if meeting is None else f"runs, as process {meeting.pid}"
    return "yellow", "none runs with ableton: {} in its presets.yaml"


def _live(found: Status) -> tuple[str, str]:
    if found.live is None:
        return "yellow", "not connected: is it running, with midifrag as a Control Surface in its settings?"
    lacks = [name for name in ("replace_sample", "create_audio_clip") if name not in found.has]
    told = f"{found.live}, connected; {found.landed} landed there"
    return ("yellow", f"{told}; it has no {' and no '.join(lacks)}") if lacks else ("green", told)


def _slots(found: Status) -> Table:
    """What stands for each slot, or what is looked for."""
    rows = []
    for slot in range(1, found.slots + 1):
        there = found.objects.get(str(slot))
        what = there if there is not None else f"nothing; looked for is {found.names.get(str(slot), '')}"
        rows.append((str(slot), what, "sounds" if slot in found.playing else ""))
    names = ("slot", "in Live", "now")
    return listed(names, rows) if out.width < NARROW else fitted(names, rows, out.width, "in Live")


def _tell_troubles(found: Status) -> None:
    """Why fragments are not in Live, in full: what to do stands at the end."""
    if found.troubles:
        out.print()
    for slot, why in found.troubles.items():
        out.print(Text(one_line(f"slot {slot}: {why}"), style="yellow"))
