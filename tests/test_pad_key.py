import pytest

from midifrag.pad_key import PadKey


@pytest.mark.parametrize(
    ("text", "key"), [("36", PadKey(36)), (36, PadKey(36)), ("C#1", PadKey(37)), ("37/10", PadKey(37, 10))]
)
def test_a_key_is_read_and_written(text, key):
    assert PadKey.parse(text) == key
    assert PadKey.parse(str(key)) == key


@pytest.mark.parametrize("text", ["36/0", "36/17", "36/x", "128", "H1", ""])
def test_what_is_no_pad_is_said(text):
    with pytest.raises(ValueError, match=r"no pad|no note|outside"):
        PadKey.parse(text)


def test_keys_are_ordered_by_note_and_then_by_channel():
    keys = [PadKey(127, 10), PadKey(36), PadKey(127), PadKey(36, 2), PadKey(4)]
    assert sorted(keys) == [PadKey(4), PadKey(36), PadKey(36, 2), PadKey(127), PadKey(127, 10)]
    assert PadKey(36) <= PadKey(36)
    assert PadKey(37) > PadKey(36, 16)


def test_a_key_has_its_note_s_name():
    assert (PadKey(37).name, PadKey(37, 10).name) == ("C#1", "C#1/10")
