import itertools

import pytest

from midifrag.config.lengths import Limits, musical_length, needed_seconds, rendered_seconds, told_bars
from midifrag.config.parameters import Preset
from midifrag.fragment.length import MusicalLength, SecondsLength
from midifrag.fragment.options import FragmentOptions
from midifrag.timeline import Signature

WALTZ = Signature(3, 4)


def preset(**values):
    return Preset(prompt="rain", **values)


def test_a_length_in_music_is_one_of_bars_or_beats():
    assert musical_length(preset(bars=2), 90, WALTZ) == MusicalLength(2, "bars", 90, WALTZ)
    assert musical_length(preset(beats=5), 90, WALTZ) == MusicalLength(5, "beats", 90, WALTZ)
    assert musical_length(preset(seconds=5), 90, WALTZ) is None
    assert musical_length(preset(), 90, WALTZ) is None


def rendered(options=None, limits=None, bpm=120, **values):
    asked = preset(**values)
    length = musical_length(asked, bpm, Signature())
    return rendered_seconds(asked, length, options or FragmentOptions(), limits or Limits())


@pytest.mark.parametrize("bpm", [30.0, 92.5, 119.9, 120.0, 120.1, 174.0])
@pytest.mark.parametrize("options", [FragmentOptions(), FragmentOptions(loop=True, loop_crossfade_ms=400)])
def test_more_is_rendered_than_the_bars_need(bpm, options):
    seconds, length = rendered(options, bpm=bpm, bars=2)
    need = 8 * 60 / bpm + (0.4 if options.loop else 0)
    assert need + 0.45 <= seconds < need * (1 + 0.25 / bpm) + 0.75
    assert length == MusicalLength(2, "bars", bpm)
    assert needed_seconds(length, options) == pytest.approx(need)


def test_a_tempo_that_drifts_asks_for_the_same_take():
    tempos = (20, 60, 90, 92.5, 99.75, 100 / 3, 120, 128.25, 174, 300)
    for bpm, count in itertools.product(tempos, (0.25, 1, 2, 3, 4, 8, 16)):
        assert len({rendered(bpm=bpm + drift / 100, bars=count)[0] for drift in range(-4, 5)}) == 1


def test_a_loop_s_crossfade_takes_at_most_half_of_it_more():
    assert needed_seconds(MusicalLength(1, "beats", 120), FragmentOptions(loop=True, loop_crossfade_ms=9000)) == 0.75


def test_a_model_s_limits_bound_what_it_is_asked_for():
    assert rendered(limits=Limits(4.0), beats=1)[0] == 4.0
    assert rendered(limits=Limits(4.0), bars=3)[0] == 6.5
    assert rendered(limits=Limits(longest=6.2), bars=3)[0] == 6.2
    assert rendered(limits=Limits(longest=5.0), bars=3) == (5.0, MusicalLength(3, "bars", 120))
    # What no engine takes.
    assert rendered(bpm=30, bars=64)[0] == 380


@pytest.mark.parametrize(
    ("seconds", "asked"),
    [(1.0, (4.0, SecondsLength(1.0))), (4.0, (4.0, None)), (5.0, (5.0, None)), (None, (None, None))],
)
def test_a_model_that_garbles_short_takes_renders_its_own_least_and_that_is_cut(seconds, asked):
    assert rendered(limits=Limits(4.0), seconds=seconds) == asked
    assert rendered(seconds=seconds) == (seconds, None)


@pytest.mark.parametrize(
    ("values", "signature", "text"),
    [
        ({"bars": 2}, Signature(), "2"),
        ({"bars": 1.5}, Signature(), "1.5"),
        ({"beats": 8}, Signature(), "2"),
        ({"beats": 8}, WALTZ, "2.67"),
        ({"seconds": 4}, Signature(), "2"),
        ({"seconds": 3.1}, WALTZ, "2"),
        ({"seconds": 0.2}, Signature(), "1"),
        ({}, Signature(), "some"),
    ],
)
def test_a_prompt_is_told_how_many_bars(values, signature, text):
    assert told_bars(preset(**values), 120, signature) == text
