"""Packets: what is right, what is wrong, and bytes of all sorts."""

import logging
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_message_builder import OscMessageBuilder

from midifrag.doors.osc.packets import MOST_MESSAGES, MOST_NESTED, Message, OscError, encoded, messages
from midifrag.doors.osc.table import COMING, IN, MOST_TEXT, Direction
from tests.doors.osc.values import values_of

PRESS = Message("/midifrag/press", (36, 100))


def packet(path, *values, types=None):
    builder = OscMessageBuilder(path)
    for at, value in enumerate(values):
        builder.add_arg(value, types[at] if types else None)
    return builder.build().dgram


def bundle(*parts, time=1):
    return b"#bundle\0" + struct.pack(">Q", time) + b"".join(struct.pack(">i", len(one)) + one for one in parts)


def read(data):
    return [(str(one), one.kind) if isinstance(one, OscError) else one for one in messages(data)]


def wrong(data):
    ((text, kind),) = read(data)
    return f"{kind}: {text}"


# --- what is right ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "values", "types", "taken"),
    [
        ("press", (36,), None, (36,)),
        ("press", (36.0, 100.0), "ff", (36, 100.0)),
        ("press", (36, 99), "hd", (36, 99)),
        ("press", ("Kick", 0.5), None, ("Kick", 0.5)),
        ("control", ("steps", 8), None, ("steps", 8)),
        ("control", ("steps", None), None, ("steps", None)),
        ("control", ("steps", ""), None, ("steps", None)),
        ("control", ("steps",), None, ("steps",)),
        ("slot/playing", (1, True), None, (1, 1)),
        ("slot/playing", (1, False), None, (1, 0)),
        ("slot/playing", (1.0, 0.0), None, (1, 0)),
        ("bank", (-1,), None, (-1,)),
        ("bank", ("next",), None, ("next",)),
        ("prompt", ("дождь 🌧",), None, ("дождь 🌧",)),
        ("panic", (), None, ()),
    ],
)
def test_what_the_table_has_is_taken(path, values, types, taken):
    assert read(packet(f"/midifrag/{path}", *values, types=types)) == [Message(f"/midifrag/{path}", taken)]


def test_a_message_without_types_has_no_values():
    assert read(b"/midifrag/panic\0") == [Message("/midifrag/panic")]


def test_bundles_are_taken_in_their_order_whatever_their_time():
    panic, one, two = packet("/midifrag/panic"), packet("/midifrag/press", 1), packet("/midifrag/press", 2)
    nested = bundle(one, bundle(bundle(), panic, time=2**63), two)
    assert read(nested) == [
        Message("/midifrag/press", (1,)),
        Message("/midifrag/panic"),
        Message("/midifrag/press", (2,)),
    ]


def test_what_is_wrong_in_a_bundle_keeps_nothing_else_out():
    told = read(bundle(packet("/midifrag/press", 1), packet("/elsewhere"), b"rub\0", packet("/midifrag/panic")))
    assert [one if isinstance(one, Message) else one[1] for one in told] == [
        Message("/midifrag/press", (1,)),
        "unknown",
        "malformed",
        Message("/midifrag/panic"),
    ]


def test_bundles_are_nested_so_deep_and_no_deeper():
    deep = packet("/midifrag/panic")
    for _ in range(MOST_NESTED):
        deep = bundle(deep)
    assert read(deep) == [Message("/midifrag/panic")]
    assert "more than 8 deep" in wrong(bundle(deep))
    while len(deep) < 65000:
        deep = bundle(deep)
    assert "more than 8 deep" in wrong(deep)


def test_a_packet_holds_so_many_messages_and_no_more():
    panic = packet("/midifrag/panic")
    assert len(read(bundle(*[panic] * MOST_MESSAGES))) == MOST_MESSAGES
    assert "more than 512 messages" in wrong(bundle(*[panic] * (MOST_MESSAGES + 1)))


# --- what is wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "malformed: no message of OSC"),
        (b"hello", "malformed: no message of OSC"),
        (b"/midifrag/panic", "malformed: no message of OSC"),
        (b"/midifrag/press\0,i\0\0", "malformed: a message that is cut off"),
        (b"/midifrag/press\0i\0\0\0\0\0\0\1", "malformed: a message without types"),
        (b"/midifrag/press\0,\xff\0\0", "malformed: '/midifrag/press' with values of type"),
        (packet("/midifrag/press", b"blob"), "malformed: '/midifrag/press' with values of type 'b'"),
        (packet("/midifrag/press", [36]), "malformed: '/midifrag/press' with values of type '[, ]'"),
        (b"/\xff\xff\0,\0\0\0", "malformed: a message that is cut off, or no text"),
        (b"#bundle\0", "malformed: a bundle that ends in its head"),
        (bundle() + b"\0\0", "malformed: a bundle that ends in a size"),
        (bundle() + b"\xff\xff\xff\xfc", "malformed: a bundle whose parts do not fit"),
        (bundle() + b"\0\0\0\x05/five", "malformed: a bundle whose parts do not fit"),
        (bundle() + b"\0\0\0\x08four", "malformed: a bundle whose parts do not fit"),
        (packet("/midifrag/slot", 1), "unknown: '/midifrag/slot' is none of /midifrag/press"),
        (packet("/x" * 500), "unknown: '/x/x"),
    ],
)
def test_what_cannot_be_understood_says_why(data, text):
    told = wrong(data)
    assert told.startswith(text)
    assert len(told) < 400


