import itertools

import pytest

from tests.doors.live.lives import audio_track, simpler_track, sound


@pytest.fixture
def live(start):
    made = start()
    made.tell("open", tracks=[simpler_track(1), audio_track(2), {"name": "drums", "audio": True}])
    return made


def heard(show, live, kind, ticks=100):
    """What of this kind is said in so many ticks."""
    show.hear()
    show.heard.clear()
    live.tick(ticks)
    show.hear()
    return [message for message in show.heard if message["type"] == kind]


def test_all_is_told_once_at_the_start_and_again_to_who_comes_anew(live, show):
    live.do("sound", track="midifrag 1", on=True)
    for _ in range(2):
        show.join(live, 2)
        live.tick(100)
        show.hear()
        told = [message for message in show.heard if message["type"] != "hello"]
        assert {"type": "objects", "slots": {"1": "midifrag 1 / Simpler", "2": "midifrag 2"}} in told
        assert {"type": "playing", "slot": 1, "on": True} in told
        assert {"type": "playing", "slot": 2, "on": False} in told
        assert {"type": "selected", "track": "midifrag 1"} in told
        assert [message["playing"] for message in told if message["type"] == "time"] == [False]
        show.heard.clear()
        show.drop()


def test_a_simpler_sounds_while_it_shows_a_position(live, show):
    show.join(live, 2)
    show.wait(live, "playing", slot=1, on=False)
    live.do("sound", track="midifrag 1", on=True)
    live.tick(2)
    assert show.wait(live, "playing", slot=1) == {"type": "playing", "slot": 1, "on": True}
    live.do("sound", track="midifrag 1", on=False)
    assert show.wait(live, "playing", slot=1)["on"] is False
    assert heard(show, live, "playing") == []


def test_a_clip_sounds_from_its_start_to_its_end(live, show):
    show.join(live, 2)
    show.land(1, 2, sound(show.home.parent, "0001 rain"))
    show.wait(live, "landed")
    show.wait(live, "playing", slot=2, on=False)
    live.do("fire", track="midifrag 2", scene=0)
    assert show.wait(live, "playing", slot=2)["on"] is True
    live.do("stop", track="midifrag 2")
    assert show.wait(live, "playing", slot=2)["on"] is False


def test_a_stopped_transport_is_silence(live, show):
    show.join(live, 2)
    show.land(1, 2, sound(show.home.parent, "0001 rain"))
    show.wait(live, "landed")
    live.do("fire", track="midifrag 2", scene=0)
    show.wait(live, "playing", slot=2, on=True)
    live.do("play", on=False)
    assert show.wait(live, "playing", slot=2)["on"] is False


def test_slots_that_share_a_track_are_told_apart_by_their_scenes(live, show):
    targets = {slot: {"name": "drums", "scene": slot} for slot in (1, 2)}
    show.join(live, 2, targets)
    for slot in (1, 2):
        show.land(slot, slot, sound(show.home.parent, f"000{slot} rain"))
        show.wait(live, "landed", serial=slot)
    live.do("fire", track="drums", scene=1)
    show.wait(live, "playing", slot=2, on=True)
    live.do("fire", track="drums", scene=0)
    show.wait(live, "playing", slot=1, on=True)
    show.wait(live, "playing", slot=2, on=False)


def test_a_deleted_thing_that_sounded_is_silent(live, show):
    show.join(live, 2)
    live.do("sound", track="midifrag 1", on=True)
    show.wait(live, "playing", slot=1, on=True)
    live.do("delete_track", track="midifrag 1")
    assert show.wait(live, "playing", slot=1)["on"] is False


def test_one_that_takes_the_place_of_another_at_once_is_followed(live, show):
    show.join(live, 2)
    show.wait(live, "objects")
    live.do("delete_track", track="midifrag 1")
    live.do("add_track", **simpler_track(1))
    live.tick(300)
    live.do("sound", track="midifrag 1", on=True)
    show.wait(live, "playing", slot=1, on=True)


