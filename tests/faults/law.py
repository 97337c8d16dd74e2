"""The law: what has to be true of a show that has come to rest, whatever was done to it.

Each clause takes the `Evidence` and returns what contradicts it, in words; `violations` asks them all.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import soundfile

from midifrag.fragment.slot_content import content_of
from midifrag.states import JobState, PadState
from midifrag.surface import make_surface
from midifrag.surface.driver import PadLight
from tests.faults.setting import EACH_COUNTS

#: What the echo of each state is: its velocity.
VELOCITIES = {state: make_surface("echo").show(PadLight(0, 1, state))[0].velocity for state in PadState}
ENDED = tuple(state.value for state in JobState if state.ended)


@dataclass(frozen=True)
class Evidence:
    """What is known of a show at rest.

    ``lines`` is its session log, ``lights`` the last velocity that the controller got for each note, ``page`` the
    states that the page shows by pad (None: not looked at), ``printed`` what it printed; ``sent`` counts presses by
    note from the controller since the show began (None: some may not have arrived); ``touched`` are slots whose files
    somebody else removed.
    """

    fragments: Path
    lines: list[dict[str, Any]] = field(default_factory=list)
    lights: Mapping[int, int] | None = None
    page: Mapping[str, str] | None = None
    printed: str = ""
    sent: Counter[int] | None = None
    touched: frozenset[int] = frozenset()

    def of(self, event: str) -> Iterator[dict[str, Any]]:
        """The log's lines of one kind."""
        return (line for line in self.lines if line.get("event") == event)


def violations(evidence: Evidence) -> list[str]:
    """Everything that contradicts the law."""
    return [f"{clause.__name__.strip('_')}: {text}" for clause in CLAUSES for text in clause(evidence)]


def _one_outcome(evidence: Evidence) -> Iterator[str]:
    """Every job ends once, and says nothing afterwards."""
    states: dict[int, list[str]] = {}
    for line in evidence.of("JobChanged"):
        states.setdefault(line["job"], []).append(line["state"])
    for job, said in states.items():
        ends = [state for state in said if state in ENDED]
        if not ends:
            yield f"job {job} has no outcome: {said[-3:]}"
        elif set(ends) != {ends[0]} or said[-1] not in ENDED or said.index(ends[0]) < len(said) - len(ends):
            yield f"job {job} went on after its end: {said[-4:]}"


def _press_counts(evidence: Evidence) -> Iterator[str]:
    """Every press that was heard is a job, and every press that was sent was heard."""
    heard = Counter(line["note"] for line in evidence.of("NoteOn") if line["velocity"])
    touched = Counter(line["note"] for line in evidence.of("Press"))
    began = {line["job"]: line for line in evidence.of("JobChanged") if line["kind"] == "pad"}
    jobs = Counter(int(line["pad"]) for line in began.values())
    for note in EACH_COUNTS:
        if jobs[note] != heard[note] + touched[note]:
            yield f"note {note}: {heard[note]} + {touched[note]} presses were heard, {jobs[note]} jobs began"
        if evidence.sent is not None and heard[note] != evidence.sent[note]:
            yield f"note {note}: {evidence.sent[note]} presses were sent, {heard[note]} were heard"


def _whole_slots(evidence: Evidence) -> Iterator[str]:
    """Every slot file is whole sound that says which slot it is for, and no two are of one landing."""
    landings: dict[int, str] = {}
    for path in sorted(evidence.fragments.glob("output*.wav")):
        if sound := _unsound(path):
            yield sound
            continue
        content = content_of(path)
        if content is None:
            yield f"{path.name} does not say what it is"
        elif path.name != f"output{content.slot:02d}.wav":
            yield f"{path.name} says it is slot {content.slot}"
        elif content.landing in landings:
            yield f"{path.name} and {landings[content.landing]} are both landing {content.landing}"
        else:
            landings[content.landing] = path.name


