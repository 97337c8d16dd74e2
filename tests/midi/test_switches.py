import pytest

from midifrag.midi.messages import ControlChange
from midifrag.midi.switches import PUSHED_AGAIN, Switches


def pushes(*values, every=0.0, switches=None, **more):
    """How many of the messages with these values, ``every`` so many seconds one, switch on."""
    switches = switches or Switches()
    return [switches.feed(cc(value, index * every, **more)) for index, value in enumerate(values)].count(True)


def cc(value, time=0.0, number=64, channel=1, port="p", fine=None):
    return ControlChange(port, channel, number, value, time, fine)


@pytest.mark.parametrize(
    ("values", "count"),
    [
        ([127], 1),
        ([63, 64, 65], 1),
        (range(64, 128, 2), 1),
        ([*range(128), *range(127, -1, -1)], 1),
        ([127, 0, 127, 0, 127], 3),
        ([60, 66, 62, 65, 63, 64, 48, 70], 1),
        ([64, 47, 64], 2),
        ([63, 0, 63], 0),
    ],
)
def test_a_stroke_counts_once(values, count):
    assert pushes(*values, every=0.005) == count
    assert pushes(*values, every=2.0) == count


def test_a_button_that_never_tells_that_it_was_let_go_counts_each_time():
    assert pushes(127, 127, 127, every=PUSHED_AGAIN) == 3
    assert pushes(127, 127, 127, every=0.01) == 1
    assert pushes(100, 100, 127, 127, every=1.0) == 2
    assert pushes(50, 50, every=1.0) == 0


def test_fine_halves_of_a_coarse_one_that_stays_are_no_pushes():
    switches = Switches()
    assert pushes(127, switches=switches) == 1
    assert pushes(127, 127, every=1.0, fine=5, switches=switches) == 0


def test_each_place_is_a_switch_of_its_own():
    switches = Switches()
    places = [{}, {"channel": 2}, {"port": "q"}, {"number": 65}]
    assert [pushes(127, switches=switches, **place) for place in places] == [1, 1, 1, 1]
    assert [pushes(127, switches=switches, **place) for place in places] == [0, 0, 0, 0]


def test_asking_takes_nothing_in():
    switches = Switches()
    assert switches.goes_on(cc(127))
    assert switches.goes_on(cc(127))
    assert not switches.goes_on(cc(63))


def test_a_switch_whose_port_went_is_pushed_anew():
    switches = Switches()
    for port in ("p", "q"):
        for value in (90, 127):
            switches.feed(ControlChange(port, 1, 64, value, 0.0))
    switches.forget("p")
    assert switches.goes_on(ControlChange("p", 1, 64, 100, 5.0))
    assert not switches.goes_on(ControlChange("q", 1, 64, 100, 5.0))
