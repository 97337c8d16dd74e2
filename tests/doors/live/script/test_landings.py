import pytest

from tests.doors.live.lives import audio_track, landing, simpler_track, sound


def test_several_at_once_come_one_a_tick_and_none_is_lost(start, show):
    live = start()
    live.tell("open", tracks=[simpler_track(slot) for slot in range(1, 9)])
    show.join(live)
    show.wait(live, "objects")
    paths = [str(sound(show.home.parent, f"000{slot} rain")) for slot in range(1, 9)]
    show.send(*(landing(slot, slot, path) for slot, path in enumerate(paths, 1)))
    for slot in range(1, 9):
        show.wait(live, "landed", serial=slot, slot=slot)
    assert live.tell("landed") == paths
    assert live.state()["worst"]["landings"] == 1


def test_the_newest_of_a_slot_overtakes_what_has_not_been_done(start, show):
    live = start()
    live.tell("open", tracks=[simpler_track(1), simpler_track(2)])
    show.join(live, 2)
    show.wait(live, "objects")
    old, other, new = (str(sound(show.home.parent, f"000{serial} rain")) for serial in (1, 2, 3))
    show.send(*(landing(*fields) for fields in ((1, 1, old), (2, 2, other), (3, 1, new))))
    assert [show.wait(live, "landed")["serial"] for _ in "ab"] == [3, 2]
    assert live.tell("landed") == [new, other]


def test_those_that_wait_do_not_delay_others(start, show):
    live = start()
    live.tell("open", tracks=[simpler_track(8)])
    show.join(live)
    show.wait(live, "objects")
    show.send(*(landing(slot, slot, sound(show.home.parent, f"000{slot} rain")) for slot in range(1, 9)))
    assert show.wait(live, "landed")["slot"] == 8


def test_one_whose_object_is_missing_says_what_to_do_once_and_comes_when_it_is_there(start, show):
    live = start()
    live.tell("open", tracks=[{"name": "else"}])
    show.join(live, 1)
    show.land(1, 1, sound(show.home.parent, "0001 rain"))
    assert "'midifrag 1'" in show.wait(live, "waiting", serial=1)["text"]
    live.tick(500)
    show.hear()
    assert [message for message in show.heard if message["type"] in ("waiting", "failed", "landed")] == []
    live.do("rename", track="else", name="midifrag 1")
    live.do("add_track", **simpler_track(1))
    show.wait(live, "landed", serial=1)


def test_one_that_came_just_before_its_object_needs_no_word(start, show):
    live = start()
    live.tell("open", tracks=[{"name": "else"}])
    show.join(live, 1)
    live.tick(20)
    live.do("add_track", **simpler_track(1))
    show.land(1, 1, sound(show.home.parent, "0001 rain"))
    show.wait(live, "landed", serial=1)
    assert not [message for message in show.heard if message["type"] == "waiting"]


def test_an_object_that_is_made_anew_gets_what_its_slot_was_given_last(start, show):
    live = start()
    live.tell("open", tracks=[simpler_track(1), audio_track(2)])
    show.join(live, 2, fire=True)
    live.do("play", on=True)
    paths = [str(sound(show.home.parent, f"000{slot} rain")) for slot in (1, 2)]
    for slot, path in enumerate(paths, 1):
        show.land(slot, slot, path)
        show.wait(live, "landed", serial=slot)
    live.tell("landed")
    for slot, made in ((1, simpler_track(1)), (2, audio_track(2))):
        live.do("delete_track", track=f"midifrag {slot}")
        live.tick(200)
        live.do("add_track", **made)
        live.tick(300)
    assert live.tell("landed") == paths
    clip = live.track("midifrag 2")["clips"][0]
    # Nobody has pressed anything.
    assert (clip["path"], clip["playing"]) == (paths[1], False)
    show.hear()
    assert not [message for message in show.heard if message["type"] in ("landed", "waiting", "failed")]
    live.tick(500)
    assert live.tell("landed") == []


def test_an_object_that_takes_anothers_place_at_once_gets_it_too_and_a_refusal_is_told(start, show):
    live = start()
    live.tell("open", tracks=[simpler_track(1), {"name": "mine", "devices": [{"simpler": "Simpler"}]}])
    show.join(live, 1)
    path = sound(show.home.parent, "0001 rain")
    show.land(1, 1, path)
    show.wait(live, "landed", serial=1)
    path.unlink()
    live.do("rename", track="midifrag 1", name="old")
    live.do("rename", track="mine", name="midifrag 1")
    assert show.wait(live, "said", level="warning")["text"].startswith("slot 1: Live refuses rain")
    path.write_text("2.0")
    live.tick(2000)
    assert live.track("midifrag 1")["simplers"][0]["sample"] == str(path)


