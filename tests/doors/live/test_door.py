import threading
import time
from contextlib import closing
from dataclasses import replace

import pytest

from midifrag.bridge.items import AbletonHeard, Bar
from midifrag.config.ableton import AbletonTarget
from midifrag.doors.live import answers, wire
from midifrag.doors.live.copies import remembered
from midifrag.doors.live.copy_record import Copy, Facts
from midifrag.doors.live.door import LiveDoor, in_words, live_door
from midifrag.doors.live.meeting import meeting_file
from midifrag.events import ConfigurationChanged, JobChanged, JobTimes, Notice, SlotsChanged, TimeChanged
from midifrag.fragment.slot_state import SlotState
from midifrag.fragment.writer_commands import SlotPlaying
from midifrag.intents import RestoreSlot
from midifrag.pad_key import PadKey
from midifrag.states import JobKind, JobState
from midifrag.timeline import Signature
from tests.doors.live.fragments import put
from tests.doors.live.peers import Peer, until
from tests.support.runtimes import played_show
from tests.support.shows import loaded, one_pad

SONG = {"bpm": 90.0, "numerator": 3, "denominator": 4, "playing": True, "beat": 12.0, "bar": 4, "bar_began": 9.0}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("MIDIFRAG_HOME", str(tmp_path / "home"))


class Rig:
    """A door of a show with two slots, and all that it put."""

    def __init__(self, folder):
        self.folder, self.items = folder, []
        self.show = loaded(
            one_pad(colour="red", fragment={"loop": True}), fragments={"folder": str(folder), "count": 2}, ableton={}
        )
        self.door = LiveDoor(self.show, self.items.append)
        self.landed_at = {}

    def __enter__(self):
        self.door.start()
        self.door.handle(ConfigurationChanged(self.show))
        self.tell_slots()
        return self

    def __exit__(self, *_):
        self.door.close()

    def peer(self):
        return closing(Peer.at(meeting_file()))

    def tell_slots(self):
        states = []
        for slot in (1, 2):
            at = self.landed_at.get(slot)
            states.append(SlotState(slot, f"output{slot:02d}.wav", "filled" if at else "free", landed_at=at))
        self.door.handle(SlotsChanged(tuple(states)))

    def land(self, slot, job, *, file=None, **keys):
        put(self.folder, slot, job=job if file is None else file, landing=job)
        self.landed_at[slot] = 1000.0 + job
        self.door.handle(
            JobChanged(
                job, JobKind.PAD, JobState.LANDED, "rain", "opening", PadKey(36), JobTimes(0.0), slot=slot, **keys
            )
        )
        self.tell_slots()

    def notices(self):
        return [one.text for one in self.items if isinstance(one, Notice)]

    def others(self):
        return [one for one in self.items if not isinstance(one, Notice)]


@pytest.fixture
def rig(tmp_path):
    with Rig(tmp_path) as made:
        yield made


def test_there_is_a_door_where_the_set_wants_one():
    assert live_door(loaded(), print) is None
    door = live_door(loaded(ableton={}), print)
    assert door.name == "ableton"
    door.close()


def test_nothing_is_sent_before_the_welcome(rig, monkeypatch):
    sent = []
    monkeypatch.setattr(rig.door._server, "send", sent.append)
    copy = Copy(file="0001 rain.wav", slot=1, landing=1, seconds=1.0, facts=Facts())
    rig.door.copied(copy, again=False)
    rig.door.handle(ConfigurationChanged(loaded(ableton={"fire": True})))
    rig.door.came(wire.Hello(token="", script=1, live="12", has=()))
    rig.door.copied(copy, again=False)
    assert [one.type for one in sent if one.type != "ping"] == ["welcome", "land"]


def test_what_lands_is_copied_and_sent(rig):
    with rig.peer() as peer:
        hello = peer.hello()
        assert (hello["type"], list(hello["targets"]), hello["options"]["fire"]) == ("welcome", ["1", "2"], False)
        rig.land(2, 7, asked_quarters=2.0)
        land = peer.hear()
        assert rig.notices() == ["Ableton Live 12.4.1 is connected"]
    path = rig.folder / "ableton" / "0001 rain.wav"
    assert land == {
        "type": "land", "serial": 1, "slot": 2, "path": str(path), "name": "rain", "colour": "#FF0000",
        "seconds": 0.01, "loop": True, "bpm": pytest.approx(12_000), "beats": 2.0, "again": False,
    }  # fmt: skip
    assert path.read_bytes() == (rig.folder / "output02.wav").read_bytes()


