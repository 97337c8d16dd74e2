import errno
import os
import socket
import threading
from contextlib import closing

import pytest

from midifrag.doors.live import answers, guest, server, wire
from midifrag.doors.live.meeting import Meeting
from midifrag.doors.live.server import Server
from midifrag.doors.live.used_files import LONGEST
from midifrag.states import NoticeLevel
from tests.doors.live.peers import Peer, until


class Noted:
    """A host that notes what it is told."""

    def __init__(self):
        self.heard, self.notices, self.server = [], [], None
        self.fails = False

    def came(self, hello):
        self.heard.append(("came", hello.live))
        self.server.send(wire.AskFiles())

    def told(self, message, at):
        if self.fails:
            raise RuntimeError("oh")
        assert at == 1000.0 or message.type == "pong"
        self.heard.append(message)

    def left(self):
        self.heard.append("left")

    def asked(self, what, answer):
        answer(answers.Used(files=None, set=what, unread=0, in_slots=()))

    def look(self, now):
        self.now = now

    def notice(self, level, text):
        self.notices.append((level, text))

    @property
    def texts(self):
        return [text for _, text in self.notices]


class Open:
    def __init__(self, path, port=0):
        self.host, self.path = Noted(), path
        self.now = 1000.0
        self.server = self.host.server = Server(port, path, self.host, lambda: self.now)

    def __enter__(self):
        self.server.start()
        return self

    def __exit__(self, *_):
        self.server.close()

    def peer(self):
        return closing(Peer.at(self.path))


@pytest.fixture
def door(tmp_path):
    with Open(tmp_path / "ableton.json") as made:
        yield made


def test_a_script_with_the_token_is_told_and_heard(door):
    with door.peer() as peer:
        assert peer.hello() == {"type": "files"}
        peer.say("playing", slot=3, on=True)
        until(lambda: len(door.host.heard) == 2)
        assert door.server.send(wire.Refused(text="just so"))
        assert peer.hear()["text"] == "just so"
    until(lambda: door.host.heard[-1] == "left")
    assert door.host.heard == [("came", "12.4.1"), wire.Playing(slot=3, on=True), "left"]
    assert not door.server.send(wire.AskFiles())
    assert door.host.notices == []


def test_who_has_a_wrong_token_learns_nothing_and_nobody_is_told_the_right_one(door):
    with door.peer() as peer:
        answer = peer.hello(token="wrong")
        assert (answer["type"], peer.hear()) == ("refused", None)
    with door.peer() as peer:
        peer.say("ask", token="wrong", what="status")
        assert peer.hear() == answer
    assert set(door.host.notices) == {(NoticeLevel.WARNING, "the door into Live has refused a wrong token")}
    assert door.server.meeting.token not in repr((answer, door.host.notices))
    assert door.host.heard == []


def test_a_script_of_another_version_is_told_what_to_do(door):
    with door.peer() as peer:
        answer = peer.hello(script=7)
    assert answer["text"] == (
        "the script in Live is of version 7, and this midifrag has 1: run `midifrag ableton install`, and restart Live"
    )
    assert door.host.texts == [answer["text"]]


def test_a_second_live_is_refused_and_the_first_keeps_its_place(door):
    with door.peer() as first, door.peer() as second:
        first.hello()
        assert second.hello() == {"type": "refused", "text": "another Live is connected"}
        assert second.hear() is None
        door.server.send(wire.AskFiles())
        assert first.hear() == {"type": "files"}
    until(lambda: door.host.heard[-1] == "left")
    with door.peer() as third:
        assert third.hello() == {"type": "files"}
    assert door.host.texts == ["the door into Live has refused a second Live, as another one is connected"]


