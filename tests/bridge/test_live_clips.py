"""A clip presses pads as surely as a hand does, whatever becomes of its notes' ends.

Each sequence is what a clip's track sends out of a port, byte for byte: milliseconds, then status and data. They are
written down from what sequencers do with such clips, not recorded from Live.
"""

from __future__ import annotations

import pytest

from midifrag.clock import ManualClock
from midifrag.engine.messages import Render
from midifrag.events import JobChanged
from midifrag.midi.decoding import MessageDecoder
from midifrag.states import JobKind, JobState
from tests.support.bridges import Rig
from tests.support.shows import bank, loaded

#: Two notes that touch: in the same instant, the second's begin comes before the first one's end.
LEGATO = """
    0    90 24 64
    500  90 25 64
    500  80 24 40
    1000 80 25 40
"""
#: One note begins again while it still sounds, and both ends come.
OVERLAPPING = """
    0    90 24 64
    250  90 24 50
    500  80 24 40
    750  80 24 40
"""
#: A note as long as its loop of half a second: at each turn its end comes in the instant of its next begin.
WRAPS = """
    0    90 24 64
    500  80 24 40
    500  90 24 64
    1000 80 24 40
    1000 90 24 64
    1500 80 24 40
"""
#: The same, with the begin before the end.
WRAPS_LATE = """
    0    90 24 64
    500  90 24 64
    500  80 24 40
    1000 90 24 64
    1000 80 24 40
    1500 80 24 40
"""
#: Ends that never come: the cable was pulled, or the clip was deleted while it played.
NO_ENDS = """
    0    90 24 64
    500  90 24 64
    1000 90 25 64
    1500 90 24 64
"""
#: Two tracks, or two notes on one place, send the same note at once.
TWICE = """
    0    90 24 64
    0    90 24 64
    250  80 24 40
    250  80 24 40
"""
#: Ends written as begins of velocity 0, and running on without a pause.
ZERO_VELOCITY = """
    0    90 24 64
    250  90 24 00
    250  90 24 64
    500  90 24 00
"""
#: The transport stops in the middle of a note: its end, pedal, bend and wheel at rest, all sound off, all notes off.
STOPPED = """
    0    90 24 64
    300  80 24 40
    300  B0 40 00
    300  E0 00 40
    300  B0 01 00
    300  B0 78 00
    300  B0 7B 00
"""
#: Stopped without any end, and started again from its beginning.
STOPPED_AND_STARTED = """
    0    90 24 64
    300  B0 7B 00
    900  90 24 64
    900  90 25 64
    1200 B0 7B 00
"""


class Clip:
    """A track's port that a clip plays into a bridge with two pads, on virtual time."""

    def __init__(self, show: dict[str, object] | None = None, **pad: object) -> None:
        pads = {note: {"prompt": "rain", **pad} for note in (36, 37)}
        self.rig = Rig(loaded(bank(pads=pads), **(show or {})))
        self.rig.ready()
        self._decoder = MessageDecoder("midifrag")
        self._clock: ManualClock = self.rig.clock

    def play(self, sequence: str) -> None:
        """Let the port say a sequence; what renders lands before the next message that comes later."""
        begin, before = self._clock.time, 0.0
        for line in sequence.split("\n"):
            if not line.strip():
                continue
            milliseconds, *data = line.split()
            if float(milliseconds) > before:
                self.land()
            before = float(milliseconds)
            self._clock.time = begin + before / 1000
            message = self._decoder.parse([int(one, 16) for one in data])
            assert message is not None, line
            event = self._decoder.decode(message, self._clock.time)
            if event is not None:
                self.rig.bridge.handle(event)
        self.land()

    def land(self) -> None:
        """Have all that waits rendered and landed, one after the other."""
        while waiting := [one for one in self.rig.engines.renders() if self._waits(one)]:
            self.rig.finish(waiting[0])

    def _waits(self, render: Render) -> bool:
        job = self.rig.bridge.renders.jobs.get(render.job)
        return job is not None and job.state in (JobState.QUEUED, JobState.RENDERING)

    def outcomes(self) -> list[tuple[int, str]]:
        """The note and last state of each press, in order."""
        last: dict[int, JobChanged] = {}
        for job in self.rig.jobs():
            if job.kind is JobKind.PAD:
                last[job.job] = job
        return [(job.pad.note, str(job.state)) for _, job in sorted(last.items()) if job.pad is not None]


@pytest.mark.parametrize(
    ("sequence", "notes"),
    [
        (LEGATO, [36, 37]),
        (OVERLAPPING, [36, 36]),
        (WRAPS, [36, 36, 36]),
        (WRAPS_LATE, [36, 36, 36]),
        (NO_ENDS, [36, 36, 37, 36]),
        (TWICE, [36, 36]),
        (ZERO_VELOCITY, [36, 36]),
        (STOPPED, [36]),
        (STOPPED_AND_STARTED, [36, 36, 37]),
    ],
)
def test_every_note_is_one_press_that_lands(sequence, notes):
    clip = Clip()
    clip.play(sequence)
    assert clip.outcomes() == [(note, "landed") for note in notes]
    assert clip.rig.notices() == []


@pytest.mark.parametrize(
    ("on_repress", "outcomes"),
    [
        ("queue", ["landed", "landed"]),
        ("ignore", ["landed"]),
        ("replace", ["cancelled", "landed"]),
        ("cancel", ["cancelled"]),
    ],
)
def test_the_same_note_twice_at_one_instant_is_a_second_press_by_the_pads_own_rule(on_repress, outcomes):
    clip = Clip(on_repress=on_repress)
    clip.play(TWICE)
    assert [state for _, state in clip.outcomes() if state != "refused"] == outcomes


def test_a_stopped_transport_cancels_nothing_that_renders():
    clip = Clip()
    clip.rig.press(37)
    clip.rig.press(36)
    clip._decoder = MessageDecoder("midifrag")
    for data in ([0x80, 36, 64], [0xB0, 120, 0], [0xB0, 123, 0]):
        message = clip._decoder.parse(data)
        clip.rig.bridge.handle(clip._decoder.decode(message, clip.rig.clock.time))
    assert clip.rig.engines.cancels() == []
    clip.land()
    assert clip.outcomes() == [(37, "landed"), (36, "landed")]


def test_a_set_that_wants_it_is_cancelled_by_a_stopped_transport():
    clip = Clip({"panic_on": ["cc123"]})
    clip.rig.press(36)
    message = clip._decoder.parse([0xB0, 123, 0])
    clip.rig.bridge.handle(clip._decoder.decode(message, clip.rig.clock.time))
    assert clip.outcomes() == [(36, "cancelled")]


def test_a_loop_that_turns_all_night_presses_each_time():
    clip = Clip()
    for _ in range(200):
        clip.play("0 90 24 64\n0 80 24 40")
        clip.rig.clock.time += 0.5
    assert len(clip.outcomes()) == 200
    assert set(clip.outcomes()) == {(36, "landed")}