def test_who_comes_later_is_given_what_lies_in_the_slots_and_nothing_is_copied_for_nobody(rig):
    rig.land(1, 3, asked_quarters=4.0)
    rig.land(1, 4, asked_quarters=8.0)
    assert not list((rig.folder / "ableton").glob("*.wav"))
    with rig.peer() as peer:
        peer.hello()
        first = peer.hear()
        assert (first["slot"], first["again"], first["beats"], first["loop"]) == (1, True, 8.0, True)
    with rig.peer() as peer:
        until(lambda: peer.hello()["type"] == "welcome")
        again = peer.hear()
    assert again == {**first, "serial": 2}
    assert [one.name for one in (rig.folder / "ableton").glob("*.wav")] == ["0001 rain.wav"]


def test_who_comes_before_the_show_knows_its_slots_is_given_them_then(tmp_path):
    rig = Rig(tmp_path)
    rig.door.start()
    with closing(rig.door), rig.peer() as peer:
        peer.hello()
        put(tmp_path, 1, job=3)
        rig.landed_at[1] = 1000.0
        rig.tell_slots()
        assert peer.hear()["again"]


def test_what_is_put_back_into_its_slot_comes_back_in_live(rig):
    with rig.peer() as peer:
        peer.hello()
        rig.land(1, 3, asked_quarters=4.0)
        first = peer.hear()
        rig.land(1, 4)
        second = peer.hear()
        put(rig.folder, 1, job=3, landing=3)
        rig.landed_at[1] = 1003.0
        rig.tell_slots()
        assert peer.hear() == {**first, "serial": 3}
        put(rig.folder, 1, job=4, landing=4)
        rig.landed_at[1] = 1004.0
        rig.tell_slots()
        assert peer.hear() == {**second, "serial": 4}
        rig.tell_slots()
        rig.land(2, 9)
        assert peer.hear()["slot"] == 2


def test_what_another_program_put_into_a_slot_is_not_ours_to_give(rig):
    states = (SlotState(1, "output01.wav", "filled", foreign=True, landed_at=5.0), SlotState(2, "output02.wav"))
    rig.door.handle(SlotsChanged(states))
    with rig.peer() as peer:
        peer.hello()
        rig.land(2, 9)
        assert peer.hear()["slot"] == 2


def test_a_copy_that_cannot_be_made_is_told_and_the_next_landing_comes(rig):
    with rig.peer() as peer:
        peer.hello()
        put(rig.folder, 1, job=1)
        rig.land(1, 1, file=1)
        assert peer.hear()["serial"] == 1
        (rig.folder / "output02.wav").write_bytes(b"somebody's")
        rig.landed_at[2] = 1000.0
        rig.door.handle(JobChanged(2, JobKind.PAD, JobState.LANDED, "rain", "opening", None, JobTimes(0.0), slot=2))
        until(lambda: "was changed by another program" in rig.notices()[-1])
        assert rig.notices()[-1].startswith("slot 2 is not in Live: ")
        rig.land(2, 3)
        assert peer.hear()["slot"] == 2


def test_another_table_is_told_at_once(rig):
    with rig.peer() as peer:
        peer.hello()
        other = loaded(fragments={"folder": str(rig.folder), "count": 5}, ableton={"targets": {2: {"note": 36}}})
        rig.door.handle(ConfigurationChanged(other))
        welcome = peer.hear()
        assert welcome["targets"]["2"]["note"] == 36
        assert welcome["slots"] == 2
        rig.door.handle(ConfigurationChanged(other))
        rig.land(1, 1)
        assert peer.hear()["type"] == "land"