def pass_seconds(show, live, seconds):
    """Let time pass, with a word from midifrag now and then."""
    for _ in range(seconds // 5):
        live.tell("run", seconds=5.0)
        show.sync(live)


@pytest.mark.parametrize("track", [simpler_track(1), audio_track(1)])
def test_what_live_refuses_is_tried_again_at_a_slower_and_slower_pace_and_told_once(start, show, track):
    live = start()
    live.tell("open", tracks=[track, simpler_track(2)])
    show.join(live, 2)
    path = sound(show.home.parent, "0001 rain")
    path.write_text("still being written")
    show.land(1, 1, path)
    assert "it is tried again" in show.wait(live, "waiting", serial=1)["text"]
    before = live.state()["refused"]
    pass_seconds(show, live, 60)
    assert 60 / 8 - 1 <= live.state()["refused"] - before <= 60 / 8 + 6
    # Others do not wait for it.
    show.land(2, 2, sound(show.home.parent, "0002 tin"))
    show.wait(live, "landed", serial=2)
    path.write_text("2.0")
    pass_seconds(show, live, 10)
    show.wait(live, "landed", serial=1)
    assert not [message for message in show.heard if message["type"] in ("waiting", "failed")]


def test_one_that_waits_is_fired_also_where_midifrag_was_away_meanwhile(start, show):
    live = start()
    live.tell("open", tracks=[audio_track(1)])
    live.do("play", on=True)
    show.join(live, 1, fire=True)
    first, second = (sound(show.home.parent, f"000{serial} rain") for serial in (1, 2))
    show.land(1, 1, first)
    show.wait(live, "landed", serial=1)
    live.tick(5)
    show.land(2, 1, second)
    show.wait(live, "waiting", serial=2)
    for serial in (3, 4):
        show.join(live, 1, fire=True)
        show.land(serial, 1, second, again=True)
        show.wait(live, "waiting", serial=serial)
    live.do("stop", track="midifrag 1")
    show.wait(live, "landed", serial=4)
    live.tick(5)
    clip = live.track("midifrag 1")["clips"][0]
    assert (clip["path"], clip["playing"]) == (str(second), True)


def test_another_midifrag_is_not_told_of_the_last_ones_numbers(start, show, home):
    live = start()
    live.tell("open", tracks=[{"name": "else"}])
    show.join(live, 1)
    first = sound(show.home.parent, "0001 rain")
    show.land(1, 1, first)
    show.wait(live, "waiting", serial=1)
    show.drop()
    show.join(live, 1)
    live.do("add_track", **simpler_track(1))
    live.tick(300)
    show.hear()
    assert live.tell("landed") == [str(first)]
    assert not [message for message in show.heard if message["type"] in ("landed", "waiting")]


def test_a_slot_that_the_set_has_no_more_fails(start, show):
    live = start()
    live.tell("open", tracks=[{"name": "else"}])
    show.join(live, 2)
    show.land(1, 2, sound(show.home.parent, "0001 rain"))
    show.wait(live, "waiting", serial=1)
    show.welcome(1)
    assert show.wait(live, "failed", serial=1)["text"] == "the set has no slot 2 any more"


def test_a_landing_for_a_slot_without_a_name_ends_the_connection(start, show):
    live = start()
    live.tell("open", tracks=[simpler_track(1)])
    show.join(live, 1)
    show.land(1, 5, sound(show.home.parent, "0001 rain"))
    assert show.has_left(live)
    assert "slot 5, which it did not name" in live.tell("log")[-1]


@pytest.mark.parametrize(
    ("lacking", "way", "tracks", "comes"),
    [
        ("replace_sample", "simpler", [simpler_track(1), audio_track(1)], "clip"),
        ("replace_sample", "auto", [simpler_track(1), audio_track(1)], "clip"),
        ("create_audio_clip", "clip", [simpler_track(1), audio_track(1)], "simpler"),
        ("create_audio_clip", "auto", [audio_track(1), simpler_track(1)], "simpler"),
    ],
)
def test_a_live_that_lacks_a_function_goes_the_other_way_and_says_so_once(start, show, lacking, way, tracks, comes):
    live = start("--lacking", lacking)
    live.tell("open", tracks=tracks)
    hello = show.accept(live)
    assert lacking not in hello["has"]
    assert len(hello["has"]) == 1
    show.welcome(1, {1: {"way": way}})
    for serial in (1, 2):
        show.land(serial, 1, sound(show.home.parent, f"000{serial} rain"))
        assert show.wait(live, "landed", serial=serial)["way"] == comes
    said = [message["text"] for message in show.heard if message["type"] == "said"]
    assert len(said) == 1
    assert "this Live cannot" in said[0]


def test_a_live_that_cannot_fire_says_so_and_has_the_clip(start, show):
    live = start("--lacking", "fire")
    live.tell("open", tracks=[audio_track(1)])
    show.join(live, 1, fire=True, start_transport=True)
    show.land(1, 1, sound(show.home.parent, "0001 rain"))
    show.wait(live, "landed", serial=1)
    assert "Live does not fire its clip" in show.wait(live, "said")["text"]


def test_a_live_that_lacks_both_fails_with_a_clear_line(start, show):
    live = start("--lacking", "replace_sample,create_audio_clip")
    live.tell("open", tracks=[simpler_track(1)])
    assert show.accept(live)["has"] == []
    show.welcome(1)
    show.land(1, 1, sound(show.home.parent, "0001 rain"))
    assert "use a newer one" in show.wait(live, "failed", serial=1)["text"]
