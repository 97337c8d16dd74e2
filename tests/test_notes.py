import pytest
from hypothesis import given
from hypothesis import strategies as st

from midifrag.notes import note_name, note_number


@pytest.mark.parametrize(
    ("text", "number"), [("C1", 36), (36, 36), ("36", 36), ("F#2", 54), ("Gb2", 54), ("C-2", 0), ("G8", 127)]
)
def test_names_follow_abletons_convention(text, number):
    assert note_number(text) == number


@given(st.integers(0, 127))
def test_a_name_leads_back_to_its_number(number):
    assert note_number(note_name(number)) == number


@pytest.mark.parametrize("text", ["H1", "", "C", 128, -1, "G#8", "Cb-2"])
def test_what_is_no_note_is_refused_with_what_is_allowed(text):
    with pytest.raises(ValueError, match="0–127"):
        note_number(text)
