"""What a token has of all replicas together."""

import asyncio

import pytest

from midifrag.clock import ManualClock
from midifrag.engine.line import messages as line
from midifrag.serving.allowance import FRESH, LOOKS, Allowance
from midifrag.serving.quotas import Quota
from tests.serving.asking import job_id

QUEUED, CANCELLED = line.Queued(job=job_id(1)), line.Cancelled(job=job_id(1))


class WayIn:
    """An allowance, and replicas that say of whoever is asked for what a test has them say."""

    def __init__(self, **quota):
        self.clock, self.used, self.asked, self.takes = ManualClock(), (0, 0.0), [], 0.0
        self.allowance = Allowance(Quota(**quota), self.clock, self._used, self._pause)

    async def _used(self, owner):
        self.asked.append(owner)
        said = self.used
        await asyncio.sleep(0)
        self.clock.time += self.takes
        return said

    async def _pause(self, seconds):
        self.clock.time += seconds
        await asyncio.sleep(0)

    async def ask(self, seconds=1.0, owner="ann"):
        return await self.allowance.ask(owner, seconds)

    async def known(self, count, seconds=1.0):
        """So many jobs, which their replicas have."""
        found = [await self.ask(seconds) for _ in range(count)]
        for one in found:
            assert not one.over
            one.hear(QUEUED, self.clock.now())
        self.clock.time += 0.01
        return found


def play(coroutine):
    asyncio.run(coroutine)


def test_a_token_that_asks_for_little_has_nobody_asked():
    async def run():
        way = WayIn(in_flight=16, seconds_a_minute=80.0)
        for _ in range(3):
            for one in await way.known(2, 1.0):
                one.hear(CANCELLED, way.clock.now())
        assert way.asked == []
        # Ended or not, what was asked for counts a minute.
        await way.ask(5.0)
        assert way.asked == ["ann"]
        way.clock.time += 61.0
        await way.ask(5.0)
        assert way.asked == ["ann"]

    play(run())


@pytest.mark.parametrize(
    ("used", "seconds", "said"),
    [((16, 0.0), 1.0, "16 jobs of this token are in flight"), ((0, 75.0), 6.0, "80 s of audio a minute")],
)
def test_what_is_beyond_the_quota_at_all_replicas_together_is_not_let_through(used, seconds, said):
    async def run():
        way = WayIn(in_flight=16, seconds_a_minute=80.0)
        await way.known(2)
        way.used = used
        assert said in (await way.ask(seconds)).over
        # Others have their own.
        assert not (await way.ask(seconds=1.0, owner="bob")).over
        # What was not let through counts for nothing, and what has ended elsewhere no more.
        way.used = (14, 10.0)
        way.clock.time += FRESH
        assert not (await way.ask()).over

    play(run())


def test_what_was_let_through_since_the_replicas_said_counts_until_they_have_it_in():
    async def run():
        way = WayIn(in_flight=16)
        await way.known(2)
        way.used = (13, 0.0)
        found = await asyncio.gather(*(way.ask() for _ in range(3)))
        assert [bool(one.over) for one in found] == [False] * 3
        # Asked once, for all of them.
        assert way.asked == ["ann"]
        for one in found:
            one.hear(QUEUED, way.clock.now())
        # One that has ended makes room at once, without anybody being asked.
        found[0].hear(CANCELLED, way.clock.now())
        assert not (await way.ask()).over
        assert way.asked == ["ann"]

    play(run())


def test_what_may_be_counted_twice_is_looked_at_again_before_a_job_is_not_let_through():
    async def run():
        way = WayIn(in_flight=16)
        await way.known(2)
        # One of two that their replicas have not answered yet is in what these say.
        way.used = (14, 0.0)
        first, second = await way.ask(), await way.ask()
        assert (first.over, second.over) == ("", "")
        waiting = asyncio.ensure_future(way.ask())
        await asyncio.sleep(0)
        first.hear(QUEUED, way.clock.now())
        assert not (await waiting).over
        assert len(way.asked) > 1
        # What stays too much is so.
        count = len(way.asked)
        assert (await way.ask()).over
        assert len(way.asked) == count + LOOKS - 1

    play(run())


def test_who_waits_for_replicas_that_are_slow_to_say_waits_for_them_once():
    async def run():
        way = WayIn(in_flight=16)
        await way.known(2)
        way.takes = 2.0
        assert not any(one.over for one in await asyncio.gather(*(way.ask() for _ in range(5))))
        assert way.asked == ["ann"]
        way.clock.time += FRESH
        await way.ask()
        assert way.asked == ["ann", "ann"]

    play(run())


def test_what_nobody_listens_to_any_more_is_the_replicas_to_count():
    async def run():
        way = WayIn(in_flight=16)
        for one in [await way.ask() for _ in range(2)]:
            one.leave(way.clock.now())
        way.clock.time += FRESH
        # It goes on there, and counts here as in flight for a minute.
        assert not (await way.ask()).over
        assert way.asked == ["ann"]
        way.clock.time += 61.0
        account = way.allowance._accounts["ann"]
        await way.ask()
        # Two of three are forgotten; the third is listened to still.
        assert len(account.grants) == 2

    play(run())
