"""A running show on a terminal: its status, kept up to date, or on a pipe a line for what happens."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from rich.console import Console, ConsoleDimensions
from rich.live import Live

from midifrag.bridge.view import View
from midifrag.clock import monotonic
from midifrag.commands.in_place import InPlace
from midifrag.commands.lines import one_line
from midifrag.commands.news import job_line, line_for, slot_lines, time_line
from midifrag.commands.sounding import is_news
from midifrag.commands.status import TIME, status
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
from midifrag.states import EngineState


class StatusScreen:
    """Keeps the status on a terminal up to date; on a pipe it prints a line per event instead."""

    def __init__(self, view: View, console: Console, page: str | None, clock: Callable[[], float] = monotonic) -> None:
        self.view, self._console, self._page, self._clock = view, console, page, clock
        #: Whether something was heard that is not drawn yet, and what is drawn of what changes with time alone.
        self._has_news = True
        self._drawn: tuple[ConsoleDimensions, tuple[str, ...]] | None = None
        self._beat, self._in_place = "", InPlace("", TIME, "")
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
            self._has_news = True
            self.draw()
            self._live.stop()

    def draw(self) -> None:
        """Draw what is not drawn already: while nobody plays, drawings would be most of what a show costs."""
        if self._live is None:
            return
        size = self._console.size
        beat, waits = self._with_time()
        if not self._has_news and (size, waits) == self._drawn and not self.view.sounding:
            before, self._beat = self._beat, beat
            if beat == before or self._in_place.change(self._console, beat):
                return
        # Before it is drawn: what is heard meanwhile is drawn the next time.
        self._has_news, self._drawn, self._beat = False, (size, waits), beat
        self._in_place = InPlace(status(self.view, self._page, size.width, beat), TIME, beat)
        self._live.update(self._in_place, refresh=True)

    def _with_time(self) -> tuple[str, tuple[str, ...]]:
        """What changes though nothing is heard, but for what sounds: the beat, and how long engines do not answer."""
        now = self._clock()
        with self.view.lock:
            beat = "" if self.view.time is None else one_line(time_line(self.view.time, now))
            return beat, tuple(state.wait(now) for state in self.view.engines.values())

    def heard(self, change: StateChange) -> None:
        """Print a line for what somebody at a scrolling terminal, or in a log file, should know."""
        if self._live is not None:
            self._has_news = True
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
                | LayoutChanged()
                | Notice()
            ):
                told = False
            case _:
                assert_never(change)
        line = None if told else line_for(change)
        return [] if line is None else [line]
