"""The status in the terminal, and the lines that a pipe gets instead."""

import dataclasses
import io
from types import SimpleNamespace
from typing import get_args

import pytest
from rich.cells import cell_len
from rich.console import Console

from midifrag.boundary import Boundary
from midifrag.bridge.view import View
from midifrag.commands import terminal
from midifrag.commands.terminal import STATE_STYLES, StatusScreen, line_for, status
from midifrag.events import (
    BankChanged,
    ConfigurationChanged,
    ControlChanged,
    EngineChanged,
    JobChanged,
    JobTimes,
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
from midifrag.fragment.slot_state import SlotState
from midifrag.pad_key import PadKey
from midifrag.playback.messages import PlaybackState
from midifrag.states import EngineState, JobKind, JobState, NoticeLevel, PadState
from midifrag.timeline import Signature, Timeline
from tests.page.changes import job as page_job
from tests.support.shows import bank, loaded


def drawn(view, page=None):
    console = Console(file=io.StringIO(), width=100)
    console.print(status(view, page))
    return console.file.getvalue()


BAR_5 = Boundary(at=8.0, position=16.0, bar=5, beat=1, beat_seconds=0.5, beats=4)


def job(state, number=3, landed=None, **fields):
    times = JobTimes(0.0, landed=landed)
    return JobChanged(number, JobKind.PAD, state, "rain", "opening", PadKey(36), times, **fields)


def test_the_status_shows_bank_pads_slots_engine_ports_and_latency():
    view = View(loaded())
    pad = PadChanged("opening", PadKey(36), None, 1, 36, PadState.RENDERING, None, 0.0, 1, progress=0.25)
    for change in (
        BankChanged("opening", "Opening", 0, (pad,)),
        EngineChanged("sketch", EngineState.READY, "sketch on cpu, fp32"),
        PortChanged("pads", "in", "open", "pads: open"),
        SlotsChanged((SlotState(1, "output01.wav", "locked", 7, "rain", "rain", 2.5),)),
        job(JobState.LANDED, landed=0.25, slot=1, take=7),
        Notice(NoticeLevel.WARNING, "the disk is nearly full"),
    ):
        view.apply(change)
    text = drawn(view, "http://127.0.0.1:8765")
    for part in (
        "Opening",
        "C1  rendering 25%",
        "C#1 idle",
        "output01.wav",
        "locked",
        "2.50 s",
        "007",
        "sketch ready",
        "pads in: open",
        "last 0.25 s",
        "the disk is nearly full",
        "http://127.0.0.1:8765",
    ):
        assert part in text, part


def test_why_a_pad_failed_stands_there_as_long_as_it_shows_that():
    view = View(loaded())
    reason = "out of memory: close other programs that use the graphics card, or choose a smaller model"
    pad = PadChanged("opening", PadKey(36), None, 1, 36, PadState.FAILED, None, 0.0, 1, text=reason)
    view.apply(BankChanged("opening", "Opening", 0, (pad,)))
    assert f"C1 rain: {reason}" in " ".join(drawn(view).split())
    view.apply(dataclasses.replace(pad, state=PadState.QUEUED))
    assert "out of memory" not in drawn(view)


def test_an_engine_s_wait_is_shown_in_seconds(monkeypatch):
    monkeypatch.setattr(EngineChanged, "wait", lambda change, _now: "12 s of about 40 s" if change.since else "")
    view = View(loaded())
    away = {"since": 1000.0, "expected": 40.0}
    view.apply(EngineChanged("pocket", EngineState.RESTARTING, "killed", **away))
    assert "pocket restarting  12 s of about 40 s  killed" in drawn(view)
    view.apply(EngineChanged("pocket", EngineState.WARMING, "weights", 1, 3, **away))
    assert "12 s of about 40 s  weights" in drawn(view)
    view.apply(EngineChanged("pocket", EngineState.READY, "on cpu"))
    assert "pocket ready  on cpu" in drawn(view)


def test_an_empty_view_can_be_drawn():
    assert "nothing has landed yet" in drawn(View())


def test_prompts_are_text_and_not_markup():
    view = View(loaded(bank(pads={36: {"prompt": "[red]rain[/red] [/nope]"}})))
    view.apply(BankChanged("opening", "Opening", 0, ()))
    assert "[red]rain" in drawn(view)


UGLY = "rain\non\x1b[2J tin\r" * 400


def ugly_view():
    view = View(loaded(bank(pads={36: {"prompt": UGLY}})))
    for change in (
        BankChanged("opening", UGLY, 0, ()),
        EngineChanged("sketch", EngineState.READY, "on\ncpu"),
        PortChanged("pads", "in", "open", "pads: open"),
        SlotsChanged((SlotState(1, "output01.wav", "filled", 7, UGLY, UGLY, 2.5),)),
        Notice(NoticeLevel.WARNING, "two\nlines"),
    ):
        view.apply(change)
    return view


@pytest.mark.parametrize("width", [40, 80])
def test_the_status_fits_whatever_prompts_hold(width):
    console = Console(file=io.StringIO(), width=width)
    console.print(status(ugly_view(), None, width))
    lines = console.file.getvalue().splitlines()
    assert "\x1b" not in console.file.getvalue()
    assert max(map(cell_len, lines)) <= width
    (slot,) = (line for line in lines if "output01.wav" in line)
    assert "filled" in slot
    assert "rain on?[2J" in slot
    assert "warning: two lines" in " ".join(lines)


def test_every_job_is_one_line():
    for state in JobState:
        ugly = dataclasses.replace(job(state, text="a\nb\x1b", slot=1, landed=1.0), prompt=UGLY)
        line = line_for(ugly)
        assert line is None or (len(line.splitlines()) == 1 and "\x1b" not in line), line
    assert line_for(Notice(NoticeLevel.ERROR, "a\nb")) == "     error      a b"


def test_every_state_has_a_look():
    assert set(STATE_STYLES) == set(PadState)


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
]


