import pytest

from midifrag.doors.live.script.objects import folded
from tests.doors.live.lives import audio_track, simpler_track, sound


def landed(show, live, slot, **fields):
    serial = len(show.heard) + 1000
    show.land(serial, slot, sound(show.home.parent, "0001 rain"))
    return show.wait(live, "landed", serial=serial, **fields)


def objects(show, live, **slots):
    """Wait until these, and no others, stand for slots."""
    return show.wait(live, "objects", slots={name[1:]: where for name, where in slots.items()})


def test_names_are_compared_without_case_and_blanks():
    assert folded("  MIDIFRAG 3 ") == folded("midifrag 3")
    assert folded("Straße") == folded("STRASSE")


def test_what_stands_for_slots_is_found_by_the_names_of_tracks_chains_and_devices(start, show):
    rack = {
        "rack": "Rack",
        "chains": {"else": [{"simpler": "Simpler"}], " midifrag 3": [{"effect": "EQ"}, {"simpler": "S"}]},
    }
    live = start()
    live.tell(
        "open",
        tracks=[
            {"name": "1-MIDI", "devices": [rack]},
            {"name": "MIDIFRAG 1 ", "devices": [{"effect": "EQ"}, {"simpler": "Simpler"}]},
            {"name": "keys", "devices": [{"simpler": "midifrag 4"}]},
            audio_track(2),
        ],
    )
    show.join(live)
    objects(
        show,
        live,
        _1="MIDIFRAG 1 / Simpler",
        _2="midifrag 2",
        _3="1-MIDI / midifrag 3 / Simpler",
        _4="keys / Simpler",
    )


def test_pads_are_found_by_their_note_also_within_one_track(start, show):
    inner = {"rack": "Rack", "chains": {"x": [{"simpler": "inner"}]}}
    pads = {"36": {"Kick": [{"simpler": "Kick"}]}, "60": {"Snare": [inner]}}
    live = start()
    live.tell(
        "open",
        tracks=[
            {"name": "other", "devices": [{"drums": "Drums", "pads": {"60": {"a": [{"simpler": "a"}]}}}]},
            {"name": "beats", "devices": [{"drums": "Drums", "pads": pads}]},
        ],
    )
    show.join(live, 2, {1: {"name": None, "note": 36}, 2: {"name": None, "note": 60, "track": "Beats"}})
    objects(show, live, _1="beats / Kick / Simpler", _2="beats / Snare / x / Simpler")
    landed(show, live, 2)
    assert live.track("beats")["simplers"][1]["sample"]
    assert not live.track("other")["simplers"][0]["sample"]


def test_a_target_of_a_track_alone_is_that_tracks_simpler_or_clip_slot(start, show):
    inner = {"rack": "Rack", "chains": {"keys": [{"simpler": "S"}]}}
    live = start()
    live.tell("open", tracks=[{"name": "x", "devices": [inner]}, {"name": "keys", "devices": [inner]}, audio_track(5)])
    show.join(live, 2, {1: {"name": None, "track": "Keys"}, 2: {"name": None, "track": "midifrag 5"}})
    objects(show, live, _1="keys / keys / Simpler", _2="midifrag 5")


def test_a_simpler_that_takes_its_samples_name_keeps_the_one_it_is_found_by(start, show):
    live = start()
    live.tell("open", tracks=[{"name": "keys", "devices": [{"simpler": "midifrag 1"}]}])
    show.join(live, 1)
    for serial in range(3):
        show.land(serial, 1, sound(show.home.parent, f"000{serial} rain"))
        show.wait(live, "landed", serial=serial)
        assert live.track("keys")["simplers"][0]["name"] == "midifrag 1"
        live.tick(150)
    assert not [line for line in live.tell("log") if "called" in line]


def test_what_a_performer_renames_right_after_a_landing_keeps_the_new_name(start, show):
    live = start()
    live.tell("open", tracks=[simpler_track(1)])
    show.join(live, 1)
    landed(show, live, 1)
    live.do("rename", track="midifrag 1", name="drums")
    live.tick(400)
    assert live.track("drums")


def test_a_renamed_track_is_told_once_and_stays_until_another_has_its_name(start, show):
    live = start()
    live.tell("open", tracks=[simpler_track(1)])
    show.join(live, 1)
    objects(show, live, _1="midifrag 1 / Simpler")
    live.do("rename", track="midifrag 1", name="drums")
    said = show.wait(live, "said", level="warning")["text"]
    assert said == "nothing in Live is called midifrag 1 any more: slot 1 stays with what was, midifrag 1 / Simpler"
    live.tick(500)
    show.hear()
    assert not [message for message in show.heard if message["type"] == "said"]
    landed(show, live, 1)
    assert live.track("drums")["simplers"][0]["sample"]
    live.do("add_track", **simpler_track(1))
    live.tick(150)
    landed(show, live, 1)
    assert live.track("midifrag 1")["simplers"][0]["sample"]
    live.do("rename", track="drums", name="midifrag 1")


