"""What messages are made of: a wish with every parameter that may travel, and what of it is uploaded."""

import pytest
from pydantic import ValidationError

from midifrag.config.parameters import PARAMETERS, RequestParameters, names_of
from midifrag.engine.line import parts

A, B = "a" * 64, "b" * 64


def test_a_wish_has_every_parameter_that_may_travel():
    texts = {name for name in names_of(RequestParameters) if PARAMETERS[name].kind is str}
    # Each text is decided on: one that names files of this machine does not travel as it is.
    assert texts == {*parts.TEXTS, *parts.FILES}
    assert set(names_of(RequestParameters)) <= set(parts.Wish.model_fields)
    assert parts.Wish.model_fields["loras"].annotation == tuple[parts.LoraFile, ...]


@pytest.mark.parametrize("job", ["", "0" * 31, "0" * 33, "G" * 32, "0" * 31 + "\n"])
def test_an_id_is_32_hexadecimal_digits(job):
    class Told(parts.Message):
        job: parts.JobId

    with pytest.raises(ValidationError, match="pattern"):
        Told(job=job)


def test_types_are_exact():
    with pytest.raises(ValidationError, match="valid boolean"):
        parts.Wish(prompt="x", seed=1, spare=1)
    with pytest.raises(ValidationError, match="Extra inputs"):
        parts.Wish(prompt="x", seed=1, more=2)


def test_what_is_uploaded_of_a_wish_is_told_once():
    sound = parts.Sound(sha256=A, channels=2, samples=10, sample_rate=8000)
    loras = tuple(parts.LoraFile(name=name, strength=1.0, sha256=B, size=9) for name in ("one", "two"))
    wish = parts.Wish(prompt="x", seed=1, sound=sound, loras=loras, fill=(0.0, 1.5))
    assert [one.sha256 for one in parts.parcels_of(wish)] == [A, B]
    assert (sound.size, wish.fill) == (80, (0.0, 1.5))
    assert parts.parcels_of(parts.Wish(prompt="x", seed=1)) == ()
