"""Whole shows with another program at the other end of OSC, over real UDP."""

import random
import socket
import threading

import pytest

from midifrag.doors.osc import flood as flood_module
from midifrag.events import BankChanged, ControlChanged, JobChanged, Notice, PadChanged
from midifrag.fragment.archive import Archive
from midifrag.fragment.writer_events import SlotsChanged
from midifrag.states import JobState
from tests.doors.osc.peer import Peer, free_port, packet, send
from tests.doors.osc.test_packets import REAL, bundle
from tests.support import PATIENCE
from tests.support.runtimes import log_of, played_show
from tests.support.shows import bank, loaded


@pytest.fixture
def other():
    made = Peer()
    yield made
    made.close()


def show_of(folder, listen, other, **settings):
    return loaded(
        bank("one", {36: {"prompt": "short kick", "name": "Kick", "seconds": 0.3}, 37: {"prompt": "rain", "bars": 1}}),
        bank("two", {40: {"prompt": "short rim", "name": "Rim", "seconds": 0.3}}),
        fragments={"folder": str(folder)},
        engine={"host": "thread", "spares": {"enabled": False}},
        osc={"listen": listen, "send": other.port},
        **settings,
    )


def until_heard(show, port, data, condition):
    """Send a packet, again where the show does not listen yet."""
    while not condition(show.seen.changes):
        send(port, data)
        threading.Event().wait(0.05)


def landed(changes):
    return [one for one in changes if isinstance(one, JobChanged) and one.state is JobState.LANDED]


def jobs(changes):
    return {one.job for one in changes if isinstance(one, JobChanged)}


def test_a_press_over_osc_lands_and_its_slot_is_told(tmp_path, other):
    listen = free_port()
    with played_show(tmp_path, show_of(tmp_path, listen, other)) as show:
        other.wait_for_message("/midifrag/beat")
        assert other.wait_for_message("/midifrag/bank") == ("/midifrag/bank", "one", "One", 1)
        until_heard(show, listen, packet("/midifrag/press", "Kick", 127.0), jobs)
        told = other.wait_for_message("/midifrag/slot")
        assert told[1:3] == (1, str(tmp_path / "output01.wav"))
        assert told[4:] == ("Kick", 0.0)
        states = [one[2] for one in other.received if one[:2] == ("/midifrag/pad", 36)]
        assert list(dict.fromkeys(states))[:3] == ["idle", "queued", "rendering"]
        send(listen, packet("/midifrag/press", 37))
        wanted = other.wait_for(lambda received: [one for one in received if one[0] == told[0] and one[4] == "rain"])
        assert wanted[0][5] == 1.0
    takes = Archive(tmp_path / "archive").find()
    assert {take.preset for take in takes} == {"Kick", "rain"}
    pressed = [line for line in log_of(tmp_path) if line["event"] == "PressPad"]
    assert {(line["name"], line["source"]) for line in pressed} == {("Kick", "osc"), (37, "osc")}


def test_a_slot_is_locked_and_protected(tmp_path, other):
    listen = free_port()
    with played_show(tmp_path, show_of(tmp_path, listen, other)) as show:
        until_heard(show, listen, packet("/midifrag/slot/lock", 2), lambda all_: locked(all_, 2))
        send(listen, packet("/midifrag/slot/playing", 1, True))
        show.seen.wait_for(lambda all_: [one for one in all_ if isinstance(one, SlotsChanged) and one.slots[0].sounds])
        send(listen, packet("/midifrag/press", 36))
        (job,) = show.seen.wait_for(landed)
        assert job.slot == 3
        send(listen, bundle(packet("/midifrag/slot/unlock", 2), packet("/midifrag/slot/playing", 1, False)))
        show.seen.wait_for(lambda all_: not locked(all_, 2))
    assert len(landed(show.seen.changes)) == 1


