"""The show's side of the page: it tells the page's process, listens to it, and goes on whatever becomes of it."""

import contextlib
import dataclasses
import http.client
import multiprocessing
import socket
import threading
import time
from types import SimpleNamespace

import mido
import psutil
import pytest

from midifrag.bridge.items import Reload
from midifrag.config.settings import PageSettings
from midifrag.events import ConfigurationChanged, JobChanged, Notice
from midifrag.intents import Panic, SelectBank
from midifrag.midi.mapping import Mapper
from midifrag.midi.messages import NoteOn, Tick
from midifrag.page import Page, host
from midifrag.page.wire import MidiSeen, ReadAgain, configuration
from midifrag.show.playing import ClipPorts
from midifrag.show.runtime import Runtime
from midifrag.show.telling import Heard
from midifrag.states import JobState, NoticeLevel
from tests.page.changes import CHANGES
from tests.support.runtimes import Seen
from tests.support.shows import bank, loaded

#: For what hangs: a busy machine may take many times as long as a healthy one.
PATIENCE = 300.0


# --- without a process -----------------------------------------------------------------------------------------------


class Settings:
    """As much of a running show as the page's host uses; it keeps what it is told."""

    def __init__(self, folder=None):
        self.begun = loaded(fragments={"folder": str(folder)}) if folder else loaded()
        self.put_in = []
        self.read_again = 0
        self.configuration = SimpleNamespace(read_again=self._read_again)

    def put(self, item):
        self.put_in.append(item)

    def _read_again(self):
        self.read_again += 1


@pytest.fixture
def page():
    made = Page(Settings(), PageSettings(port=0))
    yield made
    made.close()


def told(page, tell):
    """What went to the page's process."""
    ours, theirs = multiprocessing.Pipe()
    page._pipe = ours
    tell()
    page._pipe = None
    ours.close()
    with contextlib.suppress(EOFError):
        sent = []
        while True:
            sent.append(theirs.recv())
    theirs.close()
    return sent


STATE_CHANGES = [
    change for change in CHANGES.values() if not isinstance(change, (type(configuration(loaded())), MidiSeen))
]


@pytest.mark.parametrize("change", STATE_CHANGES, ids=lambda change: type(change).__name__)
def test_state_changes_are_told_as_they_are(page, change):
    assert told(page, lambda: page._tell(change)) == [change]


def test_a_changed_configuration_is_told_as_one_that_can_be_sent(page):
    changed = loaded(bank("encore"))
    assert told(page, lambda: page._tell(ConfigurationChanged(changed))) == [configuration(changed)]


def test_midi_is_told_with_what_it_does_and_without_the_clock(page):
    show = loaded()
    mapper = Mapper(show.settings, show.banks[0])
    press = NoteOn("midifrag", 1, 36, 100, 5.0)

    def show_midi():
        for event in (press, Tick("midifrag", 5.0)):
            page._show_midi(Heard(event, mapper))

    assert told(page, show_midi) == [MidiSeen(5.0, mapper.explain(press), press)]


def test_what_nobody_listens_to_is_left_out(page):
    page._tell(Notice(NoticeLevel.INFO, "nobody is there"))
    ours, theirs = multiprocessing.Pipe()
    theirs.close()
    page._pipe = ours
    page._tell(Notice(NoticeLevel.INFO, "nobody is there any more"))
    ours.close()


def test_what_browsers_want_goes_to_the_show(page):
    ours, theirs = multiprocessing.Pipe()
    trouble = Notice(NoticeLevel.WARNING, "the page had trouble with a browser")
    for message in (Panic(), ReadAgain(), SelectBank(offset=1), trouble):
        theirs.send(message)
    theirs.close()
    page._listen(ours)
    ours.close()
    assert page._runtime.put_in == [Panic(), SelectBank(offset=1), trouble]
    assert page._runtime.read_again == 1


def test_only_where_others_can_reach_it_the_invitation_has_a_code(page, tmp_path):
    assert page.invitation == f"     page       {page.address}"
    open_to_all = Page(Settings(tmp_path), PageSettings(host="0.0.0.0", port=0))
    assert f"page       {open_to_all.address}\n" in open_to_all.invitation
    assert "token=" in open_to_all.address
    assert "▀" in open_to_all.invitation
    open_to_all.close()


