import pytest

from tests.doors.live.lives import simpler_track, sound


@pytest.fixture
def live(start):
    made = start()
    made.tell("open", tracks=[simpler_track(1)])
    return made


def land(show, live, serial):
    path = sound(show.home.parent, f"{serial:04d} rain")
    show.land(serial, 1, path)
    show.wait(live, "landed", serial=serial)
    return str(path)


def test_a_timer_that_stopped_is_made_anew_by_lives_own_tick(live, show):
    show.join(live, 1)
    for serial in range(3):
        live.tell("stop_timers")
        land(show, live, serial)
    live.tick(50)
    assert live.state()["timers"] == 1
    assert live.state()["escaped"] == []


def test_a_set_that_is_loaded_makes_the_script_anew(live, show):
    show.join(live, 1)
    land(show, live, 1)
    live.tell("open", tracks=[simpler_track(1)])
    assert show.has_left(live)
    show.join(live, 1)
    path = str(sound(show.home.parent, "0001 rain"))
    show.land(2, 1, path, again=True)
    show.wait(live, "landed", serial=2)
    assert live.track("midifrag 1")["simplers"][0]["sample"] == path


def test_chosen_away_it_leaves_nothing_behind_and_comes_back(live, show):
    show.join(live, 1)
    live.tell("away")
    assert show.has_left(live)
    state = live.state()
    assert (state["timers"], state["listeners"]) == (0, 0)
    live.tick(300)
    live.tell("back")
    show.join(live, 1)
    land(show, live, 1)


def test_where_it_cannot_start_live_goes_on_and_says_why(start):
    live = start("--lacking", "get_major_version")
    live.tell("open", tracks=[simpler_track(1)])
    live.tick(50)
    [line] = live.tell("log")
    assert line.startswith("midifrag: cannot start: AttributeError: ")
    assert live.state()["timers"] == 0


def test_a_live_that_is_out_of_order_starts_all_the_same(start, show):
    live = start()
    live.tell("open", tracks=[simpler_track(1)])
    live.tell("raise_in", what="view")
    live.tell("away")
    live.tell("back")
    live.tick(20)
    live.tell("mend", what="view")
    show.join(live, 1)
    land(show, live, 1)