def _slots_as_told(evidence: Evidence) -> Iterator[str]:
    """The job that landed last in a slot lies there, unless something was put back."""
    last: dict[int, int] = {}
    for line in evidence.of("JobChanged"):
        if line["state"] == "landed":
            last[line["slot"]] = line["job"]
    moved = any(True for name in ("RestoreSlot", "SendTake") for _ in evidence.of(name))
    for slot, job in last.items():
        if slot in evidence.touched:
            continue
        content = content_of(evidence.fragments / f"output{slot:02d}.wav")
        if content is None:
            yield f"slot {slot}: job {job} landed, and nothing lies there"
        elif content.job != job and not moved:
            yield f"slot {slot}: job {job} landed last, job {content.job} lies there"
    told = [line["slots"] for line in evidence.of("SlotsChanged")]
    for slot in told[-1] if told else []:
        if slot["number"] in evidence.touched:
            continue
        there = content_of(evidence.fragments / slot["file"])
        if slot["take"] is not None and (there is None or there.take not in (slot["take"], None)):
            yield f"slot {slot['number']} is told to hold take {slot['take']}, it holds {there and there.take}"


def _whole_archive(evidence: Evidence) -> Iterator[str]:
    """Every take is whole sound, numbered once, and in the index; every landed job of this show has its take there."""
    archive = evidence.fragments / "archive"
    files: dict[int, Path] = {}
    for path in sorted(archive.glob("output*.wav")):
        found = re.fullmatch(r"output(\d+)\.wav", path.name)
        if found is None:
            continue
        if sound := _unsound(path):
            yield f"take {sound}"
        files[int(found[1])] = path
    indexed = _indexed(archive / "index.sqlite")
    if indexed is not None and set(indexed) != set(files):
        unknown, gone = sorted(set(files) - set(indexed)), sorted(set(indexed) - set(files))
        yield f"only in the index: {gone}, only as files: {unknown}"
    takes = {line["take"] for line in evidence.of("JobChanged") if line["state"] == "landed" and line["take"]}
    if missing := sorted(takes - set(files)):
        yield f"takes {missing} were told and are not there"


def _lights(evidence: Evidence) -> Iterator[str]:
    """The controller shows what the log says of each pad of the active bank."""
    if evidence.lights is None:
        return
    for pad, state in shown_pads(evidence).items():
        light, wanted = evidence.lights.get(int(pad), 0), VELOCITIES[PadState(state)]
        if light != wanted:
            yield f"pad {pad} is {state}, its light says {light} instead of {wanted}"


def _page(evidence: Evidence) -> Iterator[str]:
    """The page shows what the log says of each pad of the active bank."""
    if evidence.page is None:
        return
    told = shown_pads(evidence)
    if dict(evidence.page) != told:
        yield f"shows {dict(evidence.page)}, the log says {told}"


def _no_tracebacks(evidence: Evidence) -> Iterator[str]:
    """Nothing that only its authors understand is printed or told."""
    for sign in ("Traceback (most recent", "unexpected:", "RuntimeWarning", "Exception ignored"):
        at = evidence.printed.find(sign)
        if at >= 0:
            yield f"printed {evidence.printed[at : at + 2000]!r}"
    for line in evidence.of("Notice"):
        if line["text"].startswith("unexpected"):
            yield f"told {line['text']!r}"


CLAUSES: tuple[Callable[[Evidence], Iterator[str]], ...] = (
    _one_outcome,
    _press_counts,
    _whole_slots,
    _slots_as_told,
    _whole_archive,
    _lights,
    _page,
    _no_tracebacks,
)


def shown_pads(evidence: Evidence) -> dict[str, str]:
    """The active bank's pads with their states, as the log tells them."""
    bank, pads = "", dict[tuple[str, str], str]()
    for line in evidence.lines:
        if line["event"] == "BankChanged":
            bank = line["slug"]
            pads |= {(one["bank"], one["pad"]): one["state"] for one in line["pads"]}
        elif line["event"] == "PadChanged":
            pads[line["bank"], line["pad"]] = line["state"]
    return {pad: state for (its_bank, pad), state in pads.items() if its_bank == bank}


def _unsound(path: Path) -> str:
    """What is wrong with a sound file; empty if nothing is."""
    if not path.is_file():
        return f"{path.name} is no file"
    try:
        audio, rate = soundfile.read(path)
    except soundfile.LibsndfileError as error:
        return f"{path.name} cannot be read: {error}"
    if path.stat().st_size != int.from_bytes(path.read_bytes()[4:8], "little") + 8:
        return f"{path.name} is cut off"
    return "" if len(audio) and rate == 44100 else f"{path.name} has {len(audio)} samples at {rate} Hz"


def _indexed(path: Path) -> list[int] | None:
    if not path.exists():
        return None
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        return [number for (number,) in connection.execute("SELECT number FROM takes")]
