import pytest

from midifrag.doors.live.script.connection import SILENCE
from midifrag.doors.live.script.core import TROUBLE_EVERY
from tests.doors.live.lives import ShowSide, audio_track, landing, simpler_track, sound


@pytest.fixture
def live(start):
    made = start()
    made.tell("open", tracks=[simpler_track(1), audio_track(2)])
    return made


def land(show, live, serial, slot=1):
    path = sound(show.home.parent, f"{serial:04d} rain")
    show.land(serial, slot, path)
    show.wait(live, "landed", serial=serial)
    return str(path)


def test_the_first_line_says_who_we_are(live, show):
    assert show.accept(live) == {
        "type": "hello",
        "token": show.token,
        "script": 1,
        "live": "12.4.1",
        "has": ["create_audio_clip", "replace_sample"],
    }


def test_a_midifrag_that_was_killed_and_started_elsewhere_is_found(live, show, home):
    show.join(live, 2)
    land(show, live, 1)
    show.close()
    live.tick(200)
    other = ShowSide(home)
    other.join(live, 2)
    land(other, live, 1)
    land(other, live, 2, slot=2)
    other.close()


def test_what_waits_is_done_while_midifrag_is_away(live, show):
    show.join(live, 2)
    land(show, live, 1, slot=2)
    live.do("fire", track="midifrag 2", scene=0)
    show.wait(live, "playing", slot=2, on=True)
    path = sound(show.home.parent, "0002 tin")
    show.land(2, 2, path)
    show.wait(live, "waiting", serial=2)
    show.close()
    live.tick(100)
    live.do("stop", track="midifrag 2")
    live.tick(20)
    assert live.track("midifrag 2")["clips"][0]["path"] == str(path)


def test_a_live_that_hung_comes_back(live, show):
    show.join(live, 2)
    show.wait(live, "objects")
    live.tell("let_pass", seconds=SILENCE + 1)
    assert show.has_left(live)
    show.join(live, 2)
    land(show, live, 1)


def test_one_part_that_fails_stops_no_other_and_is_logged_once(live, show):
    show.join(live, 2)
    show.wait(live, "objects")
    live.tell("log")
    live.tell("raise_in", what="current_song_time")
    land(show, live, 1)
    live.tick(100)
    assert live.tell("log") == ["midifrag: RuntimeError: out of order"]
    assert live.state()["escaped"] == []
    live.tell("let_pass", seconds=TROUBLE_EVERY)
    show.join(live, 2)
    show.wait(live, "objects")
    assert "midifrag: RuntimeError: out of order" in live.tell("log")
    live.tell("mend", what="current_song_time")
    show.wait(live, "time")


def test_a_dialogue_that_live_opens_begins_no_second_tick_inside_the_first(live, show):
    show.join(live, 2)
    show.wait(live, "objects")
    live.tell("dialogue")
    paths = [str(sound(show.home.parent, f"000{slot} rain")) for slot in (1, 2)]
    show.send(*(landing(slot, slot, path) for slot, path in enumerate(paths, 1)))
    for serial in (1, 2):
        show.wait(live, "landed", serial=serial)
    assert live.state()["worst"]["landings"] == 1
    assert live.state()["escaped"] == []


def test_another_table_is_taken_and_what_waits_is_kept(live, show):
    show.join(live, 2, {1: {"name": "not there"}})
    show.land(1, 1, sound(show.home.parent, "0001 rain"))
    show.wait(live, "waiting", serial=1)
    show.welcome(2)
    show.wait(live, "landed", serial=1)


def test_texts_for_the_log_and_the_wire_are_one_line(live, show):
    show.join(live, 2)
    show.wait(live, "objects")
    live.do("rename", track="midifrag 1", name="two\nlines")
    show.wait(live, "said")
    live.do("rename", track="two\nlines", name="midifrag 1")
    show.welcome(2, {1: {"name": "a\nb"}})
    show.land(1, 1, sound(show.home.parent, "0001 rain"))
    assert "'a b'" in show.wait(live, "waiting", serial=1)["text"]
