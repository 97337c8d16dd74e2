import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from midifrag.config.banks import Control, Pad, PadDefaults, Parameters, Range, resolve
from midifrag.pad_key import PadKey


def test_levels_give_way_pad_first_then_bank_then_show_and_live_values_win():
    pad = Pad(prompt="rain", steps=5)
    preset = resolve(pad, Parameters(steps=6, cfg_scale=2), Parameters(cfg_scale=3, seconds=4), values={"seconds": 9})
    assert (preset.steps, preset.cfg_scale, preset.seconds, preset.seed) == (5, 2, 9, "random")


@pytest.mark.parametrize(("curve", "middle"), [("linear", 50.5), ("exponential", 10.0), ("stepped", 1 + 99 * 4 / 7)])
def test_curves(curve, middle):
    way = Range(sets="seconds", range=(1, 100), curve=curve)
    assert way.value(0.0) == 1
    assert way.value(0.5) == pytest.approx(middle)
    assert way.value(1.0) == pytest.approx(100)


def test_whole_parameters_stay_whole_and_ranges_may_fall():
    assert Range(sets="steps", range=(100, 4)).value(0.5) == 52
    assert isinstance(Range(sets="steps", range=(4, 100)).value(0.333), int)


@given(st.floats(0, 1), st.sampled_from(["linear", "exponential"]))
def test_position_is_the_inverse_of_value(position, curve):
    way = Range(sets="cfg_scale", range=(1, 12), curve=curve)
    assert way.position(way.value(position)) == pytest.approx(position, abs=1e-6)


def test_a_pad_on_one_channel_wins_over_one_on_any():
    from tests.support.shows import bank

    one = bank(pads={"36": {"prompt": "any"}, "36/10": {"prompt": "ten"}})
    assert one.find(36, 10, "x") == (PadKey(36, 10), one.pads[PadKey(36, 10)])
    assert one.find(36, 9, "x") == (PadKey(36), one.pads[PadKey(36)])


def test_a_pad_bound_to_a_port_is_deaf_to_others():
    from tests.support.shows import bank

    one = bank(pads={"36": {"prompt": "x", "port": "pads"}})
    assert one.find(36, 1, "live") is None
    assert one.find(36, 1, "pads") is not None


def test_identities_tell_every_source_apart():
    sources = [{"cc": 1}, {"cc": 2}, {"pitch_bend": True}, {"aftertouch": True}]
    places = [{}, {"channel": 2}, {"port": "keys"}, {"channel": 2, "port": "keys"}]
    controls = [
        Control.model_validate({**source, **place, "sets": sets, "range": [1, 9]})
        for source in sources
        for place in places
        for sets in ("steps", "seconds")
    ]
    assert len({control.id for control in controls}) == len(controls)
    assert controls[-1].id == "aftertouch channel 2 port keys sets seconds"
    assert controls[0].id == "cc 1 sets steps"


@pytest.mark.parametrize("written", [-1, "-1", -1.0, "random"])
def test_a_seed_of_minus_one_is_another_each_time(written):
    assert (Pad(prompt="x", seed=written).seed, Parameters(seed=written).seed) == ("random", "random")


@pytest.mark.parametrize("written", [-2, "-10", 1.5, "rand"])
def test_what_is_no_seed(written):
    with pytest.raises(ValueError, match="seed"):
        Pad(prompt="x", seed=written)


@pytest.mark.parametrize("sets", ["bars", "beats"])
def test_a_control_goes_in_whole_bars_and_beats_between_whole_ends(sets):
    way = Range(sets=sets, range=(1, 8))
    assert {way.value(position / 127) for position in range(128)} == {1, 2, 3, 4, 5, 6, 7, 8}
    assert Range(sets=sets, range=(1, 8), curve="exponential").value(0.5) == 3
    assert Range(sets=sets, range=(0.5, 2)).value(0.5) == 1.25


def test_two_lengths_of_one_level_are_a_mistake():
    for level in (Parameters, lambda **said: Pad(prompt="rain", **said)):
        assert level(bars=2).bars == 2
        with pytest.raises(ValueError, match="stands beside seconds; a length is one of seconds, bars and beats"):
            level(seconds=2, beats=3)
        with pytest.raises(ValueError, match="stands beside bars"):
            level(bars=2, beats=3)


@pytest.mark.parametrize(
    ("keys", "what"),
    [
        ({"land": "3 bars"}, "'now', 'beat', 'bar', '2 bars' or '4 bars'"),
        ({"lead_ms": -1}, "greater than or equal to 0"),
        ({"lead_ms": 2001}, "less than or equal to 2000"),
        ({"fallback": "first"}, "'last'"),
    ],
)
def test_what_a_pad_cannot_say_of_its_landing(keys, what):
    with pytest.raises(ValidationError, match=what):
        Pad.model_validate({"prompt": "rain", **keys})


def test_defaults_know_where_fragments_land_but_no_fallback():
    assert PadDefaults.model_validate({"land": "2 bars", "steps": 4}).land == "2 bars"
    with pytest.raises(ValidationError, match="fallback"):
        PadDefaults.model_validate({"fallback": "last"})