def test_a_command_is_answered_beside_the_script_and_let_go(door):
    with door.peer() as script, door.peer() as command:
        script.hello()
        command.say("ask", token=door.server.meeting.token, what="files")
        assert answers.answer_of(command._file.readline()).set == "files"
        assert command.hear() is None
        assert door.host.heard == [("came", "12.4.1")]


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"x" * wire.LONGEST_LINE,
        b"x" * wire.LONGEST_LINE + b"\n",
        b'{"type":"playing","slot":1,"on":true}\n',
        b'{"type":"hello","token":"a","script":1,"live":"x","has":[],"\\u001b[2J' + b"B" * 50_000 + b'":1}\n',
    ],
)
def test_what_is_no_message_ends_the_connection_of_a_stranger_whose_words_nobody_repeats(door, data):
    with door.peer() as peer:
        peer.send(data)
        assert peer.hear() is None
    (text,) = until(lambda: door.host.texts)
    assert text == "something that is no script of midifrag's came to the door into Live"
    assert door.host.heard == []


@pytest.mark.parametrize("data", [b"GET /\n", b'{"type":"ask","token":"no","what":"status"}\n'])
def test_strangers_are_told_once_in_some_time(door, data):
    def comes():
        with door.peer() as peer:
            peer.send(data)
            assert (peer.hear() or {"type": "refused"})["type"] == "refused"

    for _ in range(3):
        comes()
    assert len(until(lambda: door.host.texts)) == 1
    door.now += server.STRANGERS_EVERY
    comes()
    until(lambda: len(door.host.texts) == 2)


def test_what_is_no_message_ends_that_of_a_script_and_it_may_come_again(door):
    with door.peer() as peer:
        peer.hello()
        peer.say("playing", slot=0, on=True)
        assert peer.hear() is None
    until(lambda: door.host.heard[-1] == "left")
    assert "Ableton Live's script said at the door into Live what makes no sense (playing.slot:" in door.host.texts[0]
    with door.peer() as peer:
        assert peer.hello() == {"type": "files"}


def test_lines_may_come_in_pieces_and_several_at_once(door):
    with door.peer() as peer:
        peer.hello()
        line = b'{"type":"playing","slot":1,"on":true}\n'
        peer.send(line[:10])
        peer.send(line[10:] + line * 50 + line[:5])
        until(lambda: len(door.host.heard) == 52)
        peer.send(line[5:])
        until(lambda: len(door.host.heard) == 53)
    assert set(door.host.heard[1:53]) == {wire.Playing(slot=1, on=True)}


def test_who_is_silent_is_gone_and_who_answers_stays(door):
    with door.peer() as peer, door.peer() as stranger:
        peer.hello()
        for _ in range(6):
            door.now += wire.PING_EVERY
            ping = peer.hear(but=())
            assert ping == {"type": "ping", "sent": door.now}
            peer.say("pong", sent=ping["sent"])
            until(lambda: door.host.heard[-1] == wire.Pong(sent=door.now))
            door.host.heard.pop()
        assert stranger.hear() is None
        door.now += wire.GONE_AFTER + 1
        until(lambda: door.host.heard[-1] == "left")
    assert door.host.texts == ["Ableton Live has said nothing for 10 s"]


def test_strangers_are_few(door):
    with door.peer() as script:
        script.hello()
        peers = [Peer(door.server.meeting) for _ in range(server.MOST_STRANGERS + 1)]
        assert peers[-1].hear() is None
        for peer in peers:
            peer.close()


def test_one_who_does_not_read_is_let_go(door, monkeypatch):
    monkeypatch.setattr(guest, "MOST_WAITING", 100_000)
    with door.peer() as peer:
        peer.hello()
        until(lambda: not door.server.send(wire.Refused(text="x" * 50_000)))
    assert door.host.heard[-1] == "left"


