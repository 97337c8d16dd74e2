import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midifrag.bridge.inbox import Inbox
from midifrag.intents import Panic
from midifrag.midi.messages import (
    Aftertouch,
    ControlChange,
    NoteOff,
    NoteOn,
    Nrpn,
    PitchBend,
    PortChanged,
    ProgramChange,
    Tick,
    TransportChange,
)


def note(number, port="p"):
    return NoteOn(port, 1, number % 128, 1 + number % 127, float(number))


def cc(value, number=21, port="p"):
    return ControlChange(port, 1, number, value, 0.0)


def drain(inbox):
    return [inbox.get(0) for _ in range(len(inbox))]


def test_the_newest_position_replaces_a_waiting_one():
    inbox = Inbox()
    for value in range(100):
        inbox.put(cc(value))
        inbox.put(PitchBend("p", 1, value, 0.0))
        inbox.put(Aftertouch("p", 1, value, 0.0))
    assert drain(inbox) == [cc(99), PitchBend("p", 1, 99, 0.0), Aftertouch("p", 1, 99, 0.0)]
    assert inbox.coalesced["p"] == 297


def test_a_press_sees_the_controls_as_they_were():
    inbox = Inbox()
    for item in (cc(1), cc(2), note(1), cc(3), cc(4)):
        inbox.put(item)
    assert drain(inbox) == [cc(2), note(1), cc(4)]


def test_buttons_and_channel_mode_messages_all_count():
    inbox = Inbox(switches=[20])
    items = [cc(127, 20), cc(0, 20), cc(127, 20), cc(0, 123), cc(0, 123)]
    for item in items:
        inbox.put(item)
    assert drain(inbox) == items


def test_ports_and_channels_do_not_replace_each_other():
    inbox = Inbox()
    items = [cc(1), cc(1, port="q"), cc(1, 22), ControlChange("p", 2, 21, 1, 0.0)]
    for item in items:
        inbox.put(item)
    assert drain(inbox) == items


def test_ticks_are_left_out_under_pressure_and_presses_are_not():
    inbox = Inbox(tick_limit=10)
    for number in range(100):
        inbox.put(Tick("p", 0.0))
        inbox.put(note(number))
    items = drain(inbox)
    assert sum(isinstance(item, NoteOn) for item in items) == 100
    assert len(items) < 120
    assert inbox.dropped["p"] == 200 - len(items)
    inbox.put(Tick("p", 0.0))
    assert len(inbox) == 1


def test_one_port_s_flood_is_bounded_and_leaves_others_alone():
    inbox = Inbox(press_limit=50)
    for number in range(80):
        inbox.put(note(number))
    others = [note(1, "q"), PortChanged("p", "in", "lost", "p: went away"), Panic()]
    for item in others:
        inbox.put(item)
    items = drain(inbox)
    assert inbox.dropped == {"p": 30}
    assert items[-3:] == others


def test_presses_are_kept_whatever_else_floods_their_port():
    inbox = Inbox(other_limit=20)
    flood = [NoteOff("p", 1, 1, 0.0), cc(0, 123), ProgramChange("p", 1, 1, 0.0), TransportChange("p", "start", 0.0)]
    for number in range(100):
        for item in (*flood, note(number)):
            inbox.put(item)
    items = drain(inbox)
    assert [item for item in items if isinstance(item, NoteOn)] == [note(number) for number in range(100)]
    assert (len(items), inbox.dropped["p"]) == (120, 380)
    inbox.put(flood[0])
    assert drain(inbox) == [flood[0]]


def test_an_empty_inbox_says_so():
    with pytest.raises(TimeoutError):
        Inbox().get(0)


@given(st.lists(st.one_of(st.integers(0, 20).map(note), st.integers(0, 127).map(cc), st.just(NoteOff("p", 1, 1, 0.0)))))
def test_all_but_replaced_positions_come_out_in_order(items):
    inbox = Inbox()
    for item in items:
        inbox.put(item)
    expected = [
        item
        for item, following in zip(items, [*items[1:], None], strict=False)
        if not (isinstance(item, ControlChange) and isinstance(following, ControlChange))
    ]
    assert drain(inbox) == expected


def test_ten_thousand_presses_and_moves_from_four_threads_lose_no_press():
    inbox = Inbox()

    def flood(port):
        for number in range(2500):
            inbox.put(cc(number % 128, port=port))
            inbox.put(note(number, port))

    threads = [threading.Thread(target=flood, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    got = {name: [] for name in "abcd"}
    while sum(map(len, got.values())) < 10_000:
        item = inbox.get(20)
        if isinstance(item, NoteOn):
            got[item.port].append(item)
    for thread in threads:
        thread.join()
    assert all(got[name] == [note(number, name) for number in range(2500)] for name in "abcd")


def test_each_push_of_a_pad_that_sends_ccs_counts_and_its_knob_beside_it_is_a_position():
    inbox = Inbox()
    inbox.pads = frozenset({("pads", 2, 12), ("more", None, 12)})
    sent = [
        ControlChange(port, channel, 12, value, 0.0)
        for port, channel in (("pads", 2), ("more", 5), ("pads", 1))
        for value in (127, 0)
    ]
    for event in sent:
        inbox.put(event)
    assert [inbox.get(0.0) for _ in range(len(inbox))] == [*sent[:4], sent[5]]
    assert inbox.coalesced["pads"] == 1


def test_every_click_and_every_step_counts_and_where_a_parameter_stands_is_the_newest():
    inbox = Inbox(switches=[21])
    clicks = [cc(1), cc(1), cc(127)]
    steps = [Nrpn("p", 1, 300, None, 0.0, step=1)] * 2
    stands = [Nrpn("p", 1, 300, value, 0.0) for value in (1, 2)] + [Nrpn("p", 1, 301, 9, 0.0)]
    for item in (*clicks, *steps, *stands):
        inbox.put(item)
    assert [inbox.get(0) for _ in range(len(inbox))] == [*clicks, *steps, *stands[1:]]


def test_each_click_of_an_encoder_that_sends_a_parameter_counts():
    inbox = Inbox()
    inbox.encoders = frozenset({300})
    for number in (300, 301):
        for _ in range(5):
            inbox.put(Nrpn("p", 1, number, 1, 0.0))
    assert [item.number for item in drain(inbox)] == [300] * 5 + [301]
