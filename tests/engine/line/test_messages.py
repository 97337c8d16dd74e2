"""The table of the line's messages: names, kinds, and the page that is made of them."""

import pytest
from pydantic import ValidationError

from midifrag.config.parameters import PARAMETERS, RequestParameters, names_of
from midifrag.engine.line import messages as line
from tools.line_reference import PAGE, page


def test_each_message_has_a_kind_of_its_own():
    kinds = [one.kind() for one in (*line.FROM_CLIENTS, *line.FROM_SERVERS)]
    assert len(kinds) == len(set(kinds))
    assert {"ask", "kept", "rendered", "pong"} <= set(kinds)


def test_a_wish_has_every_parameter_that_may_travel():
    texts = {name for name in names_of(RequestParameters) if PARAMETERS[name].kind is str}
    # Each text is decided on: one that names files of a machine stays there.
    assert texts == {*line.TEXTS, *line.AT_HOME}
    assert set(names_of(RequestParameters)) - line.AT_HOME.keys() <= set(line.Wish.model_fields)
    assert not line.AT_HOME.keys() & set(line.Wish.model_fields)


@pytest.mark.parametrize("job", ["", "0" * 31, "0" * 33, "G" * 32, "0" * 31 + "\n"])
def test_an_id_is_32_hexadecimal_digits(job):
    with pytest.raises(ValidationError, match="pattern"):
        line.Cancel(job=job)


def test_types_are_exact():
    with pytest.raises(ValidationError, match="valid boolean"):
        line.Wish(prompt="x", seed=1, spare=1)
    with pytest.raises(ValidationError, match="Extra inputs"):
        line.Ping(number=1, more=2)


def test_the_page_is_current():
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tools.line_reference"