@pytest.mark.parametrize(("change", "line"), LINES)
def test_a_pipe_gets_a_line_for_what_matters(change, line):
    assert line_for(change) == line


@pytest.mark.parametrize(("change", "line"), LINES)
def test_a_screen_on_a_pipe_prints_these_lines(change, line):
    pipe = Console(file=io.StringIO(), width=200)
    with StatusScreen(View(), pipe, None) as screen:
        screen.heard(change)
    assert pipe.file.getvalue() == ("" if line is None else f"{line}\n")


def test_these_are_all_that_a_show_says():
    assert {type(change) for change, _ in LINES} == {*get_args(StateChange)}
    states = {change.state for change, _ in LINES if isinstance(change, JobChanged)}
    assert states == set(JobState)


def test_a_long_prompt_is_cut():
    line = line_for(dataclasses.replace(job(JobState.QUEUED), prompt="x" * 45))
    assert line == f"  3  queued     {'x' * 43}…"


def test_a_pipe_gets_no_drawing():
    pipe = Console(file=io.StringIO(), width=80)
    with StatusScreen(View(), pipe, None) as screen:
        screen.draw()
    assert pipe.file.getvalue() == ""


def test_a_pipe_gets_lines_and_a_terminal_the_status():
    pipe = Console(file=io.StringIO(), width=80)
    with StatusScreen(View(), pipe, None) as screen:
        screen.heard(Notice(NoticeLevel.ERROR, "disk [full]"))
    assert "disk [full]" in pipe.file.getvalue()
    terminal = Console(file=io.StringIO(), width=80, force_terminal=True)
    with StatusScreen(View(), terminal, None) as screen:
        screen.heard(Notice(NoticeLevel.ERROR, "disk full"))
        screen.draw()
    assert "nothing has landed yet" in terminal.file.getvalue()


def test_a_scrolling_terminal_says_what_is_done_to_slots():
    pipe = Console(file=io.StringIO(), width=100)
    first = SlotState(1, "output01.wav", "filled", 7, "rain", "", 2.5, landed_at=10.0)
    second = dataclasses.replace(first, take=8, preset="bell", landed_at=20.0)
    locked = dataclasses.replace(second, state="locked")
    own = SlotState(1, "output01.wav", "filled", foreign=True)
    with StatusScreen(View(), pipe, None) as screen:
        for slot in (first, second, locked, second, first, own, own):
            screen.heard(SlotsChanged((slot,)))
    lines = [line.split(maxsplit=1)[1] for line in pipe.file.getvalue().splitlines()]
    assert lines == [
        "output01.wav locked",
        "output01.wav unlocked",
        "output01.wav holds rain again",
        "output01.wav holds a file of your own; moved aside before a fragment takes its place",
    ]


def test_a_scrolling_terminal_says_once_that_a_model_warms_up():
    pipe = Console(file=io.StringIO(), width=100)
    parts = [
        EngineChanged("pocket", EngineState.WARMING, part, at, 3)
        for at, part in enumerate(("loading", "prompts", "3 s"))
    ]
    with StatusScreen(View(), pipe, None) as screen:
        for change in (*parts, EngineChanged("pocket", EngineState.READY, "on cpu"), parts[0]):
            screen.heard(change)
    lines = [line.strip() for line in pipe.file.getvalue().splitlines()]
    warms = "engine     pocket warms up"
    assert lines == [warms, "engine     pocket ready: on cpu", warms]


