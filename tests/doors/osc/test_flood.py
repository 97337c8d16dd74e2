import pytest

from midifrag.doors.osc.flood import BURST, OVER_AFTER, RATE, Flood


@pytest.fixture
def rig():
    class Rig:
        def __init__(self):
            self.told = []
            self.flood = Flood(lambda notice: self.told.append(notice.text.removeprefix("OSC: ")), 0.0)

    return Rig()


def test_as_many_as_are_taken_in_for_long_wait_for_nothing(rig):
    for second in range(100):
        assert rig.flood.take(int(RATE), float(second)) == 0
        rig.flood.look(0, float(second))
    assert rig.told == []


def test_what_comes_faster_waits_and_each_flood_is_told_once_with_what_it_cost(rig):
    assert rig.flood.take(int(BURST), 0.0) == 0
    for count in range(1, 4):
        assert rig.flood.take(500, 0.0) == 500 * count / RATE
    rig.flood.look(7, 1.0)
    rig.flood.look(9, 1.5)
    rig.flood.look(9, 1.5 + OVER_AFTER)
    rig.flood.look(9, 100.0)
    first = "more than 1000 messages a second come in; they are slowed down, and some may get lost"
    assert rig.told == [first, "the flood is over; 9 packets got lost"]
    rig.flood.take(int(BURST) + 1, 200.0)
    rig.flood.look(10, 200.0)
    rig.flood.look(10, 200.0 + OVER_AFTER)
    assert rig.told[2:] == [first, "the flood is over; 1 packet got lost"]


def test_what_the_system_leaves_out_is_a_flood_however_slow_it_was(rig):
    rig.flood.look(3, 5.0)
    rig.flood.look(3, 5.0 + OVER_AFTER)
    assert rig.told == [
        "more messages come in than the system holds; some get lost", "the flood is over; 3 packets got lost",
    ]  # fmt: skip
    # Another socket begins to count anew.
    rig.flood.end()
    rig.flood.look(0, 50.0)
    assert len(rig.told) == 2


@pytest.mark.parametrize(("left_out", "said"), [(0, "none got lost"), (None, "this system does not say")])
def test_a_flood_of_which_nothing_is_known_to_be_lost_ends_too(rig, left_out, said):
    rig.flood.take(2 * int(BURST), 0.0)
    rig.flood.look(left_out, OVER_AFTER)
    assert said in rig.told[1]
