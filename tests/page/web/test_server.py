"""The page's process by itself: it serves what it is told, and ends with the show."""

import asyncio
import http.client
import json
import multiprocessing
import socket
import time
from multiprocessing.reduction import ForkingPickler

import pytest

from midifrag.events import Notice
from midifrag.page.web import server
from midifrag.page.web.server import serve
from midifrag.page.wire import Access, configuration
from tests.page.changes import active
from tests.support.shows import bank, loaded

#: For what hangs: a busy machine may take many times as long as a healthy one.
PATIENCE = 300.0


class Process:
    """The page's process, and a show's end of its pipe."""

    def __init__(self, folder):
        show = loaded(bank(), bank("second", pads={40: {"prompt": "glass bell"}}), fragments={"folder": str(folder)})
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        setup = bytes(ForkingPickler.dumps((configuration(show), Access("127.0.0.1", self.port, None))))
        self.process = context.Process(target=serve, args=(setup, self.socket, theirs))
        self.process.start()
        theirs.close()

    def get(self, path, host=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request("GET", path, headers={"Host": host or f"127.0.0.1:{self.port}"})
        answer = connection.getresponse()
        status, text = answer.status, answer.read().decode()
        connection.close()
        return status, text

    def post(self, path, text):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request("POST", path, text, {"Host": f"127.0.0.1:{self.port}"})
        connection.getresponse().read()
        connection.close()


@pytest.fixture
def process(tmp_path):
    made = Process(tmp_path)
    yield made
    made.pipe.close()
    made.process.join(PATIENCE)
    made.socket.close()


def test_it_serves_how_things_stand_to_whom_it_may_until_the_show_ends(process):
    assert process.get("/page.css")[0] == 200
    assert process.get("/", host="evil.example")[0] == 403
    assert "glass bell" not in process.get("/")[1]
    assert "/midifrag/press" in process.get("/osc")[1]
    assert "/midifrag/press" not in process.get("/")[1]
    process.pipe.send(active("second"))
    deadline = time.monotonic() + PATIENCE
    while "glass bell" not in process.get("/")[1]:
        assert time.monotonic() < deadline
    process.pipe.close()
    process.process.join(PATIENCE)
    assert process.process.exitcode == 0


SOCKET = "/_nicegui_ws/socket.io/?EIO=4&transport=polling"


def test_what_a_browser_should_not_say_is_a_line_in_the_show_and_nothing_in_the_terminal(process, capfd):
    opened = process.get(SOCKET)[1]
    place = f"{SOCKET}&sid={json.loads(opened[1:])['sid']}"
    process.post(place, "40")
    process.get(place)
    for message in ('42["event",{}]', '42["handshake",{}]', '42["ack",7]', "42[", "nonsense"):
        process.post(place, message)
    assert process.get("/page.css")[0] == 200
    assert process.pipe.poll(PATIENCE)
    told = process.pipe.recv()
    assert isinstance(told, Notice)
    assert told.text.startswith("the page had trouble with a browser: ")
    assert "\n" not in told.text
    assert capfd.readouterr().err == ""


class Pipe:
    """A pipe that ends after these messages."""

    def __init__(self, *messages):
        self.messages = list(messages)

    def recv(self):
        if not self.messages:
            raise EOFError
        return self.messages.pop(0)


def test_what_the_show_says_is_taken_in_on_the_loop_and_its_end_ends_the_process(monkeypatch):
    ended, taken = [], []
    monkeypatch.setattr(server.os, "_exit", ended.append)

    async def listen():
        await asyncio.to_thread(server._listen, Pipe("one", "two"), asyncio.get_running_loop(), taken.append)

    asyncio.run(listen())
    assert taken == ["one", "two"]
    assert ended == [0]
