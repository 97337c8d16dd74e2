import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from midifrag.surface.screen import Screen

LINE = {"rows": 2, "columns": 4, "line": "F0 01 {offset} {text} F7"}


def written(row, text, **keys):
    return [message.hex() for message in Screen.model_validate(LINE | keys).write(row, text)]


def test_a_line_is_cut_or_filled():
    assert written(0, "Rain falls") == ["F0 01 00 52 61 69 6E F7"]
    assert written(1, "é") == ["F0 01 04 3F 20 20 20 F7"]


def test_a_display_is_given_back_or_left_empty():
    screen = Screen.model_validate(LINE)
    assert [message.hex() for message in screen.blank()] == ["F0 01 00 20 20 20 20 F7", "F0 01 04 20 20 20 20 F7"]
    assert Screen.model_validate(LINE | {"hide": "F0 02 {text} F7"}).blank()[0].hex() == "F0 02" + " 20" * 8 + " F7"


@pytest.mark.parametrize("keys", [{"line": "F0 01 F7"}, {"line": "F0 {colour} {text} F7"}, {"hide": "x"}, {"rows": 0}])
def test_what_writes_nothing_is_told(keys):
    with pytest.raises(ValidationError):
        Screen.model_validate(LINE | keys)


@given(st.text(max_size=40), st.sampled_from(["ascii", "faderfox", "electra"]))
def test_whatever_is_written_is_valid_midi(text, characters):
    (line,) = written(1, text, characters=characters)
    assert line.startswith("F0 01 04 ")
    assert line.endswith("F7")