@pytest.mark.parametrize(
    ("path", "values", "text"),
    [
        ("press", (), "/midifrag/press has 1 to 2 arguments, not 0"),
        ("press", (1, 2, 3), "/midifrag/press has 1 to 2 arguments, not 3"),
        ("slot/lock", (), "/midifrag/slot/lock has 1 argument, not 0"),
        ("press", (36.5,), "pad is a note, or text, not 36.5"),
        ("press", (True,), "pad is a note, or text, not True"),
        ("press", (128,), "pad 128 is outside 0 to 127"),
        ("press", (36, 127.5), "velocity 127.5 is outside 0 to 127"),
        ("press", (36, float("nan")), "velocity is a number, not nan"),
        ("press", (36, float("inf")), "velocity is a number, not inf"),
        ("press", (36, "loud"), "velocity is a number, not 'loud'"),
        ("prompt", (5,), "prompt is a text, not 5"),
        ("prompt", ("x" * (MOST_TEXT + 1),), "prompt has more than 2000 characters"),
        ("prompt", ("rain", 0.0), "seconds 0 is outside 0.1 to 380"),
        ("control", ("steps", "8"), "value is a number, or nothing, not '8'"),
        ("slot/lock", (0,), "slot 0 is outside 1 to 99"),
        ("slot/lock", (100,), "slot 100 is outside 1 to 99"),
        ("slot/playing", (1, 2), "on is a 0 or 1, not 2"),
        ("slot/playing", (1, "yes"), "on is a 0 or 1, not 'yes'"),
    ],
)
def test_values_that_cannot_be_are_told_under_their_address(path, values, text):
    told = wrong(packet(f"/midifrag/{path}", *values))
    assert told.startswith(f"/midifrag/{path}: ")
    assert text in told


def test_what_the_table_does_not_allow_is_not_sent():
    with pytest.raises(OscError, match="has 5 arguments"):
        encoded(Message("/midifrag/slot", (1,)))
    with pytest.raises(OscError, match="cannot be sent"):
        encoded(Message("/midifrag/slot", (1, "\udcff", 1.0, "rain", 0.0)))
    with pytest.raises(OscError, match="outside"):
        encoded(Message("/midifrag/slot", (0, "/x", 1.0, "rain", 0.0)))


def test_a_path_of_any_length_goes_out():
    path = "/ö" * 3000
    assert path.encode() in encoded(Message("/midifrag/slot", (1, path, 1.0, "rain", 0.0)))


# --- bytes of all sorts ----------------------------------------------------------------------------------------------

REAL = [encoded(Message(row.path, values_of(row)), Direction.IN) for row in IN]
REAL += [bundle(*REAL), bundle(bundle(*REAL[:3]), *REAL[3:])]


@st.composite
def mutated(draw):
    """A real packet of which some bytes are others, went, or came."""
    data = bytearray(draw(st.sampled_from(REAL)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        match draw(st.sampled_from(["change", "cut", "insert", "repeat"])):
            case "change" if data:
                data[at] = draw(st.integers(0, 255))
            case "cut":
                del data[at : at + draw(st.integers(1, 8))]
            case "insert":
                data[at:at] = draw(st.binary(max_size=8))
            case _:
                data += data[at:][:200]
    return bytes(data)


@given(st.one_of(st.binary(max_size=300), mutated(), st.binary(max_size=100).map(lambda part: bundle(part, part))))
def test_whatever_comes_is_a_message_of_the_table_or_told_in_one_short_line(data):
    root = logging.getLogger()
    said = []
    root.addFilter(said.append)
    try:
        for one in messages(data):
            if isinstance(one, OscError):
                assert len(str(one)) < 500
                assert str(one).isprintable()
                assert one.kind in {"malformed", "unknown", *COMING}
            else:
                row = COMING[one.path]
                assert row.least <= len(one.values) <= len(row.arguments)
                # What was understood can be said again, and means the same.
                assert list(messages(encoded(one, Direction.IN))) == [one]
    finally:
        root.removeFilter(said.append)
    assert said == []
