import math

from midifrag.doors.instruments.reload import LONGEST_SETTLE, REST, SETTLE, TOLD_AFTER, Reload


def test_nothing_is_due_before_something_has_landed():
    reload = Reload()
    assert not reload.is_wanted
    assert reload.due == reload.telling_due == math.inf


def test_what_lands_together_is_read_together_but_a_flood_does_not_put_it_off_for_ever():
    reload = Reload()
    reload.want(100.0)
    assert reload.due == 100 + SETTLE
    reload.want(100.02)
    assert reload.due == 100.02 + SETTLE
    for number in range(1000):
        reload.want(100.02 + number / 100)
    assert reload.due == 100 + LONGEST_SETTLE


def test_it_waits_while_something_sounds_and_tells_so_once():
    reload = Reload()
    reload.sounds([3, 1])
    assert reload.telling_due == math.inf
    reload.want(100.0)
    assert reload.due == math.inf
    assert reload.telling_due == 100 + TOLD_AFTER
    assert "slots 3, 1 cease" in reload.tell()
    assert reload.telling_due == math.inf
    reload.sounds([1])
    assert "slot 1 cease" in reload.tell()
    reload.sounds([])
    assert reload.due == 100 + SETTLE
    reload.begin(200.0)
    reload.sounds([2])
    reload.want(201.0)
    assert reload.telling_due == 201 + TOLD_AFTER


def test_it_waits_until_a_pad_has_rung():
    reload = Reload()
    reload.want(100.0)
    reload.rings(104.0)
    reload.rings(102.0)
    assert reload.due == 104


def test_one_reload_does_not_run_into_the_one_before():
    reload = Reload()
    reload.want(100.0)
    reload.begin(100.1)
    assert reload.due == math.inf
    reload.want(100.11)
    assert reload.due == 100.1 + REST


def test_what_came_to_nothing_is_wanted_again_later():
    reload = Reload()
    reload.want(100.0)
    reload.begin(100.1)
    reload.again(100.2, 2.0)
    assert reload.due == 102.2
