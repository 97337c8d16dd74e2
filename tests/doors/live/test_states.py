import base64
import json
from urllib.parse import quote

import pytest

from midifrag.doors.live.states import LONGEST_NAME, numbers_in

NAME = "C:\\x\\0012 rain ü 雨.WAV"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("before", [b"", b"\xff", b"ab", b"abc\0"])
@pytest.mark.parametrize("after", [b"", b"\1\2", b"x"])
@pytest.mark.parametrize("write", [bytes.hex, lambda data: base64.b64encode(data).decode()])
def test_a_name_is_found_in_what_bytes_are_written_as(encoding, before, after, write):
    text = write(before + NAME.encode(encoding) + after)
    assert numbers_in(text) == {12}
    lines = "\n\t".join(text[start : start + 10] for start in range(0, len(text), 10))
    assert numbers_in(lines) == {12}
    assert numbers_in(text[1:]) == {12}
    assert numbers_in(f"VST3:{text}:<b x='{lines}'/>") == {12}


@pytest.mark.parametrize("text", [NAME, f"<state><a>{NAME}</a></state>", json.dumps([NAME]), quote(NAME)])
def test_a_name_is_found_in_text(text):
    assert numbers_in(text) == {12}


def test_of_two_names_one_after_the_other_both_are_found():
    assert numbers_in("2024 take, 0012 a.wav;0013 b.wav") >= {2024, 12, 13}


def test_a_digit_before_a_name_hides_no_number():
    assert numbers_in("70012 rain.wav") == {70012, 12}


@pytest.mark.parametrize(
    "text", ["", "0012.wav", "012 x.wav", "0012 rain", "rain.wav", "0012 " + "x" * (LONGEST_NAME + 1) + ".wav"]
)
def test_other_texts_name_no_copy(text):
    assert numbers_in(text) == set()


@pytest.mark.parametrize("part", ["0", "0012 ", "0012.wav", ".wav", "0012"])
def test_a_text_of_any_kind_is_read_once(part):
    assert numbers_in(part * 300_000 + "0013 rain.wav") >= {13}
