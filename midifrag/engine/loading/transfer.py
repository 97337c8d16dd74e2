"""Waiting for the hub: never longer than a few seconds, whatever becomes of what was sent.

A limit of a socket's own holds for each address of a name, for none of what looks the name up, and for each byte; so
that a network in which packets vanish keeps one waiting for minutes, and one that trickles for ever. Here a thread
waits for the network, and nobody longer than `PATIENCE` for the thread.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from typing import IO, TypeAlias, TypeVar, assert_never

from huggingface_hub.utils import (  # type: ignore[attr-defined, unused-ignore]  # made when they are asked for
    build_hf_headers,
    get_session,
    hf_raise_for_status,
)

from midifrag.clock import monotonic

#: Seconds for an answer of the hub, and for its next bytes.
PATIENCE = 5.0
#: The bytes that have to come within that time, else it would go on for days.
LEAST_BYTES = 5 * 1024
#: Seconds between two looks whether anything is still wanted.
_LOOK = 1.0

_Result = TypeVar("_Result")
#: Called with the bytes that are here now.
Tell: TypeAlias = Callable[[int], None]


class NoAnswerError(Exception):
    """Nothing came for `PATIENCE` seconds."""


class StandstillError(Exception):
    """A download that came to a standstill, or nearly; ``received`` of ``size`` bytes are kept."""

    def __init__(self, name: str, received: int, size: int) -> None:
        self.name, self.received, self.size = name, received, size
        super().__init__(f"{received:,} of {size:,} bytes")


class CutOffError(StandstillError):
    """A download that is cut off again and again."""


class ForeignAnswerError(Exception):
    """What answered is not the hub: a page to log in to a network, or a proxy."""


def within(seconds: float, call: Callable[[], _Result]) -> _Result:
    """What a call returns or raises. Raises `NoAnswerError` where that takes longer; the call is then left alone."""
    answer: Future[_Result] = Future()

    def work() -> None:
        try:
            answer.set_result(call())
        except BaseException as error:
            answer.set_exception(error)

    threading.Thread(target=work, name="midifrag-hub", daemon=True).start()
    if wait([answer], seconds).not_done:
        raise NoAnswerError
    return answer.result()


def receive(url: str, name: str, start: int, size: int, target: IO[bytes], tell: Tell) -> Exception | None:
    """Write the bytes from ``start`` on to the end of ``target``; returns what ended it early, if that was an error.

    ``tell`` hears how many of the ``size`` bytes of the file called ``name`` there are. Raises `StandstillError` where
    less than `LEAST_BYTES` come in `PATIENCE` seconds.
    """
    pump = _Pump(url, start)
    try:
        last = since = monotonic()
        got, received = 0, start
        while True:
            now = monotonic()
            left = min(last, since) + PATIENCE - now
            if now >= since + PATIENCE and got >= LEAST_BYTES:
                since, got = now, 0
                continue
            try:
                item = pump.items.get(timeout=max(0.0, left))
            except queue.Empty:
                if got >= LEAST_BYTES and monotonic() - last < PATIENCE:
                    continue
                raise StandstillError(name, received, size) from None
            match item:
                case None:
                    return None
                case Exception() as error:
                    return error
                case int(begin):
                    if begin != start:
                        target.truncate(0)
                        received = 0
                case bytes(chunk):
                    target.write(chunk)
                    received += len(chunk)
                    got += len(chunk)
                    last = monotonic()
                    tell(received)
                case _:
                    assert_never(item)
            if received > size:
                raise ForeignAnswerError
    finally:
        pump.stop()


def is_transient(error: Exception) -> bool:
    """Whether a connection was lost: by its name, as the HTTP library beneath differs between releases."""
    return any(kind.__name__ in ("NetworkError", "RemoteProtocolError") for kind in type(error).__mro__)


class _Pump:
    """Reads an answer on a thread of its own: where its bytes begin, they themselves, None or an error."""

    def __init__(self, url: str, start: int) -> None:
        self.items: queue.Queue[int | bytes | Exception | None] = queue.Queue(maxsize=32)
        self._stopped = threading.Event()
        self._url, self._start = url, start
        threading.Thread(target=self._work, name="midifrag-hub", daemon=True).start()

    def stop(self) -> None:
        """Nothing more is wanted."""
        self._stopped.set()

    def _work(self) -> None:
        try:
            for item in self._read():
                if not self._put(item):
                    return
            self._put(None)
        except Exception as error:
            self._put(error)

    def _read(self) -> Iterator[int | bytes]:
        # Compressed, it could not be gone on with.
        headers = build_hf_headers() | {"Accept-Encoding": "identity"}
        if self._start:
            headers["Range"] = f"bytes={self._start}-"
        with get_session().stream(
            "GET", self._url, headers=headers, timeout=PATIENCE, follow_redirects=True
        ) as response:
            hf_raise_for_status(response)
            yield self._start if response.status_code == 206 else 0
            yield from response.iter_bytes()

    def _put(self, item: int | bytes | Exception | None) -> bool:
        while not self._stopped.is_set():
            try:
                self.items.put(item, timeout=_LOOK)
            except queue.Full:
                continue
            return True
        return False
