import itertools
import json
import socket
from pathlib import Path

import pytest

from midifrag.doors.live.script import connection
from midifrag.doors.live.script.connection import LINES_A_TICK, LONGEST_PAUSE, MOST_WAITING, SILENCE, Connection, home
from midifrag.doors.live.script.messages import MOST_BYTES
from tests.doors.live.lives import ShowSide, simpler_track, sound, ticks
from tests.doors.live.script.test_messages import LAND, WELCOME


@pytest.fixture
def line(home, monkeypatch):
    """A connection on the test's own clock, whose ticks take no time; with what it logs."""
    monkeypatch.setenv("MIDIFRAG_HOME", str(home))
    made = Line()
    yield made
    made.close()


class Line(Connection):
    def __init__(self):
        self.now = 0.0
        self.logged = []
        super().__init__(lambda: {"type": "hello"}, self.logged.append, lambda: self.now)


class Ticking:
    """Stands for a fake Live where a `ShowSide` lets one tick."""

    def __init__(self, line):
        self.line = line
        self.said = []

    def tick(self):
        self.line.now += 0.01
        self.said += self.line.poll()
        self.line.flush()

    def tell(self, _command):
        return self.line.logged


def joined(line, show):
    live = Ticking(line)
    assert show.accept(live) == {"type": "hello", "token": show.token}
    show.send(WELCOME)
    wait(lambda: line.is_joined, live)
    return live


def wait(condition, live):
    for _ in ticks(live):
        if condition():
            return
    raise AssertionError(live.line.logged)


def test_home_is_the_users_or_the_environments(monkeypatch):
    monkeypatch.setenv("MIDIFRAG_HOME", "/elsewhere")
    assert home() == Path("/elsewhere")
    monkeypatch.delenv("MIDIFRAG_HOME")
    assert home() == Path.home() / ".midifrag"