def test_what_lies_in_a_slot_with_another_target_is_given_again(rig):
    with rig.peer() as peer:
        peer.hello()
        rig.land(1, 1)
        rig.land(2, 2)
        first, second = peer.hear(), peer.hear()
        other = loaded(
            one_pad(), fragments={"folder": str(rig.folder), "count": 2}, ableton={"targets": {2: {"name": "Other"}}}
        )
        rig.door.handle(ConfigurationChanged(other))
        assert peer.hear()["type"] == "welcome"
        again = peer.hear()
        assert (again["slot"], again["again"], again["path"]) == (2, True, second["path"])
        rig.land(1, 3)
        assert peer.hear()["path"] != first["path"]


def test_what_sounds_protects_its_slot_until_live_is_gone(rig):
    with rig.peer() as peer:
        peer.hello()
        for slot, on in ((1, True), (1, True), (2, True), (2, False), (3, True)):
            peer.say("playing", slot=slot, on=on)
        until(lambda: len(rig.others()) == 3)
        assert rig.others() == [SlotPlaying(1, True), SlotPlaying(2, True), SlotPlaying(2, False)]
    until(lambda: len(rig.others()) == 4)
    assert rig.others()[3] == SlotPlaying(1, False)
    assert rig.notices()[-1] == "Ableton Live is not connected any more; it is waited for"


def test_where_the_song_is_is_heard_and_lost(rig):
    with rig.peer() as peer:
        peer.hello()
        before = time.monotonic()
        peer.say("time", **SONG)
        (heard,) = until(rig.others)
        assert heard == AbletonHeard(90.0, heard.at, 12.0, Signature(3, 4), True, bar=Bar(4, 9.0))
        assert before <= heard.at <= time.monotonic()
    until(lambda: len(rig.others()) == 2)
    assert rig.others()[1].connected is False


def test_what_live_reports_is_told_once_and_stands_in_the_status(rig):
    with rig.peer() as peer:
        peer.hello()
        peer.say("objects", slots={"1": "midifrag 1 / Simpler", "77": "x"})
        peer.say("selected", track="Bass")
        peer.say("playing", slot=1, on=True)
        for _ in range(2):
            peer.say("failed", serial=1, slot=2, text="no Simpler")
            peer.say("waiting", serial=1, slot=1, text="its clip sounds")
            peer.say("said", level="warning", text="hm")
        peer.say("landed", serial=2, slot=1, way="simpler", where="midifrag 1 / Simpler")
        status = until(lambda: told(rig) if told(rig).landed else None)
        assert rig.notices() == [
            "Ableton Live 12.4.1 is connected",
            "Live has nothing for slot 2 yet; there it would be the track or chain midifrag 2",
            "slot 2 is not in Live: no Simpler",
            "slot 1 waits in Live: its clip sounds",
            "Live: hm",
        ]
    assert status == answers.Status(
        live="12.4.1",
        has=("replace_sample", "create_audio_clip"),
        slots=2,
        objects={"1": "midifrag 1 / Simpler"},
        names={"1": "the track or chain midifrag 1", "2": "the track or chain midifrag 2"},
        selected="Bass",
        playing=(1,),
        troubles={"2": "no Simpler"},
        landed=1,
        folder=str(rig.folder / "ableton"),
        in_slots=(),
    )
    until(lambda: told(rig).live is None)
    assert (told(rig).objects, told(rig).selected, told(rig).playing) == ({}, None, ())


def told(rig):
    with rig.peer() as peer:
        peer.say("ask", token=peer.meeting.token, what="status")
        return answers.answer_of(peer._file.readline())


def test_a_command_is_told_which_files_the_loaded_set_uses(rig):
    with rig.peer() as command:
        command.say("ask", token=command.meeting.token, what="files")
        assert command.hear()["files"] is None
    with rig.peer() as peer, rig.peer() as command:
        peer.hello()
        rig.land(1, 1)
        peer.hear()
        command.say("ask", token=command.meeting.token, what="files")
        assert peer.hear() == {"type": "files"}
        peer.say("files", paths=["/a/0001 rain.wav"], set="", more=False, unread=1)
        answer = command.hear()
    assert answer == {"type": "used", "files": ["/a/0001 rain.wav"], "set": "", "unread": 1,
                      "in_slots": ["0001 rain.wav"], "complete": True}  # fmt: skip


