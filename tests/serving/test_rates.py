"""How much a client may say in a second."""

import pytest

from midifrag.errors import LineError
from midifrag.serving.rates import MOST, MOST_ANSWERED, Rates


def test_so_many_messages_are_taken_in_a_second_and_then_as_many_again():
    rates = Rates()
    for now in (5.0, 5.9):
        for _ in range(MOST // 2):
            rates.came(now)
    with pytest.raises(LineError, match=f"more than {MOST} messages in a second"):
        rates.came(5.99)
    rates.came(6.0)


def test_of_those_that_are_answered_at_once_fewer_are_taken():
    rates = Rates()
    for now in (5.0, 6.5):
        rates.came(now)
        for _ in range(MOST_ANSWERED):
            rates.is_answered()
    with pytest.raises(LineError, match=f"more than {MOST_ANSWERED} pings and looks"):
        rates.is_answered()
