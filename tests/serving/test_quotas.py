"""What a token asked for in the last minute."""

from midifrag.serving.quotas import Spending


def test_what_is_older_than_a_minute_counts_no_more():
    spending = Spending()
    spending.spend(0.0, 5.0)
    spending.spend(30.0, 7.0)
    assert [spending.within(now) for now in (30.0, 59.9, 60.0, 90.0)] == [12.0, 12.0, 7.0, 0.0]
