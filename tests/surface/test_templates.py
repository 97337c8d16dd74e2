import pytest
from hypothesis import given
from hypothesis import strategies as st

from midifrag.surface.templates import HOLES, Template


def made(text, **values):
    message = Template(text).message(dict.fromkeys(HOLES, 0) | {"type": 9} | values)
    return None if message is None else message.hex()


@pytest.mark.parametrize(
    ("text", "values", "wanted"),
    [
        ("90 24 05", {}, "90 24 05"),
        ("90 {number} {colour}", {"number": 36, "colour": 5}, "90 24 05"),
        ("{type}{channel} {number} 7F", {"type": 0xB, "channel": 9, "number": 1}, "B9 01 7F"),
        ("9{channel} {number-32} {colour+1}", {"channel": 2, "number": 36, "colour": 4}, "92 04 05"),
        ("F0 00 {red} {green} {blue} F7", {"red": 1, "green": 2, "blue": 3}, "F0 00 01 02 03 F7"),
    ],
)
def test_holes_are_filled(text, values, wanted):
    assert made(text, **values) == wanted


def test_what_is_outside_of_midi_s_bytes_is_no_message():
    assert made("90 {number-32} 00", number=31) is None
    assert made("90 {number+1} 00", number=127) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no MIDI message"),
        ("24 05", "is no MIDI message"),
        ("90 24", "is no MIDI message"),
        ("F0 00", "is no MIDI message"),
        ("90 2 05", "'2' in '90 2 05' is no byte"),
        ("90 {nunber} 05", r"\{nunber\} is none of"),
        ("9{number} 00 00", "is a whole byte and stands alone"),
        ("90 {type} 00", "is no byte"),
        ("90 {text} 00", r"\{text\} is none of"),
    ],
)
def test_what_can_be_no_message_is_told(text, words):
    with pytest.raises(ValueError, match=words):
        Template(text)


def test_text_goes_where_its_hole_is():
    template = Template("F0 01 {row} {text} 02 F7", ("row",), has_text=True)
    assert template.message({"row": 3}, [65, 66]).hex() == "F0 01 03 41 42 02 F7"
    with pytest.raises(ValueError, match="has no"):
        Template("F0 01 F7", (), has_text=True)


@given(st.text(alphabet="0123456789ABCDEFabcdef{}+-numberchxtyp ", max_size=40))
def test_any_text_is_a_message_or_told(text):
    try:
        template = Template(text)
    except ValueError:
        return
    for value in (0, 1, 64, 127):
        template.message(dict.fromkeys(HOLES, value) | {"type": 9, "channel": 0})
