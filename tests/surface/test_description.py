import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from midifrag.surface import SURFACES, built_in
from midifrag.surface.description import Description, button_of
from midifrag.surface.grid import Button

PAD = {"about": "my pad", "source": "its manual"}


@pytest.mark.parametrize(
    ("text", "button"),
    [
        (36, Button("note", 36)),
        ("36", Button("note", 36)),
        ("C1", Button("note", 36)),
        ("53/8", Button("note", 53, 8)),
        ("cc 20", Button("cc", 20)),
        ("CC20/2", Button("cc", 20, 2)),
        (None, None),
    ],
)
def test_a_pad_is_a_note_or_a_cc(text, button):
    assert button_of(text) == button


@pytest.mark.parametrize("text", ["", "cc", "cc C1", "cc 120", "128", "36/17", "36/0", "x", True, [1]])
def test_anything_else_is_no_pad(text):
    with pytest.raises(ValueError, match=r"is no pad|is outside|is no note"):
        button_of(text)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"grid": [[36, 36]]}, "note 36 stands there twice"),
        ({"grid": [[36]], "side": ["cc 1"], "foot": ["cc 1"]}, "cc 1 stands there twice"),
        ({"grid": [list(range(17))]}, "at most 16 rows and columns"),
        ({"grid": [[36]], "side": [None]}, "is no pad"),
        ({"pads": {"still": "90 {nunber} 00"}}, "is none of"),
        ({"pads": {"still": "90 00 00", "colours": {"pink": 3}}}, "'pink' is none of off, white"),
        ({"pads": {"still": "90 00 00", "states": {"idle": 128}}}, "127"),
        ({"init": "F0 {product} F7"}, "is none of"),
        ({"init": "F0 00"}, "is no MIDI message"),
        ({"values": {"product": "80"}}, "is no byte"),
        ({"devices": {"Mini": {"product": "0D"}}}, "is none of values"),
        ({"devices": {"(": {}}}, "is no valid pattern"),
        ({"ports": {"name": "("}}, "is no valid pattern"),
        ({"ports": {"name": "x", "identity": "zz"}}, "is no hexadecimal text"),
        ({"lamps": {}}, "Extra inputs"),
    ],
)
def test_what_is_wrong_in_a_description_is_told(keys, words):
    with pytest.raises(ValidationError, match=words):
        Description.model_validate(PAD | keys)


def test_devices_that_differ_are_told_apart_by_their_names():
    about = Description.model_validate(
        PAD | {"values": {"product": "0C"}, "devices": {"Mini": {"product": "0D"}}, "init": "F0 {product} F7"}
    )
    assert [about.values_for(device) for device in ("my mini 3", "")] == [{"product": 13}, {"product": 12}]


def test_how_it_is_found():
    ports = {"name": "My Pad", "lights": "My Pad A", "others": "My Pad B", "identity": "00 20 29"}
    family = Description.model_validate(PAD | {"ports": ports}).family
    assert family[1:] == ("my pad", "My Pad", "My Pad A", "My Pad B", (0, 0x20, 0x29))
    assert Description.model_validate(PAD).family is None


def test_a_grid_may_have_one_page_or_several():
    one = Description.model_validate(PAD | {"grid": [[38, 39], [36, 37]]})
    assert (one.layout.rows, one.layout.pages) == (2, 1)
    two = Description.model_validate(PAD | {"grid": [[[38, 39], [36, 37]], [[42, 43], [40, 41]]]})
    assert (two.layout.rows, two.layout.pages) == (2, 2)
    assert Description.model_validate(PAD).layout is None


@pytest.mark.parametrize("file", sorted({file for files in SURFACES.values() for _, file in files}))
def test_every_built_in_description_names_where_its_bytes_come_from(file):
    assert built_in(file).about
    assert built_in(file).source


_any = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 200) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(sorted(Description.model_fields)), _any, max_size=6))
def test_any_file_is_a_description_or_told(keys):
    try:
        found = Description.model_validate(PAD | keys)
    except ValidationError:
        return
    assert found.layout is None or found.layout.rows <= 16
