import pytest

from midifrag.config.hints import hints
from midifrag.config.places_on_ports import readings
from tests.support.shows import bank, loaded

SIXTEEN = {note: {"prompt": f"pad {note}"} for note in range(36, 52)}


def show(pads=None, actions=(), **port):
    ports = {"pads": {"in": "x", "surface": "launchpad", **port}}
    return loaded(bank(pads=pads or SIXTEEN), ports=ports, actions=list(actions))


@pytest.mark.parametrize(
    ("port", "line"),
    [
        ({}, "pads: launchpad, 8 × 8: banks lie by place, from [1, 1]"),
        ({"place": [5, 5], "banks": 4}, "pads: launchpad, 8 × 8: banks lie by place, from [5, 5], 4 side by side"),
        ({"place": "notes"}, "pads: launchpad, 8 × 8: each pad is where the controller has its note (place: notes)"),
    ],
)
def test_the_reading_of_each_port_is_said(port, line):
    assert list(readings(show(**port))) == [line]


def test_a_bank_of_several_pages_is_said():
    pads = {note: {"prompt": "x"} for note in range(60, 80)}
    (line,) = readings(show(pads, surface="minilab3"))
    assert line.endswith("from [1, 1], opening has 2 pages")


def test_a_controller_without_a_grid_has_no_reading():
    assert list(readings(show(surface="echo"))) == []


def test_by_notes_a_pad_that_the_controller_does_not_have_is_a_hint():
    told = list(hints(show(place="notes")))
    assert [line.split(":")[1].strip() for line in told] == ["pads.39", "pads.40", "pads.49", "pads.50"]
    assert "launchpad at pads has no pad of this note (place: notes)" in told[0]


def test_by_place_what_an_action_takes_is_the_pad_that_lies_there():
    told = list(hints(show(actions=[{"note": 11, "does": "panic"}, {"note": 36, "does": "panic"}])))
    assert told == ["presets/opening.yaml: pads.36: its place at pads, note 11, does panic (actions of presets.yaml)"]
    assert list(hints(show(actions=[{"note": 11, "does": "panic", "port": "keys"}]))) == []
