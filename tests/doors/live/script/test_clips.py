import pytest

from tests.doors.live.lives import audio_track, sound


@pytest.fixture
def live(start):
    made = start()
    made.tell("open", tracks=[audio_track(1), {"name": "keys"}])
    return made


def clips(live, name="midifrag 1"):
    return live.track(name)["clips"]


def put(show, live, serial=1, name="rain", **named):
    """Land in slot 1; returns its file."""
    path = sound(show.home.parent, f"{serial:04d} {name}", named.get("seconds", 2.0))
    show.land(serial, 1, path, **named)
    return path


def landed(show, live, serial=1, **named):
    path = put(show, live, serial, **named)
    where = show.wait(live, "landed", serial=serial)["where"]
    return path, clips(live)[int(where.rpartition(" ")[2]) - 1]


@pytest.mark.parametrize("name", ["rain", "tin"])
@pytest.mark.parametrize(
    ("fields", "warping", "loop"),
    [
        # Not looped, without a tempo: as it is.
        ({"seconds": 2.59}, False, None),
        # A tempo is known: stretched to Live's, not looped.
        ({"seconds": 2.59, "bpm": 92.5, "beats": 4.0}, True, None),
        ({"seconds": 2.0, "bpm": 120.0}, True, None),
        # Looped: Live would have guessed another number of beats.
        ({"seconds": 1.5, "bpm": 120.0, "beats": 3.0, "loop": True}, True, [0.0, 3.0]),
        ({"seconds": 2.0, "bpm": 150.0, "loop": True}, True, [0.0, 5.0]),
        # Looped without a tempo: as fast as it was rendered, at Live's tempo of now.
        ({"seconds": 3.5, "loop": True}, True, [0.0, 7.0]),
    ],
)
def test_a_clip_is_named_coloured_warped_and_looped_as_its_fragment(live, show, name, fields, warping, loop):
    """Whatever Live's settings make of a new clip, which in the fake hangs on its name."""
    show.join(live, 1)
    path, clip = landed(show, live, name=name, colour="#ff8c20", **fields)
    assert (clip["path"], clip["name"], clip["color"]) == (str(path), name, 0xFFA529)
    assert (clip["warping"], clip["looping"]) == (warping, loop is not None)
    if warping:
        bpm = fields.get("bpm", 120.0)
        assert clip["length"] == pytest.approx(fields.get("beats", fields["seconds"] * bpm / 60.0))
    if loop:
        assert (clip["loop"], clip["ends"]) == (loop, loop)
    assert not [message for message in show.heard if message["type"] == "said"]


def test_without_a_colour_it_keeps_lives(live, show):
    show.join(live, 1)
    assert landed(show, live, 1)[1]["color"] == 0xFF94A6


def test_it_comes_into_the_scene_of_the_set(live, show):
    show.join(live, 1, {1: {"scene": 3}})
    landed(show, live)
    assert [clip is not None for clip in clips(live)] == [False, False, True, False, False, False, False, False]
    show.welcome(1, {1: {"scene": 9}})
    put(show, live, 2)
    assert show.wait(live, "waiting", serial=2)["text"] == "midifrag 1 has no scene 9 in Live: add scenes"
    show.welcome(1, {1: {"scene": 1}})
    assert show.wait(live, "landed", serial=2)["where"] == "midifrag 1 / scene 1"


def sounding(show, live, scene=0):
    """Let what lies there sound."""
    live.do("fire", track="midifrag 1", scene=scene)
    show.wait(live, "playing", slot=1, on=True)


def test_a_clip_that_sounds_is_waited_for_and_the_newest_takes_its_place(live, show):
    show.join(live, 1, occupied="wait")
    first, _ = landed(show, live, 1)
    sounding(show, live)
    put(show, live, 2)
    assert show.wait(live, "waiting", serial=2)["text"] == "its clip in scene 1 of midifrag 1 sounds"
    newest = put(show, live, 3)
    show.wait(live, "waiting", serial=3)
    live.tick(300)
    assert [clip and clip["path"] for clip in clips(live)] == [str(first), *[None] * 7]
    live.do("stop", track="midifrag 1")
    show.wait(live, "landed", serial=3)
    assert [clip and clip["path"] for clip in clips(live)] == [str(newest), *[None] * 7]


