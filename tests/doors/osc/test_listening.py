import errno
import os
import queue
import socket
import threading

import pytest

from midifrag.config.osc import Endpoint
from midifrag.doors.osc import flood, listening, udp
from midifrag.doors.osc.listening import Listener
from tests.doors.live.peers import until
from tests.doors.osc.peer import free_port, send
from tests.support import PATIENCE


class Rig:
    """A listener: what it took and what it told come out of queues."""

    def __init__(self, port=None, host="127.0.0.1", take=None):
        self.port = port or free_port()
        self.taken, self.told = queue.Queue(), queue.Queue()
        self.listener = Listener(
            Endpoint(host, self.port), take or self._take, lambda notice: self.told.put(notice.text)
        )
        self.listener.start()

    def _take(self, packet):
        self.taken.put(packet)
        return 1

    def until_taken(self, data):
        """Send a packet until it is taken, as the socket may not be bound yet."""
        while True:
            send(self.port, data)
            try:
                return self.taken.get(timeout=0.1)
            except queue.Empty:
                continue

    def hear(self):
        return self.told.get(timeout=PATIENCE)


@pytest.fixture
def opened():
    made = []

    def make(**options):
        made.append(Rig(**options))
        return made[-1]

    yield make
    for one in made:
        one.listener.close()
        assert not one.listener._thread.is_alive()


def test_packets_are_taken_in_their_order_and_as_they_are(opened):
    rig = opened()
    rig.until_taken(b"first")
    while not rig.taken.empty():
        rig.taken.get()
    for number in range(20):
        send(rig.port, b"%d" % number)
    send(rig.port, b"x" * 60000)
    assert [rig.taken.get(timeout=PATIENCE) for _ in range(20)] == [b"%d" % number for number in range(20)]
    assert rig.taken.get(timeout=PATIENCE) == b"x" * 60000
    assert rig.told.empty()


def test_a_port_that_is_taken_is_told_with_the_way_out_and_got_when_it_is_free(opened, monkeypatch):
    monkeypatch.setattr(listening, "TRY_EVERY", 0.01)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        rig = opened(port=other.getsockname()[1])
        told = rig.hear()
        assert told.startswith(f"OSC: cannot listen on 127.0.0.1:{rig.port}: ")
        assert "End the program that has its port, or set osc.listen to another one; the show goes on without" in told
        tries, bound = threading.Event(), udp.listening
        monkeypatch.setattr(udp, "listening", lambda where: (tries.set(), bound(where))[1])
        assert tries.wait(PATIENCE)
    assert rig.hear() == f"OSC: listens on 127.0.0.1:{rig.port} now"
    assert rig.until_taken(b"hello") == b"hello"
    assert rig.told.empty()


def test_a_name_that_is_nobody_s_is_told(opened, monkeypatch):
    def nobody(*_arguments, **_options):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    assert opened(host="desk").hear().startswith("OSC: cannot listen on desk:")


class Odd:
    """A socket that says what it was given, error or packet."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        pass

    def settimeout(self, seconds):
        assert seconds == listening.LOOK_EVERY

    def getsockopt(self, *_which):
        raise OSError(92, "Protocol not available")

    def recv(self, _size):
        answer = self.answers.pop(0) if self.answers else TimeoutError()
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_what_windows_says_of_something_that_did_not_arrive_changes_nothing(opened, monkeypatch):
    monkeypatch.setattr(udp, "listening", lambda _where: Odd(ConnectionResetError(), TimeoutError(), b"hello"))
    rig = opened()
    assert rig.taken.get(timeout=PATIENCE) == b"hello"
    assert rig.told.empty()


def test_a_socket_that_breaks_is_opened_again(opened, monkeypatch):
    monkeypatch.setattr(listening, "TRY_EVERY", 0.01)
    sockets = [Odd(b"one", OSError(5, "broken")), Odd(b"two")]
    monkeypatch.setattr(udp, "listening", lambda _where: sockets.pop(0))
    rig = opened()
    assert [rig.taken.get(timeout=PATIENCE) for _ in range(2)] == [b"one", b"two"]
    assert "broken" in rig.hear()


def test_a_mistake_of_ours_does_not_make_it_deaf(opened, monkeypatch, caplog):
    taken = queue.Queue()

    def take(packet):
        taken.put(packet)
        if packet == b"one":
            raise RuntimeError("boom")
        return 1

    monkeypatch.setattr(udp, "listening", lambda _where: Odd(b"one", b"two"))
    opened(take=take)
    assert [taken.get(timeout=PATIENCE) for _ in range(2)] == [b"one", b"two"]
    assert "a packet of OSC could not be taken in" in caplog.text


@pytest.mark.parametrize("holds", [1, 0])
def test_a_flood_is_slowed_down_and_told_once(opened, monkeypatch, holds):
    """Of bundles without a message too."""
    waits = []
    monkeypatch.setattr(flood, "BURST", 5.0)
    monkeypatch.setattr(flood, "RATE", 100.0)
    monkeypatch.setattr(flood, "OVER_AFTER", 1e9)
    monkeypatch.setattr(udp, "listening", lambda _where: Odd(*[b"press"] * 30))
    taken = queue.Queue()
    rig = opened(take=lambda packet: (taken.put(packet), holds)[1])
    wait = rig.listener._closing.wait
    monkeypatch.setattr(rig.listener._closing, "wait", lambda seconds: (waits.append(seconds), wait(seconds))[1])
    for _ in range(30):
        assert taken.get(timeout=PATIENCE) == b"press"
    assert rig.hear().startswith("OSC: more than 100 messages a second come in; they are slowed down")
    assert rig.told.empty()
    assert sum(waits) > 0


@pytest.mark.linux
def test_how_many_packets_a_flood_has_cost_is_told_when_it_is_over(opened, monkeypatch):
    monkeypatch.setattr(flood, "OVER_AFTER", 0.0)
    held, goes_on = threading.Event(), threading.Event()
    taken = []

    def take(packet):
        taken.append(packet)
        held.set()
        goes_on.wait(PATIENCE)
        return 1

    rig = opened(take=take)
    while not held.wait(0.05):
        send(rig.port, b"first")
    sent = 3000
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        for _ in range(sent):
            out.sendto(b"x" * 1000, ("127.0.0.1", rig.port))
    goes_on.set()
    while "got lost" not in (text := rig.hear()):
        pass
    lost = int(text.removeprefix("OSC: the flood is over; ").split()[0])
    assert lost > 0
    until(lambda: taken.count(b"x" * 1000) == sent - lost)


@pytest.mark.parametrize(
    ("port", "number", "way"),
    [
        (80, errno.EACCES, "Set osc.listen to a port above 1023"),
        (7400, errno.EACCES, "End the program that has its port, or set osc.listen to another one"),
        (7400, errno.EADDRNOTAVAIL, "Set osc.listen to a port of this machine"),
    ],
)
def test_the_way_out_hangs_on_what_is_wrong(opened, monkeypatch, port, number, way):
    def refused(_where):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(udp, "listening", refused)
    assert f". {way}; the show goes on without" in opened(port=port).hear()
