"""The status as it is drawn."""

import dataclasses
import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from midifrag.bridge.view import View
from midifrag.commands.status import STATE_STYLES, status
from midifrag.events import (
    BankChanged,
    ControlChanged,
    EngineChanged,
    Notice,
    PadChanged,
    PortChanged,
    SlotsChanged,
    TimeChanged,
)
from midifrag.fragment.slot_state import SlotState
from midifrag.pad_key import PadKey
from midifrag.states import EngineState, JobState, NoticeLevel, PadState
from midifrag.timeline import Signature, Timeline
from tests.commands.test_news import UGLY, job
from tests.support.shows import bank, loaded


def drawn(view, page=None):
    console = Console(file=io.StringIO(), width=100)
    console.print(status(view, page))
    return console.file.getvalue()


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


def test_a_pad_that_is_held_shows_how_its_length_grows():
    view = View(loaded())
    pad = PadChanged("opening", PadKey(36), None, 1, 36, PadState.GROWING, None, 0.0, text="3.5 s", progress=0.4)
    view.apply(BankChanged("opening", "Opening", 0, (pad,)))
    assert "C1  growing: 3.5 s" in drawn(view)


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


def test_every_state_has_a_look():
    assert set(STATE_STYLES) == set(PadState)


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
    monkeypatch.setattr("midifrag.commands.status.monotonic", lambda: 10.0 + 60 / 92.5)
    console = Console(file=io.StringIO(), width=100)
    console.print(status(view, None, 100))
    assert "92.5 BPM   3/4   midi:daw   bar 4.2" in console.file.getvalue()
