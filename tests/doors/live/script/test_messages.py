import json

import pytest

from midifrag.doors.live.script import messages
from midifrag.doors.live.script.messages import Files, Land, Options, Ping, Refused, Target, Welcome, WireError

TARGET = {"way": "auto", "name": "midifrag 3", "note": None, "track": None, "scene": None}
OPTIONS = {"fire": True, "start_transport": False, "occupied": "next_scene"}
WELCOME = {"type": "welcome", "version": 1, "slots": 1, "targets": {"3": TARGET}, "options": OPTIONS}
LAND = {
    "type": "land",
    "serial": 12,
    "slot": 3,
    "path": "/a/0012 räin.wav",
    "name": "räin",
    "colour": "#fF8800",
    "seconds": 2.0,
    "loop": True,
    "bpm": 120,
    "beats": None,
    "again": False,
}


def decoded(message):
    return messages.decoded(json.dumps(message).encode())


def test_each_line_of_the_wire_is_read():
    target = Target("auto", "midifrag 3", None, None, None)
    assert decoded(WELCOME) == Welcome({3: target}, Options(True, False, "next_scene"))
    assert decoded(LAND) == Land(12, 3, "/a/0012 räin.wav", "räin", 0xFF8800, 2.0, True, 120, None, False)
    assert decoded({"type": "files"}) == Files()
    assert decoded({"type": "ping", "sent": 1.5}) == Ping(1.5)
    assert decoded({"type": "refused", "text": "no"}) == Refused("no")


@pytest.mark.parametrize("message", [WELCOME, LAND])
def test_a_line_that_lacks_a_key_or_has_another_one_is_none(message):
    for key in message:
        with pytest.raises(WireError):
            decoded({name: value for name, value in message.items() if name != key})
    with pytest.raises(WireError, match="unknown 'more'"):
        decoded({**message, "more": 1})


@pytest.mark.parametrize(
    ("message", "key", "values"),
    [
        (LAND, "serial", [-1, 1.5, "1", True, None, 2**60]),
        (LAND, "slot", [None, "3"]),
        (LAND, "path", ["", None, 3, "/a\0b"]),
        (LAND, "colour", ["red", "#12345", 7, "#123456\n"]),
        (LAND, "seconds", [0, -1, "2", None, True, 1e999, 10**400]),
        (LAND, "bpm", [0, "120", False]),
        (LAND, "again", [None, 1]),
        (WELCOME, "version", [2, None]),
        (
            WELCOME,
            "targets",
            [[], {"0": TARGET}, {"100": TARGET}, {"3": None}, {"3\n": TARGET}, {"3": {**TARGET, "way": "both"}}],
        ),
        (
            WELCOME,
            "targets",
            [{"3": {**TARGET, "note": 128}}, {"3": {**TARGET, "scene": 0}}, {"3": {**TARGET, "x": 0}}],
        ),
        (WELCOME, "options", [None, {}, {**OPTIONS, "occupied": "empty"}, {**OPTIONS, "fire": 1}, {**OPTIONS, "x": 1}]),
    ],
)
def test_a_wrong_value_is_refused_by_its_key(message, key, values):
    for value in values:
        with pytest.raises(WireError, match=r"midifrag's '(land|welcome)' has"):
            decoded({**message, key: value})


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b"3",
        b"\xff",
        b'{"type": []}',
        b'{"type": "fly"}',
        b'{"a": NaN}',
        b"[" * 60000,
        b'{"type":"land"}',
        b'{"type":"ping","sent":-1' + b"0" * 400 + b"}",
    ],
)
def test_rubbish_is_a_wire_error(line):
    with pytest.raises(WireError):
        messages.decoded(line)


def test_a_text_is_one_line_cut_and_whole():
    assert messages.told(" a\nb\tc  d ") == "a b c d"
    assert messages.told("\ud800x") == "?x"
    assert messages.told("x" * 600) == "x" * 499 + "…"
    assert messages.told("123456", 4) == "123…"


def test_a_line_is_ascii_and_bounded():
    assert messages.encoded({"type": "said", "text": "ü"}) == b'{"type": "said", "text": "\\u00fc"}\n'
    with pytest.raises(WireError, match="longer than midifrag takes"):
        messages.encoded({"text": "x" * messages.MOST_BYTES})
    with pytest.raises(ValueError, match="JSON"):
        messages.encoded({"beat": float("nan")})
