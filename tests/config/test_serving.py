"""How many engines a server has, as one writes it."""

import pytest
from pydantic import ValidationError

from midifrag.config.serving import Range, ServeSettings


@pytest.mark.parametrize(
    ("written", "meant"), [(2, (2, 2)), ("3", (3, 3)), ("1-8", (1, 8)), ("2 - 4", (2, 4)), (Range(1, 2), (1, 2))]
)
def test_a_number_or_from_one_to_another(written, meant):
    assert ServeSettings(replicas=written).replicas == meant


@pytest.mark.parametrize("written", [0, -1, "8-1", "0-2", 257, "1-257", "", "many", "1-", 1.5, True, None, "٣"])
def test_what_is_no_number_of_engines(written):
    with pytest.raises(ValidationError, match="engines"):
        ServeSettings(replicas=written)


def test_it_is_stored_as_it_was_written():
    assert ServeSettings(replicas="1-8").model_dump()["replicas"] == "1-8"
    assert ServeSettings(replicas=2).model_dump()["replicas"] == 2
