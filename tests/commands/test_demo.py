"""The demo as a newcomer starts it: a process of its own, nothing plugged in."""

import json
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest
import soundfile
from click.exceptions import Exit

from midifrag.commands import demo as demo_command
from midifrag.commands.demo import _farewell, _Listener, _until_ready
from midifrag.config.loading import load
from midifrag.config.shipped import shipped_path
from midifrag.errors import EngineError
from midifrag.events import EngineChanged, JobChanged, JobTimes, Notice, PlaybackChanged, Sounding
from midifrag.pad_key import PadKey
from midifrag.playback.messages import PlaybackState
from midifrag.show.clip import read_clip
from midifrag.show.ending import Ending
from midifrag.states import EngineState, JobKind, JobState, NoticeLevel


def demo(folder, *flags):
    command = [sys.executable, "-m", "midifrag", "demo", "--speed", "16", "--model", "sketch", *flags]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100, check=False)


@pytest.fixture(scope="module")
def silent(tmp_path_factory):
    """A demo on a machine without an output: where it was, and what came of it."""
    folder = tmp_path_factory.mktemp("silent")
    return folder, demo(folder, "--playback", "no such output")


def test_the_clip_is_what_the_demo_promises():
    from midifrag.commands.demo import CLIP

    clip = read_clip(CLIP)
    kinds = {message.type for _, message in clip.messages}
    assert clip.presses >= 12
    assert {"program_change", "control_change", "note_on"} <= kinds


def test_the_demo_lands_every_press_and_says_what_is_where(silent):
    folder, result = silent
    assert result.returncode == 0, result.stderr
    assert "15 of 15 presses landed" in result.stdout
    assert "midifrag init my-set" in result.stdout
    for number in range(1, 9):
        assert soundfile.info(folder / "fragments" / f"output{number:02d}.wav").frames > 0


def test_nothing_is_played_before_every_model_is_ready(monkeypatch):
    waiting = [["pocket", "sketch"], ["pocket"], []]
    runtime = SimpleNamespace(engines=SimpleNamespace(waiting=lambda: waiting.pop(0), info=lambda _model: "there"))
    _until_ready(runtime, "pocket", SimpleNamespace(lost=""))
    assert waiting == []
    slow = SimpleNamespace(engines=SimpleNamespace(waiting=lambda: ["pocket"]))
    # It is lost, but the listener has not heard of it yet.
    told = SimpleNamespace(lost="")
    gone = SimpleNamespace(waiting=list, info=lambda _model: setattr(told, "lost", "no weights"))
    with pytest.raises(EngineError, match="no weights"):
        _until_ready(SimpleNamespace(engines=gone), "pocket", told)
    with pytest.raises(EngineError, match="no weights"):
        _until_ready(slow, "pocket", SimpleNamespace(lost="no weights"))
    monkeypatch.setattr("midifrag.commands.demo.LOAD_TIMEOUT", 0.1)
    with pytest.raises(EngineError, match="not ready"):
        _until_ready(slow, "pocket", SimpleNamespace(lost=""))


def test_json_is_one_object_with_every_takes_timings(tmp_path, capsys):
    engine = {"host": "thread", "spares": {"enabled": False}}
    folder = {"fragments": {"folder": str(tmp_path / "elsewhere")}}
    show = {"model": "sketch", "playback": {"device": "off"}, "engine": engine, **folder}
    demo_command.demo(load(shipped_path(), show, environment={}), True, 16.0)
    report = json.loads(capsys.readouterr().out)
    assert [take["take"] for take in report["takes"]] == list(range(1, 16))
    for take in report["takes"]:
        moments = take["after_press"]
        assert 0 <= moments["queued"] <= moments["started"] <= moments["rendered"] <= moments["landed"]
    assert (tmp_path / "elsewhere" / "output01.wav").exists()


def test_without_an_output_it_says_so_in_a_line(silent):
    _folder, result = silent
    sound = [line for line in result.stdout.splitlines() if line.startswith("     sound")]
    assert len(sound) == 2
    assert re.match(r" +sound +(lost: silent: there is no audio output|off: PortAudio is missing)", sound[1])


def test_how_the_output_stands_is_told_once(capsys):
    states = [
        PlaybackChanged(PlaybackState.OPENING, text="opening the output"),
        PlaybackChanged(PlaybackState.PLAYING, "Desk", 48000, 256, True),
        PlaybackChanged(PlaybackState.PLAYING, "Desk", 48000, 256, True, underruns=1),
    ]
    listener, lines = told(capsys, *states, Sounding(1, 7, True, 100.0, 2.0))
    assert lines == ["sound opening: opening the output", "sound plays on Desk, 48000 Hz, blocks of 256 (5.3 ms)"]
    assert listener.view.sounding[1].job == 7


