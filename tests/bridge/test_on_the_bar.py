"""A thousand landings in virtual time: the bridge promises, a writer on the same clock keeps the appointments."""

from __future__ import annotations

import dataclasses
import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from midifrag.clock import ManualClock
from midifrag.engine.messages import Progress, Render, Started
from midifrag.events import JobChanged, Notice, TimeChanged
from midifrag.fragment.appointments import EARLY, Appointment, Made
from midifrag.fragment.punctual import Punctual
from midifrag.fragment.slot_file import Found
from midifrag.fragment.writer_commands import CancelLanding, LandArchived, LandCommand, LandLast, LandTake, Retime
from midifrag.fragment.writer_events import LandCancelled, Landed, Missed, Waits
from midifrag.intents import CancelPad, Panic
from midifrag.pad_key import PadKey
from midifrag.states import JobState
from midifrag.timeline import Timeline
from tests.support.bridges import Rig
from tests.support.shows import bank, loaded

#: Seconds by which sums of virtual time may be off.
ROUNDING = 1e-6


class AtOnce:
    """A hand that does everything at once."""

    def later(self, work: Callable[[], None]) -> None:
        work()


class Swapped:
    """A swap that always goes well."""

    def make_ready(self, _landed_at: float) -> None: ...

    def put_off(self) -> None: ...

    def swap(self) -> None: ...

    def settle(self) -> Found:
        return Found()


@dataclasses.dataclass
class Landing:
    """What landed: when, and on which line."""

    job: int
    at: float
    line: Timeline


class Show:
    """A bridge, an engine that renders one take after the other, and a writer, all in virtual time."""

    def __init__(
        self,
        bpm: float,
        seed: int,
        *,
        lead: float = 0.0,
        spares: bool = False,
        land: str = "bar",
        pad: Mapping[str, Any] = {},
        lands: Mapping[int, str] = {},
        **show: Any,
    ) -> None:
        pads = {note: {"prompt": f"pad {note}", "slot": note - 35, **pad} for note in range(36, 44)}
        for note, waits in lands.items():
            pads[note]["land"] = waits
        settings: dict[str, Any] = {"defaults": {"land": land, "lead_ms": 1000 * lead}, "tempo": bpm, **show}
        settings["engine"] = {"spares": {"enabled": spares}}
        self.random = random.Random(seed)
        self.rig = Rig(loaded(bank(pads=pads), **settings))
        self.clock: ManualClock = self.rig.clock
        self.rig.ready()
        self.landings: list[Landing] = []
        self._punctual = Punctual(self.clock.now, ahead=0.0)
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._free = self._written = self.clock.now()
        self._sent = self._wrote = 0

    @property
    def line(self) -> Timeline:
        return self.rig.bridge._set_list.time.timeline

    def at(self, moment: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._events, (moment, next(self._order), what))

    def run(self, until: float) -> None:
        """Let everything happen that does until a moment."""
        while True:
            due = self._punctual.look()
            event = self._events[0][0] if self._events else None
            following = min((one for one in (due, event) if one is not None), default=until)
            if following > until:
                break
            self.clock.time = max(self.clock.time, following)
            if event is not None and event <= following:
                heapq.heappop(self._events)[2]()
                self.work()
            elif due is None and event is None:
                break
        self.clock.time = until

    def work(self) -> None:
        """Engine and writer take up what they were asked for."""
        now = self.clock.now()
        renders = self.rig.engines.renders()
        for render in renders[self._sent :]:
            self.render(render, now)
        self._sent = len(renders)
        commands, self._wrote = self.rig.writes[self._wrote :], len(self.rig.writes)
        for command in commands:
            match command:
                case LandTake() | LandArchived() | LandLast():
                    if command.arrival.at is None:
                        self._landed(command)
                        continue
                    self._punctual.expect(command.job, command.arrival.at)
                    self._written = max(now, self._written) + self.random.uniform(0.005, 0.05)
                    self.at(self._written, lambda command=command: self._stage(command))
                case Retime(job, at):
                    self._punctual.move(job, at)
                case CancelLanding(job):
                    if self._punctual.cancel(job):
                        self.rig.bridge.handle(LandCancelled(job, "cancelled", job))

    def render(self, render: Render, now: float) -> None:
        """The engine takes a render up."""
        began = max(now, self._free)
        self._free = began + self.random.lognormvariate(-1.2, 0.25)
        self.at(began, lambda: self.rig.say(Started(render.job)))
        self.at((began + self._free) / 2, lambda: self.rig.say(Progress(render.job, 10, 20)))
        self.at(self._free, lambda: self.rig.rendered(render))

    def _stage(self, command: LandCommand) -> None:
        job = command.job
        at = self._punctual.moment(job)
        if at is None:
            self.rig.bridge.handle(LandCancelled(job, "cancelled", job))
            return
        made = Appointment(
            job,
            at,
            command.arrival.lead,
            AtOnce(),
            Swapped(),
            lambda moment: moment,
            lambda: self._landed(command),
            lambda _: None,
        )
        kept = self._punctual.make(made)
        self.rig.bridge.handle(Waits(job, command.slot or 1, at, job, 1.0, 0.03))
        if kept is Made.LATE:
            self.rig.bridge.handle(Missed(job, at))
            self.work()

    def _landed(self, command: LandCommand) -> None:
        self.landings.append(Landing(command.job, self.clock.now(), self.line))
        self.rig.bridge.handle(Landed(command.job, command.slot or 1, Path("f"), command.job, 1.0, 0.0, 0.03))

    def press(self) -> None:
        self.rig.press(self.random.randrange(36, 44))

    def turn(self, **line: Any) -> None:
        """Let time go on otherwise, from now on."""
        now = self.clock.now()
        position = line.pop("position", self.line.position_at(now))
        self.rig.bridge.handle(TimeChanged(dataclasses.replace(self.line, at=now, position=position, **line)))
        self.rig.bridge.housekeeping()

    def changes(self) -> dict[int, list[JobChanged]]:
        """What was told of each job, in order."""
        told: dict[int, list[JobChanged]] = {}
        for change in self.rig.jobs():
            told.setdefault(change.job, []).append(change)
        return told

    def ends(self) -> Counter[str]:
        """How jobs ended; one that has not is told as it is."""
        return Counter(str(changes[-1].state) for changes in self.changes().values())