def test_while_a_clip_sounds_the_new_one_goes_to_the_next_scene(live, show):
    show.join(live, 1, occupied="next_scene")
    first, _ = landed(show, live, 1)
    sounding(show, live)
    second, _ = landed(show, live, 2)
    live.do("fire", track="midifrag 1", scene=1)
    live.tick(2)
    # The first is silent again.
    third, _ = landed(show, live, 3)
    assert [clip and clip["path"] for clip in clips(live)[:3]] == [str(third), str(second), None]
    assert first != third


def test_one_that_is_about_to_sound_counts_as_sounding(live, show):
    show.join(live, 1)
    first, _ = landed(show, live, 1)
    live.do("play", on=True)
    live.do("quantize", ticks=200)
    live.do("fire", track="midifrag 1", scene=0)
    put(show, live, 2)
    show.wait(live, "waiting", serial=2)
    clip = clips(live)[0]
    assert (clip["path"], clip["playing"], clip["triggered"]) == (str(first), False, True)


def test_where_the_transport_stands_nothing_sounds(live, show):
    show.join(live, 1)
    landed(show, live, 1)
    sounding(show, live)
    live.do("play", on=False)
    second, _ = landed(show, live, 2)
    assert clips(live)[0]["path"] == str(second)


def test_where_every_scene_is_taken_it_waits(start, show):
    live = start()
    live.tell("open", tracks=[audio_track(1, scenes=1)])
    show.join(live, 1, occupied="next_scene")
    landed(show, live, 1)
    sounding(show, live)
    put(show, live, 2)
    assert (
        show.wait(live, "waiting", serial=2)["text"]
        == "no scene from 1 on is free in midifrag 1: stop or delete a clip there"
    )
    live.do("stop", track="midifrag 1")
    show.wait(live, "landed", serial=2)


@pytest.mark.parametrize("audio", [True, False])
def test_a_performers_own_clip_is_never_deleted(live, show, tmp_path, audio):
    own = tmp_path / "my take.wav"
    own.write_text("4.0")
    live.do("clip", track="midifrag 1", scene=0, path=str(own), audio=audio)
    show.join(live, 1, occupied="wait")
    path, _ = landed(show, live, 1)
    assert [clip and clip["path"] for clip in clips(live)[:3]] == [str(own), str(path), None]
    assert "are not midifrag's; they stay" in show.wait(live, "said")["text"]
    landed(show, live, 2)
    assert [clip is not None for clip in clips(live)[:3]] == [True, True, False]


@pytest.mark.parametrize("name", ["2024 vocal take.wav", "0001 rain.wav"])
def test_a_performers_clip_with_a_number_is_no_less_theirs(live, show, tmp_path, name):
    own = tmp_path / name
    own.write_text("4.0")
    live.do("clip", track="midifrag 1", scene=0, path=str(own))
    show.join(live, 1)
    path, _ = landed(show, live, 2)
    assert [clip and clip["path"] for clip in clips(live)[:3]] == [str(own), str(path), None]


def collect(live, tmp_path, path):
    """A Set has collected the file, and its clip plays the copy; returns that."""
    collected = tmp_path / "Samples" / "Imported" / path.name
    collected.parent.mkdir(parents=True)
    collected.write_text("2.0")
    live.do("clip", track="midifrag 1", scene=0, path=str(collected))
    return collected


def test_one_that_the_set_has_collected_is_still_ours(live, show, tmp_path):
    show.join(live, 1)
    first, _ = landed(show, live, 1)
    collect(live, tmp_path, first)
    show.join(live, 1)
    path, clip = landed(show, live, 2)
    assert clip["path"] == str(path)
    assert clips(live)[1] is None


def test_one_that_the_set_has_collected_stays_when_its_fragment_comes_again(live, show, tmp_path):
    collected = collect(live, tmp_path, sound(show.home.parent, "0001 rain"))
    show.join(live, 1)
    put(show, live, 1, again=True)
    assert show.wait(live, "landed", serial=1)["where"] == "midifrag 1 / scene 1"
    assert [clip and clip["path"] for clip in clips(live)[:2]] == [str(collected), None]
    assert live.tell("landed") == []


