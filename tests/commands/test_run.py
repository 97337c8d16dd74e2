"""What a performer still sees while a show ends."""

import io
import threading
from contextlib import contextmanager
from types import SimpleNamespace

import click
import pytest
from rich.console import Console

from midifrag.commands import run
from midifrag.commands.demo import CLIP
from midifrag.config import loading
from midifrag.config.shipped import shipped_path
from midifrag.events import Notice
from midifrag.states import NoticeLevel


class Ending:
    """A runtime that has something to say only when it closes."""

    unwritten = ()

    def __init__(self, loaded, ports=None):
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
        return self.unwritten


@pytest.fixture
def stopped(monkeypatch):
    @contextmanager
    def stopping():
        event = threading.Event()
        event.set()
        yield event

    monkeypatch.setattr(run, "stopping", stopping)
    monkeypatch.setattr(run, "Runtime", Ending)


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
    monkeypatch.setattr(run, "_rescue", lambda _runtime: None)
    monkeypatch.setattr(Ending, "unwritten", [SimpleNamespace(job=7, reason="the disk is full")])
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
