import pytest
from hypothesis import given
from hypothesis import strategies as st

from midifrag.bridge.gestures import Gestures
from midifrag.config.gestures import GestureSettings
from midifrag.intents import ClearQueue, Hand, LetGo, Panic, Press, Release, Touch

SETTINGS = GestureSettings(double_press=0.3, long_press=0.6)
DOUBLE, LONG = ClearQueue(), Panic()


class Player:
    """Presses one note, and hears what became of it."""

    def __init__(self, double=True, long=True):
        self.done = []
        self.gestures = Gestures(lambda _hand, intent: self.done.append(intent), lambda: SETTINGS)
        self.double, self.long = (DOUBLE,) if double else (), (LONG,) if long else ()

    def down(self, time, note=36):
        single = (Press(note, 1, "p", 0.5, time),)
        self.gestures.touch(Touch(Hand("p", "note", note, 1), time, single, self.double, self.long))

    def up(self, time, note=36):
        return self.gestures.release(Release(note, 1, "p", time))

    @property
    def said(self):
        names = {Press: "single", ClearQueue: "double", Panic: "long", Release: "up"}
        return [names[type(intent)] for intent in self.done]


def test_a_press_is_a_single_one_when_no_second_can_come_any_more():
    hand = Player(long=False)
    hand.down(1.0)
    hand.up(1.1)
    hand.gestures.elapse(1.29)
    assert hand.said == []
    assert hand.gestures.due == pytest.approx(1.3)
    hand.gestures.elapse(1.3)
    assert hand.said == ["single", "up"]
    assert hand.done[0].time == 1.0
    assert hand.gestures.due is None


def test_two_presses_in_time_are_a_double_press_and_nothing_else():
    hand = Player()
    hand.down(1.0)
    hand.up(1.05)
    hand.down(1.2)
    assert hand.said == ["double"]
    assert not hand.up(1.25)
    hand.gestures.elapse(9.0)
    assert hand.said == ["double"]


def test_two_presses_too_far_apart_are_two():
    hand = Player(long=False)
    hand.down(1.0)
    hand.up(1.05)
    hand.down(1.31)
    assert hand.said == ["single", "up"]
    hand.gestures.elapse(2.0)
    assert hand.said == ["single", "up", "single"]


def test_a_press_that_is_held_is_a_long_one_as_soon_as_it_is():
    hand = Player()
    hand.down(1.0)
    hand.gestures.elapse(1.5)
    assert hand.said == []
    assert hand.gestures.due == pytest.approx(1.6)
    hand.gestures.elapse(1.6)
    assert hand.said == ["long"]
    hand.up(2.0)
    assert hand.said == ["long"]


def test_a_short_press_counts_when_it_is_let_go_where_only_a_long_one_is_waited_for():
    hand = Player(double=False)
    hand.down(1.0)
    assert hand.up(1.2)
    assert hand.said == ["single", "up"]


def test_a_late_bridge_tells_presses_by_their_times_and_not_by_its_own():
    hand = Player()
    hand.down(1.0)
    # The release was 0.9 s later, though nobody had time to look meanwhile.
    hand.up(1.9)
    assert hand.said == ["long"]


def test_a_press_whose_release_was_lost_is_not():
    hand = Player(double=False)
    hand.down(1.0)
    hand.down(1.2)
    assert hand.said == ["single"]
    hand.gestures.let_go(LetGo("p", 2, 1.3))
    assert hand.said == ["single"]
    hand.gestures.let_go(LetGo("p", None, 1.3))
    assert hand.said == ["single", "single", "up"]


def test_notes_do_not_wait_for_each_other_and_a_panic_forgets_them():
    hand = Player()
    hand.down(1.0, 36)
    hand.down(1.1, 37)
    hand.gestures.clear()
    hand.gestures.elapse(9.0)
    assert hand.said == []


def test_at_the_end_every_press_is_told():
    hand = Player()
    hand.down(1.0, 36)
    hand.down(1.0, 37)
    hand.up(1.1, 37)
    hand.gestures.finish()
    assert hand.said == ["single", "single", "up"]
    assert hand.gestures.due is None


@given(
    st.lists(st.tuples(st.booleans(), st.integers(36, 37), st.floats(0.001, 0.8)), max_size=40),
    st.booleans(),
    st.booleans(),
)
def test_no_press_is_lost_and_none_counts_twice(steps, double, long):
    hand = Player(double, long)
    now, downs = 0.0, 0
    for is_down, note, later in steps:
        now += later
        if is_down:
            downs += 1
            hand.down(now, note)
        else:
            hand.up(now, note)
    hand.gestures.elapse(now + 10)
    said = hand.said
    assert said.count("single") + said.count("long") + 2 * said.count("double") == downs
    assert hand.gestures.due is None
