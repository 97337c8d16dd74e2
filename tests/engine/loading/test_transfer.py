from __future__ import annotations

import io
import threading

import pytest

from midifrag.engine.loading import transfer
from tests.engine.hub_server import COMMIT, Repository

CONTENT = bytes(range(256)) * 2000


def receive(server, start=0, repository=None, told=lambda _bytes: None):
    server.repositories["a/b"] = repository or Repository({"x.ckpt": CONTENT})
    target = io.BytesIO(CONTENT[:start])
    target.seek(start)
    url = f"{server.endpoint}/a/b/resolve/{COMMIT}/x.ckpt"
    error = transfer.receive(url, "x.ckpt", start, len(CONTENT), target, told)
    return target.getvalue(), error


def test_a_call_that_does_not_come_back_is_left_alone():
    never = threading.Event()
    with pytest.raises(transfer.NoAnswerError):
        transfer.within(0.01, never.wait)
    never.set()


def test_a_call_that_comes_back_says_what_it_says():
    assert transfer.within(60, lambda: 3) == 3
    assert transfer.within(60, lambda: None) is None
    with pytest.raises(ZeroDivisionError):
        transfer.within(60, lambda: 1 // 0)


@pytest.mark.parametrize("start", [0, 1000, len(CONTENT) - 1])
def test_bytes_come_from_where_one_is(server, start):
    told = []
    assert receive(server, start, told=told.append) == (CONTENT, None)
    assert told == sorted(told)
    assert told[-1] == len(CONTENT)


def test_what_was_cut_off_is_an_error_that_passes(server):
    content, error = receive(server, 0, Repository({"x.ckpt": CONTENT}, cuts={"x.ckpt": 1}))
    assert content == CONTENT[: len(CONTENT) // 2]
    assert transfer.is_transient(error)


def test_a_refusal_is_no_error_that_passes(server):
    content, error = receive(server, 0, Repository({}, refuses=503))
    assert (content, transfer.is_transient(error)) == (b"", False)


def test_a_server_that_sends_more_than_there_is_is_not_the_hub(server):
    with pytest.raises(transfer.ForeignAnswerError):
        receive(server, 0, Repository({"x.ckpt": CONTENT + b"more"}))


def test_silence_ends(server, monkeypatch):
    monkeypatch.setattr(transfer, "PATIENCE", 0.2)
    with pytest.raises(transfer.StandstillError, match=r"0 of 512,000 bytes"):
        receive(server, 0, Repository({}, silent=True))


class Trickle:
    """Bytes as they come, on a clock of their own."""

    def __init__(self, monkeypatch, chunks):
        self.now = 0.0
        self.chunks = list(chunks)
        monkeypatch.setattr(transfer, "monotonic", lambda: self.now)
        monkeypatch.setattr(transfer, "_Pump", lambda _url, _start: self)
        self.items = self

    def get(self, timeout):
        seconds = self.chunks[0][0]
        if seconds - self.now > timeout:
            self.now += timeout
            raise transfer.queue.Empty
        self.now = max(self.now, seconds)
        return self.chunks.pop(0)[1]

    def stop(self):
        self.stopped = True


@pytest.mark.parametrize(
    ("chunks", "ends"),
    [
        # So little that it would go on for days.
        ([(0.1, 0), *((n / 2, b"x" * 10) for n in range(1, 99))], 5.0),
        # Much, and then nothing.
        ([(0.1, 0), (0.2, b"x" * 9000), (99, None)], 5.2),
        # Nothing at all.
        ([(99, None)], 5.0),
        # Slow, and going on.
        ([(0.1, 0), *((n, b"x" * 2000) for n in range(1, 99)), (99, None)], None),
    ],
    ids=["trickle", "then nothing", "nothing", "slow"],
)
def test_when_it_counts_as_a_standstill(monkeypatch, chunks, ends):
    pump = Trickle(monkeypatch, chunks)
    if ends is None:
        assert transfer.receive("", "x", 0, 1 << 20, io.BytesIO(), lambda _bytes: None) is None
    else:
        with pytest.raises(transfer.StandstillError):
            transfer.receive("", "x", 0, 1 << 20, io.BytesIO(), lambda _bytes: None)
        assert pump.now == pytest.approx(ends)
    assert pump.stopped
