"""A line for everything that a show tells."""

import dataclasses
from typing import get_args

import pytest

from midifrag.boundary import Boundary
from midifrag.commands.news import line_for
from midifrag.events import (
    BankChanged,
    ConfigurationChanged,
    ControlChanged,
    EngineChanged,
    JobChanged,
    JobTimes,
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
from midifrag.fragment.record import TakeRecord
from midifrag.pad_key import PadKey
from midifrag.playback.messages import PlaybackState
from midifrag.states import EngineState, JobKind, JobState, NoticeLevel, PadState
from midifrag.timeline import Signature, Timeline
from tests.support.shows import loaded

UGLY = "rain\non\x1b[2J tin\r" * 400
BAR_5 = Boundary(at=8.0, position=16.0, bar=5, beat=1, beat_seconds=0.5, beats=4)


def job(state, number=3, landed=None, **fields):
    times = JobTimes(0.0, landed=landed)
    return JobChanged(number, JobKind.PAD, state, "rain", "opening", PadKey(36), times, **fields)


def test_every_job_is_one_line():
    for state in JobState:
        ugly = dataclasses.replace(job(state, text="a\nb\x1b", slot=1, landed=1.0), prompt=UGLY)
        line = line_for(ugly)
        assert line is None or (len(line.splitlines()) == 1 and "\x1b" not in line), line
    assert line_for(Notice(NoticeLevel.ERROR, "a\nb")) == "     error      a b"


LINES = [
    (job(JobState.QUEUED), "  3  queued     rain"),
    (job(JobState.RENDERING, step=1, of=8), None),
    (job(JobState.LANDED, landed=0.5, slot=2, take=9), "  3  landed     rain → slot 2, take 9 (0.50 s)"),
    (
        job(JobState.LANDED, landed=0.0042, slot=2, take=9, spare=True),
        "  3  landed     rain → slot 2, take 9 (4 ms, was spare)",
    ),
    (
        job(JobState.LANDED, landed=0.25, slot=2, text="no louder than that"),
        "  3  landed     rain → slot 2, not archived yet (0.25 s): no louder than that",
    ),
    (job(JobState.QUEUED, boundary=BAR_5), "  3  queued     rain, lands at bar 5"),
    (job(JobState.WAITING, slot=2, text="lands at bar 5"), "  3  waiting    rain → slot 2: lands at bar 5"),
    (job(JobState.HELD, text="the disk is full"), "  3  held       rain: the disk is full"),
    (job(JobState.REFUSED, text="16 are queued"), "  3  refused    rain: 16 are queued"),
    (job(JobState.FAILED, text="silent"), "  3  failed     rain: silent"),
    (job(JobState.CANCELLED, text="panic"), "  3  cancelled  rain: panic"),
    (EngineChanged("pocket", EngineState.WARMING, "loading", 1, 3), "     engine     pocket warms up"),
    (EngineChanged("pocket", EngineState.READY, "on cpu"), "     engine     pocket ready: on cpu"),
    (EngineChanged("pocket", EngineState.RESTARTING, "it hung"), "     engine     pocket restarting: it hung"),
    (
        EngineChanged("pocket", EngineState.RESTARTING, "it hung", since=3.0, expected=38.4),
        "     engine     pocket restarting: it hung (back in about 38 s)",
    ),
    (
        EngineChanged("pocket", EngineState.STALLED, "no progress for 5 s"),
        "     engine     pocket stalled: no progress for 5 s",
    ),
    (EngineChanged("pocket", EngineState.LOST, "no such file"), "     engine     pocket lost: no such file"),
    (PortChanged("pads", "in", "open", "pads: input is open"), "     port       pads: input is open"),
    (Notice(NoticeLevel.ERROR, "disk full"), "     error      disk full"),
    (BankChanged("opening", "Opening", 0, ()), "     bank       Opening"),
    (PadChanged("opening", PadKey(36), None, 1, 36, PadState.LANDED, None, 0.0), None),
    (ControlChanged("steps", 8.0), None),
    (SlotsChanged(()), None),
    (TakeChanged(TakeRecord("rain")), None),
    (
        TimeChanged(Timeline(92.5, 10.0, 9.0, Signature(3, 4), source="midi:daw")),
        "     time       92.5 BPM   3/4   midi:daw   bar 4.1",
    ),
    (TimeChanged(Timeline(120, 10.0, running=False)), "     time       120.0 BPM   4/4   internal   waits for a start"),
    (ConfigurationChanged(loaded()), None),
    (PlaybackChanged(PlaybackState.LOST, text="it hangs"), "     sound      lost: it hangs"),
    (Sounding(1, 7, True, 100.0, 1.0), None),
    (Meters((0.5,), 0.5), None),
    (LayoutChanged("pads", 0, 4), None),
]


@pytest.mark.parametrize(("change", "line"), LINES)
def test_a_pipe_gets_a_line_for_what_matters(change, line):
    assert line_for(change) == line


def test_these_are_all_that_a_show_says():
    assert {type(change) for change, _ in LINES} == {*get_args(StateChange)}
    states = {change.state for change, _ in LINES if isinstance(change, JobChanged)}
    assert states == set(JobState)


def test_a_long_prompt_is_cut():
    line = line_for(dataclasses.replace(job(JobState.QUEUED), prompt="x" * 45))
    assert line == f"  3  queued     {'x' * 43}…"