def test_waiting_ends_when_it_is_over_or_has_taken_too_long():
    left = [True, True, False]
    demo_command._while(lambda: left.pop(0), 100)
    assert left == []
    demo_command._while(lambda: True, 0.05)


def job(state, step=0, of=0, number=7):
    return JobChanged(number, JobKind.PAD, state, "rain", "opening", PadKey(36), JobTimes(1.0), step=step, of=of)


def told(capsys, *changes, quiet=False):
    listener = _Listener(quiet)
    for change in changes:
        listener(change)
    return listener, [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_progress_is_told_in_quarters(capsys):
    _, lines = told(capsys, *(job(JobState.RENDERING, step, 8) for step in range(9)))
    assert [line for line in lines if "/" in line] == ["7 rendering 2/8", "7 rendering 4/8", "7 rendering 6/8"]


def test_a_warm_up_is_a_line_for_each_kind_of_thing(capsys):
    texts = ["prompts: rain", "prompts: bell", "lengths: 3 s"]
    warming = [EngineChanged("pocket", EngineState.WARMING, text, at, 3) for at, text in enumerate(texts)]
    done = EngineChanged("pocket", EngineState.WARMING, "all: done", 3, 3)
    _, lines = told(capsys, *warming, done, EngineChanged("pocket", EngineState.READY, "pocket on cpu"))
    assert lines == [
        "engine pocket, 1 of 3: prompts: rain",
        "engine pocket, 3 of 3: lengths: 3 s",
        "engine pocket on cpu",
    ]


def test_what_goes_wrong_is_told_and_what_is_only_news_is_not(capsys):
    news = [Notice(level, level.value) for level in NoticeLevel]
    listener, lines = told(capsys, *news, EngineChanged("pocket", EngineState.LOST, "no weights"))
    assert lines == ["warning warning", "error error"]
    assert listener.lost == "no weights"


def test_a_quiet_listener_still_knows_how_jobs_ended(capsys):
    failed = job(JobState.FAILED)
    listener, lines = told(capsys, job(JobState.QUEUED), failed, Notice(NoticeLevel.ERROR, "x"), quiet=True)
    assert (listener.ended, lines) == ({7: failed}, [])


class Broken:
    """A runtime in which nothing lands."""

    def __init__(self, *_):
        self.engines = SimpleNamespace(waiting=list, info=lambda _model: "there")
        self.closed = False

    def start(self):
        pass

    def watch(self, listener, _name):
        self.listener = listener
        return SimpleNamespace(close=lambda: None)

    def close(self):
        self.closed = True
        return Ending()


@pytest.fixture
def nothing_is_played(monkeypatch):
    monkeypatch.setattr(demo_command, "Runtime", Broken)
    monkeypatch.setattr(demo_command, "play", lambda *_: None)


@pytest.mark.usefixtures("nothing_is_played")
@pytest.mark.parametrize(
    ("landed", "words"), [(False, "still presses that have not landed"), (True, "Not every press of the demo landed")]
)
def test_a_demo_in_which_not_everything_lands_fails(monkeypatch, capsys, landed, words):
    monkeypatch.setattr(demo_command, "wait_until_landed", lambda *_: landed)
    with pytest.raises(Exit) as ended:
        demo_command.demo(load(shipped_path(), environment={}), False, 1.0)
    assert ended.value.exit_code == 1
    captured = capsys.readouterr()
    assert words in " ".join(captured.err.split())
    assert ("Nothing landed." in captured.err) is landed


def test_what_lies_in_a_slot_is_what_landed_there_last_and_not_what_was_pressed_last(capsys):
    def job(number, prompt, state, landed):
        times = JobTimes(1.0, landed=landed)
        return JobChanged(number, JobKind.PAD, state, prompt, "demo", PadKey(36), times, slot=1, file="output01.wav")

    takes = [
        job(1, "slow rain", JobState.LANDED, 9.0),
        job(2, "quick beat", JobState.LANDED, 2.0),
        job(3, "lost bell", JobState.FAILED, None),
    ]
    _farewell(load(shipped_path(), environment={}), takes, 9.0)
    said = capsys.readouterr().out
    assert "slow rain" in said
    assert "quick beat" not in said
    assert "lost bell" not in said
    assert "2 of 3 presses landed" in said
