"""What a show tells, in lines: for terminals that scroll, pipes and log files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import assert_never

from midifrag.commands.lines import one_line, shortened
from midifrag.commands.sounding import playback_line
from midifrag.config.pads import told_name
from midifrag.events import (
    BankChanged,
    ConfigurationChanged,
    ControlChanged,
    EngineChanged,
    JobChanged,
    LayoutChanged,
    Meters,
    Notice,
    PadChanged,
    PlaybackChanged,
    PortChanged,
    SlotsChanged,
    Sounding,
    StateChange,
    TakeChanged,
    TimeChanged,
)
from midifrag.fragment.slot_state import SlotState
from midifrag.states import EngineState, JobState
from midifrag.timeline import Timeline

#: Columns for a prompt in a line.
LONGEST_PROMPT = 44


def time_line(line: Timeline, now: float) -> str:
    """Musical time in a line: tempo, signature, whose clock it is, bar and beat."""
    bar, beat = line.bar_and_beat(now)
    where = f"bar {bar}.{beat}" if line.running else "waits for a start"
    return f"{line.bpm:.1f} BPM   {line.signature}   {line.source}   {where}"


def job_line(change: JobChanged) -> str | None:
    """One line for what happened to a job, for terminals that scroll; None for what is not worth a line."""
    name, text = shortened(change.prompt, LONGEST_PROMPT), one_line(change.text)
    match change.state:
        case JobState.QUEUED:
            promised = "" if change.boundary is None else f", lands at {change.boundary.name}"
            return f"{change.job:>3}  queued     {name}{promised}"
        case JobState.WAITING:
            return f"{change.job:>3}  waiting    {name} → slot {change.slot}: {text}"
        case JobState.LANDED:
            seconds = change.times.until_landed or 0.0
            spare = ", was spare" if change.spare else ""
            take = "not archived yet" if change.take is None else f"take {change.take}"
            after = f"{seconds:.2f} s" if seconds >= 0.1 else f"{seconds * 1000:.0f} ms"
            notes = f": {text}" if text else ""
            return f"{change.job:>3}  landed     {name} → slot {change.slot}, {take} ({after}{spare}){notes}"
        case JobState.FAILED | JobState.REFUSED | JobState.HELD | JobState.CANCELLED:
            return f"{change.job:>3}  {change.state!s:<9}  {name}: {text}"
        case JobState.RENDERING:
            return None
        case _:
            assert_never(change.state)


def line_for(change: StateChange) -> str | None:
    """One line for a state change, None for what is not worth one."""
    line = _said_of(change)
    return None if line is None else one_line(line)


def _said_of(change: StateChange) -> str | None:
    match change:
        case JobChanged():
            return job_line(change)
        case EngineChanged(model, state=EngineState.WARMING):
            return f"     engine     {model} warms up"
        case EngineChanged(model, state, text, expected=expected):
            back = "" if expected is None else f" (back in about {expected:.0f} s)"
            return f"     engine     {model} {state}: {text}{back}"
        case PortChanged(text=text):
            return f"     port       {text}"
        case PlaybackChanged():
            return f"     sound      {playback_line(change)}"
        case Notice(level, text):
            return f"     {level:<9}  {text}"
        case BankChanged(_, name):
            return f"     bank       {name}"
        case TimeChanged(timeline):
            return f"     time       {time_line(timeline, timeline.at)}"
        case PadChanged() | ControlChanged() | SlotsChanged() | TakeChanged() | ConfigurationChanged():
            return None
        case Sounding() | Meters() | LayoutChanged():
            return None
        case _:
            assert_never(change)


def slot_lines(before: Mapping[int, SlotState], slots: Iterable[SlotState]) -> Iterator[str]:
    """A line for every slot that was locked, unlocked, given back its fragment before, or a file by somebody else."""
    for slot in slots:
        was = before.get(slot.number, slot)
        if (slot.state == "locked") != (was.state == "locked"):
            yield f"     slot       {slot.file} {'locked' if slot.state == 'locked' else 'unlocked'}"
        if slot.foreign and not was.foreign:
            yield f"     slot       {slot.file} holds a file of your own; moved aside before a fragment takes its place"
        if was.landed_at is not None and slot.landed_at is not None and slot.landed_at < was.landed_at:
            yield f"     slot       {slot.file} holds {told_name(slot.preset, slot.prompt)} again"
