import threading

import mido
import pytest

from midifrag.midi.lanes import PRESSURE
from midifrag.midi.output import OutputThread

PATIENCE = 60.0


class FakePort:
    """A port that takes messages down, and while ``stuck`` holds the sender."""

    def __init__(self):
        self.sent = []
        self.closed = threading.Event()
        self.free = threading.Event()
        self.free.set()
        self.reached = threading.Event()
        self.error = None

    def send(self, message):
        assert not self.closed.is_set()
        self.reached.set()
        self.free.wait(PATIENCE)
        if self.error:
            raise self.error
        self.sent.append(message)

    def close(self):
        self.closed.set()


@pytest.fixture
def output():
    thread = OutputThread()
    thread.start()
    yield thread
    thread.close()


def note(number, velocity=1, channel=0):
    return mido.Message("note_on", note=number, velocity=velocity, channel=channel)


def test_everything_goes_out_in_order_and_the_port_is_closed_last(output):
    port = FakePort()
    output.attach("a", port)
    messages = [note(n % 128, 1 + n // 128) for n in range(200)]
    assert output.send("a", messages)
    output.close(PATIENCE)
    assert port.sent == messages
    assert port.closed.is_set()
    assert not output.send("a", messages)


def test_a_port_that_is_not_there_takes_nothing(output):
    assert not output.send("a", [note(1)])


def test_a_stuck_port_delays_no_caller_and_shows_only_the_newest_of_each_led(output):
    port = FakePort()
    port.free.clear()
    output.attach("a", port)
    output.send("a", [note(0)])
    assert port.reached.wait(PATIENCE)
    for velocity in range(1, 101):
        output.send("a", [note(n, velocity) for n in range(64)])
    notifications = [note(n, 64, channel=15) for n in range(20)]
    output.send("a", notifications, led=False)
    port.free.set()
    output.close(PATIENCE)
    assert [m for m in port.sent if m.channel == 15] == notifications
    leds = [m for m in port.sent if m.channel == 0]
    assert len(leds) <= PRESSURE + 65
    assert {m.note: m.velocity for m in leds} == dict.fromkeys(range(64), 100)
    assert output.left_out["a"] == 1 + 6400 - len(leds)
    last_led_first_sent_after = port.sent.index(notifications[-1])
    assert all(m.velocity == 100 for m in port.sent[last_led_first_sent_after + 1 :])


def test_closing_leaves_a_stuck_port_behind(caplog):
    output = OutputThread()
    output.start()
    port = FakePort()
    port.free.clear()
    output.attach("a", port)
    output.send("a", [note(1)])
    assert port.reached.wait(PATIENCE)
    output.close(0.01)
    assert "stuck" in caplog.text
    port.free.set()
    assert port.closed.wait(PATIENCE)


def test_detaching_and_replacing_close_the_old_port(output):
    old, new = FakePort(), FakePort()
    output.attach("a", old)
    output.attach("a", new)
    assert old.closed.wait(PATIENCE)
    output.send("a", [note(1)])
    output.detach("a")
    assert new.closed.wait(PATIENCE)
    assert not output.send("a", [note(2)])


def test_a_failing_port_is_closed_told_and_forgotten():
    failed = threading.Event()
    told = []

    def on_failure(port, error):
        told.append((port, str(error)))
        failed.set()

    output = OutputThread(on_failure=on_failure)
    output.start()
    bad, good = FakePort(), FakePort()
    bad.error = OSError("gone")
    output.attach("bad", bad)
    output.attach("good", good)
    output.send("bad", [note(1), note(2)])
    output.send("good", [note(3)])
    assert failed.wait(PATIENCE)
    assert not output.send("bad", [note(4)])
    output.close(PATIENCE)
    assert (told, good.sent) == ([("bad", "gone")], [note(3)])
    assert bad.closed.is_set()


def test_sending_is_announced_before_it_happens():
    port = FakePort()
    announced = []
    output = OutputThread(on_sending=lambda name, message: announced.append((name, message, len(port.sent))))
    output.start()
    output.attach("a", port)
    output.send("a", [note(1), note(2)])
    output.close(PATIENCE)
    assert announced == [("a", note(1), 0), ("a", note(2), 1)]


def test_a_new_connection_may_settle_first(output):
    port = FakePort()
    output.attach("a", port, settle_seconds=0.05)
    output.send("a", [note(1)])
    output.close(PATIENCE)
    assert port.sent == [note(1)]


CLOCK = mido.Message("clock")


def test_what_is_worth_nothing_later_goes_before_all_that_waits_also_where_feedback_is_held(output):
    port = FakePort()
    output.attach("a", port)
    output.hold("a")
    output.send("a", [note(1)], led=False)
    assert output.send_now("a", [CLOCK, mido.Message("stop")])
    output.release("a")
    output.close(PATIENCE)
    assert port.sent == [CLOCK, mido.Message("stop"), note(1)]


def test_where_it_cannot_go_out_now_it_is_not_taken(output):
    assert not output.send_now("a", [CLOCK])
    output.attach("a", FakePort(), settle_seconds=PATIENCE)
    assert not output.send_now("a", [CLOCK])
    stuck = FakePort()
    stuck.free.clear()
    output.attach("b", stuck)
    taken = [output.send_now("b", [CLOCK]) for _ in range(2 * PRESSURE)]
    assert taken[0]
    assert not taken[-1]
    stuck.free.set()
    output.close(PATIENCE)
    assert not output.send_now("b", [CLOCK])
    assert len(stuck.sent) == sum(taken)


def test_notes_are_out_when_their_port_has_taken_them_and_lights_do_not_count(output):
    port = FakePort()
    assert output.is_out("a")
    output.attach("a", port)
    assert output.is_out("a")
    port.free.clear()
    output.send("a", [note(0)])
    assert port.reached.wait(PATIENCE)
    output.send("a", [note(1)])
    assert output.is_out("a")
    output.send("a", [note(2, channel=15)], led=False)
    assert not output.is_out("a")
    output.hold("a")
    assert output.is_out("a")
    output.release("a")
    assert not output.is_out("a")
    port.reached.clear()
    port.free.set()
    while not output.is_out("a"):
        port.reached.wait(0.001)
    assert note(2, channel=15) in port.sent


def test_a_note_that_is_being_sent_is_not_out_yet(output):
    port = FakePort()
    port.free.clear()
    output.attach("a", port)
    output.send("a", [note(2, channel=15)], led=False)
    assert port.reached.wait(PATIENCE)
    assert not output.is_out("a")
    port.free.set()
    while not output.is_out("a"):
        port.reached.wait(0.001)
    assert port.sent == [note(2, channel=15)]
