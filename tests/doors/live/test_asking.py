import socket
import threading

import pytest

from midifrag.doors.live import answers, asking, wire
from midifrag.doors.live.asking import ask_status, ask_used
from midifrag.doors.live.meeting import Meeting
from midifrag.errors import DoorError
from tests.support import PATIENCE

USED = answers.Used(files=("/a/0001 ü.wav",), set="/a.als", unread=0, in_slots=())
STATUS = answers.Status(
    live=None, has=(), slots=1, objects={}, names={}, selected=None, playing=(), troubles={}, landed=0, folder="/",
    in_slots=(),
)  # fmt: skip


@pytest.fixture
def answering(tmp_path):
    """A show that answers one question; what it was asked."""
    heard, threads = [], []

    def answer_with(data):
        listening = socket.create_server(("127.0.0.1", 0))

        def answer():
            with listening, listening.accept()[0] as asks, asks.makefile("rb") as file:
                heard.append(wire.first_of(file.readline()))
                asks.sendall(data)

        threads.append(threading.Thread(target=answer))
        threads[-1].start()
        Meeting(listening.getsockname()[1], "abc").write(tmp_path / "ableton.json")
        return tmp_path / "ableton.json", heard

    yield answer_with
    for thread in threads:
        thread.join(PATIENCE)


def test_a_show_that_runs_is_asked_with_its_token(answering):
    path, heard = answering(wire.line_of(USED))
    assert ask_used(path) == USED
    path, heard = answering(wire.line_of(STATUS))
    assert ask_status(path) == STATUS
    assert heard == [wire.Ask(token="abc", what="files"), wire.Ask(token="abc", what="status")]


def test_where_no_show_runs_there_is_no_answer(tmp_path):
    assert ask_status(tmp_path / "ableton.json") is None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        Meeting(free.getsockname()[1], "abc").write(tmp_path / "ableton.json")
        assert ask_used(tmp_path / "ableton.json") is None


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "is no midifrag of this version"),
        (b"HTTP/1.1 400 Bad Request\r\n", "is no midifrag of this version"),
        (wire.line_of(wire.Refused(text="go away")), "the midifrag that runs says: go away"),
        (wire.line_of(STATUS), "another answer than was asked for"),
    ],
)
def test_an_odd_answer_is_an_error(answering, data, text):
    with pytest.raises(DoorError, match=text):
        ask_used(answering(data)[0])


def test_a_show_that_does_not_answer_is_not_waited_for_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(asking, "PATIENCE", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        Meeting(listening.getsockname()[1], "abc", 4711).write(tmp_path / "ableton.json")
        with pytest.raises(DoorError, match=r"the midifrag that runs \(process 4711\) does not answer"):
            ask_status(tmp_path / "ableton.json")
