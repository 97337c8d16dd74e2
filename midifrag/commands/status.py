"""The status of a show, drawn: bank, pads and their states, slots, engine, last latencies."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from midifrag.bridge.view import View
from midifrag.clock import monotonic
from midifrag.commands.lines import NARROW, fitted, one_line, shortened
from midifrag.commands.news import time_line
from midifrag.commands.sounding import sound_row, sounding_cell
from midifrag.config.pads import told_name
from midifrag.events import ControlChanged, EngineChanged, PadChanged
from midifrag.pad_key import PadKey
from midifrag.states import COUNTS_DOWN, TROUBLES, EngineState, JobState, NoticeLevel, PadState

#: How each state looks and what it is called; the same words as everywhere.
STATE_STYLES: dict[PadState, str] = {
    PadState.IDLE: "dim",
    PadState.READY: "cyan",
    PadState.GROWING: "bold yellow",
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
#: What stands before musical time, in a line of its own.
TIME = "Time"
#: Pads in a row: the width of a pad grid, and half of it on a narrow terminal.
GRID = 4
#: Columns for a label on a pad.
LONGEST_LABEL = 26


def status(view: View, page: str | None = None, width: int = 80, beat: str | None = None) -> RenderableType:
    """Draw the whole status once, for so many columns; ``beat`` is what to say of musical time, the present if None."""
    with view.lock:
        troubles, slots = _troubles(view), _slots(view, width)
        parts: list[RenderableType] = [_header(view, page, beat), _pads(view, width), *troubles, slots]
        if view.notices:
            parts.append(_notices(view))
        return Group(*parts)


def _header(view: View, page: str | None, beat: str | None) -> RenderableType:
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
        table.add_row(f"[bold]{TIME}[/]", _text(time_line(view.time, monotonic()) if beat is None else beat))
    table.add_row("[bold]Latency[/]", _latency(view))
    if view.playback:
        table.add_row("[bold]Sound[/]", sound_row(view))
    if page:
        table.add_row("[bold]Page[/]", Text(page))
    return table


def _text(text: str, style: str = "") -> Text:
    return Text(one_line(text), style=style)


def _control(change: ControlChanged) -> str:
    value = "the presets'" if change.value is None else f"{change.value:g}"
    return f"{change.name} {value}{' (pick up)' if change.waiting else ''}"


def _engine(state: EngineChanged) -> RenderableType:
    wait = state.wait(monotonic())
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
    if shown is not None and state is PadState.GROWING:
        progress = f": {shown.text}"
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
    now = monotonic()
    rows = [
        (
            slot.file,
            slot.state,
            told_name(slot.preset, slot.prompt) or ("not from midifrag" if slot.foreign else ""),
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