def test_a_port_that_is_told_twice_is_one_line():
    pipe = Console(file=io.StringIO(), width=100)
    there, gone = (
        PortChanged("pads", "in", "open", "pads: input is open"),
        PortChanged("pads", "in", "lost", "went away"),
    )
    with StatusScreen(View(), pipe, None) as screen:
        for change in (there, PortChanged("pads", "out", "open", "pads: output is open"), there, gone, there):
            screen.heard(change)
    assert [line.split()[-1] for line in pipe.file.getvalue().splitlines()] == ["open", "open", "away", "open"]


def test_what_looks_like_markup_is_shown_as_it_is():
    view = View()
    for change in (
        BankChanged("opening", "Take [/] two", 0, ()),
        SlotsChanged((SlotState(1, "output01.wav", "filled", 7, "rain [/b] on [tin]", "", 2.5),)),
        EngineChanged("sketch", EngineState.WARMING, "cache [/tmp]", 1, 2),
        PortChanged("pads [/]", "in", "open", ""),
    ):
        view.apply(change)
    text = drawn(view)
    for part in ("Take [/] two", "rain [/b] on [tin]", "cache [/tmp]", "pads [/] in: open"):
        assert part in text, part


def test_a_press_that_fails_does_not_hide_the_last_latency():
    view = View()
    for change in (
        job(JobState.LANDED, 1, landed=0.25),
        job(JobState.FAILED, 2),
    ):
        view.apply(change)
    assert "last 0.25 s" in drawn(view)


def test_a_control_at_zero_and_one_given_back_are_said():
    view = View()
    view.apply(ControlChanged("cfg_scale", 0.0))
    view.apply(ControlChanged("steps", None))
    text = drawn(view)
    assert "cfg_scale 0" in text
    assert "steps the presets'" in text


def test_the_status_says_tempo_and_beat(monkeypatch):
    view = View()
    view.apply(TimeChanged(Timeline(92.5, 10.0, 9.0, Signature(3, 4), source="midi:daw")))
    monkeypatch.setattr(terminal, "time", SimpleNamespace(monotonic=lambda: 10.0 + 60 / 92.5))
    console = Console(file=io.StringIO(), width=100)
    console.print(status(view, None, 100))
    assert "92.5 BPM   3/4   midi:daw   bar 4.2" in console.file.getvalue()


def test_a_scrolling_terminal_says_what_time_became_and_not_each_correction():
    pipe = Console(file=io.StringIO(), width=100)
    with StatusScreen(View(), pipe, None) as screen:
        for line in (Timeline(120, 1.0), Timeline(120.01, 2.0, 2.0), Timeline(120, 3.0, 0.0), Timeline(125, 4.0, 2.0)):
            screen.heard(TimeChanged(line))
    assert [line.split()[1] for line in pipe.file.getvalue().splitlines()] == ["120.0", "125.0"]


def test_an_output_is_told_when_it_changes_and_not_for_each_underrun():
    pipe = Console(file=io.StringIO(), width=200)
    playing = PlaybackChanged(PlaybackState.PLAYING, "Desk", 48000, 256, True)
    with StatusScreen(View(), pipe, None) as screen:
        for count in (0, 0, 1, 2, 5, 12):
            screen.heard(dataclasses.replace(playing, underruns=count))
    lines = pipe.file.getvalue().splitlines()
    assert [line.partition("; ")[2] for line in lines] == ["", "1 underrun", "12 underruns"]


def test_what_waits_is_said_once_and_again_when_its_boundary_is_another_one():
    pipe = Console(file=io.StringIO(), width=200)
    with StatusScreen(View(), pipe, None) as screen:
        for text in ("lands at bar 2", "lands at bar 2", "lands at bar 3", "lands at bar 3"):
            screen.heard(page_job(JobState.WAITING, 1, slot=1, text=text))
        screen.heard(page_job(JobState.LANDED, 1, slot=1, file="output01.wav"))
        screen.heard(page_job(JobState.WAITING, 1, slot=1, text="lands at bar 3"))
    said = [line for line in pipe.file.getvalue().splitlines() if "lands at" in line]
    assert [line.rpartition("lands at ")[2].split(";")[0].strip() for line in said] == ["bar 2", "bar 3", "bar 3"]
