import pytest

from midifrag.config.banks import Bank
from midifrag.config.conditioning import as_conditioning, merged, read_conditioning, shown, write_conditioning
from midifrag.config.press_request import press_request
from midifrag.config.settings import Settings
from midifrag.pad_key import PadKey


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ({"bpm": 120}, "bpm=120"),
        ({"genre": "dark techno", "bpm": 97.5}, "bpm=97.5, genre=dark techno"),
        ({"bpm": "120"}, "bpm=120"),
        ({1: -0.5}, "1=-0.5"),
        ("bpm = 120,genre=dub, ", "bpm=120, genre=dub"),
        ({}, None),
        ("", None),
        (None, None),
    ],
)
def test_one_line_for_each_meaning(said, line):
    assert as_conditioning(said) == line
    assert as_conditioning(line) == line
    assert write_conditioning(read_conditioning(line)) == line


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (["bpm"], "must be keys and values"),
        (3, "must be keys and values"),
        ({"bpm": True}, "neither a number nor a text"),
        ({"bpm": None}, "neither a number nor a text"),
        ({"bpm": [1]}, "neither a number nor a text"),
        ({"bpm": float("nan")}, "no number that a model can be told"),
        ({"bpm": "inf"}, "no number that a model can be told"),
        ({"": 1}, "no name"),
        ({"a=b": 1}, "no name"),
        ({"genre": "a, b"}, "no comma"),
        ({"genre": " "}, "no value"),
        ({"genre": "x" * 201}, "no value"),
        ({f"n{number}": 1 for number in range(33)}, "32 are the most"),
        ("bpm", "'bpm' says no value; write it as bpm=120"),
    ],
)
def test_what_cannot_be_said(said, why):
    with pytest.raises(ValueError, match=why):
        as_conditioning(said)


def test_nearer_levels_win_name_by_name():
    assert merged("bpm=120, energy=1", "energy=0.5") == "bpm=120, energy=0.5"
    assert merged(None, None) is None
    assert [shown(120.0), shown(0.25), shown("dub"), shown(1e20)] == ["120", "0.25", "dub", "1e+20"]


def test_levels_of_a_set():
    settings = Settings.model_validate({"defaults": {"conditioning": {"bpm": 90, "energy": 1}}})
    pads = {36: {"prompt": "rain", "conditioning": {"energy": 0.5}}, 37: {"prompt": "hum"}}
    bank = Bank.model_validate({"name": "A", "defaults": {"conditioning": {"genre": "dub"}}, "pads": pads})
    said = [press_request(settings, bank, bank.pads[PadKey(note)]).preset.conditioning for note in (36, 37)]
    assert said == ["bpm=90, energy=0.5, genre=dub", "bpm=90, energy=1, genre=dub"]
