"""Checksums of files: what the hub's cache calls a blob by, and a checkpoint's own.

That takes seconds a gigabyte: it is computed beside the loading, and given up with it.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

#: Bytes that are read at a time; between two of these a checksum can be given up.
CHUNK = 1 << 20
#: Of git for small files, and SHA-256.
_CHECKSUM = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


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


def checksum_of(file: Path) -> str | None:
    """The checksum that the blob behind a file is called by; None for a copy, of which nothing is known.

    A blob may itself be a link to a store that several repositories share, where it is called by something else.
    """
    with contextlib.suppress(OSError):
        if file.is_symlink():
            blob = file.readlink()
            if blob.parent.name == "blobs" and _CHECKSUM.fullmatch(blob.name):
                return blob.name
    return None


def wrong_checksum(file: Path) -> str | None:
    """What its blob's name says against a file; None where that is no checksum, as with copies."""
    expected = checksum_of(file)
    return None if expected is None or matches(file, expected) else "its checksum is wrong"


def is_called(file: Path, sha256: str) -> bool:
    """Whether a file may have this SHA-256: yes where its blob is not called by one."""
    name = checksum_of(file)
    return name is None or len(name) != 64 or name == sha256


def matches(file: Path, checksum: str) -> bool:
    """Whether a file has this checksum: SHA-256, or what git calls small files by. Any other text matches."""
    digest = _digest_for(checksum, file.stat().st_size)
    if digest is None:
        return True
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest() == checksum


def _digest_for(checksum: str, size: int) -> hashlib._Hash | None:
    """What computes such a checksum of ``size`` bytes; None where it is none that is known."""
    if not _CHECKSUM.fullmatch(checksum):
        return None
    if len(checksum) == 64:
        return hashlib.sha256()
    return hashlib.sha1(f"blob {size}\0".encode(), usedforsecurity=False)