def test_behind_a_performers_clip_ours_is_waited_for_too(live, show, tmp_path):
    own = tmp_path / "my take.wav"
    own.write_text("4.0")
    live.do("clip", track="midifrag 1", scene=0, path=str(own))
    show.join(live, 1, occupied="wait")
    landed(show, live, 1)
    sounding(show, live, 1)
    put(show, live, 2)
    assert show.wait(live, "waiting", serial=2)["text"] == "its clip in scene 2 of midifrag 1 sounds"
    live.do("stop", track="midifrag 1")
    assert show.wait(live, "landed", serial=2)["where"] == "midifrag 1 / scene 2"
    assert clips(live)[2] is None


def test_again_makes_no_second_clip(live, show):
    show.join(live, 1, occupied="next_scene")
    path, _ = landed(show, live, 1)
    sounding(show, live)
    for serial in (2, 3):
        show.land(serial, 1, path, again=True)
        assert show.wait(live, "landed", serial=serial)["where"] == "midifrag 1 / scene 1"
    assert live.tell("landed") == [str(path)]
    other, _ = landed(show, live, 4, again=True)
    assert live.tell("landed") == [str(other)]


@pytest.mark.parametrize(
    ("options", "stands", "fires"),
    [
        ({}, False, False),
        ({"fire": True}, False, True),
        ({"fire": True}, True, False),
        ({"fire": True, "start_transport": True}, True, True),
        ({"start_transport": True}, True, False),
    ],
)
def test_it_is_fired_only_where_asked_and_starts_the_transport_only_where_asked(live, show, options, stands, fires):
    show.join(live, 1, **options)
    live.do("play", on=not stands)
    landed(show, live)
    live.tick(2)
    state = live.state()
    assert state["tracks"][0]["clips"][0]["playing"] == fires
    assert state["playing"] == (not stands or fires)


def test_a_frozen_track_is_waited_for(live, show):
    show.join(live, 1)
    live.do("freeze", track="midifrag 1", on=True)
    put(show, live)
    assert show.wait(live, "waiting")["text"] == "midifrag 1 is frozen in Live: unfreeze it"
    live.do("freeze", track="midifrag 1", on=False)
    show.wait(live, "landed", serial=1)


def test_for_a_file_that_is_gone_no_clip_is_deleted(live, show):
    show.join(live, 1)
    path, _ = landed(show, live, 1)
    gone = show.home.parent / "ableton" / "0002 gone.wav"
    show.land(2, 1, gone)
    assert str(gone) in show.wait(live, "waiting", serial=2)["text"]
    assert clips(live)[0]["path"] == str(path)


@pytest.mark.parametrize(("scenes", "lacking"), [(8, ""), (1, ""), (8, "duplicate_clip_to")])
def test_a_file_that_live_refuses_takes_no_clips_place(start, show, scenes, lacking):
    """Tried in an empty clip slot first; where none is or Live cannot copy from it, the old clip is made again."""
    live = start("--lacking", lacking)
    live.tell("open", tracks=[audio_track(1, scenes=scenes)])
    show.join(live, 1)
    _, before = landed(show, live, 1, loop=True, bpm=120.0, beats=4.0, colour="#1aff2f")
    refused = sound(show.home.parent, "0002 odd")
    refused.write_text("not a sound")
    show.land(2, 1, refused)
    assert "Live refuses odd" in show.wait(live, "waiting", serial=2)["text"]
    assert clips(live) == [before, *[None] * (scenes - 1)]
    newest, after = landed(show, live, 3)
    assert (after["path"], after["warping"], after["looping"]) == (str(newest), False, False)
    assert clips(live)[1:] == [None] * (scenes - 1)


def test_what_live_refuses_of_a_clips_looks_is_told_and_the_clip_is_there(live, show):
    """A file that Live finds no sample in: no tempo can be laid over it."""
    show.join(live, 1)
    path = sound(show.home.parent, "0001 rain", 0.0)
    show.land(1, 1, path, seconds=2.0, bpm=120.0, beats=4.0, loop=True)
    show.wait(live, "landed", serial=1)
    assert "Live refuses the clip's tempo" in show.wait(live, "said", level="warning")["text"]
    assert clips(live)[0]["path"] == str(path)
