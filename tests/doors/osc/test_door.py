import queue
import threading

import pytest

from midifrag.bridge.items import CaughtUp, Introduce
from midifrag.doors.osc import door
from midifrag.doors.osc.door import WINDOW, OscDoor, make
from midifrag.doors.osc.sending import CLOSE_SECONDS, Target
from midifrag.events import BankChanged, ConfigurationChanged, Notice, SlotsChanged, TimeChanged
from midifrag.intents import LockSlot, Panic, PressPad
from midifrag.show.doors import DOORS
from midifrag.states import JobState
from midifrag.timeline import Timeline
from tests.doors.osc.peer import free_port, packet, send
from tests.doors.osc.test_packets import bundle
from tests.page.changes import active, job, slot
from tests.support import PATIENCE
from tests.support.shows import bank, loaded


class Rig:
    def __init__(self, **osc):
        self.put = queue.Queue()
        #: How everything stands, for whoever asks.
        self.stands = []
        self.door = OscDoor(loaded(osc=osc), self._put)
        self.door.start()

    def _put(self, item):
        if isinstance(item, CaughtUp):
            item.tell()
        elif isinstance(item, Introduce):
            item.to(self.stands)
        else:
            self.put.put(item)

    def next(self):
        return self.put.get(timeout=PATIENCE)


@pytest.fixture
def opened():
    made = []

    def open_door(**osc):
        made.append(Rig(**osc))
        return made[-1]

    yield open_door
    for one in made:
        one.door.close()


def test_a_set_has_one_where_it_says_so():
    assert make in [kind.make for kind in DOORS]
    assert make(loaded(), print) is None
    assert make(loaded(osc={"send": 7401}), print).name == "osc"


def test_what_happens_is_told_to_everybody(opened, other):
    from tests.doors.osc.peer import Peer

    second = Peer()
    rig = opened(send=[other.port, second.port])
    rig.door.handle(active())
    rig.door.handle(
        job(JobState.LANDED, slot=2, file="/f/output02.wav", label="Rain", fragment_seconds=1.5, fragment_bars=2.0)
    )
    for one in (other, second):
        number, path, *rest = one.wait_for_message("/midifrag/slot")[1:]
        assert (number, path.endswith("output02.wav"), rest) == (2, True, [1.5, "Rain", 2.0])
        assert one.received[0] == ("/midifrag/bank", "opening", "Opening", 1)
    second.close()


def test_time_is_told_and_its_beats(opened, other):
    import time

    rig = opened(send=other.port)
    rig.door.handle(TimeChanged(Timeline(6000.0, time.monotonic())))
    assert other.wait_for_message("/midifrag/tempo") == ("/midifrag/tempo", 6000.0, 4, 4, 1)
    other.wait_for(lambda received: sum(one[0] == "/midifrag/beat" for one in received) > 2)


def test_who_comes_later_asks_how_everything_stands(opened, other):
    rig = opened(listen=free_port(), send=other.port)
    rig.stands = [active(), SlotsChanged((slot(3, landed_at=5.0, preset="Rain", seconds=1.5),))]
    assert rig.door.take(packet("/midifrag/all")) == 1
    number, path, *rest = other.wait_for_message("/midifrag/slot")[1:]
    assert (number, path.endswith("output03.wav"), rest) == (3, True, [1.5, "Rain", 0.0])
    assert other.received[0] == ("/midifrag/bank", "opening", "Opening", 1)


def test_what_lies_in_the_slots_is_told_at_the_start(other):
    stands = [active(), SlotsChanged((slot(3, landed_at=5.0), slot(4, landed_at=None)))]
    door = OscDoor(loaded(osc={"send": other.port}), lambda item: item.to(stands))
    door.start()
    assert other.wait_for_message("/midifrag/slot")[1] == 3
    door.close()
    assert [message[0] for message in other.received] == ["/midifrag/slot"]


