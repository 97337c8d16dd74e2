"""What a token may have, and what it asked for in the last minute."""

from midifrag.serving.quotas import LEAST_SECONDS, USUAL_SECONDS, Quota, Spending, seconds_of
from tests.serving.asking import asked


def test_what_is_older_than_a_minute_counts_no_more():
    spending = Spending()
    spending.spend(0.0, 5.0)
    spending.spend(30.0, 7.0)
    assert [spending.within(now) for now in (30.0, 59.9, 60.0, 90.0)] == [12.0, 12.0, 7.0, 0.0]


def test_why_one_more_is_not_taken():
    quota = Quota(in_flight=2, seconds_a_minute=10.0)
    assert quota.refusal(1, 9.0, 1.0) == ""
    assert quota.refusal(2, 0.0, 1.0) == "2 jobs of this token are in flight, and no more may be; wait for one."
    assert quota.refusal(1, 9.5, 1.0) == "this token may ask for 10 s of audio a minute; wait a little."


def test_a_request_counts_with_its_length_and_never_as_nothing():
    assert [seconds_of(asked(1, seconds=one).wish) for one in (3.0, None, -5.0)] == [3.0, USUAL_SECONDS, LEAST_SECONDS]
