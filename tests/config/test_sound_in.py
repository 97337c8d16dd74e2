import pytest
from pydantic import ValidationError

from midifrag.config.pad_versions import says
from midifrag.config.pads import Pad, PadDefaults
from midifrag.config.sound_in import (
    InputSettings,
    SoundSource,
    SoundWanted,
    sound_source,
    sound_wanted,
    too_far,
)


@pytest.mark.parametrize(
    ("written", "source"),
    [
        ("slot 3", SoundSource("slot", 3)),
        ("Slot  03", SoundSource("slot", 3)),
        ("take #12", SoundSource("take", 12)),
        ("latest", SoundSource("latest")),
        ("input", SoundSource("input")),
        ("none", SoundSource("none")),
        (f"kept {'0f' * 32}", SoundSource("kept", file="0f" * 32)),
        ("loops/rain.wav", SoundSource("file", file="loops/rain.wav")),
    ],
)
def test_a_source_is_read_and_written(written: str, source: SoundSource) -> None:
    assert sound_source(written) == source
    assert sound_source(str(source)) == source
    assert sound_source(source) is source


@pytest.mark.parametrize("written", ["slot", "slot 0", "slot 100", "take 0", "latst", "", 3, None, True, "a\0b.wav"])
def test_what_is_none_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match=r"is no sound|there is no such"):
        sound_source(written)


def test_a_file_in_the_home_of_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="a user whom this machine does not know"):
        sound_source("~nobody-of-that-name/rain.wav")


def test_a_pad_says_it_by_its_own_keys_and_they_are_written_back() -> None:
    said = {"prompt": "rain", "from": "slot 3", "strength": 0.4, "continue": 4.0}
    pad = Pad.model_validate(said)
    assert (pad.source, pad.onward, pad.strength) == (SoundSource("slot", 3), 4.0, 0.4)
    assert says(said) == said


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"from": "slt 3"}, "did you mean"),
        ({"continue": 4, "fill": [1, 2]}, "stands beside continue"),
        ({"fill": [2, 1]}, "ends less than 0.05 s after it begins"),
        ({"continue": 0}, "greater than or equal to 0.05"),
        ({"strength": 2}, "less than or equal to 1"),
    ],
)
def test_what_cannot_be_is_refused_with_words(said: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Pad.model_validate({"prompt": "rain", **said})


def test_a_pad_s_sound_comes_from_the_nearest_level_that_names_one() -> None:
    def level(**said: object) -> PadDefaults:
        return PadDefaults.model_validate(said)

    bank = level(**{"from": "slot 1"})
    assert sound_wanted(level(), bank) == SoundWanted(SoundSource("slot", 1))
    assert sound_wanted(level(**{"continue": 4}), bank) == SoundWanted(SoundSource("slot", 1), 4.0)
    assert sound_wanted(level(**{"from": "none"}), bank) is None
    assert sound_wanted(level(), level()) is None
    # What only says what is made of a sound means the newest.
    assert sound_wanted(level(fill=[1, 2]), level()) == SoundWanted(SoundSource("latest"), None, (1.0, 2.0))


def test_a_part_lies_within_what_a_model_renders() -> None:
    source = SoundSource("slot", 1)
    parts: dict[tuple[float | None, tuple[float, float] | None], str | None] = {
        (119.9, None): None,
        (120, None): "longer than small renders, 120.0 s",
        (None, (119, 130)): None,
        (None, (120, 130)): "beyond what small renders, 120.0 s",
    }
    for part, words in parts.items():
        told = too_far(SoundWanted(source, *part), "small", 120.0)
        assert (told is None) is (words is None)
        assert words is None or (told is not None and words in told)
        assert too_far(SoundWanted(source, *part), "small", None) is None
    assert too_far(SoundWanted(source), "small", 120.0) is None


def test_words_of_it() -> None:
    source = SoundSource("slot", 1)
    assert str(SoundWanted(source)) == "slot 1"
    assert (str(SoundWanted(source, 4.0)), SoundWanted(source, 4.0).key) == ("slot 1, 4 s on", "continue")
    assert (str(SoundWanted(source, None, (1, 2))), SoundWanted(source, None, (1, 2)).key) == (
        "slot 1, 1 to 2 s anew",
        "fill",
    )
    assert InputSettings().is_on
    assert not InputSettings(device="off").is_on
