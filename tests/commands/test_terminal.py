import dataclasses
import io

import pytest
from rich.console import Console

from midifrag.bridge.view import View
from midifrag.commands.terminal import STATE_STYLES, StatusScreen, line_for, status
from midifrag.events import (
    BankChanged,
    ControlChanged,
    EngineChanged,
    JobChanged,
    JobTimes,
    Notice,
    PadChanged,
    PortChanged,
    SlotsChanged,
)
from midifrag.fragment.messages import SlotState
from midifrag.pad_key import PadKey
from midifrag.states import EngineState, JobKind, JobState, NoticeLevel, PadState
from tests.support.shows import bank, loaded


def drawn(view, page=None):
    console = Console(file=io.StringIO(), width=100)
    console.print(status(view, page))
    return console.file.getvalue()


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


def test_an_empty_view_can_be_drawn():
    assert "nothing has landed yet" in drawn(View())


def test_prompts_are_text_and_not_markup():
    view = View(loaded(bank(pads={36: {"prompt": "[red]rain[/red] [/nope]"}})))
    view.apply(BankChanged("opening", "Opening", 0, ()))
    assert "[red]rain" in drawn(view)


def test_every_state_has_a_look():
    assert set(STATE_STYLES) == set(PadState)


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (job(JobState.QUEUED), ["3", "queued", "rain"]),
        (
            job(JobState.LANDED, landed=0.5, slot=2, take=9, spare=True),
            ["slot 2", "take 9", "0.50 s", "spare"],
        ),
        (job(JobState.FAILED, text="silent"), ["failed", "silent"]),
        (job(JobState.CANCELLED, text="cancelled"), ["cancelled"]),
        (EngineChanged("pocket", EngineState.LOST, "no such file"), ["pocket lost", "no such file"]),
        (Notice(NoticeLevel.ERROR, "disk full"), ["error", "disk full"]),
    ],
)
def test_a_pipe_gets_a_line_for_what_matters(change, parts):
    line = line_for(change)
    assert all(part in line for part in parts)


def test_progress_is_no_line():
    assert line_for(job(JobState.RENDERING)) is None


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


@pytest.mark.parametrize(("landed", "told"), [(0.0042, "(4 ms, was spare)"), (0.25, "(0.25 s, was spare)")])
def test_a_landing_within_milliseconds_is_told_in_them(landed, told):
    line = line_for(job(JobState.LANDED, landed=landed, slot=2, take=9, spare=True))
    assert line.endswith(told)


def test_a_scrolling_terminal_says_what_is_done_to_slots():
    pipe = Console(file=io.StringIO(), width=100)
    first = SlotState(1, "output01.wav", "filled", 7, "rain", "", 2.5, landed_at=10.0)
    second = dataclasses.replace(first, take=8, preset="bell", landed_at=20.0)
    locked = dataclasses.replace(second, state="locked")
    with StatusScreen(View(), pipe, None) as screen:
        for slot in (first, second, locked, second, first):
            screen.heard(SlotsChanged((slot,)))
    lines = [line.split(maxsplit=1)[1] for line in pipe.file.getvalue().splitlines()]
    assert lines == ["output01.wav locked", "output01.wav unlocked", "output01.wav holds rain again"]


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
