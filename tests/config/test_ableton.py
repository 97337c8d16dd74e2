import pytest
from pydantic import ValidationError

from midifrag.config.ableton import AbletonSettings, copies_folder
from midifrag.config.settings import Settings
from tests.support.shows import loaded


def settings(**keys):
    return AbletonSettings.model_validate(keys)


def test_the_door_is_shut_until_its_key_is_there():
    assert not Settings().ableton.enabled
    assert Settings.model_validate({"ableton": {}}).ableton.enabled
    assert not settings(enabled=False).enabled


def test_a_slot_that_is_not_named_has_a_track_of_its_number():
    live = settings(targets={2: {"note": "C1"}, 3: {"way": "clip", "scene": 4}, 4: {"track": "Loops"}})
    names = [(one.name, one.note, one.track, one.scene) for one in map(live.target, range(1, 5))]
    assert names == [
        ("midifrag 1", None, None, None),
        (None, 36, None, None),
        ("midifrag 3", None, None, 4),
        (None, None, "Loops", None),
    ]


@pytest.mark.parametrize(
    ("targets", "alike"),
    [
        ({}, []),
        ({2: {"name": " MIDIFRAG 1"}}, [(1, 2)]),
        ({1: {"name": "a"}, 2: {"name": "A", "way": "simpler"}}, [(1, 2)]),
        ({1: {"name": "a", "way": "clip"}, 2: {"name": "a", "way": "simpler"}}, []),
        ({1: {"name": "a", "scene": 1}, 2: {"name": "a", "scene": 2}}, []),
        ({1: {"name": "a"}, 2: {"track": "a", "scene": 1}}, [(1, 2)]),
        ({1: {"note": 36}, 2: {"note": 37}}, []),
        ({1: {"note": 36}, 2: {"note": "C1", "scene": 2}}, [(1, 2)]),
        ({1: {"note": 36, "track": "a"}, 2: {"note": 36, "track": "b"}}, []),
    ],
)
def test_two_slots_in_one_place_are_found(targets, alike):
    assert list(settings(targets=targets).alike(3)) == alike


@pytest.mark.parametrize(
    "wrong",
    [
        {"targets": {0: {}}},
        {"targets": {1: {"name": " "}}},
        {"targets": {1: {"scene": 0}}},
        {"targets": {1: {"device": "x"}}},
        {"targets": {1: {"way": "clip", "note": 36}}},
        {"targets": {1: {"way": "simpler", "scene": 2}}},
        {"occupied": "next"},
        {"port": 70000},
        {"folder": " "},
    ],
)
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValidationError):
        settings(**wrong)


def test_copies_lie_beside_the_slots_unless_the_set_says_where(tmp_path):
    assert copies_folder(str(tmp_path), None) == tmp_path / "ableton"
    assert copies_folder("fragments", str(tmp_path / "live")) == tmp_path / "live"
    show = loaded(fragments={"folder": str(tmp_path)}, ableton={})
    assert show.copies_folder == tmp_path / "ableton"
