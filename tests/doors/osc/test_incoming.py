import pytest

from midifrag.doors.osc.incoming import Known, items
from midifrag.doors.osc.packets import Message, OscError
from midifrag.intents import (
    LockSlot,
    Panic,
    PressPad,
    Prompt,
    RestoreSlot,
    SelectBank,
    SetParameter,
    SlotPlaying,
    StopSlot,
)
from tests.support.shows import bank, loaded

KNOWN = Known.of(
    loaded(
        bank("one", {36: {"prompt": "rain", "name": "Rain"}, "40/10": {"prompt": "rim"}}, name="First", program=3),
        bank("two", {37: {"prompt": "wind"}}, name="Second"),
        fragments={"count": 4},
    )
)


def asked(path, *values):
    return items(Message(f"/midifrag/{path}", values), KNOWN, 5.0)


@pytest.mark.parametrize(
    ("path", "values", "intents"),
    [
        ("press", (36,), [PressPad(36, 100 / 127, 5.0, "osc")]),
        ("press", (36, 127), [PressPad(36, 1.0, 5.0, "osc")]),
        ("press", ("Rain", 63.5), [PressPad("Rain", 0.5, 5.0, "osc")]),
        ("press", ("wind", 127), [PressPad("wind", 1.0, 5.0, "osc")]),
        ("press", ("C#1", 127), [PressPad("C#1", 1.0, 5.0, "osc")]),
        ("press", ("40/10", 127), [PressPad("40/10", 1.0, 5.0, "osc")]),
        ("press", (40, 127), [PressPad(40, 1.0, 5.0, "osc")]),
        ("press", (36, 0), []),
        ("prompt", ("bell",), [Prompt("bell", {}, 5.0)]),
        ("prompt", ("bell", 2.5), [Prompt("bell", {"seconds": 2.5}, 5.0)]),
        ("control", ("steps", 8.4), [SetParameter("steps", 8)]),
        ("control", ("cfg_scale", 8.5), [SetParameter("cfg_scale", 8.5)]),
        ("control", ("steps", None), [SetParameter("steps", None)]),
        ("control", ("steps",), [SetParameter("steps", None)]),
        ("control", ("gain", -6.0), [SetParameter("gain", -6.0)]),
        ("control", ("gain 03", -6.0), [SetParameter("gain 3", -6.0)]),
        ("bank", ("two",), [SelectBank(slug="two")]),
        ("bank", ("Second",), [SelectBank(slug="two")]),
        ("bank", (3,), [SelectBank(program=3)]),
        ("bank", (-1,), [SelectBank(offset=-1)]),
        ("bank", ("+2",), [SelectBank(offset=2)]),
        ("bank", ("-1",), [SelectBank(offset=-1)]),
        ("bank", ("next",), [SelectBank(offset=1)]),
        ("bank", ("previous",), [SelectBank(offset=-1)]),
        ("slot/lock", (4,), [LockSlot(4, True)]),
        ("slot/unlock", (1,), [LockSlot(1, False)]),
        ("slot/restore", (1,), [RestoreSlot(1)]),
        ("slot/playing", (1, 1), [SlotPlaying(1, True)]),
        ("slot/playing", (1, 0), [SlotPlaying(1, False)]),
        ("slot/stop", (2,), [StopSlot(2)]),
        ("slot/stop", (), [StopSlot(None)]),
        ("panic", (), [Panic()]),
        ("panic", (1.0,), [Panic()]),
        ("panic", (0.0,), []),
    ],
)
def test_a_message_asks_for_what_a_controller_or_a_page_would(path, values, intents):
    assert asked(path, *values) == intents


@pytest.mark.parametrize(
    ("path", "values", "kind", "text"),
    [
        ("press", (99,), "no pad", "no bank of this set has a pad 99"),
        ("press", ("thunder " * 100,), "no pad", "no bank of this set has a pad 'thunder thunder"),
        ("press", ("40/9",), "no pad", "has a pad '40/9'"),
        ("prompt", ("  ",), "/midifrag/prompt", "prompt is empty"),
        ("control", ("stepz", 1), "no control", "'stepz' is none of"),
        ("control", ("steps", 0), "/midifrag/control", "steps cannot be set: 0 is below 1"),
        ("control", ("mute", 1), "/midifrag/control", "mute is of one slot, such as mute 3"),
        ("control", ("gain 5", 1), "no slot", "there is no slot 5; this set has 4"),
        ("control", ("gain 0", 1), "no slot", "there is no slot 0"),
        ("bank", ("three",), "no bank", "no bank is called 'three'"),
        ("bank", (0,), "no bank", "no bank has program 0"),
        ("bank", (4,), "no bank", "no bank has program 4"),
        ("slot/lock", (5,), "no slot", "there is no slot 5"),
        ("slot/playing", (5, 1), "no slot", "there is no slot 5"),
        ("slot/stop", (5,), "no slot", "there is no slot 5"),
    ],
)
def test_what_the_set_lacks_is_told(path, values, kind, text):
    with pytest.raises(OscError) as told:
        asked(path, *values)
    assert told.value.kind == kind
    assert text in str(told.value)
    assert len(str(told.value)) < 400


def test_a_knob_of_a_morph_is_a_control():
    assert asked("control", "morph cc 25", 0.5) == [SetParameter("morph cc 25", 0.5)]
    assert asked("control", "morph cc 25") == [SetParameter("morph cc 25", None)]
    with pytest.raises(OscError, match="2 is above 1"):
        asked("control", "morph cc 25", 2.0)


def test_the_strength_of_a_lora_is_a_control():
    assert asked("control", "lora.dusty", 0.5) == [SetParameter("lora.dusty", 0.5)]
    assert asked("control", "lora.dusty") == [SetParameter("lora.dusty", None)]
    with pytest.raises(OscError, match="3 is above 2"):
        asked("control", "lora.dusty", 3.0)
    with pytest.raises(OscError, match=r"none of .*lora\.NAME"):
        asked("control", "dusty", 1.0)