def test_a_script_that_goes_before_it_has_told_all_is_not_taken_for_none(rig):
    with rig.peer() as command:
        with rig.peer() as peer:
            peer.hello()
            command.say("ask", token=command.meeting.token, what="files")
            peer.hear()
            peer.say("files", paths=["/a/0001 rain.wav"], set="", more=True, unread=0)
        answer = command.hear()
    assert (answer["files"], answer["complete"]) == (["/a/0001 rain.wav"], False)


def test_a_drive_that_does_not_answer_is_told_once(rig, monkeypatch):
    monkeypatch.setattr(rig.door._copier, "hangs", lambda: 2)
    until(lambda: rig.notices())
    rig.door.look(0.0)
    text = f"slot 2 is not in Live: the drive of {rig.folder / 'ableton'} does not answer; check its cable"
    assert rig.notices() == [text]


def test_the_door_leaves_nothing_behind(tmp_path):
    with Rig(tmp_path) as rig, rig.peer() as peer:
        peer.hello()
        rig.land(1, 1)
        peer.hear()
        rig.door.close()
        assert rig.notices() == ["Ableton Live 12.4.1 is connected"]
    assert not [one.name for one in threading.enumerate() if one.name.startswith("midifrag-ableton")]
    assert not meeting_file().exists()
    assert not list((tmp_path / "ableton" / ".midifrag").glob("work-*"))


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ({"name": "Drums"}, "the track or chain Drums"),
        ({"note": 36, "track": "Kit"}, "the pad C1 in the track Kit"),
        ({"note": 36}, "the pad C1"),
        ({"track": "Loops", "scene": 3}, "the track Loops, scene 3"),
    ],
)
def test_a_place_in_live_is_told_as_it_is_seen_there(target, words):
    assert in_words(AbletonTarget.model_validate(target)) == words


# --- a whole show ----------------------------------------------------------------------------------------------------


def test_a_show_lands_in_live_goes_by_its_song_and_spares_what_sounds_there(tmp_path):
    folder = tmp_path / "fragments"
    folder.mkdir()
    show = loaded(
        fragments={"folder": str(folder), "count": 2},
        engine={"host": "thread", "spares": {"enabled": False}},
        ableton={},
        time={"source": "ableton"},
    )
    with played_show(folder, show) as played, closing(Peer.at(meeting_file())) as peer:
        peer.hello()
        played.note(36)
        first = peer.hear()
        assert (first["slot"], first["name"]) == (1, "rain")
        played.note(36)
        assert peer.hear()["slot"] == 2
        peer.say("playing", slot=1, on=True)
        played.seen.wait_for(lambda seen: any(isinstance(c, SlotsChanged) and c.slots[0].sounds for c in seen))
        played.note(37)
        third = peer.hear()
        assert (third["slot"], third["name"]) == (2, "short kick")
        played.runtime.put(RestoreSlot(2))
        restored = peer.hear()
        assert (restored["slot"], restored["name"], restored["path"][-13:]) == (2, "rain", "0002 rain.wav")
        peer.say("time", **SONG)
        (line,) = played.seen.wait_for(
            lambda seen: [c.timeline for c in seen if isinstance(c, TimeChanged) and c.timeline.source == "ableton"]
        )
        assert (line.bpm, line.position, line.signature) == (90.0, 12.0, Signature(3, 4))
        peer.close()
        played.seen.wait_for(
            lambda seen: [c for c in seen if isinstance(c, TimeChanged)][-1].timeline.source == "internal"
        )
        played.seen.wait_for(lambda seen: not [c for c in seen if isinstance(c, SlotsChanged)][-1].slots[0].sounds)
    assert {slot: copy.file for slot, copy in remembered(folder / "ableton").items()} == {
        1: "0001 rain.wav",
        2: "0002 rain.wav",
    }


def test_a_show_that_begins_again_gives_live_the_same_copies(tmp_path):
    folder = tmp_path / "fragments"
    folder.mkdir()
    show = loaded(
        fragments={"folder": str(folder), "count": 2},
        engine={"host": "thread", "spares": {"enabled": False}},
        ableton={},
    )
    with played_show(folder, show) as played, closing(Peer.at(meeting_file())) as peer:
        peer.hello()
        played.note(36)
        first = peer.hear()
    with played_show(folder, replace(show)), closing(Peer.at(meeting_file())) as peer:
        peer.hello()
        assert peer.hear() == {**first, "again": True}
