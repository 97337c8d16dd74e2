"""The status view in the terminal: bank, pads and their states, slots, engine, last latencies."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import assert_never

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from midifrag.bridge.view import View
from midifrag.commands.lines import NARROW, fitted, one_line, shortened
from midifrag.commands.sounding import is_news, playback_line, sound_row, sounding_cell
from midifrag.events import (
    BankChanged,
    ConfigurationChanged,
    ControlChanged,
    EngineChanged,
    JobChanged,
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
from midifrag.pad_key import PadKey
from midifrag.states import COUNTS_DOWN, TROUBLES, EngineState, JobState, NoticeLevel, PadState
from midifrag.timeline import Timeline

#: How each state looks and what it is called; the same words as everywhere.
STATE_STYLES: dict[PadState, str] = {
    PadState.IDLE: "dim",
    PadState.READY: "cyan",
    PadState.QUEUED: "yellow",
    PadState.RENDERING: "bold blue",
    PadState.STALLED: "magenta",
    PadState.WAITING: "bold yellow",
    PadState.LANDED: "green",
    PadState.SOUNDING: "bold green",
    PadState.HELD: "magenta",
    PadState.REFUSED: "red",
    PadState.FAILED: "bold red",
}
ENGINE_STYLES: dict[EngineState, str] = {
    EngineState.WARMING: "",
    EngineState.READY: "green",
    EngineState.STALLED: "yellow",
    EngineState.RESTARTING: "yellow",
    EngineState.LOST: "bold red",
}
NOTICE_STYLES: dict[NoticeLevel, str] = {
    NoticeLevel.INFO: "dim",
    NoticeLevel.WARNING: "yellow",
    NoticeLevel.ERROR: "bold red",
}
#: Pads in a row: the width of a pad grid, and half of it on a narrow terminal.
GRID = 4
#: Columns for a prompt in a line, and for a label on a pad.
LONGEST_PROMPT, LONGEST_LABEL = 44, 26


def status(view: View, page: str | None = None, width: int = 80) -> RenderableType:
    """Draw the whole status once, for so many columns."""
    with view.lock:
        troubles, slots = _troubles(view), _slots(view, width)
        parts: list[RenderableType] = [_header(view, page), _pads(view, width), *troubles, slots]
        if view.notices:
            parts.append(_notices(view))
        return Group(*parts)


def _header(view: View, page: str | None) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    bank = view.bank
    engines = [_engine(state) for state in view.engines.values()]
    table.add_row("[bold]Bank[/]", _text(f"{bank.index + 1}  {bank.name}" if bank else "…"))
    table.add_row("[bold]Engine[/]", Group(*engines) if engines else "starting")
    ports = [f"{p.port} {p.direction}: {p.state}" for p in view.ports.values()]
    table.add_row("[bold]Ports[/]", _text("   ".join(ports) or "none"))
    if view.controls:
        table.add_row("[bold]Controls[/]", Text("   ".join(map(_control, view.controls.values()))))
    if view.time is not None:
        table.add_row("[bold]Time[/]", _text(time_line(view.time, time.monotonic())))
    table.add_row("[bold]Latency[/]", _latency(view))
    if view.playback:
        table.add_row("[bold]Sound[/]", sound_row(view))
    if page:
        table.add_row("[bold]Page[/]", Text(page))
    return table


def time_line(line: Timeline, now: float) -> str:
    """Musical time in a line: tempo, signature, whose clock it is, bar and beat."""
    bar, beat = line.bar_and_beat(now)
    where = f"bar {bar}.{beat}" if line.running else "waits for a start"
    return f"{line.bpm:.1f} BPM   {line.signature}   {line.source}   {where}"


def _text(text: str, style: str = "") -> Text:
    return Text(one_line(text), style=style)


def _control(change: ControlChanged) -> str:
    value = "the presets'" if change.value is None else f"{change.value:g}"
    return f"{change.name} {value}{' (pick up)' if change.waiting else ''}"


def _engine(state: EngineChanged) -> RenderableType:
    wait = state.wait(time.monotonic())
    if state.state is EngineState.WARMING and state.total:
        grid = Table.grid(padding=(0, 1))
        bar = ProgressBar(total=state.total, completed=state.done, width=24)
        grid.add_row(_text(state.model), bar, _text("  ".join(filter(None, (wait, state.text)))))
        return grid
    style = ENGINE_STYLES[state.state]
    return Text.assemble(
        f"{state.model} ", (state.state, style), "  ", "  ".join(filter(None, (wait, one_line(state.text))))
    )


def _latency(view: View) -> str:
    last = next((job for job in reversed(view.finished) if job.state is JobState.LANDED), None)
    seconds = last.times.until_landed if last else None
    if last is None or seconds is None:
        return "nothing has landed yet"
    p50, p95 = view.percentile(0.5), view.percentile(0.95)
    spare = " (spare)" if last.spare else ""
    return f"last {seconds:.2f} s{spare}   p50 {p50 or 0:.2f} s   p95 {p95 or 0:.2f} s"


def _pads(view: View, width: int) -> RenderableType:
    table = Table.grid(expand=True, padding=(0, 1))
    across = GRID if width >= NARROW else GRID // 2
    for _ in range(across):
        table.add_column(ratio=1)
    bank = view.active_bank
    if bank is None:
        return Text("")
    cells = [_pad(key, pad.label, view.pads.get((bank.slug, key))) for key, pad in bank.pads.items()]
    rows = [cells[i : i + across] for i in range(0, len(cells), across)]
    for row in reversed(rows):  # as on the controller: the lowest notes at the bottom
        table.add_row(*row)
    return Panel(table, title=_text(f"pads of {bank.name}"), border_style="dim")


def _pad(key: PadKey, label: str, shown: PadChanged | None) -> RenderableType:
    state = shown.state if shown else PadState.IDLE
    progress = f" {shown.progress:.0%}" if shown and shown.progress is not None else ""
    if shown is not None and shown.boundary is not None and state in COUNTS_DOWN:
        progress += f" → {shown.boundary.name}"
    return Text.assemble(
        (f"{key.name:<4}", "bold"),
        (f"{state.value}{progress}\n", STATE_STYLES[state]),
        (shortened(label, LONGEST_LABEL), "dim"),
    )


def _troubles(view: View) -> Iterator[RenderableType]:
    """A line for each pad of the active bank that says why there is no fragment of it."""
    bank = view.active_bank
    for key, pad in bank.pads.items() if bank else ():
        shown = view.pads.get((bank.slug, key)) if bank else None
        if shown is not None and shown.text and (shown.state in TROUBLES or shown.fallback):
            yield _text(f"{key.name} {shortened(pad.label, LONGEST_LABEL)}: {shown.text}", STATE_STYLES[shown.state])


def _slots(view: View, width: int) -> RenderableType:
    names = ("slot", "", "preset", "length", "take", *(("sounds",) if view.playback else ()))
    now = time.monotonic()
    rows = [
        (
            slot.file,
            slot.state,
            slot.preset or slot.prompt or ("not from midifrag" if slot.foreign else ""),
            _seconds(slot.seconds),
            f"{slot.take:03d}" if slot.take else "",
            *((sounding_cell(view, slot.number, now),) if view.playback else ()),
        )
        for slot in view.slots
    ]
    shown = len(names) if width >= NARROW else names.index("length")
    return fitted(names[:shown], [row[:shown] for row in rows], width, "preset")


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds else ""


def _notices(view: View) -> RenderableType:
    lines = [_text(f"{n.level}: {n.text}", NOTICE_STYLES[n.level]) for n in list(view.notices)[-4:]]
    return Group(*lines)


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
        case Sounding() | Meters():
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
            yield f"     slot       {slot.file} holds {slot.preset or slot.prompt} again"


class StatusScreen:
    """Keeps the status on a terminal up to date; on a pipe it prints a line per event instead."""

    def __init__(self, view: View, console: Console, page: str | None) -> None:
        self.view, self._console, self._page = view, console, page
        self._live = Live(console=console, auto_refresh=False, screen=False) if console.is_terminal else None
        # How a port stands may be told twice at the beginning.
        self._ports: list[PortChanged] = []
        self._warming: set[str] = set()
        #: What was said last of each job that is on its way.
        self._jobs: dict[int, str] = {}
        self._time: tuple[object, ...] = ()
        self._slots: dict[int, SlotState] = {}
        self._playback: PlaybackChanged | None = None

    def __enter__(self) -> StatusScreen:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self.draw()
            self._live.stop()

    def draw(self) -> None:
        """Draw now."""
        if self._live is not None:
            self._live.update(status(self.view, self._page, self._console.width), refresh=True)

    def heard(self, change: StateChange) -> None:
        """Print a line for what somebody at a scrolling terminal, or in a log file, should know."""
        if self._live is not None:
            return
        for line in self._news(change):
            self._console.print(one_line(line), highlight=False, markup=False, soft_wrap=True)

    def _news(self, change: StateChange) -> list[str]:
        """The lines for a change, none for what has been told before."""
        match change:
            case SlotsChanged(slots):
                before, self._slots = self._slots, {slot.number: slot for slot in slots}
                return list(slot_lines(before, slots))
            case PortChanged():
                told = change in self._ports
                self._ports = [p for p in self._ports if (p.port, p.direction) != (change.port, change.direction)]
                self._ports.append(change)
            case PlaybackChanged():
                told = self._playback is not None and not is_news(self._playback, change)
                self._playback = self._playback if told else change
            case EngineChanged(model, EngineState.WARMING):
                # Told for each of many parts.
                told = model in self._warming
                self._warming.add(model)
            case EngineChanged(model):
                told = False
                self._warming.discard(model)
            case TimeChanged(timeline):
                # Not each small correction.
                said = (timeline.source, timeline.running, timeline.signature, round(timeline.bpm))
                told, self._time = said == self._time, said
            case JobChanged():
                # What is on its way is told again at each small step of time.
                words = job_line(change)
                told = words is not None and self._jobs.get(change.job) == words
                if words is not None:
                    self._jobs[change.job] = words
                if change.state.ended:
                    self._jobs.pop(change.job, None)
            case (
                PadChanged()
                | BankChanged()
                | ControlChanged()
                | TakeChanged()
                | ConfigurationChanged()
                | Sounding()
                | Meters()
                | Notice()
            ):
                told = False
            case _:
                assert_never(change)
        line = None if told else line_for(change)
        return [] if line is None else [line]