def off(landing: Landing, length: float) -> float:
    """How many seconds after the nearest boundary something landed."""
    position = landing.line.position_at(landing.at)
    return landing.line.seconds(position - round(position / length) * length)


def play(show: Show, presses: int, pause: float) -> None:
    """Presses at random times, and housekeeping in between."""
    moment = show.clock.now()
    for _ in range(presses):
        moment += show.random.expovariate(1 / pause)
        show.at(moment, show.press)
    end = moment + 30.0
    beat = show.clock.now()
    while beat < end:
        beat += 0.25
        show.at(beat, show.rig.bridge.housekeeping)
    show.run(end)


@pytest.mark.parametrize("lead", [0.0, 0.04])
@pytest.mark.parametrize("bpm", [30, 92.5, 120, 174])
def test_landings_are_on_the_boundary_that_was_promised(bpm, lead):
    show = Show(bpm, seed=round(bpm), lead=lead)
    play(show, 125, pause=0.9)
    assert len(show.landings) == 125
    for landing in show.landings:
        # Never earlier than the lead, but for the moment that the replacement itself takes; and never later.
        away = off(dataclasses.replace(landing, at=landing.at + lead), 4.0)
        assert -EARLY - ROUNDING <= away <= 0.0
    told = show.changes()
    judged = kept = 0
    for changes in list(told.values())[10:]:
        promised = next(change.bar for change in changes if change.bar is not None)
        last = changes[-1]
        judged += 1
        kept += promised == last.bar
        # Each miss is told: on the job, and as a warning.
        assert (promised == last.bar) is (last.missed == 0)
    assert kept / judged >= 0.95
    missed = sum(changes[-1].missed for changes in told.values())
    assert sum("missed" in notice.text for notice in show.rig.told(Notice)) == missed
    assert show.ends() == Counter(landed=125)


def test_every_press_has_one_outcome_while_time_ramps_jumps_and_stops():
    show = Show(120, seed=7)
    began = show.clock.now()

    def change() -> None:
        kind = show.random.randrange(5)
        if kind == 0:
            show.turn(position=float(show.random.randrange(0, 400)))
        elif kind == 1:
            show.turn(running=not show.line.running)
        else:
            show.turn(bpm=min(300.0, max(20.0, show.line.bpm * show.random.uniform(0.8, 1.25))))

    for step in range(400):
        show.at(began + 0.37 * step, change)
    play(show, 200, pause=0.6)
    assert show.ends() == Counter(landed=200)
    assert len({landing.job for landing in show.landings}) == 200
    away = [off(landing, 4.0) for landing in show.landings]
    # All are on the boundary but for what a jump came upon in its last moment.
    assert sum(abs(one) > EARLY + ROUNDING for one in away) <= 10


def test_a_ramp_is_followed_to_the_boundary():
    show = Show(60, seed=3)
    began = show.clock.now()
    for tick in range(24 * 40):
        # As a clock says it: a little faster at each of its ticks.
        show.at(began + tick / 24, lambda tick=tick: show.turn(bpm=60 + tick / 8))
    play(show, 60, pause=0.5)
    assert show.ends() == Counter(landed=60)
    assert all(abs(off(landing, 4.0)) <= EARLY + ROUNDING for landing in show.landings)


def test_what_is_cancelled_at_random_lands_or_is_cancelled():
    show = Show(174, seed=11)
    began = show.clock.now()

    for step in range(60):
        intent = Panic() if step % 7 == 0 else CancelPad(PadKey(36 + step % 8))
        show.at(began + 0.83 * step, lambda intent=intent: show.rig.bridge.handle(intent))
    play(show, 150, pause=0.3)
    ends = show.ends()
    assert ends["landed"] == len(show.landings) > 20
    assert ends["cancelled"] > 20
    assert sum(ends.values()) == 150 == ends["landed"] + ends["cancelled"]


def test_eight_landings_a_boundary_with_spares_are_all_on_the_next_one():
    show = Show(120, seed=5, spares=True)
    moment = show.clock.now()
    for step in range(200):
        show.at(moment + 0.1 * step, show.rig.bridge.housekeeping)
    show.run(moment + 20.0)
    began = show.clock.now()
    for bar in range(6):
        for note in range(36, 44):
            show.at(began + 8.0 * bar + 0.02 * note, lambda note=note: show.rig.press(note))
        for step in range(70):
            show.at(began + 8.0 * bar + 1.2 + 0.1 * step, show.rig.bridge.housekeeping)
    show.run(began + 60.0)
    pressed = {job: changes for job, changes in show.changes().items() if changes[-1].state is JobState.LANDED}
    assert len(pressed) == 48
    assert all(changes[-1].spare and not changes[-1].missed for changes in pressed.values())
    boundaries = Counter(changes[-1].bar for changes in pressed.values())
    assert set(boundaries.values()) == {8}
