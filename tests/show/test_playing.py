from types import SimpleNamespace

import mido
import pytest
from click.testing import CliRunner

from midifrag.cli import app
from midifrag.events import JobChanged, JobTimes, Notice
from midifrag.fragment.archive import Archive
from midifrag.show import playing
from midifrag.show.playing import play, wait_until_landed
from midifrag.states import JobKind, JobState, NoticeLevel
from tests.support import PATIENCE
from tests.support.runtimes import played_in_this_process, played_show


def clip(path, presses):
    file = mido.MidiFile()
    track = mido.MidiTrack()
    file.tracks.append(track)
    for note in presses:
        track.append(mido.Message("note_on", note=note, velocity=90, time=60))
        track.append(mido.Message("note_off", note=note, time=60))
    file.save(path)


def test_waiting_sees_every_press_that_was_sent_before(tmp_path):
    with played_show(tmp_path) as show:
        for _ in range(5):
            show.note(37)
        assert wait_until_landed(show.runtime, PATIENCE)
        assert show.runtime.bridge.renders.jobs.pending() == []
    assert Archive(tmp_path / "archive").count() == 5


def test_play_takes_the_controllers_place_and_ends_when_all_has_landed(tmp_path, monkeypatch):
    played_in_this_process(monkeypatch)
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    runner.invoke(app, ["init", "."])
    clip(tmp_path / "clip.mid", [36, 40, 99, 40])
    result = runner.invoke(app, ["play", "clip.mid", "--speed", "4", "--model", "sketch"])
    assert result.exit_code == 0, result.output
    takes = Archive(tmp_path / "fragments" / "archive").find()
    assert [take.prompt for take in reversed(takes)] == ["rain on tin, close", "short dark kick", "short dark kick"]


class Instants:
    """A clock that only moves while somebody sleeps."""

    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def instants(monkeypatch):
    made = Instants()
    monkeypatch.setattr(playing, "time", made)
    monkeypatch.setattr(playing, "monotonic", made.monotonic)
    return made


def test_everything_is_played_at_its_second_and_what_is_late_at_once(instants):
    played = []

    def send(item):
        played.append((item, instants.now - 100.0))
        instants.now += 1.0

    play([(0.5, "a"), (1.0, "b"), (4.0, "c")], send)
    assert played == [("a", 0.5), ("b", 1.5), ("c", 4.0)]


class Answers:
    """A runtime whose bridge says, each time it is asked, what comes next; it has one more thing to tell each time."""

    def __init__(self, *jobs):
        self.jobs = list(jobs)

    def put(self, introduce):
        job = JobChanged(1, JobKind.PAD, JobState.QUEUED, "rain", "opening", None, JobTimes(0.0))
        introduce.to([Notice(NoticeLevel.INFO, "x"), *[job] * self.jobs.pop(0)])


def test_waiting_ends_when_no_job_is_left(instants):
    runtime = Answers(2, 1, 0)
    assert wait_until_landed(runtime, 10.0)
    assert (runtime.jobs, instants.now) == ([], 100.0 + 2 * playing.LOOK_EVERY)


def test_waiting_ends_after_a_while_though_jobs_are_left(instants):
    assert not wait_until_landed(Answers(*[1] * 50), 1.0)
    assert 101.0 <= instants.now <= 101.0 + playing.LOOK_EVERY


def test_a_bridge_that_does_not_answer_is_no_bridge_without_jobs(instants, monkeypatch):
    asked = []
    runtime = SimpleNamespace(put=asked.append)
    monkeypatch.setattr(playing.threading, "Event", lambda: SimpleNamespace(wait=lambda _seconds: False))
    assert not wait_until_landed(runtime, 1.0)
    assert len(asked) > 1
