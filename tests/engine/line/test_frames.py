"""Frames: what was packed comes back, and whatever else comes is refused in words and harms nothing."""

import contextlib
import struct

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from midifrag.engine.line import messages as line
from midifrag.engine.line.frames import (
    MAGIC,
    MOST_FRAME,
    MOST_HEADER,
    PIECE,
    VERSION,
    Frame,
    UnknownWishError,
    encode,
    from_client,
    from_server,
)
from midifrag.errors import LineError

JOB = "0123456789abcdef" * 2
WISH = line.Wish(prompt="a bell", seed=7, seconds=2, steps=8, spare=True)
SOUND = line.Sound(sha256="a" * 64, channels=2, samples=10, sample_rate=44100)
LORA = line.LoraFile(name="dusty", strength=0.8, sha256="b" * 64, size=99)
WANTING = line.Wish(prompt="a bell", seed=7, sound=SOUND, fill=(0.5, 1.0), loras=(LORA,))


def frame(header, raw=b"", magic=MAGIC, version=VERSION, length=None):
    packed = header if isinstance(header, bytes) else msgpack.packb(header)
    return struct.pack("<3sBI", magic, version, len(packed) if length is None else length) + packed + raw


FROM_CLIENTS = [
    line.Ask(job=JOB, model="sketch", wish=WISH, have=12, place="r1"),
    line.Cancel(job=JOB),
    line.Promote(job=JOB, place="r2"),
    line.Kept(job=JOB),
    line.Warm(wishes=(WISH, WISH)),
    line.Offer(wish=WANTING),
    line.Hello(minor=3),
    line.Received(total=99),
    line.Ping(number=3),
    line.Look(),
]
FROM_SERVERS = [
    line.Welcome(server="1", models=("sketch",), window=9, keeps=60, in_flight=4, seconds_a_minute=10.0),
    line.Info(model="m", engine="e", name="n", checksum="c", device="cpu", precision="fp32", sample_rate=44100,
              channels=2, max_seconds=float("inf"), samplers=("euler",), memory={"weights": 12}),
    line.Loading(model="m", done=1, total=2, what="weights"),
    line.Away(model="m", reason="killed"),
    line.Queued(job=JOB, ahead=3, place="r1"),
    line.Lacking(job=JOB, place="r1", uploads=(line.Wanted(sha256="a" * 64, ticket=2**61, have=5),)),
    line.Taken(total=12),
    line.Began(job=JOB),
    line.Progress(job=JOB, step=1, of=8),
    line.Rendered(job=JOB, channels=2, samples=10, sample_rate=44100, used={"seed": 7, "cfg_scale": 1.5},
                  engine_seconds=0.5, sha256="0" * 64, notes=("a",)),
    line.Failed(job=JOB, reason="no", not_finite=True),
    line.Cancelled(job=JOB),
    line.Refused(job=JOB, reason="no", why="quota"),
    line.Moving(),
    line.Pong(number=3),
    line.Status(connections=1, draining=False, models=(
        line.ModelStatus(model="m", state="ready", replicas=1, queued=0, rendering=1, rendered=2, failed=0),)),
]  # fmt: skip


@pytest.mark.parametrize("message", FROM_CLIENTS, ids=lambda one: one.kind())
def test_what_a_client_says_comes_back(message):
    assert from_client(encode(message)).message == message


@pytest.mark.parametrize("message", FROM_SERVERS, ids=lambda one: one.kind())
def test_what_a_server_says_comes_back(message):
    assert from_server(encode(message)).message == message


def test_each_message_is_tried():
    assert {type(one) for one in (*FROM_CLIENTS, line.Upload(ticket=1, start=0))} == set(line.FROM_CLIENTS)
    assert {type(one) for one in (*FROM_SERVERS, line.Audio(job=JOB, start=0))} == set(line.FROM_SERVERS)


def test_uploads_carry_their_bytes():
    got = from_client(encode(line.Upload(ticket=2**61, start=8, place="r1"), b"\0\1"))
    assert (got.message.ticket, got.message.start, got.raw) == (2**61, 8, b"\0\1")


