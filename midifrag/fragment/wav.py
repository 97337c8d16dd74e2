"""The texts that belong to a WAV file: a RIFF INFO list after the audio.

They are written and read here, because libsndfile drops texts of more than 2 kB without a word; other programs find the
prompt as the file's title. The audio itself is the business of `midifrag.fragment.audio_files`.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from midifrag.fragment.files import open_regular

INFO_CHUNKS = {"title": b"INAM", "comment": b"ICMT", "software": b"ISFT"}
_INFO_NAMES = {chunk: name for name, chunk in INFO_CHUNKS.items()}


def with_texts(content: bytes, metadata: Mapping[str, str]) -> bytes:
    """Return a WAV file without texts with those in ``metadata``, by the names in `INFO_CHUNKS`."""
    body = b"INFO" + b"".join(_text(name, text) for name, text in metadata.items())
    end = b"\0" * (len(content) % 2) + _chunk(b"LIST", body)
    size = struct.pack("<I", len(content) + len(end) - 8)
    return b"".join((content[:4], size, memoryview(content)[8:], end))


def without_texts(content: bytes) -> bytes:
    """Return a WAV file without the lists that `with_texts` may have put into it."""
    file = io.BytesIO(content)
    kept = [
        content[at - 8 : at + size + size % 2] for kind, at, size in chunks(file, 12, len(content)) if kind != b"LIST"
    ]
    body = b"".join(kept)
    return b"".join((content[:4], struct.pack("<I", len(body) + 4), content[8:12], body))


def read_metadata(path: Path) -> dict[str, str]:
    """Return the texts in a WAV file by their names in `INFO_CHUNKS`; empty if it has none or is no whole WAV file.

    Raises OSError if the file cannot be read. What is no regular file is not opened: a pipe would never answer.
    """
    with open_regular(path) as file:
        head = file.read(12)
        size = file.seek(0, io.SEEK_END)
        if (
            len(head) < 12
            or head[:4] != b"RIFF"
            or head[8:] != b"WAVE"
            or struct.unpack("<I", head[4:8])[0] + 8 != size
        ):
            return {}
        lists = [(at, length) for kind, at, length in chunks(file, 12, size) if kind == b"LIST"]
        return {name: text for at, length in lists for name, text in _read_info(file, at, min(at + length, size))}


def audio_checksum(file: BinaryIO) -> int:
    """Return the CRC-32 of a WAV file's samples as they are stored, whatever its texts; 0 if there are none.

    Raises OSError if the file cannot be read.
    """
    for kind, at, size in chunks(file, 12, file.seek(0, io.SEEK_END)):
        if kind == b"data":
            file.seek(at)
            return zlib.crc32(file.read(size))
    return 0


def chunks(file: BinaryIO, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Read the chunks between two places of a file: name, where the content begins, and its size as it says."""
    while at + 8 <= end:
        file.seek(at)
        kind, size = struct.unpack("<4sI", file.read(8))
        yield kind, at + 8, size
        at += 8 + size + size % 2


def _read_info(file: BinaryIO, at: int, end: int) -> Iterator[tuple[str, str]]:
    """The texts of a list, if it is one of texts."""
    file.seek(at)
    if file.read(4) != b"INFO":
        return
    for kind, begin, size in chunks(file, at + 4, end):
        if kind in _INFO_NAMES:
            file.seek(begin)
            yield _INFO_NAMES[kind], file.read(size).rstrip(b"\0").decode("utf-8", "replace")


def _text(name: str, text: str) -> bytes:
    return _chunk(INFO_CHUNKS[name], text.replace("\0", "").encode("utf-8", "replace") + b"\0")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
