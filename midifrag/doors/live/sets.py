"""Which files Live's own files refer to: Sets, clips, racks and presets, which are XML that was compressed by gzip.

Anybody may have written them, and nothing in them can do harm: they are read in pieces, to a limit, and none of their
entities is followed. What a file refers to is every attribute in it that ends as a sound file's name does, and what
the states of devices name.
"""

from __future__ import annotations

import gzip
import os
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath
from typing import BinaryIO
from xml.parsers import expat

from midifrag.doors.live.states import OVERLAP, numbers_in
from midifrag.errors import StorageError
from midifrag.fragment.files import open_regular, storage_error

#: The kinds of files of Live's that refer to sounds: Sets, clips, racks, devices' presets.
KINDS = (".als", ".alc", ".adg", ".adv")
#: The most bytes of XML of a file, and of what lies between two of its tags.
LARGEST, LONGEST = 1024 * 1024 * 1024, 64 * 1024 * 1024
#: The most folders that are looked into.
MOST_FOLDERS = 300_000
_PIECE = 256 * 1024
#: Pieces of a text that are read at once; characters that the name of a copy has at least.
_MOST_PIECES, _SHORTEST = 64, 10
_APPLE_DOUBLE = b"\x00\x05\x16\x07"


@dataclass(slots=True)
class Named:
    """What files refer to: the names of sound files as `alike` makes them, and the numbers of copies in states."""

    names: set[str] = field(default_factory=set)
    numbers: set[int] = field(default_factory=set)


def sets_below(folders: Iterable[Path]) -> Iterator[Path]:
    """Live's files in these folders and all below; links are followed, and no folder is looked at twice.

    Raises `StorageError` for what cannot be read: nobody knows what is in it.
    """
    seen: set[object] = set()
    waiting = list(folders)[::-1]
    for folder in waiting:
        _check_folder(folder)
    while waiting:
        place = waiting.pop()
        try:
            identity = _identity(place)
            if identity in seen:
                continue
            seen.add(identity)
            with os.scandir(place) as entries:
                found = sorted(entries, key=lambda one: one.name)
            below = [Path(one.path) for one in found if one.is_dir()]
            files = [Path(one.path) for one in found if not one.is_dir()]
            lost = next((one.path for one in found if one.is_symlink() and not Path(one.path).exists()), None)
        except OSError as error:
            raise _unread(Path(error.filename or place), error) from error
        if lost is not None:
            raise StorageError(
                f"{lost} is a link to what is not there, and nobody knows what that refers to: connect its drive, or "
                "delete the link"
            )
        if len(seen) > MOST_FOLDERS:
            raise StorageError(f"more than {MOST_FOLDERS} folders are below those that were named: name smaller ones")
        waiting += reversed(below)
        yield from (path for path in files if path.name.lower().endswith(KINDS) and not _is_of_macos(path))


def _check_folder(folder: Path) -> None:
    """Raise `StorageError` for what was named as a folder and is none."""
    try:
        if folder.is_dir():
            return
        is_file, is_link = folder.exists(), folder.is_symlink()
    except OSError as error:
        raise _unread(folder, error) from error
    if is_file:
        parent = folder.absolute().parent
        raise StorageError(f"{folder} is a file: name the folder that your Sets are in, such as {parent}")
    if is_link:
        raise StorageError(f"{folder} is a link to what is not there: connect its drive, or name another folder")
    raise StorageError(f"there is no folder {folder}: connect its drive, or name another one")


def _unread(place: Path, error: OSError) -> StorageError:
    cause = storage_error("read", place, error)
    return StorageError(f"{cause}, or name folders that it is not in; nobody knows what it refers to")


def names_in(path: Path) -> Named:
    """What a file of Live's refers to. Raises `StorageError`."""
    found = Named()
    try:
        with open_regular(path) as file:
            _parse(_pieces(file), found)
    except (EOFError, zlib.error, gzip.BadGzipFile, expat.ExpatError, _OddError) as error:
        raise StorageError(
            f"{path} is damaged, or no file of Live's ({error}); nobody knows what it refers to"
        ) from error
    except OSError as error:
        raise storage_error("read", path, error) from error
    return found


def _identity(folder: Path) -> object:
    """What is the same for two ways to one folder; some drives of a network number theirs all alike."""
    about = folder.stat()
    return (about.st_dev, about.st_ino) if about.st_ino else os.path.realpath(folder)


def _is_of_macos(path: Path) -> bool:
    """Whether a file is what macOS writes beside one of that name on other systems' drives: AppleDouble, RFC 1740."""
    if not path.name.startswith("._"):
        return False
    try:
        with open_regular(path) as file:
            return file.read(len(_APPLE_DOUBLE)) == _APPLE_DOUBLE
    except OSError as error:
        raise storage_error("read", path, error) from error


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


def _parse(pieces: Iterator[bytes], found: Named) -> None:
    text: list[str] = []

    def take(_tag: str, attributes: dict[str, str]) -> None:
        end()
        for value in attributes.values():
            if value.lower().endswith(".wav"):
                found.names.add(alike(value))
            elif len(value) >= _SHORTEST:
                found.numbers.update(numbers_in(value))

    def hear(piece: str) -> None:
        text.append(piece)
        # So many pieces of a text that it is read in parts, each with the end of the one before.
        if len(text) >= _MOST_PIECES:
            whole = "".join(text)
            found.numbers.update(numbers_in(whole))
            text[:] = [whole[-OVERLAP:]]

    def end(_tag: str = "") -> None:
        whole = "".join(text)
        text.clear()
        if len(whole) >= _SHORTEST:
            found.numbers.update(numbers_in(whole))

    parser = expat.ParserCreate()
    parser.buffer_text, parser.buffer_size = True, _PIECE
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = take, end, hear
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