def test_audio_carries_its_bytes():
    got = from_server(encode(line.Audio(job=JOB, start=8), b"\0\1\2\3"))
    assert (got.message.start, got.raw) == (8, b"\0\1\2\3")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "eight bytes"),
        ("text", "binary"),
        (frame({"is": "ping"}, magic=b"xyz"), "begin with mfl"),
        (frame({"is": "ping"}, version=2), "version 2"),
        (frame({"is": "ping"}, length=99), "longer than its frame"),
        (frame({"is": "ping"}, length=2**32 - 1), "longer than its frame"),
        (bytes(MOST_FRAME + 1), "at most"),
        (frame({"is": "ping"}, raw=bytes(PIECE + 1)), "raw bytes at most"),
        (frame({"is": "ping"}, raw=b"x"), "do not belong"),
        (frame(b"\xc1"), "no msgpack"),
        (frame(b"\x91" * 2000 + b"\x90"), "no msgpack|no map"),
        (frame([1]), "no map"),
        (frame({1: 2}), "no msgpack|no map"),
        (frame({"is": "pong"}), "no known kind"),
        (frame({"is": ["ping"]}), "no known kind"),
        (frame({"number": 1}), "no known kind"),
        (frame({"is": "ping", "number": -1}), "number"),
        (frame({"is": "ping", "number": 1.0}), "number"),
        (frame({"is": "ping", "number": True}), "number"),
        (frame({"is": "ping", "number": 2**64 - 1}), "number"),
        (frame({"is": "ping", "more": 1}), "more"),
        (frame({"is": "ask", "job": JOB, "wish": {"prompt": "x", "seed": 2**32}}), "seed"),
        (frame({"is": "ask", "job": JOB, "wish": {"prompt": "x", "seed": 1, "cfg_scale": float("nan")}}), "cfg_scale"),
        (frame({"is": "ask", "job": JOB, "wish": {"prompt": "x" * 20_001, "seed": 1}}), "prompt"),
        (frame({"is": "ask", "job": JOB, "wish": {"prompt": "x", "seed": 1, "loras": "a=1 from /x"}}), "loras"),
        (frame({"is": "upload", "ticket": 1, "start": 0}), "no raw bytes"),
        (frame({"is": "warm", "wishes": [{"prompt": "x", "seed": 1}] * 33}), "wishes"),
        (frame({"is": "ping", "number": msgpack.Timestamp(1)}), "number|no msgpack"),
        (frame({"is": "cancel", "job": msgpack.ExtType(5, b"x")}), "job|no msgpack"),
    ],
)  # fmt: skip
def test_what_is_no_frame_is_refused(data, told):
    with pytest.raises(LineError, match=told):
        from_client(data)


def test_more_than_a_frame_holds_is_not_packed():
    with pytest.raises(LineError, match="longer than a frame"):
        encode(line.Audio(job=JOB, start=0), bytes(PIECE + 1))
    long = line.Wish(prompt="x" * 20_000, seed=1)
    with pytest.raises(LineError, match="longer than a frame"):
        encode(line.Warm(wishes=(long,) * line.MOST_WISHES))


def refuses_or_reads(read, data):
    """Anything else than a frame or a `LineError` fails the test."""
    with contextlib.suppress(LineError):
        assert isinstance(read(data), Frame)


@given(st.binary(max_size=400))
def test_no_bytes_harm_a_reader(data):
    for read in (from_client, from_server):
        refuses_or_reads(read, data)
        refuses_or_reads(read, frame(data))


_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
_keys = st.sampled_from(sorted({key for one in (*line.FROM_CLIENTS, *line.FROM_SERVERS) for key in one.model_fields}))


@given(
    st.sampled_from([one.kind() for one in (*line.FROM_CLIENTS, *line.FROM_SERVERS)]),
    st.dictionaries(_keys, _values, max_size=6),
)
def test_no_values_harm_a_reader(kind, values):
    header = msgpack.packb({**values, "is": kind}, unicode_errors="surrogatepass")
    for read in (from_client, from_server):
        refuses_or_reads(read, frame(header))


@given(st.sampled_from(FROM_CLIENTS), st.integers(0, 10_000), st.integers(0, 255))
def test_a_bit_that_fell_over_harms_no_reader(message, place, value):
    data = bytearray(encode(message))
    data[place % len(data)] = value
    refuses_or_reads(from_client, bytes(data))


def test_the_longest_header_is_read():
    wish = line.Wish(prompt="ü" * 7_000, seed=1)
    message = line.Warm(wishes=(wish,) * 18)
    data = encode(message)
    assert len(data) < MOST_HEADER
    assert from_client(data).message == message


def test_a_newer_end_may_say_more_and_the_rest_of_it_counts():
    data = frame({"is": "ping", "number": 7, "mood": "good"})
    assert from_client(data, newer=True).message == line.Ping(number=7)
    assert from_client(frame({"is": "wave"}, raw=b"hello"), newer=True).message == line.Strange()
    wanted = {"sha256": "a" * 64, "ticket": 1, "colour": "red"}
    deep = frame({"is": "lacking", "job": JOB, "uploads": [wanted, wanted], "more": [1]})
    assert len(from_server(deep, newer=True).message.uploads) == 2


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ({"is": "ping", "number": -1, "mood": "good"}, "number"),
        ({"is": ["ping"]}, "no known kind"),
        ({"mood": "good"}, "no known kind"),
    ],
)
def test_a_newer_end_may_not_say_it_wrongly(header, told):
    with pytest.raises(LineError, match=told):
        from_client(frame(header), newer=True)


def test_what_a_newer_end_wants_of_a_take_is_not_left_out():
    wish = {"prompt": "x", "seed": 1, "swing": 0.5}
    with pytest.raises(UnknownWishError, match="with swing, which is not known here; update") as caught:
        from_client(frame({"is": "ask", "job": JOB, "wish": wish, "mood": "good"}), newer=True)
    assert caught.value.job == JOB
    with pytest.raises(UnknownWishError) as caught:
        from_client(frame({"is": "warm", "wishes": [wish]}), newer=True)
    assert caught.value.job == ""
