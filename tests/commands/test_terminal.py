"""A running show on a terminal, and the lines that a pipe gets instead."""

import dataclasses
import io

import pytest
from rich.console import Console

from midifrag.bridge.view import View
from midifrag.commands.terminal import StatusScreen
from midifrag.events import EngineChanged, Notice, PlaybackChanged, PortChanged, SlotsChanged, TimeChanged
from midifrag.fragment.slot_state import SlotState
from midifrag.playback.messages import PlaybackState, Sounding
from midifrag.states import EngineState, JobState, NoticeLevel
from midifrag.timeline import Timeline
from tests.commands.test_in_place import shown_on
from tests.commands.test_news import LINES
from tests.page.changes import job as page_job


@pytest.mark.parametrize(("change", "line"), LINES)
def test_a_screen_on_a_pipe_prints_these_lines(change, line):
    pipe = Console(file=io.StringIO(), width=200)
    with StatusScreen(View(), pipe, None) as screen:
        screen.heard(change)
    assert pipe.file.getvalue() == ("" if line is None else f"{line}\n")


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


def drawn(terminal, screen):
    """What one drawing adds to the terminal."""
    before = len(terminal.file.getvalue())
    screen.draw()
    return terminal.file.getvalue()[before:]


def test_nothing_is_drawn_again_before_something_changes():
    terminal = Console(file=io.StringIO(), width=80, force_terminal=True)
    view, now = View(), [100.0]
    with StatusScreen(view, terminal, None, clock=lambda: now[0]) as screen:
        assert drawn(terminal, screen)
        now[0] += 60.0
        assert not drawn(terminal, screen)
        change = Notice(NoticeLevel.ERROR, "disk full")
        view.apply(change)
        screen.heard(change)
        assert "disk full" in drawn(terminal, screen)
        assert not drawn(terminal, screen)
        terminal.width = 60
        assert drawn(terminal, screen)
        assert not drawn(terminal, screen)
        terminal.height = 7
        assert drawn(terminal, screen)
        assert not drawn(terminal, screen)


def test_beats_waits_and_what_sounds_are_drawn_as_they_go_on():
    terminal = Console(file=io.StringIO(), width=80, force_terminal=True)
    view, now = View(), [100.0]
    with StatusScreen(view, terminal, None, clock=lambda: now[0]) as screen:
        view.apply(TimeChanged(Timeline(120.0, 100.0)))
        assert drawn(terminal, screen)
        now[0] += 0.1
        assert not drawn(terminal, screen)
        now[0] += 0.5
        assert drawn(terminal, screen)
        view.apply(TimeChanged(Timeline(120.0, 100.0, running=False)))
        view.apply(EngineChanged("pocket", EngineState.STALLED, since=now[0]))
        assert drawn(terminal, screen)
        now[0] += 1.0
        assert drawn(terminal, screen)
        assert not drawn(terminal, screen)
        view.sounding[1] = Sounding(1, 7, True, now[0], 2.0)
        assert drawn(terminal, screen)
        assert drawn(terminal, screen)


def test_a_beat_alone_is_written_over_the_one_before():
    terminal = Console(file=io.StringIO(), width=80, height=40, force_terminal=True)
    view, now = View(), [100.0]
    with StatusScreen(view, terminal, None, clock=lambda: now[0]) as screen:
        view.apply(TimeChanged(Timeline(120.0, 100.0)))
        assert "nothing has landed yet" in drawn(terminal, screen)
        before = shown_on(80, terminal.file.getvalue())
        assert "bar 1.1\n" in before
        now[0] += 4.5
        text = drawn(terminal, screen)
        assert "bar 3.2" in text
        assert "nothing has landed yet" not in text
        assert shown_on(80, terminal.file.getvalue()) == before.replace("bar 1.1", "bar 3.2")
        # What is drawn next finds its place.
        screen.heard(Notice(NoticeLevel.ERROR, "disk full"))
        now[0] += 0.5
        screen.draw()
        assert shown_on(80, terminal.file.getvalue()) == before.replace("bar 1.1", "bar 3.3")


@pytest.mark.parametrize(("width", "height"), [(36, 40), (80, 4)])
def test_a_beat_that_has_no_place_is_drawn_with_all_else(width, height):
    terminal = Console(file=io.StringIO(), width=width, height=height, force_terminal=True)
    view, now = View(), [100.0]
    with StatusScreen(view, terminal, None, clock=lambda: now[0]) as screen:
        view.apply(TimeChanged(Timeline(120.0, 100.0)))
        screen.draw()
        now[0] += 0.5
        assert "Bank" in drawn(terminal, screen)


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
