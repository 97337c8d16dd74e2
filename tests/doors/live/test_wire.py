import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midifrag.config.ableton import AbletonSettings
from midifrag.doors.live import answers, wire
from tests.support.forms import examples

HELLO = {"type": "hello", "token": "secret", "script": 1, "live": "12.4.1", "has": ["replace_sample"]}
TIME = {
    "type": "time",
    "bpm": 120,
    "numerator": 4,
    "denominator": 4,
    "playing": True,
    "beat": 17.25,
    "bar": 5,
    "bar_began": 16.0,
}


def said(message):
    return json.dumps(message).encode()


@pytest.mark.parametrize(
    "message",
    [
        {"type": "playing", "slot": 3, "on": True},
        TIME,
        {"type": "selected", "track": "midifrag 3"},
        {"type": "landed", "serial": 12, "slot": 3, "way": "simpler", "where": "midifrag 3 / Simpler"},
        {"type": "failed", "serial": 12, "slot": 3, "text": "why"},
        {"type": "waiting", "serial": 12, "slot": 3, "text": "its clip sounds"},
        {"type": "objects", "slots": {"3": "midifrag 3 / Simpler"}},
        {"type": "said", "level": "warning", "text": "hm"},
        {"type": "files", "paths": ["/a/0001 x.wav"], "set": "", "more": False, "unread": 0},
        {"type": "pong", "sent": 12.5},
    ],
)
def test_what_a_script_says_is_taken_and_nothing_more_or_less(message):
    found = wire.message_of(said(message))
    assert found.model_dump(mode="json") == message
    for key in message:
        with pytest.raises(wire.OddLineError):
            wire.message_of(said({name: value for name, value in message.items() if name != key}))
        with pytest.raises(wire.OddLineError):
            wire.message_of(said({**message, key: [message[key]]}))
    with pytest.raises(wire.OddLineError, match="more_of_it"):
        wire.message_of(said({**message, "more_of_it": 1}))
    with pytest.raises(wire.OddLineError):
        wire.first_of(said(message))


def test_the_first_line_is_a_script_s_or_a_command_s_and_its_token_is_told_nobody():
    assert wire.first_of(said(HELLO)) == wire.Hello(token="secret", script=1, live="12.4.1", has=("replace_sample",))
    assert wire.first_of(said({"type": "ask", "token": "x", "what": "files"})) == wire.Ask(token="x", what="files")
    with pytest.raises(wire.OddLineError) as odd:
        wire.first_of(said({**HELLO, "script": "1"}))
    assert "secret" not in str(odd.value)
    assert str(odd.value).startswith("hello.script: ")


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"GET / HTTP/1.1",
        b"[1]",
        b"\xff\xfe",
        b"[" * 50_000,
        b'{"type":"nobody"}',
        said({**TIME, "beat": float("nan")}),
        said({**TIME, "bpm": 0}),
        said({**TIME, "denominator": 0}),
        said({"type": "playing", "slot": 0, "on": True}),
        said({"type": "playing", "slot": True, "on": True}),
        said({"type": "said", "level": "info", "text": "x" * 3000}),
        b'{"type":"selected","track":"\\ud800"}',
    ],
)
def test_what_is_none_is_an_error_of_its_own(line):
    with pytest.raises(wire.OddLineError):
        wire.message_of(line)


@pytest.mark.parametrize("key", ["type", "k"])
def test_why_a_line_is_none_is_short_and_controls_no_screen(key):
    odd = "\x1b[2J" + "A" * 50_000
    line = {**TIME, "type": odd} if key == "type" else {**TIME, odd: 1}
    with pytest.raises(wire.OddLineError) as told:
        wire.message_of(said(line))
    assert str(told.value).isprintable()
    assert len(str(told.value)) < 300


def test_the_table_of_a_set_names_what_stands_for_each_slot():
    settings = AbletonSettings.model_validate({"targets": {2: {"way": "simpler", "note": 36}}, "fire": True})
    line = wire.line_of(wire.welcome(settings, 2))
    assert line.endswith(b"\n")
    assert json.loads(line) == {
        "type": "welcome",
        "version": 1,
        "slots": 2,
        "targets": {
            "1": {"way": "auto", "name": "midifrag 1", "note": None, "track": None, "scene": None},
            "2": {"way": "simpler", "name": None, "note": 36, "track": None, "scene": None},
        },
        "options": {"fire": True, "start_transport": False, "occupied": "wait"},
    }


def test_the_table_of_the_longest_names_is_no_longer_than_a_line_may_be():
    names = {slot: {"name": f"{slot:02d}" + "𝄞" * 62, "track": "𝄞" * 64} for slot in range(1, 100)}
    settings = AbletonSettings.model_validate({"targets": names})
    assert len(wire.line_of(wire.welcome(settings, 99))) <= wire.LONGEST_LINE


def test_what_the_show_says_is_one_line_each():
    land = wire.Land(serial=1, slot=2, path="/a/0001 x.wav", name="x\ny", colour=None, seconds=2.0, loop=True,
                     bpm=120.0, beats=4.0)  # fmt: skip
    line = wire.line_of(land)
    assert line.count(b"\n") == 1
    assert json.loads(line) == {
        "type": "land", "serial": 1, "slot": 2, "path": "/a/0001 x.wav", "name": "x\ny", "colour": None,
        "seconds": 2.0, "loop": True, "bpm": 120.0, "beats": 4.0, "again": False,
    }  # fmt: skip
    used = answers.Used(files=None, set="", unread=0, in_slots=("0001 x.wav",))
    assert answers.answer_of(wire.line_of(used)) == used


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
_KEYS = ("slot", "on", "bpm", "numerator", "playing", "beat", "slots", "text", "level", "paths", "set", "sent")
_TYPES = ("playing", "time", "landed", "objects", "said", "files", "pong", "hello", "ask", "welcome", "land")


@settings(max_examples=examples(200))
@given(
    st.binary(max_size=200)
    | st.fixed_dictionaries({"type": st.sampled_from(_TYPES) | _JSON}, optional=dict.fromkeys(_KEYS[1:], _JSON)).map(
        said
    )
)
def test_whatever_comes_is_a_message_or_an_odd_line(line):
    for read in (wire.first_of, wire.message_of, answers.answer_of):
        try:
            found = read(line)
        except wire.OddLineError:
            continue
        assert read(wire.line_of(found)) == found