def test_a_port_that_is_taken_is_told_and_tried_again(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        opened = Open(tmp_path / "ableton.json", port)
        with opened as door:
            (text,) = until(lambda: door.host.texts)
            assert text.startswith(f"the door into Live stays shut: port {port}: ")
            assert "; end the program that has it, or set ableton.port to 0 for any that is free. The show goes" in text
            taken.close()
            door.now += server.TRY_EVERY
            assert until(lambda: Meeting.read(door.path)).port == port
    assert not opened.path.exists()


def test_a_second_show_says_so_and_takes_the_place_of_the_first_when_that_ends(tmp_path):
    place = tmp_path / "ableton.json"
    with socket.socket() as first:
        first.bind(("127.0.0.1", 0))
        first.listen()
        theirs = Meeting(first.getsockname()[1], "theirs", os.getppid())
        theirs.write(place)
        with Open(place) as door:
            (text,) = until(lambda: door.host.texts)
            assert f"another midifrag (process {os.getppid()}) is Live's already; end that one" in text
            assert "The show goes on without" in text
            assert Meeting.read(place) == theirs
            first.close()
            door.now += server.TRY_EVERY
            until(lambda: Meeting.read(place) not in (theirs, None))


def test_a_port_that_the_system_keeps_to_itself_is_told_with_the_way_out(tmp_path, monkeypatch):
    class Kept(socket.socket):
        def bind(self, _address):
            raise PermissionError(errno.EACCES, "Permission denied")

    door = Open(tmp_path / "ableton.json", 80)
    monkeypatch.setattr(server.socket, "socket", Kept)
    with door:
        (text,) = until(lambda: door.host.texts)
    assert "port 80: Permission denied; set ableton.port to one above 1023, or to 0 for any that is free" in text


def test_a_file_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with Open(tmp_path / "file" / "ableton.json") as door:
        (text,) = until(lambda: door.host.texts)
    assert text.startswith("the door into Live stays shut: cannot write ")


def test_the_file_that_says_where_it_is_comes_back_if_it_is_deleted(door):
    meeting = until(lambda: Meeting.read(door.path))
    door.path.unlink()
    door.now += wire.PING_EVERY
    assert until(lambda: Meeting.read(door.path)) == meeting


def test_a_mistake_of_ours_ends_nothing(door):
    door.host.fails = True
    with door.peer() as peer:
        peer.hello()
        peer.say("playing", slot=3, on=True)
        until(lambda: door.host.texts)
        door.host.fails = False
        peer.say("playing", slot=4, on=True)
        until(lambda: wire.Playing(slot=4, on=True) in door.host.heard)
    assert door.host.notices == [(NoticeLevel.ERROR, "the door into Live failed: RuntimeError('oh'); it goes on")]


def test_at_the_end_everybody_is_cut_off_and_nothing_is_left(tmp_path):
    with Open(tmp_path / "ableton.json") as door, door.peer() as peer:
        peer.hello()
        door.server.close()
        assert peer.hear() is None
    assert not [one.name for one in threading.enumerate() if one.name == "midifrag-ableton"]
    assert not door.path.exists()
    Server(0, tmp_path / "ableton.json", door.host).close()


def test_where_too_many_files_are_open_that_is_told_and_nobody_spins(door, monkeypatch):
    until(lambda: door.server._listening)
    slept = []

    class Full:
        def accept(self):
            raise OSError(24, "Too many open files")

    monkeypatch.setattr(server.time, "sleep", slept.append)
    listening, door.server._listening = door.server._listening, Full()
    door.server._welcome_in()
    door.server._listening = listening
    assert slept == [server.LOOK_EVERY]
    assert door.host.texts == ["nobody can come through the door into Live: [Errno 24] Too many open files"]


def test_a_command_is_waited_with_for_as_long_as_live_may_tell(door):
    door.host.asked = lambda _what, answer: setattr(door, "answer", answer)
    with door.peer() as command:
        command.say("ask", token=door.server.meeting.token, what="files")
        until(lambda: hasattr(door, "answer"))
        door.now += LONGEST + 1
        until(lambda: getattr(door.host, "now", 0) == door.now)
        door.answer(answers.Used(files=(), set="", unread=0, in_slots=()))
        door.server._wake()
        assert command.hear()["files"] == []