def test_tempo_signature_and_transport_are_told_when_they_change(live, show):
    show.join(live, 2)
    live.tick(100)
    live.do("tempo", bpm=174.0)
    show.wait(live, "time", bpm=174.0, playing=False)
    live.do("signature", numerator=7, denominator=8)
    show.wait(live, "time", numerator=7, denominator=8)
    live.do("play", on=True)
    time = show.wait(live, "time", playing=True)
    assert set(time) == {"type", "bpm", "numerator", "denominator", "playing", "beat", "bar", "bar_began"}
    live.do("play", on=False)
    show.wait(live, "time", playing=False, bpm=174.0)


def test_while_it_plays_the_position_comes_twice_a_second_and_a_jump_at_once(live, show):
    show.join(live, 2)
    live.do("play", on=True)
    show.wait(live, "time", playing=True)
    beats = [time["beat"] for time in heard(show, live, "time", 400)]
    assert 6 <= len(beats) <= 9
    assert all(after - before == pytest.approx(1.0, abs=0.1) for before, after in itertools.pairwise(beats))
    live.tick(5)
    live.do("jump", beat=100.0)
    assert [time["beat"] > 99 for time in heard(show, live, "time", 6)] == [True]


@pytest.mark.parametrize(
    ("signature", "beat", "bar", "began"),
    [((3, 4), 20.0, 6, 20.0), ((3, 4), 25.4, 7, 23.0), ((7, 8), 31.1, 9, 30.5), ((5, 16), 21.3, 7, 21.25)],
)
def test_after_a_change_of_signature_bars_are_those_that_live_counts(live, show, signature, beat, bar, began):
    """Five of 4/4, and from there on others."""
    show.join(live, 2)
    live.do("jump", beat=20.0)
    live.do("signature", numerator=signature[0], denominator=signature[1])
    live.do("jump", beat=beat)
    live.do("play", on=True)
    time = show.wait(live, "time", playing=True)
    assert (time["bar"], time["bar_began"]) == (bar, began)


def test_a_live_that_does_not_tell_its_bars_tells_the_rest(start, show):
    live = start("--lacking", "get_current_beats_song_time")
    live.tell("open", tracks=[simpler_track(1)])
    show.join(live, 1)
    time = show.wait(live, "time")
    assert (time["bar"], time["bar_began"], time["beat"]) == (None, None, 0.0)


def test_a_position_that_moves_while_it_stands_is_told(live, show):
    show.join(live, 2)
    live.tick(100)
    live.do("jump", beat=16.0)
    assert [time["beat"] for time in heard(show, live, "time", 20)] == [16.0]


def test_time_is_never_told_more_than_25_times_a_second(live, show):
    show.join(live, 2)
    live.tick(10)
    show.hear()
    show.heard.clear()
    for number in range(200):
        live.do("tempo", bpm=60.0 + number)
        live.tick(1)
    show.hear()
    told = [message["bpm"] for message in show.heard if message["type"] == "time"]
    assert 25 <= len(told) <= 2.2 / 0.04
    live.tick(10)
    show.wait(live, "time", bpm=259.0)


def test_the_selected_track_is_told(live, show):
    show.join(live, 2)
    live.do("select", track="drums")
    show.wait(live, "selected", track="drums")
    live.do("select", track="drums")
    assert heard(show, live, "selected") == []


def test_listeners_do_not_grow_with_landings(live, show):
    show.join(live, 2)
    for serial in range(30):
        show.land(serial, 2, sound(show.home.parent, f"{serial:04d} rain"))
        show.wait(live, "landed", serial=serial)
    before = live.state()["listeners"]
    assert 0 < before < 12
    show.land(31, 2, sound(show.home.parent, "0031 rain"))
    show.wait(live, "landed", serial=31)
    assert live.state()["listeners"] == before


def test_a_live_that_lacks_a_listener_is_polled(start, show):
    live = start("--lacking", "add_playing_position_enabled_listener,add_playing_slot_index_listener")
    live.tell("open", tracks=[simpler_track(1), audio_track(2)])
    show.join(live, 2)
    live.do("sound", track="midifrag 1", on=True)
    show.wait(live, "playing", slot=1, on=True)