def test_a_fragment_that_is_put_back_is_told_as_one_that_lands(tmp_path, other):
    listen = free_port()
    pads = {36: {"prompt": "short kick", "seconds": 0.3}, 37: {"prompt": "rain", "bars": 1}}
    fragments, engine = {"folder": str(tmp_path), "count": 1}, {"host": "thread", "spares": {"enabled": False}}
    set_ = loaded(bank(pads=pads), fragments=fragments, engine=engine, osc={"listen": listen, "send": other.port})
    with played_show(tmp_path, set_) as show:
        until_heard(show, listen, packet("/midifrag/control", "steps", 50), controls)
        send(listen, packet("/midifrag/press", 37))
        show.seen.wait_for(landed)
        send(listen, packet("/midifrag/press", 36))
        other.wait_for(lambda received: slots_of(received)[-1:] == ["short kick"])
        for put_back in ("rain", "short kick", "rain"):
            send(listen, packet("/midifrag/slot/restore", 1))
            other.wait_for(lambda received, wanted=put_back: slots_of(received)[-1:] == [wanted])
        told = [one for one in other.received if one[0] == "/midifrag/slot"]
        assert told[-1] == told[0]
        assert told[-2] == told[-4]


def controls(changes):
    return [one for one in changes if isinstance(one, ControlChanged) and one.name == "steps"]


def slots_of(received):
    return [one[4] for one in received if one[0] == "/midifrag/slot"]


def locked(changes, slot):
    states = [one.slots[slot - 1].state for one in changes if isinstance(one, SlotsChanged)]
    return states[-1:] == ["locked"]


def test_a_bundle_that_selects_a_bank_and_presses_its_pad_means_that_bank_s(tmp_path, other):
    listen = free_port()
    with played_show(tmp_path, show_of(tmp_path, listen, other)) as show:
        both = bundle(packet("/midifrag/bank", "next"), packet("/midifrag/press", "Rim"))
        until_heard(show, listen, packet("/midifrag/bank", "Two"), lambda all_: two(all_))
        send(listen, bundle(packet("/midifrag/bank", "one"), both))
        (job,) = show.seen.wait_for(landed)
        assert (job.bank, job.label) == ("two", "Rim")


def two(changes):
    return [one for one in changes if isinstance(one, BankChanged) and one.slug == "two"]


def test_a_flood_keeps_the_show_alive_and_other_presses_come_through(tmp_path, other, monkeypatch):
    # A flood on any machine, however slow.
    monkeypatch.setattr(flood_module, "RATE", 100.0)
    monkeypatch.setattr(flood_module, "BURST", 100.0)
    listen = free_port()
    chance = random.Random(1)
    with played_show(tmp_path, show_of(tmp_path, listen, other, queue={"size": 4})) as show:
        over = threading.Event()

        def flood():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
                while not over.is_set():
                    data = chance.choice([packet("/midifrag/press", 36), *REAL, b"rubbish", bytes(200)])
                    one.sendto(data, ("127.0.0.1", listen))
                    over.wait(0.001)

        flooding = threading.Thread(target=flood)
        flooding.start()
        try:
            show.seen.wait_for(
                lambda all_: [one for one in all_ if isinstance(one, Notice) and one.text.startswith("OSC: more ")]
            )
            show.seen.wait_for(lambda all_: "midifrag" in {one.port for one in pads_of(all_)} or press(show))
        finally:
            over.set()
            flooding.join(PATIENCE)
        # What waits is bounded, whatever came.
        assert len(show.runtime.inbox) < 1000
        # The flood has selected any bank.
        both = bundle(packet("/midifrag/bank", "one"), packet("/midifrag/press", "Kick"))
        before = len(kicks(show.seen.changes))
        until_heard(show, listen, both, lambda all_: len(kicks(all_)) > before)


def kicks(changes):
    return [one for one in landed(changes) if one.label == "Kick"]


def pads_of(changes):
    return [one for one in changes if isinstance(one, PadChanged)]


def press(show):
    """Press on the controller; both banks have a pad there between them."""
    show.note(36)
    show.note(40)


def test_a_port_that_is_taken_is_told_and_the_show_plays(tmp_path, other):
    # This port is taken already.
    with played_show(tmp_path, loaded(fragments={"folder": str(tmp_path)}, osc={"listen": other.port})) as show:
        told = show.seen.wait_for_kind(Notice)
        assert told.text.startswith(f"OSC: cannot listen on 127.0.0.1:{other.port}: ")
        show.note(36)
        show.seen.wait_for(landed)
