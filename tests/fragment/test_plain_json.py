"""What anybody may have written as JSON, and what of it is taken."""

from __future__ import annotations

import math

import pytest

from midifrag.fragment.plain_json import (
    LARGEST,
    LAST_MOMENT,
    LONGEST,
    is_count,
    is_flag,
    is_length,
    is_moment,
    is_number,
    is_text,
    is_whole,
    read_value,
)

#: One of each kind that JSON has, and what is beyond the limits.
VALUES = {
    "text": "1",
    "flag": True,
    "nothing": None,
    "list": [1],
    "zero": 0,
    "one": 1,
    "below": -1,
    "largest": LARGEST,
    "lowest": -LARGEST,
    "too large": LARGEST + 1,
    "too low": -LARGEST - 1,
    "part": 0.5,
    "part below": -0.5,
    "last moment": LAST_MOMENT,
    "too late": LAST_MOMENT + 1,
    "too late, whole": int(LAST_MOMENT) + 1,
    "endless": math.inf,
    "none": math.nan,
}
WHOLE = {"zero", "one", "below", "largest", "lowest", "too late, whole"}
PARTS = {"part", "part below", "last moment", "too late"}
BELOW = {"below", "lowest", "part below"}
LATE = {"largest", "too late", "too late, whole"}


@pytest.mark.parametrize(
    ("check", "passes"),
    [
        (is_text, {"text"}),
        (is_flag, {"flag"}),
        (is_whole, WHOLE),
        (is_number, WHOLE | PARTS),
        (is_count, WHOLE - BELOW - {"zero"}),
        (is_length, (WHOLE | PARTS) - BELOW),
        (is_moment, (WHOLE | PARTS) - BELOW - LATE),
    ],
)
def test_each_kind_takes_its_own_and_nothing_else(check, passes):
    assert {name for name, value in VALUES.items() if check(value)} == passes


def test_a_value_is_read_from_text_and_from_bytes():
    assert read_value('{"a": [1, "ü"]}') == {"a": [1, "ü"]}
    assert read_value('{"a": "ü"}'.encode()) == {"a": "ü"}
    assert read_value(b'"\xff"') == "\ufffd"


@pytest.mark.parametrize("text", ["", "{", '{"a": ', "nothing", b"\xff", "1 2"])
def test_what_is_no_value_is_refused(text):
    with pytest.raises(ValueError, match=r"Expecting|Extra data"):
        read_value(text)


def test_what_is_nested_without_end_is_refused_like_any_other():
    with pytest.raises(ValueError, match="nested too deep"):
        read_value("[" * 200_000)


@pytest.mark.parametrize("kind", [str, str.encode])
def test_what_is_too_long_is_not_even_read(kind):
    assert read_value(kind("1" + " " * (LONGEST - 1))) == 1
    with pytest.raises(ValueError, match="too long"):
        read_value(kind("1" + " " * LONGEST))
