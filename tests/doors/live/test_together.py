"""A whole show and the script in the fake Live, over the real socket: what lands is heard there, and told back."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from midifrag.doors.live import library, wire
from midifrag.doors.live.asking import ask_status, ask_used
from midifrag.doors.live.meeting import meeting_file
from midifrag.events import Notice, SlotsChanged, TimeChanged
from tests.doors.live.lives import FakeLive
from tests.doors.live.peers import until
from tests.support.runtimes import PlayedShow, played_show
from tests.support.shows import loaded

TRACKS = [
    {"name": "midifrag 1", "devices": [{"simpler": "Simpler"}]},
    {"name": "Loops", "audio": True},
]


class Together:
    """A show of two slots: a Simpler, and a clip slot."""

    def __init__(self, folder, live: FakeLive) -> None:
        self.folder, self.live = folder / "fragments", live
        self.folder.mkdir(exist_ok=True)

    @contextmanager
    def playing(self) -> Iterator[PlayedShow]:
        show = loaded(
            fragments={"folder": str(self.folder), "count": 2},
            engine={"host": "thread", "spares": {"enabled": False}},
            ableton={"targets": {2: {"way": "clip", "name": "Loops"}}},
            time={"source": "ableton"},
        )
        with played_show(self.folder, show) as played:
            self.until(lambda: ask_now().live)
            yield played

    def until(self, condition):
        """Let Live's ticks go by until something is so, no faster than the show's time goes."""

        def ticked():
            self.live.tick(2)
            time.sleep(0.02)
            return condition()

        return until(ticked)

    def meanwhile(self, work):
        """What some work returns that Live has to answer."""
        done: list[object] = []
        thread = threading.Thread(target=lambda: done.append(work()))
        thread.start()
        self.until(lambda: done)
        thread.join()
        return done[0]

    def copy(self, name: str) -> str:
        return str(self.folder / "ableton" / name)

    def line(self, played: PlayedShow):
        return [one.timeline for one in played.seen.changes if isinstance(one, TimeChanged)][-1]

    def slots(self, played: PlayedShow):
        return [one.slots for one in played.seen.changes if isinstance(one, SlotsChanged)][-1]

    def sample(self) -> str:
        return self.live.track("midifrag 1")["simplers"][0]["sample"]

    def clip(self):
        return self.live.track("Loops")["clips"][0]


def ask_now():
    status = ask_status(meeting_file())
    assert status is not None
    return status


@pytest.fixture
def rig(tmp_path, home, start, monkeypatch):
    monkeypatch.setenv("MIDIFRAG_HOME", str(home))
    live = start()
    live.tell("open", tracks=TRACKS)
    return Together(tmp_path, live)


def test_the_script_is_of_the_version_that_the_show_asks_for():
    assert library.script_version() == wire.SCRIPT


def test_what_lands_is_in_live_and_what_sounds_there_is_spared(rig):
    with rig.playing() as played:
        played.note(36)
        assert rig.until(rig.sample) == rig.copy("0001 rain.wav")
        played.note(37)
        assert rig.until(rig.clip)["path"] == rig.copy("0002 short kick.wav")
        rig.until(lambda: ask_now().landed == 2)
        status = ask_now()
        assert (status.objects, status.troubles) == ({"1": "midifrag 1 / Simpler", "2": "Loops"}, {})
        used = rig.meanwhile(lambda: ask_used(meeting_file()))
        assert set(used.files) == {rig.copy(name) for name in used.in_slots}
        rig.live.do("play", on=True)
        rig.live.do("sound", track="midifrag 1", on=True)
        rig.until(lambda: rig.slots(played)[0].sounds)
        played.note(36)
        assert rig.until(lambda: rig.clip() and rig.clip()["path"] == rig.copy("0003 rain.wav"))
        assert rig.sample() == rig.copy("0001 rain.wav")


def test_the_show_goes_by_lives_song(rig):
    with rig.playing() as played:
        rig.live.do("tempo", bpm=87.0)
        rig.live.do("signature", numerator=3, denominator=4)
        rig.live.do("play", on=True)
        line = rig.until(lambda: rig.line(played) if rig.line(played).running else None)
        assert (line.source, line.bpm, str(line.signature)) == ("ableton", 87.0, "3/4")
        rig.live.tell("away")
        line = rig.until(lambda: rig.line(played) if rig.line(played).source == "internal" else None)
        assert (line.bpm, line.running) == (87.0, True)
        texts = [one.text for one in played.seen.changes if isinstance(one, Notice)]
        assert texts[-1] == "Ableton Live is not connected any more; it is waited for"
        rig.live.tell("back")
        rig.until(lambda: rig.line(played).source == "ableton")


def test_a_show_that_begins_again_is_found_and_gives_what_lies_in_its_slots(rig):
    with rig.playing() as played:
        played.note(36)
        rig.until(rig.sample)
    rig.live.tell("open", tracks=TRACKS)
    assert rig.sample() == ""
    with rig.playing():
        assert rig.until(rig.sample) == rig.copy("0001 rain.wav")


def test_what_is_deleted_in_live_is_told_and_found_when_it_is_there_again(rig):
    with rig.playing() as played:
        rig.until(lambda: ask_now().objects)
        rig.live.do("delete_track", track="midifrag 1")
        rig.until(lambda: "1" not in ask_now().objects)

        def told():
            texts = [one.text for one in played.seen.changes if isinstance(one, Notice)]
            return [text for text in texts if "midifrag 1 / Simpler" in text]

        assert rig.until(told) == ["Live: what stood for slot 1 in Live, midifrag 1 / Simpler, was deleted"]
        played.note(36)
        rig.until(lambda: ask_now().troubles.get("1"))
        rig.live.do("add_track", **TRACKS[0])
        rig.until(lambda: "1" in ask_now().objects)


def test_a_second_live_waits_for_the_first(rig, start):
    with rig.playing():
        other = start()
        other.tell("open", tracks=TRACKS)
        rig.until(lambda: other.tick(2) or any("another Live is connected" in line for line in other.tell("log")))
        assert ask_now().live