def test_it_waits_for_midifrag_and_says_so_once(line, home):
    live = Ticking(line)
    for _ in range(1000):
        live.tick()
    assert line.logged == ["waiting for midifrag"]
    show = ShowSide(home)
    joined(line, show)
    assert line.logged == ["waiting for midifrag", "connected to midifrag"]
    show.close()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"port": 1}', "\udcff", '{"port": "1", "token": "x"}', '{"port": 0, "token": ""}']
)
def test_a_file_that_is_none_is_told_once_and_looked_at_again(line, home, show, text):
    whole = (home / "ableton.json").read_bytes()
    (home / "ableton.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    live = Ticking(line)
    for _ in range(1000):
        live.tick()
    assert len(line.logged) == 1
    assert "ableton.json" in line.logged[0]
    (home / "ableton.json").write_bytes(whole)
    joined(line, show)


def test_attempts_come_for_ever_with_a_bounded_pause(line, home, monkeypatch):
    attempts = []
    found = Connection._found
    monkeypatch.setattr(Connection, "_found", lambda self: attempts.append(self.now) or found(self))
    live = Ticking(line)
    for _ in range(10_000):
        live.tick()
    pauses = [after - before for before, after in itertools.pairwise(attempts)]
    assert pauses[0] < 0.5
    assert max(pauses) < LONGEST_PAUSE + 0.1
    assert len(attempts) > 40


def test_a_port_where_nobody_listens_is_tried_again(line, home):
    ShowSide(home).close()
    live = Ticking(line)
    for _ in range(1000):
        live.tick()
    assert len(line.logged) == 1
    assert line.logged[0].startswith("no connection to midifrag: ")
    show = ShowSide(home)
    joined(line, show)
    show.close()


def test_one_that_does_not_answer_is_left_after_a_while(line, home, monkeypatch):
    """A socket that stays in the opening: what a port does whose packets are dropped."""

    class Opening(socket.socket):
        def connect_ex(self, _address):
            return connection.errno.EINPROGRESS

    monkeypatch.setattr(connection.socket, "socket", Opening)
    show = ShowSide(home)
    live = Ticking(line)
    for _ in range(200):
        live.tick()
    assert line.logged == []
    for _ in range(200):
        live.tick()
    assert line.logged == [
        "no connection to midifrag: [Errno 110] midifrag does not answer".replace(
            "110", str(connection.errno.ETIMEDOUT)
        )
    ]
    show.close()


def test_a_port_that_is_our_own_end_is_left(line, home, monkeypatch):
    show = ShowSide(home)
    monkeypatch.setattr(socket.socket, "getpeername", socket.socket.getsockname)
    live = Ticking(line)
    for _ in range(50):
        live.tick()
    assert not line.is_joined
    assert "no connection to midifrag" in line.logged[0]
    show.close()


def test_what_comes_in_pieces_is_put_together(line, show):
    live = joined(line, show)
    live.said.clear()
    data = json.dumps(LAND).encode() + b"\n"
    for byte in range(len(data)):
        show.send_bytes(data[byte : byte + 1])
        live.tick()
    wait(lambda: live.said, live)
    assert [said.path for said in live.said] == ["/a/0012 räin.wav"]


def test_a_tick_takes_so_many_lines_and_no_more(line, show):
    live = joined(line, show)
    live.said.clear()
    show.send_bytes(b"".join(json.dumps({**LAND, "serial": serial}).encode() + b"\n" for serial in range(100)))
    took = []
    while sum(took) < 100:
        before = len(live.said)
        live.tick()
        took.append(len(live.said) - before)
    assert max(took) == LINES_A_TICK
    assert [said.serial for said in live.said] == list(range(100))


def test_a_ping_is_answered_by_its_number(line, show):
    live = joined(line, show)
    show.send({"type": "ping", "sent": 12.25})
    assert show.wait(live, "pong") == {"type": "pong", "sent": 12.25}


@pytest.mark.parametrize(
    "data", [b"rubbish\n", b"x" * (MOST_BYTES + 1), b"x" * (MOST_BYTES + 5) + b"\n", b'{"type":"fly"}\n']
)
def test_what_is_no_line_of_the_wire_ends_the_connection_and_it_comes_back(line, show, data):
    live = joined(line, show)
    show.send_bytes(data)
    wait(lambda: not line.is_joined, live)
    assert "midifrag sent a line" in line.logged[-1]
    show.drop()
    joined(line, show)
    assert line.life == 2


def test_a_whole_number_without_end_ends_the_connection_once(line, show):
    live = joined(line, show)
    show.send_bytes(b'{"type":"ping","sent":1' + b"0" * 400 + b"}\n")
    wait(lambda: not line.is_joined, live)
    assert line.logged[-1].endswith("midifrag's 'ping' has no right 'sent'")
    show.drop()
    joined(line, show)


def test_the_longest_line_that_is_allowed_comes_in(line, show):
    live = joined(line, show)
    text = json.dumps({**LAND, "name": ""}).encode()
    show.send_bytes(json.dumps({**LAND, "name": "x" * (MOST_BYTES - 1 - len(text))}).encode() + b"\n")
    wait(lambda: any(getattr(said, "serial", None) == 12 for said in live.said), live)
    assert line.is_joined


def test_a_landing_before_the_welcome_is_no_line_of_the_wire(line, show):
    live = Ticking(line)
    show.accept(live)
    show.send(LAND)
    wait(lambda: line.logged, live)
    assert line.logged[-1].endswith("midifrag did not say welcome first")


def test_silence_ends_the_connection_and_pings_keep_it(line, show):
    live = joined(line, show)
    for _ in range(5):
        line.now += SILENCE - 1
        show.send({"type": "ping", "sent": line.now})
        show.wait(live, "pong")
    assert line.is_joined
    line.now += SILENCE + 1
    live.tick()
    assert not line.is_joined
    assert line.logged[-1].endswith("midifrag says nothing any more")


def test_what_was_sent_before_midifrag_died_is_taken(line, show):
    live = joined(line, show)
    live.said.clear()
    show.send_bytes(
        b"".join(json.dumps({**LAND, "serial": serial}).encode() + b"\n" for serial in range(40)) + b'{"half'
    )
    show.close()
    wait(lambda: not line.is_joined, live)
    assert [said.serial for said in live.said] == list(range(40))
    assert line.logged[-1] == "no connection to midifrag: midifrag went away"


def test_one_that_never_reads_is_left_before_its_queue_grows(line, show):
    live = joined(line, show)
    for number in range(10 * MOST_WAITING // 1000):
        line.send({"type": "said", "text": "x" * 1000})
        if not line.is_joined:
            break
        if number % 100 == 0:
            live.tick()
    assert line.logged[-1].endswith("midifrag does not read what it is sent")
    assert len(line._goes_out) == 0


def test_a_refusal_is_told_once_however_often_it_comes(line, show):
    live = Ticking(line)
    for _ in range(4):
        began = line.now
        show.accept(live)
        show.send({"type": "refused", "text": "another Live is connected"})
        wait(lambda: line._socket is None, live)
        show.drop()
    assert line.logged == ["no connection to midifrag: midifrag refuses this Live: another Live is connected"]
    assert line.now - began >= LONGEST_PAUSE


def test_one_that_breaks_as_soon_as_it_is_made_is_made_ever_less_often(line, show):
    moments = []
    for _ in range(6):
        live = joined(line, show)
        moments.append(line.now)
        show.send_bytes(b"rubbish\n")
        wait(lambda: not line.is_joined, live)
    pauses = [after - before for before, after in itertools.pairwise(moments)]
    assert pauses[0] < 0.5
    assert min(pauses[-2:]) >= LONGEST_PAUSE


def test_closed_is_closed(line, show):
    live = joined(line, show)
    line.close()
    assert show.has_left(live)
    for _ in range(1000):
        live.tick()
    assert not line.is_joined
    assert line.life == 1


def test_in_live_a_wrong_token_and_a_second_live_are_refused_and_live_goes_on(start, show):
    live = start()
    live.tell("open", tracks=[simpler_track(1)])
    show.write(show._listening.getsockname()[1], "wrong")
    assert show.accept(live)["token"] == "wrong"
    show.send({"type": "refused", "text": "wrong token"})
    assert show.has_left(live)
    show.write(show._listening.getsockname()[1], show.token)
    show.drop()
    show.join(live)
    second = start()
    second.tell("open", tracks=[simpler_track(1)])
    other = ShowSide(show.home, show.token)
    other.accept(second)
    other.send({"type": "refused", "text": "another Live is connected"})
    assert other.has_left(second)
    show.land(1, 1, sound(show.home.parent, "0001 rain"))
    assert show.wait(live, "landed", serial=1)["where"] == "midifrag 1 / Simpler"
    assert [text for text in second.tell("log") if "another Live" in text]
    other.close()
