"""Values that several keys have, as they may be written."""

import pytest
from pydantic import TypeAdapter, ValidationError

from midifrag.config.value_types import Channel, Key, Lead, NotBlank, Note, Program, SevenBit, Strict


@pytest.mark.parametrize(
    ("kind", "written", "meant"),
    [(Note, "C1", 36), (Note, 36, 36), (Channel, 16, 16), (SevenBit, 0, 0), (Program, 128, 128), (Lead, 2000, 2000.0)],
)
def test_what_may_be_written(kind, written, meant):
    assert TypeAdapter(kind).validate_python(written) == meant


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        (Note, "H1"),
        (Channel, 0),
        (Channel, 17),
        (SevenBit, 128),
        (Program, 0),
        (Lead, 2001),
        (NotBlank, " "),
        (Key, ""),
    ],
)
def test_what_may_not(kind, written):
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(written)


def test_an_object_knows_its_keys_and_stays_as_it_is():
    class Lamp(Strict):
        colour: str = "red"

    with pytest.raises(ValidationError, match="Extra inputs"):
        Lamp.model_validate({"colour": "blue", "color": "blue"})
    with pytest.raises(ValidationError, match="frozen"):
        Lamp().colour = "blue"
