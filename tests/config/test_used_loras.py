"""Which LoRAs a set names, and what presses and knobs make of them."""

from __future__ import annotations

from typing import Any

from midifrag.config.banks import Bank
from midifrag.config.press_request import press_request
from midifrag.config.settings import Settings
from midifrag.config.used_loras import names_in, used_loras
from midifrag.pad_key import PadKey

SETTINGS = Settings.model_validate(
    {
        "model": "mine",
        "models": {"mine": {"hub": "me/mine", "loras": [{"file": "/dusty.safetensors", "strength": 0.5}]}},
    }
)


def bank(**more: Any) -> Bank:
    pads = {
        36: {"prompt": "rain"},
        37: {"prompt": "hum", "loras": [{"name": "dusty", "strength": 2}, {"file": "/vinyl.safetensors"}]},
        38: {"prompt": "kick", "model": "sketch"},
    }
    return Bank.model_validate({"name": "One", "slug": "one", "pads": pads, **more})


def asked(of: Bank, note: int, **how: Any) -> str | None:
    return press_request(SETTINGS, of, of.pads[PadKey(note)], **how).preset.loras


def test_a_press_has_those_of_all_levels_the_model_s_entry_farthest() -> None:
    one = bank(defaults={"loras": [{"file": "/bank.safetensors", "strength": -1}]})
    assert asked(one, 36) == "dusty=0.5 from /dusty.safetensors; bank=-1 from /bank.safetensors"
    assert asked(one, 37) == (
        "dusty=2 from /dusty.safetensors; bank=-1 from /bank.safetensors; vinyl=1 from /vinyl.safetensors"
    )
    assert asked(one, 38) == "bank=-1 from /bank.safetensors"
    assert asked(bank(), 38) is None


def test_a_knob_or_a_velocity_sets_a_strength_of_the_pads_that_play_it() -> None:
    one = bank(controls=[{"cc": 24, "sets": "lora.dusty"}])
    [control] = one.controls
    assert (control.range, control.value(0.0), control.value(1.0)) == ((-1.0, 2.0), -1.0, 2.0)
    assert control.id == "cc 24 sets lora.dusty"
    assert asked(one, 36, values={"lora.dusty": 1.25, "lora.vinyl": 2.0}) == "dusty=1.25 from /dusty.safetensors"
    assert asked(one, 38, values={"lora.dusty": 1.25}) is None
    pad = {"prompt": "rain", "velocity": {"sets": "lora.dusty", "range": [0, 1]}}
    by_hand = Bank.model_validate({"name": "Two", "pads": {36: pad}})
    assert asked(by_hand, 36, velocity=0.25) == "dusty=0.25 from /dusty.safetensors"


def test_all_of_a_set_are_told_with_their_models_strengths_and_banks() -> None:
    told = [
        (one.lora.name, one.lora.place, one.strengths, one.models, one.banks) for one in used_loras(SETTINGS, (bank(),))
    ]
    assert told == [
        ("dusty", "/dusty.safetensors", [0.5, 2.0], ["mine"], ["one"]),
        ("vinyl", "/vinyl.safetensors", [1.0], ["mine"], ["one"]),
    ]
    assert list(names_in(SETTINGS, bank())) == ["lora.dusty", "lora.dusty", "lora.vinyl"]
    assert [one.lora.name for one in used_loras(SETTINGS, ())] == ["dusty"]
