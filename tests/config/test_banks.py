"""Which pad a note of a bank presses."""

import pytest
from pydantic import ValidationError

from midifrag.config.loading import load
from midifrag.errors import ConfigurationError
from midifrag.pad_key import PadKey
from tests.support.shows import bank


def test_a_pad_on_one_channel_wins_over_one_on_any():
    one = bank(pads={"36": {"prompt": "any"}, "36/10": {"prompt": "ten"}})
    assert one.find(36, 10, "x") == (PadKey(36, 10), one.pads[PadKey(36, 10)])
    assert one.find(36, 9, "x") == (PadKey(36), one.pads[PadKey(36)])


def test_a_pad_bound_to_a_port_is_deaf_to_others():
    one = bank(pads={"36": {"prompt": "x", "port": "pads"}})
    assert one.find(36, 1, "live") is None
    assert one.find(36, 1, "pads") is not None


def test_a_pad_is_called_by_its_note_its_name_or_prompt_and_its_key():
    one = bank(
        pads={
            "36/10": {"prompt": "ten"},
            "36": {"prompt": "any", "name": "Kick", "port": "pads"},
            "37/10": {"prompt": "snare"},
            "38": {"prompt": "rain", "name": "36"},
        }
    )

    def called(name):
        found = one.called(name)
        assert found is None or one.pads[found[0]] == found[1]
        return found and str(found[0])

    assert [called(name) for name in (36, 37, 38, 39)] == ["36", "37/10", "38", None]
    assert [called(name) for name in ("Kick", "ten", "any", "rain", "kick", "")] == [
        "36",
        "36/10",
        None,
        None,
        None,
        None,
    ]
    assert [called(name) for name in ("C1", "36/10", "37", "C#1", "37/9", "36")] == [
        "36",
        "36/10",
        "37/10",
        "37/10",
        None,
        "38",
    ]


def named(*names, **keys):
    return bank(pads={36 + at: {"prompt": name, "name": name} for at, name in enumerate(names)}, **keys)


def test_a_grid_says_where_pads_lie_the_top_row_first():
    one = named("kick", "snare", "hat", grid=[["hat", None], [36, "snare"]])
    assert one.places == {PadKey(38): (2, 1), PadKey(36): (1, 1), PadKey(37): (1, 2)}


def test_a_pad_may_say_its_own_place():
    one = bank(pads={36: {"prompt": "x", "at": [3, 4]}, 37: {"prompt": "y"}})
    assert one.places == {PadKey(36): (3, 4)}
    assert bank(pads=one.model_dump()["pads"]).places == one.places


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"grid": [["kick", "snara"]]}, "'snara' is none of kick, snare; did you mean snare"),
        ({"grid": [["kick", "kick"]]}, "pad 36 has a place already"),
        ({"grid": [["kick", 36]]}, "pad 36 has a place already"),
        ({"grid": [["kick"] + [None] * 16]}, "a row has at most 16 pads"),
    ],
)
def test_a_grid_that_cannot_be_is_told(keys, words):
    with pytest.raises(ValidationError, match=words):
        named("kick", "snare", **keys)


@pytest.mark.parametrize(
    "pads",
    [
        {36: {"prompt": "x", "at": [1, 1]}, 37: {"prompt": "y", "at": [1, 1]}},
        {36: {"prompt": "x", "at": [0, 1]}},
        {36: {"prompt": "x", "at": [1, 17]}},
        {36: {"prompt": "x", "at": [1]}},
        {36: {"prompt": "x", "at": [1.5, True]}},
        {36: {"prompt": "x", "at": "11"}},
    ],
)
def test_a_place_that_cannot_be_is_told(pads):
    with pytest.raises(ValidationError, match=r"is where pad 36 lies|is no place"):
        bank(pads=pads)


def test_a_place_that_is_taken_is_told_with_its_line(tmp_path):
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "opening.yaml").write_text(
        "name: A\npads:\n  36: {prompt: x, at: [1, 1]}\n  37:\n    prompt: y\n    at: [1, 1]\n"
    )
    (tmp_path / "presets.yaml").write_text("model: sketch\n")
    with pytest.raises(ConfigurationError) as error:
        load(tmp_path / "presets.yaml", environment={})
    assert [str(one) for one in error.value.problems] == [
        "presets/opening.yaml:6: pads.37.at: [1, 1] is where pad 36 lies"
    ]


@pytest.mark.parametrize(("value", "select"), [(0, 0), (16383, 16383), ([2, 5], 261)])
def test_a_bank_select_is_two_ccs_or_their_number(value, select):
    assert bank(bank_select=value).bank_select == select


@pytest.mark.parametrize("value", [-1, 16384, [1], [1, 128], [True, 1], "1", True])
def test_anything_else_is_no_bank_select(value):
    with pytest.raises(ValidationError, match="is no bank select"):
        bank(bank_select=value)
