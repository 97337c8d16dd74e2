"""What a performer still sees while a show ends."""

import errno
import gc
import io
import signal
import threading
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace

import click
import mido
import numpy as np
import pytest
from click.testing import CliRunner
from rich.console import Console

from midifrag.cli import app
from midifrag.commands import run
from midifrag.commands.demo import CLIP
from midifrag.commands.run import _end, stopping
from midifrag.config import loading
from midifrag.config.shipped import shipped_path
from midifrag.errors import StorageError
from midifrag.events import Notice
from midifrag.fragment.record import TakeRecord
from midifrag.fragment.rescue import Rescued, UnarchivedTake
from midifrag.fragment.writer_events import Held
from midifrag.show.ending import Ending
from midifrag.states import NoticeLevel
from tests.support import garbage
from tests.support.runtimes import played_in_this_process
from tests.support.shows import loaded


class EndingRuntime:
    """A runtime that has something to say only when it closes."""

    ending = Ending()

    def __init__(self, loaded, ports=None, **_):
        self.begun, self._told = loaded, []
        self.configuration = SimpleNamespace(start=lambda: None)
        self.ports = ports or SimpleNamespace(watch=lambda: None)
        self.engines = SimpleNamespace(waiting=lambda: False)

    def watch(self, callback, _name):
        self._told.append(callback)

    def start(self):
        pass

    def close(self):
        for callback in self._told:
            callback(Notice(NoticeLevel.WARNING, "the last take has just landed"))
        return self.ending


@pytest.fixture
def stopped(monkeypatch):
    @contextmanager
    def stopping():
        event = threading.Event()
        event.set()
        yield event

    monkeypatch.setattr(run, "stopping", stopping)
    monkeypatch.setattr(run, "Runtime", EndingRuntime)
    garbage.give_back()
    yield
    garbage.give_back()


@pytest.mark.usefixtures("stopped")
def test_garbage_collections_of_a_running_show_leave_out_what_is_loaded():
    run.run(loading.load(shipped_path(), {"page": {"enabled": False}}, {}))
    assert gc.get_freeze_count() > len(gc.get_objects())


@pytest.mark.usefixtures("stopped")
def test_what_happens_while_it_ends_is_told_before_the_goodbye(capsys):
    loaded = loading.load(shipped_path(), {"page": {"enabled": False}}, {})
    run.run(loaded)
    told = capsys.readouterr().out
    assert told.index("the last take has just landed") < told.index("Stopped.")


@pytest.mark.usefixtures("stopped")
def test_what_could_not_be_written_stands_below_the_screen(monkeypatch):
    terminal = Console(file=io.StringIO(), width=100, force_terminal=True)
    monkeypatch.setattr(run, "out", terminal)
    monkeypatch.setattr(run, "err", Console(file=terminal.file, width=100))
    monkeypatch.setattr(EndingRuntime, "ending", Ending((Held(7, "the disk is full", "archive"),)))
    with pytest.raises(click.exceptions.Exit):
        run.run(loading.load(shipped_path(), {"page": {"enabled": False}}, {}))
    drawn = terminal.file.getvalue()
    # The screen shows the cursor again when it is done with drawing.
    assert drawn.index("\x1b[?25h") < drawn.index("not written: job 7: the disk is full")


@pytest.mark.usefixtures("stopped")
def test_a_clip_that_is_stopped_tells_it_too(capsys):
    loaded = loading.load(shipped_path(), {"page": {"enabled": False}}, {})
    run.play(loaded, CLIP, 1.0, None)
    assert "the last take has just landed" in capsys.readouterr().out


class FullDisk:
    """A runtime whose last takes found no room where they belong."""

    def __init__(self, rescued):
        self.ended = []
        self._ending = Ending((Held(3, "the disk is full", "archive and slot"),), rescued)

    def close(self):
        self.ended.append("kept")
        return self._ending


LOST = UnarchivedTake(np.zeros((1, 10), np.float32), 8000, TakeRecord("rain", seed=7, job=3))


def test_takes_that_stay_unwritten_are_a_failure_at_the_end_and_it_is_told_where_they_are(tmp_path, capsys):
    with pytest.raises(StorageError, match="1 of the takes"):
        _end(FullDisk(Rescued(((tmp_path / "rescued", 1),))), None, ExitStack())
    told = capsys.readouterr().err
    assert "job 3: the disk is full" in told
    assert f"raw takes kept in {tmp_path / 'rescued'}: 1" in told
    assert "lost" not in told