def test_its_token_lasts_until_a_new_one_is_wanted(tmp_path):
    everywhere = PageSettings(host="0.0.0.0", port=0)
    tokens = []
    for new in (False, False, True, False):
        page = Page(Settings(tmp_path), everywhere, new_token=new)
        tokens.append(page.address.partition("token=")[2])
        page.close()
    assert tokens[0] == tokens[1] != tokens[2] == tokens[3]


def test_a_token_that_cannot_be_kept_is_told_once_it_begins(tmp_path, monkeypatch):
    monkeypatch.setattr(Page, "_live", lambda page: page._closing.wait(PATIENCE))
    (tmp_path / "file").write_text("")
    page = Page(Settings(tmp_path / "file"), PageSettings(host="0.0.0.0", port=0))
    page.start()
    page.close()
    assert ["could not be kept" in notice.text for notice in page._runtime.put_in] == [True]


def test_a_process_that_cannot_be_started_is_tried_again(monkeypatch, caplog):
    tried = threading.Semaphore(0)

    def fails(_page):
        tried.release()
        raise OSError("no more processes")

    monkeypatch.setattr(host, "BACK_OFF", (0.0,))
    monkeypatch.setattr(Page, "_live", fails)
    page = Page(Settings(), PageSettings(port=0))
    page.start()
    for _ in range(3):
        assert tried.acquire(timeout=PATIENCE)
    page.close()
    assert "the page's process could not be started: no more processes" in caplog.text
    assert {notice.text.split(";")[0] for notice in page._runtime.put_in} == {"the page's process ended"}


def test_a_port_that_was_taken_is_told_once_it_begins(monkeypatch):
    monkeypatch.setattr(Page, "_live", lambda page: page._closing.wait(PATIENCE))
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        page = Page(Settings(), PageSettings(port=port))
        page.start()
        page.close()
    assert [notice.level for notice in page._runtime.put_in] == [NoticeLevel.WARNING]
    assert f"port {port} is not free" in page._runtime.put_in[0].text


# --- beside a show ---------------------------------------------------------------------------------------------------


class Playing:
    """A show on memory ports, with its page."""

    def __init__(self, folder):
        self.shown = loaded(
            bank(pads={36: {"prompt": "kick", "seconds": 0.2}}),
            fragments={"folder": str(folder)},
            engine={"host": "thread"},
        )
        self.ports = ClipPorts("midifrag")
        self.runtime = Runtime(self.shown, self.ports)
        self.page = Page(self.runtime, PageSettings(port=0))
        self.seen = Seen()

    def __enter__(self):
        self.runtime.start()
        self.runtime.watch(self.seen, "test")
        self.page.start()
        wait(lambda: self.get("/page.css"))
        return self

    def __exit__(self, *_):
        self.page.close()
        self.runtime.close()

    def get(self, path):
        """What the page answers; nothing while its process is not there."""
        connection = http.client.HTTPConnection(self.page.address.split("/")[2], timeout=PATIENCE)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.read().decode() if answer.status == 200 else ""
        return ""

    def press(self):
        """Press the pad; wait until it has landed."""
        before = self._landings(self.seen.changes)
        self.ports.send(mido.Message("note_on", note=36, velocity=100))
        self.seen.wait_for(lambda changes: self._landings(changes) > before)

    def _landings(self, changes):
        return sum(isinstance(one, JobChanged) and one.state is JobState.LANDED for one in changes)

    @property
    def process(self):
        """The page's process as it is now."""
        return psutil.Process(self.page._process.pid)


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
    process = playing.process
    process.suspend()
    try:
        for _ in range(5):
            playing.press()
    finally:
        process.resume()
    assert playing.get("/page.css")


def test_a_page_that_dies_comes_back_at_the_same_address_with_what_changed_meanwhile(playing):
    before = playing.process
    before.kill()
    before.wait(PATIENCE)
    encore = bank("encore", pads={36: {"prompt": "kick", "seconds": 0.2}})
    playing.runtime.put(Reload(dataclasses.replace(playing.shown, banks=(encore,))))
    playing.press()
    wait(lambda: "Encore" in playing.get("/"))
    assert playing.process.pid != before.pid
    assert any("started again" in one.text for one in playing.seen.changes if isinstance(one, Notice))


def test_a_page_that_hangs_is_closed_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(host, "TERMINATE_SECONDS", 0.1)
    with Playing(tmp_path) as playing:
        process = playing.process
        process.suspend()
        # Stopped, it takes no notice of being asked to end.
        playing.page.close()
        assert not process.is_running()
        playing.press()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", playing.page._access.port), timeout=PATIENCE)