def test_what_is_deleted_is_told_without_an_event_and_what_comes_anew_is_found(start, show):
    live = start()
    live.tell("open", tracks=[simpler_track(1), audio_track(2)])
    show.join(live, 2)
    objects(show, live, _1="midifrag 1 / Simpler", _2="midifrag 2")
    live.do("delete_device", track="midifrag 1", index=1)
    assert show.wait(live, "said")["text"] == "what stood for slot 1 in Live, midifrag 1 / Simpler, was deleted"
    objects(show, live, _2="midifrag 2")
    live.do("delete_track", track="midifrag 2")
    assert show.wait(live, "said")["text"] == "what stood for slot 2 in Live, midifrag 2, was deleted"
    objects(show, live)
    show.land(7, 2, sound(show.home.parent, "0007 rain"))
    assert "give" in show.wait(live, "waiting", serial=7)["text"]
    live.do("add_track", **audio_track(2))
    assert show.wait(live, "landed", serial=7)["where"] == "midifrag 2 / scene 1"


def test_what_dies_in_the_tick_of_its_landing_is_no_failure(start, show):
    live = start()
    live.tell("open", tracks=[simpler_track(1), *({"name": str(number)} for number in range(400))])
    show.join(live, 1)
    objects(show, live, _1="midifrag 1 / Simpler")
    live.do("delete_track", track="midifrag 1")
    show.land(1, 1, sound(show.home.parent, "0001 rain"))
    live.do("add_track", **simpler_track(1))
    show.wait(live, "landed", serial=1)
    assert not [message for message in show.heard if message["type"] == "failed"]


def test_a_large_set_is_looked_through_some_things_a_tick(start, show):
    chains = {f"chain {number}": [{"simpler": "Simpler"}] for number in range(60)}
    tracks = [{"name": f"track {number}", "devices": [{"rack": "Rack", "chains": chains}]} for number in range(30)]
    live = start()
    live.tell("open", tracks=[*tracks, simpler_track(1)])
    show.join(live, 1)
    live.tick(20)
    show.hear()
    assert not [message for message in show.heard if message["type"] == "objects"]
    objects(show, live, _1="midifrag 1 / Simpler")


@pytest.mark.parametrize("change", ["rename", "delete"])
def test_a_set_that_changes_under_a_look_is_looked_at_again(start, show, change):
    live = start()
    live.tell(
        "open",
        tracks=[*({"name": str(number), "devices": [{"simpler": "S"}]} for number in range(300)), simpler_track(1)],
    )
    show.join(live, 1)
    for number in range(100, 120):
        live.tick()
        if change == "delete":
            live.do("delete_track", track=str(number))
        else:
            live.do("rename", track=str(number), name="else")
    objects(show, live, _1="midifrag 1 / Simpler")


def test_however_often_a_look_is_asked_for_each_comes_to_its_end(start, show):
    live = start()
    live.tell("open", tracks=[{"name": str(number)} for number in range(300)])
    show.join(live, 2)
    live.do("add_track", **simpler_track(2))
    for serial in range(60):
        show.land(serial, 1, sound(show.home.parent, "0001 rain"))
        show.sync(live)
        live.tick(2)
    show.hear()
    assert {"type": "objects", "slots": {"2": "midifrag 2 / Simpler"}} in show.heard


def test_ninety_nine_slots_of_long_names_fit_into_one_line(start, show):
    rack = {"rack": "Rack", "chains": {f"midifrag {slot}": [{"simpler": "S"}] for slot in range(1, 100)}}
    live = start()
    live.tell("open", tracks=[{"name": "\U0001f941" * 300, "devices": [rack]}])
    show.join(live, 99)
    assert len(show.wait(live, "objects")["slots"]) == 99


def test_another_table_forgets_what_stood_for_another_target(start, show):
    live = start()
    live.tell("open", tracks=[simpler_track(1), simpler_track(2)])
    show.join(live, 2)
    objects(show, live, _1="midifrag 1 / Simpler", _2="midifrag 2 / Simpler")
    show.welcome(2, {2: {"name": "midifrag 1"}})
    objects(show, live, _1="midifrag 1 / Simpler", _2="midifrag 1 / Simpler")
