"""The checksum of a checkpoint, which takes seconds a gigabyte: computed beside the loading, and given up with it."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

#: Bytes that are read at a time; between two of these a checksum can be given up.
CHUNK = 1 << 20


def checksum(*files: Path | None, given_up: threading.Event | None = None) -> str:
    """SHA-256 of a file, in hex, or of the digests of several; None is none. Of no worth once it is ``given_up``."""
    digests = []
    for file in filter(None, files):
        digest = hashlib.sha256()
        with file.open("rb", buffering=0) as stream:
            while (given_up is None or not given_up.is_set()) and (chunk := stream.read(CHUNK)):
                digest.update(chunk)
        digests.append(digest.hexdigest())
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


@contextlib.contextmanager
def computing(*files: Path | None, given_up: threading.Event | None = None) -> Iterator[Future[str]]:
    """The `checksum` of files as it is computed beside what the caller does; who leaves does not wait for it."""
    given_up = given_up or threading.Event()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="midifrag-checksum") as pool:
        try:
            yield pool.submit(checksum, *files, given_up=given_up)
        finally:
            given_up.set()
