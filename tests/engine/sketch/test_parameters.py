import pytest

from midifrag.engine.sketch import AXES, SoundParameters
from midifrag.engine.sketch.words import SCALES


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        ({"length": 1.5}, "length: 1.5 is outside -1 to 1"),
        ({"speed": float("nan")}, "speed"),
        ({"families": ("tuba",)}, "'tuba' is none of kick, snare"),
        ({"bpm": 5.0}, "bpm: 5 is outside 20 to 400"),
        ({"pitch_hz": 1.0}, "pitch_hz"),
        ({"bars": 0}, "bars: 0"),
        ({"key": "H minor"}, "'H minor'"),
        ({"key": "C"}, "'C'"),
    ],
)
def test_parameters_refuse_what_does_not_exist(mistake, message):
    with pytest.raises(ValueError, match=message):
        SoundParameters(**mistake)


def test_nothing_said_is_the_middle_of_every_axis():
    assert [getattr(SoundParameters(), axis) for axis in AXES] == [0.0] * len(AXES)


@pytest.mark.parametrize(
    ("key", "root", "scale"), [(None, None, "minor"), ("C# dorian", 1, "dorian"), ("A major", 9, "major")]
)
def test_a_key_is_a_root_and_a_scale(key, root, scale):
    parameters = SoundParameters(key=key)
    assert (parameters.root, parameters.scale) == (root, SCALES[scale])