def test_takes_that_find_no_room_anywhere_are_described(capsys):
    with pytest.raises(StorageError):
        _end(FullDisk(Rescued(lost=(LOST,), reasons=("no room at all",))), None, ExitStack())
    reason, described = [line for line in capsys.readouterr().err.splitlines() if line.startswith("lost: ")]
    assert reason == "lost: no room at all"
    record = TakeRecord.from_json(described.removeprefix("lost: "))
    assert (record.prompt, record.seed) == ("rain", 7)


def test_takes_are_kept_before_anything_is_told_or_drawn(capsys):
    runtime, told = FullDisk(Rescued()), []

    def gone():
        told.append((list(runtime.ended), capsys.readouterr().err))
        raise OSError(errno.EIO, "the terminal is gone")

    screens = ExitStack()
    screens.callback(gone)
    page = SimpleNamespace(close=lambda: 1 / 0)
    with pytest.raises(StorageError):
        _end(runtime, page, screens)
    assert told == [(["kept"], "")]
    assert "not written: job 3" in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no terminals that hang up")
@pytest.mark.parametrize("ignored", [False, True])
def test_a_closed_terminal_ends_a_show_cleanly_unless_it_is_to_be_ignored(ignored):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)
    try:
        with stopping() as stopped:
            signal.raise_signal(signal.SIGHUP)
            # The handler runs before the next line does.
            assert stopped.is_set() is not ignored
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.fixture
def new_set(tmp_path, monkeypatch):
    """A folder with the set that comes with the program, to be in."""
    played_in_this_process(monkeypatch)
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(app, ["init", "."]).exit_code == 0
    return tmp_path


def test_a_broken_clip_is_said(new_set):
    (new_set / "clip.mid").write_bytes(b"MThd\0\0")
    result = CliRunner().invoke(app, ["play", "clip.mid"])
    assert result.exit_code == 2
    assert "clip.mid" in result.output


def test_a_port_to_play_from_that_is_not_there_is_said(new_set):
    result = CliRunner().invoke(app, ["play", "nope.mid", "--port", "nobody"])
    assert result.exit_code == 1
    assert "There is no port 'nobody'" in result.output


def test_a_clip_that_presses_nothing_is_said(new_set):
    file = mido.MidiFile()
    file.tracks.append(mido.MidiTrack([mido.Message("note_on", note=99, velocity=90)]))
    file.save(new_set / "clip.mid")
    result = CliRunner().invoke(app, ["play", "clip.mid", "--speed", "4", "--model", "sketch"])
    assert result.exit_code == 0, result.output
    assert "Nothing in clip.mid pressed a pad" in result.output


def test_what_is_odd_about_a_clip_is_said_and_the_rest_is_played(new_set):
    file = mido.MidiFile()
    file.tracks.append(mido.MidiTrack([mido.Message("note_on", note=36, velocity=90)]))
    file.save(new_set / "clip.mid")
    (new_set / "clip.mid").write_bytes((new_set / "clip.mid").read_bytes()[:-1])
    result = CliRunner().invoke(app, ["play", "clip.mid", "--model", "sketch"])
    assert result.exit_code == 0, result.output
    assert "clip.mid: track 1 ends 1 bytes early; what is there is played" in result.output
    assert "landed" in result.output


@pytest.mark.parametrize("model", ["studio/open", "pocket"])
def test_a_clip_waits_for_an_engine_of_this_machine_and_not_for_ever_for_a_server(model, monkeypatch):
    monkeypatch.setattr(run, "LINE_PATIENCE", 0.0)
    stopped, looks = threading.Event(), []

    def waiting():
        looks.append(1)
        if len(looks) == 3:
            stopped.set()
        return [model]

    settings = loaded(servers={"studio": {"url": "ws://127.0.0.1:9"}}).settings
    runtime = SimpleNamespace(engines=SimpleNamespace(waiting=waiting), begun=SimpleNamespace(settings=settings))
    run._wait_for_engine(runtime, stopped)
    assert len(looks) == (1 if model == "studio/open" else 3)
