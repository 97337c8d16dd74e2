"""What presets.yaml may say, beyond what its errors in test_loading show."""

import re

import pytest
from pydantic import ValidationError

from midifrag.config.settings import (
    Action,
    EngineSettings,
    ModelSource,
    PortSettings,
    Settings,
    SlotSettings,
    VirtualPort,
)
from midifrag.fragment.options import FragmentOptions


def test_everything_has_a_default():
    show = Settings()
    assert (show.model, show.fragments.count, show.page.port, show.engine.host) == ("pocket", 8, 8765, "process")
    assert show.ports == {
        "midifrag": PortSettings(input=VirtualPort(virtual="midifrag"), output=VirtualPort(virtual="midifrag"))
    }


def test_a_pad_s_options_lie_over_the_show_s():
    slots = SlotSettings(fade_ms=3, bits=24)
    assert slots.options() == FragmentOptions(fade_ms=3, bits=24)
    assert slots.options(FragmentOptions(fade_ms=10)) == FragmentOptions(fade_ms=10, bits=24)
    assert slots.options(FragmentOptions()) == FragmentOptions(fade_ms=3, bits=24)


@pytest.mark.parametrize(
    "name", ["x.wav", "output{}.mp3", "a/{}.wav", "a\\{}.wav", "{0.x}.wav", "{:q}.wav", "{}{}.wav"]
)
def test_a_slot_s_name_holds_a_number_and_is_a_wav_file(name):
    with pytest.raises(ValidationError, match=r"name pattern|must hold a number|no folder"):
        SlotSettings(name=name)


@pytest.mark.parametrize("name", ["output{:02d}.wav", "{}.WAV", "slot {:>3}.wav"])
def test_other_names_are_allowed(name):
    assert SlotSettings(name=name).name == name


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("Launchpad.*", str),
        ("MIDIIN2 (Launchpad Mini MK3 MID", str),
        ({"virtual": "x"}, VirtualPort),
        (VirtualPort(virtual="x"), VirtualPort),
    ],
)
def test_a_port_is_a_pattern_or_one_of_our_own(value, kind):
    assert isinstance(PortSettings.model_validate({"in": value}).input, kind)


@pytest.mark.parametrize("value", ["(", 5, {"virtual": ""}, {"virtual": "x", "y": 1}])
def test_anything_else_is_no_port(value):
    with pytest.raises(ValidationError):
        PortSettings.model_validate({"in": value})


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({}, "exactly one of hub"),
        ({"hub": "a/b", "folder": "c"}, "exactly one of hub"),
        ({"config": "a.json"}, "go together"),
        ({"folder": "a", "checkpoint": "b"}, "go together"),
        ({"folder": "a", "typo": "b"}, "unknown key typo; allowed: hub, config"),
    ],
)
def test_a_model_has_one_source(source, words):
    with pytest.raises(ValidationError, match=re.escape(words)):
        ModelSource.model_validate(source)


def test_an_engine_may_have_keys_of_its_own():
    assert ModelSource.model_validate({"engine": "bells", "tuning": 440}).model_extra == {"tuning": 440}


@pytest.mark.parametrize(
    ("does", "needed"),
    [
        ("cancel_pad", "pad"),
        ("bank", "bank"),
        ("lock", "slot"),
        ("unlock", "slot"),
        ("toggle_lock", "slot"),
        ("restore", "slot"),
    ],
)
def test_an_action_is_told_what_it_is_about(does, needed):
    with pytest.raises(ValidationError, match=f"{does} needs {needed}"):
        Action.model_validate({"does": does, "note": 3})
    assert getattr(Action.model_validate({"does": does, "note": 3, needed: 4}), needed) == 4


@pytest.mark.parametrize("sources", [{}, {"note": 1, "cc": 2}, {"cc": 1, "program": 2}])
def test_an_action_has_one_source(sources):
    with pytest.raises(ValidationError, match="exactly one of note, cc or program"):
        Action.model_validate({"does": "panic", **sources})


def test_where_a_model_comes_from():
    show = Settings.model_validate({"models": {"mine": {"folder": "m"}, "small": {"folder": "own"}}})
    assert show.source("mine") == {"folder": "m"}
    assert show.source("small") == {"folder": "own"}
    assert show.source("open") == {"hub": "stabilityai/stable-audio-open-1.0"}
    assert show.source("sketch") == show.source("nothing") == {}
    assert show.known_models == ["mine", "open", "pocket", "sketch", "small"]


@pytest.mark.parametrize(
    ("written", "other"),
    [
        ({}, "sketch"),
        ({"stand_in": "pocket"}, "pocket"),
        ({"stand_in": "none"}, None),
        ({"fallback": "none"}, None),
        ({"fallback": "sketch"}, "sketch"),
        ({"fallback": "none", "stand_in": "pocket"}, "pocket"),
    ],
)
def test_who_stands_in_may_be_written_under_its_older_name(written, other):
    engine = Settings.model_validate({"engine": written}).engine
    assert engine.other_model == other
    assert set(engine.model_dump()) == set(EngineSettings.model_fields)
