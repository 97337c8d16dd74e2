"""Credits: what is on its way to a slow client is bounded, and everybody has a turn."""

import asyncio

import pytest

from midifrag.clock import ManualClock
from midifrag.engine.line.flow import QUICK, UNSAID, Pace, Receipts, Window


def running(coroutine):
    return asyncio.run(coroutine)


async def settle():
    for _ in range(5):
        await asyncio.sleep(0)


def test_what_is_sent_waits_for_what_was_received():
    async def play():
        window = Window(100)
        await window.take(60)
        second = asyncio.ensure_future(window.take(60))
        await settle()
        assert (second.done(), window.on_its_way) == (False, 60)
        window.received(30)
        await settle()
        assert second.done()
        assert window.on_its_way == 90

    running(play())


def test_who_waits_is_served_in_turn():
    async def play():
        window, order = Window(100), []

        async def send(name, size):
            await window.take(size)
            order.append(name)

        await window.take(100)
        tasks = [asyncio.ensure_future(send(name, size)) for name, size in (("large", 80), ("small", 10))]
        await settle()
        # There is room for the small one, and it is not its turn.
        window.received(20)
        await settle()
        assert order == []
        window.received(100)
        await asyncio.gather(*tasks)
        assert order == ["large", "small"]

    running(play())


def test_a_piece_that_is_larger_than_the_window_goes_alone():
    async def play():
        window = Window(10)
        await window.take(50)
        later = asyncio.ensure_future(window.take(1))
        await settle()
        assert not later.done()
        window.received(50)
        await later

    running(play())


def timed(play):
    """Play with a window of 100 to 400 bytes, and a loop whose time a test moves."""

    async def run():
        loop, now = asyncio.get_running_loop(), [0.0]
        loop.time, real = lambda: now[0], loop.time
        try:
            await play(Window(100, 400), now)
        finally:
            loop.time = real

    running(run())


async def arrives(window, now, seconds):
    """All that may be on its way is, and more is waited for; it arrives in so many seconds."""
    size = window.size
    await window.take(size)
    more = asyncio.ensure_future(window.take(1))
    await settle()
    now[0] += seconds
    window.received(window.on_its_way + window._received)
    await more
    window.received(window.on_its_way + window._received)


def test_a_quick_line_may_have_more_on_its_way_and_a_slow_one_no_more_than_at_first():
    async def play(window, now):
        for size in (200, 400, 400):
            await arrives(window, now, 0.01)
            assert window.size == size
        # It brings half as much within the time.
        await arrives(window, now, 2 * QUICK)
        assert window.size == 200
        await arrives(window, now, 10.0)
        assert window.size == 100

    timed(play)


def test_what_nobody_waits_for_makes_no_room():
    async def play(window, now):
        for _ in range(3):
            await window.take(50)
            now[0] += 0.01
            window.received(window.on_its_way + window._received)
        assert window.size == 100

    timed(play)


def test_what_was_to_be_sent_before_a_line_became_slow_is_not_held_up_by_what_has_not_been_said():
    async def play(window, now):
        await arrives(window, now, 0.01)
        for size in (100, 50):
            await window.take(size)
        later = asyncio.ensure_future(window.take(150))
        await settle()
        now[0] += 10.0
        # But for what its end need not say.
        window.received(window.on_its_way + window._received - (100 // UNSAID - 1))
        await settle()
        assert (window.size, later.done()) == (100, True)

    timed(play)


def test_that_bytes_came_is_said_for_many_of_them_at_once_and_at_an_end():
    receipts = Receipts(100)
    receipts.came(100 // UNSAID - 1)
    assert receipts.due() == []
    receipts.came(1)
    assert receipts.due() == [100 // UNSAID]
    assert (receipts.due(), receipts.rest()) == ([], [])
    receipts.came(7)
    assert (receipts.due(), receipts.rest(), receipts.rest()) == ([], [100 // UNSAID + 7], [])


@pytest.mark.parametrize("has_its_turn", [False, True])
def test_who_gives_up_leaves_the_room_to_others(has_its_turn):
    async def play():
        window = Window(10)
        await window.take(10)
        first, second = (asyncio.ensure_future(window.take(10)) for _ in range(2))
        await settle()
        if has_its_turn:
            window.received(10)
        first.cancel()
        await settle()
        if not has_its_turn:
            window.received(10)
        await second
        assert window.on_its_way == 10

    running(play())


def test_what_is_not_sent_after_all_is_others():
    async def play():
        window = Window(10)
        await window.take(10)
        later = asyncio.ensure_future(window.take(10))
        await settle()
        window.give_back(10)
        await later
        assert window.on_its_way == 10

    running(play())


@pytest.mark.parametrize("total", [-1, 11])
def test_more_than_was_sent_cannot_have_been_received(total):
    async def play():
        window = Window(10)
        await window.take(10)
        with pytest.raises(ValueError, match="of 10"):
            window.received(total)

    running(play())


class SlowLine:
    """A line of so many bytes a second that answers after ``delay``, on a clock that is moved by hand."""

    def __init__(self, rate, delay, window=1 << 20):
        self.clock, self.rate, self.delay = ManualClock(), rate, delay
        self.pace = Pace(self.clock, window)
        self.free_at, self.total, self.answers = 0.0, 0, []

    def run(self, seconds):
        """Send whatever may be, and say the longest that anything waited behind it."""
        end, longest = self.clock.time + seconds, 0.0
        while self.clock.time < end:
            size = min(self.pace.room, 65_536)
            if size:
                self.pace.sent(size)
                self.total += size
                self.free_at = max(self.free_at, self.clock.time) + size / self.rate
                longest = max(longest, self.free_at - self.clock.time)
                self.answers.append((self.free_at + self.delay, self.total))
                continue
            at, total = self.answers.pop(0)
            self.clock.time = max(self.clock.time, at)
            self.pace.taken(total)
        return longest


@pytest.mark.parametrize(("rate", "delay"), [(60_000, 0.05), (600_000, 0.05), (5_000_000, 0.02), (600_000, 0.5)])
def test_uploads_fill_a_line_and_little_more_of_it(rate, delay):
    line = SlowLine(rate, delay)
    line.run(6.0)
    before, began = line.total, line.clock.time
    longest = line.run(5.0)
    assert (line.total - before) / (line.clock.time - began) > 0.8 * rate
    # What waits behind them, a press or a ping, waits less long than a show's patience is.
    assert longest < 0.5


def test_no_more_than_a_window_is_on_its_way_and_nothing_without_one():
    line = SlowLine(1e9, 0.1, window=65_536)
    line.run(1.0)
    assert line.pace.on_its_way <= 65_536
    assert Pace(ManualClock(), 0).room == 0


@pytest.mark.parametrize("total", [-1, 11])
def test_more_than_was_sent_cannot_be_taken(total):
    pace = Pace(ManualClock(), 100)
    pace.sent(10)
    with pytest.raises(ValueError, match="bytes taken"):
        pace.taken(total)
