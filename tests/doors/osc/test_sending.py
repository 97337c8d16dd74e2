import queue
import socket
import threading

import pytest

from midifrag.config.osc import Endpoint
from midifrag.doors.osc import sending, udp
from midifrag.doors.osc.sending import MOST_WAITING, Target
from tests.doors.osc.peer import free_port, packet
from tests.support import PATIENCE


class Rig:
    def __init__(self, port, host="127.0.0.1"):
        self.told = queue.Queue()
        self.target = Target(Endpoint(host, port), lambda notice: self.told.put(notice.text))
        self.target.start()

    def send(self, *numbers):
        for number in numbers:
            self.target.send(packet("/x", number))


@pytest.fixture
def opened():
    made = []

    def make(port, **options):
        made.append(Rig(port, **options))
        return made[-1]

    yield make
    for one in made:
        one.target.close()


def arrived(*numbers):
    return lambda received: received == [("/x", number) for number in numbers]


def test_packets_arrive_in_their_order(opened, other):
    rig = opened(other.port)
    rig.send(*range(50))
    other.wait_for(arrived(*range(50)))
    assert rig.told.empty()


def test_what_waits_is_sent_before_the_end(other):
    target = Target(Endpoint("127.0.0.1", other.port), print)
    target.send(packet("/x", 1))
    target.start()
    target.close()
    other.wait_for(arrived(1))


def test_a_target_that_is_away_costs_nothing_and_is_found_when_it_comes(opened):
    rig = opened(free_port())
    rig.send(1, 2, 3)
    rig.target.close()
    assert not rig.target._thread.is_alive()
    assert rig.told.empty()


@pytest.fixture
def names(monkeypatch):
    """What names mean: an address, or an event that their look-up waits for."""
    known = {}
    look_up = socket.getaddrinfo

    def found(host, *arguments, **options):
        if isinstance(known.get(host), threading.Event):
            known[host].wait(PATIENCE)
        if host in known:
            host = "127.0.0.1"
        elif host.endswith(".local"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return look_up(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", found)
    return known


def test_a_name_that_cannot_be_found_is_told_and_looked_up_again(opened, other, names, monkeypatch):
    monkeypatch.setattr(sending, "LOOK_UP_EVERY", 0.0)
    rig = opened(other.port, host="desk.local")
    rig.send(1)
    told = rig.told.get(timeout=PATIENCE)
    assert told.startswith(f"OSC: cannot send to desk.local:{other.port}: Name or service not known; it is tried again")
    rig.send(2, 3, 4)
    names["desk.local"] = "here"
    rig.send(5)
    other.wait_for(lambda received: ("/x", 5) in received)
    assert rig.told.empty()


def test_a_name_is_not_looked_up_for_each_packet(opened, names, monkeypatch):
    asked = []
    look_up = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **o: (asked.append(a[0]), look_up(*a, **o))[1])
    rig = opened(1, host="desk.local")
    rig.send(*range(100))
    rig.target.close()
    assert not rig.target._waiting
    assert asked == ["desk.local"]


def test_a_name_that_takes_long_to_find_delays_nobody_else(opened, other, names, monkeypatch):
    monkeypatch.setattr(sending, "CLOSE_SECONDS", 0.01)
    names["slow.local"] = found = threading.Event()
    slow, quick = opened(other.port, host="slow.local"), opened(other.port)
    slow.send(*range(MOST_WAITING + 100))
    quick.send(-1)
    other.wait_for(arrived(-1))
    # The end does not wait for it either.
    slow.target.close()
    assert len(slow.target._waiting) <= MOST_WAITING
    found.set()
    slow.target._thread.join(PATIENCE)
    assert not slow.target._thread.is_alive()


class Odd:
    """A socket that is given what to say to each packet."""

    def __init__(self, *answers):
        self.answers, self.sent = list(answers), []

    def sendto(self, data, _address):
        answer = self.answers.pop(0)
        if answer:
            raise answer
        self.sent.append(data)

    def close(self):
        pass


def test_a_network_that_is_gone_is_told_and_one_that_is_full_is_not(opened, monkeypatch):
    monkeypatch.setattr(sending, "LOOK_UP_EVERY", 0.0)
    gone = OSError(101, "Network is unreachable")
    odd = Odd(BlockingIOError(), ConnectionResetError(), None, gone, gone, None, gone)
    monkeypatch.setattr(udp, "sending", lambda _where: (odd, None))
    rig = opened(1)
    rig.send(*range(7))
    rig.target.close()
    assert odd.sent == [packet("/x", 2), packet("/x", 5)]
    told = [rig.told.get_nowait() for _ in range(2)]
    assert all("Network is unreachable" in one for one in told)
    assert rig.told.empty()


def test_a_mistake_of_ours_is_not_the_end(opened, monkeypatch, caplog):
    odd = Odd(RuntimeError("boom"), None)
    monkeypatch.setattr(udp, "sending", lambda _where: (odd, None))
    rig = opened(1)
    rig.send(1, 2)
    rig.target.close()
    assert odd.sent == [packet("/x", 2)]
    assert "a packet of OSC could not be sent" in caplog.text