def test_targets_that_hang_at_the_end_are_waited_for_together(monkeypatch):
    waited = []
    monkeypatch.setattr(Target, "close", lambda _target, seconds: waited.append(seconds))
    door = OscDoor(loaded(osc={"send": [1, 2, 3]}), lambda _item: None)
    door.start()
    door.close()
    assert len(waited) == 3
    assert CLOSE_SECONDS >= waited[0] >= waited[1] >= waited[2]
    for target in door._targets:
        target._thread.join(PATIENCE)
        assert not target._thread.is_alive()


def test_what_comes_in_is_put_and_what_is_wrong_is_told_once_a_kind(opened):
    port = free_port()
    rig = opened(listen=port)
    while rig.put.empty():
        send(port, packet("/midifrag/press", 36.0, 127.0))
        threading.Event().wait(0.02)
    press = rig.next()
    assert (press.name, press.velocity, press.source) == (36, 1.0, "osc")
    while not rig.put.empty():
        rig.put.get()
    for wrong in (
        b"rubbish",
        b"#bundle",
        packet("/elsewhere"),
        packet("/midifrag/press"),
        packet("/midifrag/press", 99),
    ):
        for _ in range(4):
            send(port, wrong)
    send(port, bundle(packet("/midifrag/slot/lock", 2), packet("/midifrag/panic")))
    told = []
    while not isinstance(item := rig.next(), Panic):
        told.append(item)
    notices = [one.text for one in told if isinstance(one, Notice)]
    assert [one for one in told if not isinstance(one, Notice | PressPad)] == [LockSlot(2, True)]
    assert [text.split(":")[0] for text in notices] == ["OSC"] * 4
    assert rig.door.faults.counts == {"malformed": 8, "unknown": 4, "/midifrag/press": 4, "no pad": 4}


def test_pads_of_a_set_that_was_changed_are_known(opened):
    rig = opened(send=1)
    assert rig.door.take(packet("/midifrag/press", "gong")) == 1
    assert isinstance(rig.next(), Notice)
    rig.door.handle(ConfigurationChanged(loaded(bank(pads={40: {"prompt": "gong"}}))))
    rig.door.take(packet("/midifrag/press", "gong"))
    assert rig.next().name == "gong"


def test_a_packet_says_how_many_messages_it_held(opened):
    rig = opened(send=1)
    assert rig.door.take(bundle(packet("/midifrag/panic"), b"rub\0", packet("/midifrag/panic", 0))) == 3
    assert rig.door.take(b"") == 1


def test_it_does_not_run_ahead_of_the_bridge(monkeypatch):
    monkeypatch.setattr(door, "LOOK_EVERY", 0.01)
    put, marks = [], queue.Queue()

    def take_in(item):
        if isinstance(item, CaughtUp):
            marks.put(item)
        else:
            put.append(item)

    one = OscDoor(loaded(osc={"listen": free_port()}), take_in)
    flood = bundle(*[packet("/midifrag/press", 36)] * 150)
    flooding = threading.Thread(target=one.take, args=(flood,))
    flooding.start()
    for expected in (WINDOW, 2 * WINDOW):
        mark = marks.get(timeout=PATIENCE)
        assert len(put) == expected
        mark.tell()
    flooding.join(PATIENCE)
    assert len(put) == 150
    # A bridge that has ended catches up with nothing, and keeps nobody.
    flooding = threading.Thread(target=one.take, args=(flood,))
    flooding.start()
    marks.get(timeout=PATIENCE)
    one.close()
    flooding.join(PATIENCE)
    assert not flooding.is_alive()


def test_what_no_packet_can_hold_is_told_and_the_rest_is_sent(opened, other):
    rig = opened(send=other.port)
    rig.door.handle(BankChanged("\udcff", "Opening", 0, ()))
    assert "cannot be sent" in rig.next().text
    rig.door.handle(active())
    other.wait_for_message("/midifrag/bank")


def test_nothing_is_worked_out_where_nobody_is_told(opened, monkeypatch):
    rig = opened(listen=free_port())
    monkeypatch.setattr(rig.door, "_outgoing", None)
    rig.door.handle(active())
    assert rig.put.empty()
