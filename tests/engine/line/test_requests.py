"""What clients say: no place for anything else, and the least of it by default."""

import pytest
from pydantic import ValidationError

from midifrag.engine.line import requests


def test_an_ask_is_for_samples_as_they_are_unless_it_says_otherwise():
    wish = requests.Wish(prompt="x", seed=1)
    assert requests.Ask(job="0" * 32, wish=wish).coding == "float32"
    with pytest.raises(ValidationError, match="coding"):
        requests.Ask(job="0" * 32, wish=wish, coding="mp3")


def test_pieces_of_uploads_have_bytes():
    assert requests.Upload.takes_raw
    assert not requests.Ask.takes_raw
