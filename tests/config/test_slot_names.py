"""Names of slot files."""

import pytest

from midifrag.config import slot_names
from midifrag.config.slot_names import slot_pattern, slots_alike


@pytest.mark.parametrize(
    "pattern", ["output{:02d}.wav", "{}.wav", "slot {0:>3}.WAV", "{:x}.wav", "a{0}b{0}.wav", "é{:b}.wav"]
)
def test_what_names_slots(pattern):
    assert slot_pattern(pattern) == pattern
    assert slots_alike(pattern, 99) is None


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        (".slot{}.wav", "begins with a dot"),
        ("a/{}.wav", "the name of a file and no folder"),
        ("a\\{}.wav", "the name of a file and no folder"),
        ("{:c}.wav", "characters that cannot be seen"),
        ("a\n{}.wav", "characters that cannot be seen"),
        ("x" * 250 + "{}.wav", "is too long, 244 bytes are the most"),
        ("é" * 125 + "{}.wav", "is too long"),
        ("{:0300d}.wav", "makes names that are too long"),
        ("{:99999999999d}.wav", "makes names that are too long"),
        ("{0:{0}{0}{0}{0}{0}}.wav", "makes names that are too long"),
        ("output.wav", "must hold a number and end in .wav"),
        ("{}", "must hold a number and end in .wav"),
        ("{0.x}.wav", "is no name pattern"),
        ("{}{}.wav", "is no name pattern"),
        ("{x}.wav", "is no name pattern"),
        ("{:q}.wav", "is no name pattern"),
        ("{", "is no name pattern"),
    ],
)
def test_what_cannot_name_slots(pattern, reason):
    with pytest.raises(ValueError, match=r"output\{:02d\}.wav") as wrong:
        slot_pattern(pattern)
    assert reason in str(wrong.value)


@pytest.mark.parametrize("pattern", ["a:{}.wav", "com{}.wav", "a?{}.wav"])
def test_what_windows_refuses_is_refused_there(monkeypatch, pattern):
    monkeypatch.setattr(slot_names.sys, "platform", "linux")
    assert slot_pattern(pattern) == pattern
    monkeypatch.setattr(slot_names.sys, "platform", "win32")
    with pytest.raises(ValueError, match="Windows refuses"):
        slot_pattern(pattern)


def test_slots_that_are_alike():
    assert slots_alike("{:.0e}.wav", 99) == (10, 11)
    assert slots_alike("{:.0e}.wav", 10) is None
    # A system that does not tell capitals apart has one file for both.
    assert slots_alike("{:c}.wav", 99) == (65, 97)
