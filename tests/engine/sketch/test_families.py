"""Every adjective moves what it is measured by, the right way, for every family that it applies to."""

import numpy as np
import pytest

from midifrag.engine.sketch import AXES, FAMILIES, SoundParameters, render_parameters, render_prompt
from midifrag.engine.sketch.words import FAMILY_SYNONYMS, PLAIN
from tests.engine.sketch import measures
from tests.support.forms import covering

#: Axis → what it is measured by.
MEASURES = {
    "length": measures.sounding,
    "brightness": measures.centroid,
    "pitch": measures.register,
    "hardness": measures.steepest_rise,
    "distortion": lambda audio: -measures.crest(audio),
    "reverb": measures.centre_time,
    "width": measures.side_share,
    "speed": measures.onsets,
    "direction": measures.climb,
    "density": measures.onsets,
}
#: Where another measure says more: swells have no steep rise, drive adds harmonics to what is flat already, …
SUSTAINED = ("sub", "pad", "lead", "organ", "sweep", "wind", "noise", "drone", "siren")
SPECIAL = {
    **{("hardness", name): lambda audio: -measures.attack_time(audio) for name in SUSTAINED},
    **{("hardness", name): measures.steepest_swell for name in ("pluck", "arpeggio")},
    **{("distortion", name): measures.centroid for name in ("sub", "siren")},
    **{("speed", name): measures.movement for name in ("pad", "organ", "wind", "drone")},
    ("speed", "siren"): measures.turns,
    ("direction", "bass"): measures.glide,
    ("density", "rain"): measures.steadiness,
}
#: What else a comparison needs: a short sound shows its room, a single zap its dive, a slow swell takes time.
CIRCUMSTANCES = {
    "reverb": {"length": -1.0},
    ("direction", "laser"): {"speed": -1.0},
}
SECONDS = {
    ("direction", "laser"): 0.5,
    ("speed", "wind"): 4.0,
    ("speed", "pad"): 4.0,
    ("speed", "siren"): 4.0,
    "length": 3.0,
}
SEEDS = (0, 1)

CASES = [(axis, name) for name, family in FAMILIES.items() for axis in family.axes]


def _measured(axis, name, position):
    measure = SPECIAL.get((axis, name), MEASURES[axis])
    others = CIRCUMSTANCES.get((axis, name), CIRCUMSTANCES.get(axis, {}))
    seconds = SECONDS.get((axis, name), SECONDS.get(axis, 2.0))
    parameters = SoundParameters(families=(name,), **{axis: position}, **others)
    return np.mean([measure(render_parameters(parameters, seconds, seed).audio) for seed in SEEDS])


#: The least difference between the two adjectives, in the unit of the measure, where more than "some" is promised.
LEAST = {
    "length": 0.03,
    "brightness": 0.2,
    "pitch": 0.2,
    "hardness": 0.01,
    "distortion": 0.2,
    "reverb": 0.02,
    "width": 0.005,
    "speed": 0.5,
    "direction": 0.05,
    "density": 0.1,
}


@pytest.mark.parametrize(("axis", "name"), covering(case for case in CASES if case != ("direction", "arpeggio")))
def test_adjective_moves_its_measure(axis, name):
    assert _measured(axis, name, PLAIN) - _measured(axis, name, -PLAIN) > LEAST[axis]


def test_intensity_is_graded():
    centroids = [_measured("brightness", "lead", position) for position in (-1.0, -0.3, 0.0, 0.3, 1.0)]
    assert centroids == sorted(centroids)
    assert len(set(centroids)) == len(centroids)


def test_every_axis_applies_to_some_family():
    assert {axis for axis, _ in CASES} == set(AXES)


def test_narrow_to_the_end_is_mono():
    for name in ("noise", "pad", "rain"):
        left, right = render_parameters(SoundParameters(families=(name,), width=-1.0), 0.5, 1).audio
        assert np.array_equal(left, right)


@pytest.mark.parametrize("name", [name for name, family in FAMILIES.items() if family.pitched])
def test_a_note_moves_every_pitched_family(name):
    low, high = (
        measures.register(render_parameters(SoundParameters(families=(name,), pitch_hz=hertz), 1.0, 2).audio)
        for hertz in (110.0, 130.8)
    )
    assert 0.1 < high - low < 0.5


@pytest.mark.parametrize("name", [name for name, family in FAMILIES.items() if not family.pitched])
def test_a_note_means_nothing_to_the_others(name):
    plain, noted = (render_prompt(prompt, 0.3, 2).audio for prompt in (name, f"{name} A3"))
    assert np.array_equal(plain, noted)


def test_the_table_is_complete():
    assert list(FAMILIES) == list(FAMILY_SYNONYMS)
    for name, family in FAMILIES.items():
        assert family.name == name
        assert family.synonyms == FAMILY_SYNONYMS[name]
        assert list(family.axes) == [axis for axis in AXES if axis in family.axes]
    assert FAMILIES["noise"].function.__name__ == "hiss"
    assert {name for name, family in FAMILIES.items() if family.loop} == {"beat", "arpeggio"}


def test_a_family_has_no_axis_that_it_goes_without():
    assert "width" not in FAMILIES["sub"].axes
    assert "hardness" not in FAMILIES["riser"].axes
