"""The page's process beside a show: it may hang, die or be closed, and the show goes on."""

import http.client
import os
import signal
import socket
import time
from pathlib import Path

import mido
import pytest

from midifrag.config.settings import PageSettings
from midifrag.events import Notice
from midifrag.midi.memory import memory_ports
from midifrag.pad_key import PadKey
from midifrag.page import Page
from midifrag.page.model import PageModel
from midifrag.page.wire import ReadAgain, configuration
from midifrag.show.runtime import Runtime
from tests.support.shows import bank, loaded

PATIENCE = 30.0


class Playing:
    """A show on memory ports, with its page."""

    def __init__(self, folder):
        show = loaded(
            bank(pads={36: {"prompt": "kick", "seconds": 0.2}}),
            fragments={"folder": str(folder)},
            engine={"host": "thread"},
        )
        self.runtime = Runtime(show, self._ports)
        self.page = Page(self.runtime, PageSettings(port=0))
        self.notices = []

    def _ports(self, *wiring):
        ports, self.backend = memory_ports(*wiring)
        return ports

    def __enter__(self):
        self.runtime.start()
        self.runtime.watch(lambda change: self.notices.append(change) if isinstance(change, Notice) else None, "test")
        self.page.start()
        wait(self.answers)
        return self

    def __exit__(self, *_):
        self.page.close()
        self.runtime.close()

    def answers(self):
        try:
            connection = http.client.HTTPConnection(self.page.address.split("/")[2], timeout=1)
            connection.request("GET", "/page.css")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def press(self):
        """Press the pad; wait until its landing is heard."""
        before = len(self.backend.sent)
        self.backend.play("midifrag", mido.Message("note_on", note=36, velocity=100))
        return self.backend.wait_for(lambda sent: any(m.velocity == 21 for _, m in sent[before:]), PATIENCE)

    @property
    def pid(self):
        children = Path(f"/proc/{os.getpid()}/task").glob("*/children")
        pids = {int(pid) for file in children for pid in file.read_text().split()}
        return next(pid for pid in pids if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes())


def wait(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture(scope="module")
def playing(tmp_path_factory):
    with Playing(tmp_path_factory.mktemp("fragments")) as made:
        yield made


def test_presses_go_on_while_the_page_hangs(playing):
    os.kill(playing.pid, signal.SIGSTOP)
    try:
        assert all(playing.press() for _ in range(5))
    finally:
        os.kill(playing.pid, signal.SIGCONT)
    wait(playing.answers)


def test_a_page_that_dies_comes_back_at_the_same_address(playing):
    before = playing.pid
    os.kill(before, signal.SIGKILL)
    assert playing.press()
    wait(playing.answers)
    assert playing.pid != before
    wait(lambda: any("started again" in notice.text for notice in playing.notices))


def test_closing_a_hanging_page_takes_no_longer_than_it_may(tmp_path):
    with Playing(tmp_path) as playing:
        os.kill(playing.pid, signal.SIGSTOP)
        began = time.monotonic()
        playing.page.close()
        assert time.monotonic() - began < 10
        assert playing.press()
        with pytest.raises(OSError, match=r".+"):
            socket.create_connection(("127.0.0.1", int(playing.page.address.split(":")[2].strip("/"))), timeout=1)


def test_the_stage_presses_only_pads_that_are_there(tmp_path):
    sent = []
    show = loaded(
        bank(pads={36: {"prompt": "kick"}, "40/10": {"prompt": "x", "port": "midifrag"}}),
        fragments={"folder": str(tmp_path)},
    )
    stage = PageModel(configuration(show), sent.append)
    stage.press(PadKey(36), 0.5)
    assert sent == []
    runtime_bank = next(iter(show.banks))
    stage.view.apply(change_to(runtime_bank))
    stage.press(PadKey(36), 7.0)
    stage.press(PadKey(40, 10), 0.0)
    stage.press(PadKey(99), 0.5)
    stage.read_again()
    assert [(press.note, press.channel, press.port, press.source) for press in sent[:2]] == [
        (36, 1, "midifrag", "page"),
        (40, 10, "midifrag", "page"),
    ]
    assert [press.velocity for press in sent[:2]] == [1.0, pytest.approx(1 / 127)]
    assert sent[2:] == [ReadAgain()]
    stage.archive.close()


def change_to(one):
    from midifrag.events import BankChanged

    return BankChanged(one.slug, one.name, 0, ())
