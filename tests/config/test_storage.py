"""What presets.yaml may say of slots, beyond what its errors in test_loading show."""

import pytest
from pydantic import ValidationError

from midifrag.config.storage import SlotSettings
from midifrag.fragment.options import FragmentOptions


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
