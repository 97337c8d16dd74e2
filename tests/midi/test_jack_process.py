"""What the process that JACK's library runs in says and does; its library is tested beside it."""

from __future__ import annotations

import io
import json
import threading
from types import SimpleNamespace

import pytest

from midifrag.midi import jack_process
from midifrag.midi.jack_client import NoServerError
from midifrag.midi.jack_process import Conversation


class GoneError(Exception):
    """The process ended."""


@pytest.fixture
def out(monkeypatch):
    def leave(code):
        raise GoneError(code)

    monkeypatch.setattr(jack_process.os, "_exit", leave)
    return io.StringIO()


@pytest.fixture
def talk(out):
    return Conversation(out)


def told(out):
    return [json.loads(line) for line in out.getvalue().splitlines() if line.startswith("{")]


class Side:
    """A server's side that does as it is told, and writes that down."""

    def __init__(self, looks=()):
        self.done = []
        self.looks = list(looks)
        self.ended = SimpleNamespace(wait=lambda _seconds: not self.looks)

    def names(self, direction):
        return [direction]

    def open(self, number, direction, name, **how):
        self.done.append((number, direction, name, how))
        if name == "held":
            raise RuntimeError("it is held")
        return "midifrag-pads-in"

    def close(self, number):
        self.done.append(("closed", number))

    def stalled(self):
        return self.looks[0] == "stalled"

    def is_mixed_up(self):
        return self.looks[0] == "mixed up"

    def broken(self):
        return self.looks.pop(0)


def test_what_comes_in_is_one_line(out, talk):
    talk.pass_on(3, [0x90, 60, 100])
    assert out.getvalue() == "m 3 903c64\n"


def test_who_cannot_say_anything_more_ends(talk, monkeypatch):
    def broken(_line):
        raise BrokenPipeError

    monkeypatch.setattr(talk._out, "write", broken, raising=False)
    with pytest.raises(GoneError):
        talk.tell(ready=True)


def test_what_is_asked_is_done_and_answered(out, talk):
    side = Side()
    how = {"virtual": False, "client": "midifrag-pads-in"}
    asked = [
        {"id": 1, "do": "names", "direction": "in"},
        {"id": 2, "do": "open", "number": 7, "direction": "in", "name": "Pads", **how},
        {"id": 3, "do": "open", "number": 8, "direction": "in", "name": "held", **how},
        {"id": 4, "do": "close", "number": 7},
        {"id": 5, "do": "end"},
    ]
    assert [jack_process._answer(side, talk, one) for one in asked] == [True, True, True, True, False]
    assert told(out) == [
        {"id": 1, "names": ["in"]},
        {"id": 2, "client": "midifrag-pads-in"},
        {"id": 3, "error": "it is held"},
        {"id": 4},
        {"id": 5},
    ]
    assert side.done == [(7, "in", "Pads", how), (8, "in", "held", how), ("closed", 7)]


@pytest.mark.parametrize(
    ("looks", "said"),
    [
        ([[], [1], [1], []], [{"broken": [1]}, {"broken": []}, {"gone": "the JACK server ended"}]),
        ([[], [1], "mixed up"], [{"broken": [1]}, {"mixed_up": True}]),
        ([[], "stalled"], [{"gone": "the JACK server does not answer: it is stopped, or it hangs"}]),
    ],
)
def test_what_becomes_of_ports_and_server_is_told_once(out, talk, looks, said):
    with pytest.raises(GoneError):
        jack_process._watch(Side(looks), talk)
    assert told(out) == said


def test_a_mix_up_is_borne_for_as_long_as_is_asked(out, talk):
    class MixedUp(Side):
        def is_mixed_up(self):
            return True

    with pytest.raises(GoneError):
        jack_process._watch(MixedUp([[], [1], []]), talk, bears=3600.0)
    assert told(out) == [{"broken": [1]}, {"broken": []}, {"gone": "the JACK server ended"}]


def test_a_server_is_waited_for_or_not(out, talk, monkeypatch):
    attempts = []

    def side(jack, client):
        attempts.append((jack, client))
        if len(attempts) < 3:
            raise NoServerError
        return "a server"

    monkeypatch.setattr(jack_process, "load_jack", lambda: "the library")
    monkeypatch.setattr(jack_process, "JackSide", side)
    monkeypatch.setattr(jack_process, "time", SimpleNamespace(sleep=lambda _seconds: None))
    with pytest.raises(GoneError):
        jack_process._connect(talk, "midifrag", "once")
    assert told(out) == [{"trying": True}, {"none": "no JACK server is running"}]
    assert jack_process._connect(talk, "midifrag", "wait") == "a server"
    assert attempts == [("the library", "midifrag")] * 3


def test_a_library_that_cannot_be_used_is_told(out, talk, monkeypatch):
    def fails():
        raise OSError("JACK library not found")

    monkeypatch.setattr(jack_process, "load_jack", fails)
    with pytest.raises(GoneError):
        jack_process._connect(talk, "midifrag", "wait")
    assert told(out) == [{"none": "JACK's library cannot be used (JACK library not found)"}]


def test_all_of_it_serves_until_its_input_ends(out, monkeypatch):
    served = threading.Event()
    side = SimpleNamespace(
        realtime=True,
        receive=lambda pass_on: (pass_on(1, [0xF8]), served.set()),
        sent=[],
        send=lambda number, data: side.sent.append((number, data)),
        names=lambda direction: [direction],
        ended=SimpleNamespace(wait=threading.Event().wait),
        stalled=lambda: False,
        is_mixed_up=lambda: False,
        broken=list,
    )
    monkeypatch.setattr(jack_process, "_connect", lambda *_: side)
    monkeypatch.setattr(jack_process.sys, "argv", ["jack_process", "midifrag", "wait", "0.0"])
    monkeypatch.setattr(jack_process.signal, "signal", lambda *_: None)
    monkeypatch.setattr(jack_process, "_own_output", lambda: out)
    priority = []
    monkeypatch.setattr(jack_process, "run_before_others", lambda: priority.append(threading.current_thread()))
    lines = ["s 2 903c64\n", '{"id": 1, "do": "names", "direction": "out"}\n', '{"id": 2, "do": "end"}\n', "s 2 80\n"]
    monkeypatch.setattr(jack_process.sys, "stdin", iter(lines))
    with pytest.raises(GoneError):
        jack_process.main()
    assert side.sent == [(2, b"\x90\x3c\x64")]
    assert served.wait(60)
    # Who sends and who fetches: on a busy machine what is due now would else wait for a core.
    assert len(set(priority)) == 2
    assert threading.current_thread() in priority
    assert told(out) == [{"ready": True, "realtime": True}, {"id": 1, "names": ["out"]}, {"id": 2}]
