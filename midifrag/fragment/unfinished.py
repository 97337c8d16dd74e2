"""WAV files whose header was never finished, as a recorder leaves them that crashed or was unplugged.

A header says how much sound follows, and is written when a recording ends. libsndfile believes it, so that a file of an
hour may be read as one of nothing.
"""

from __future__ import annotations

import io
import struct
from typing import BinaryIO

from midifrag.fragment.wav import chunks

#: What a chunk's name is made of.
_LETTERS = frozenset(range(0x20, 0x7F))


def finished(file: BinaryIO) -> tuple[BinaryIO, bool]:
    """Return a file to read instead of ``file``, with all the sound that is there, and whether a header was wrong.

    Whatever is no WAV file, or a finished one, is returned as it is, at its beginning. Raises OSError if it cannot be
    read.
    """
    end = file.seek(0, io.SEEK_END)
    file.seek(0)
    head = file.read(12)
    found: dict[bytes, tuple[int, int]] = {}
    if head[:4] in (b"RIFF", b"RF64") and head[8:] == b"WAVE":
        for kind, at, size in chunks(file, 12, end):
            found[kind] = (at, size)
            if kind == b"data":
                break
    file.seek(0)
    if b"data" not in found or b"fmt " not in found:
        return file, False
    begin, size = found[b"data"]
    if head[:4] == b"RF64" and size == 0xFFFFFFFF and b"ds64" in found:
        file.seek(found[b"ds64"][0] + 8)
        size = int.from_bytes(file.read(8), "little")
        file.seek(0)
    if begin + size > end:
        # libsndfile reads what is there by itself.
        return file, True
    if begin + size == end or _is_closed(file, begin, size, end, head):
        file.seek(0)
        return file, False
    return _anew(file, found[b"fmt "], begin, end), True


def _is_closed(file: BinaryIO, begin: int, size: int, end: int, head: bytes) -> bool:
    """Whether what follows the sound is not sound as well."""
    told_end = struct.unpack("<I", head[4:8])[0] + 8
    if size and told_end >= begin + size:
        return True
    after = begin + size + size % 2
    for kind, at, length in chunks(file, after, end):
        if not _LETTERS.issuperset(kind):
            return False
        after = at + length + length % 2
    return end <= after <= end + 1


def _anew(file: BinaryIO, layout: tuple[int, int], begin: int, end: int) -> BinaryIO:
    """The same sound with a header that counts it."""
    file.seek(layout[0])
    described = file.read(layout[1])
    file.seek(begin)
    sound = file.read(end - begin)
    body = b"WAVE" + struct.pack("<4sI", b"fmt ", len(described)) + described
    body += struct.pack("<4sI", b"data", len(sound)) + sound
    return io.BytesIO(struct.pack("<4sI", b"RIFF", len(body)) + body)
