"""Which files Live's own files refer to: Sets, clips, racks and presets, which are XML that was compressed by gzip.

Anybody may have written them, and nothing in them can do harm: they are read in pieces, to a limit, and none of their
entities is followed. What a file refers to is every text in it that ends as a sound file's name does.
"""

from __future__ import annotations

import gzip
import os
import unicodedata
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PureWindowsPath
from typing import BinaryIO
from xml.parsers import expat

from midifrag.errors import StorageError
from midifrag.fragment.files import open_regular, storage_error

#: The kinds of files of Live's that refer to sounds: Sets, clips, racks, devices' presets.
KINDS = (".als", ".alc", ".adg", ".adv")
#: The most bytes of XML of a file, and of what lies between two of its tags.
LARGEST, LONGEST = 1024 * 1024 * 1024, 64 * 1024 * 1024
_PIECE = 256 * 1024


def sets_below(folders: Iterable[Path]) -> Iterator[Path]:
    """Live's files in these folders and all below; links are not followed.

    Raises `StorageError` for a folder that cannot be read: nobody knows what is in it.
    """
    for folder in folders:
        for place, _, names in os.walk(folder, onerror=_refuse):
            yield from (Path(place) / name for name in sorted(names) if name.lower().endswith(KINDS))


def names_in(path: Path) -> set[str]:
    """The names of sound files that a file of Live's refers to, as `alike` makes them. Raises `StorageError`."""
    found: set[str] = set()

    def take(_tag: str, attributes: dict[str, str]) -> None:
        found.update(alike(value) for value in attributes.values() if value.lower().endswith(".wav"))

    try:
        with open_regular(path) as file:
            _parse(_pieces(file), take)
    except (EOFError, zlib.error, gzip.BadGzipFile, expat.ExpatError, _OddError) as error:
        raise StorageError(
            f"{path} is damaged, or no file of Live's ({error}); nobody knows what it refers to"
        ) from error
    except OSError as error:
        raise storage_error("read", path, error) from error
    return found


class _OddError(Exception):
    """A file that no Live writes."""


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    """A file's XML, which is not always compressed, in pieces."""
    is_packed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    source = gzip.GzipFile(fileobj=file) if is_packed else file
    total = 0
    while piece := source.read(_PIECE):
        total += len(piece)
        if total > LARGEST:
            raise _OddError(f"more than {LARGEST // 1024**2} MB")
        yield piece


def _parse(pieces: Iterator[bytes], take: Callable[[str, dict[str, str]], None]) -> None:
    parser = expat.ParserCreate()
    parser.StartElementHandler = take
    parser.EntityDeclHandler = _has_entities
    fed = 0
    for piece in pieces:
        parser.Parse(piece, False)
        fed += len(piece)
        if fed - parser.CurrentByteIndex > LONGEST:
            raise _OddError("a tag without an end")
    parser.Parse(b"", True)


def _has_entities(*_: object) -> None:
    raise _OddError("it has entities")


def alike(name: str) -> str:
    """The last part of a path of any system, as all disks take names for one."""
    return unicodedata.normalize("NFC", PureWindowsPath(name).name.casefold())


def _refuse(error: OSError) -> None:
    raise storage_error("read", Path(error.filename or ""), error) from error
