"""Where a slot's file really lies, and what of the performer's own may lie there: links, recordings, other things.

A file that midifrag did not make gives up its place to a fragment, but is never lost: it is moved aside, for good.
"""

from __future__ import annotations

import filecmp
import itertools
import stat
from pathlib import Path

from midifrag.errors import StorageError
from midifrag.fragment.file_names import MOVED_ASIDE
from midifrag.fragment.files import copy_regular, discard, force_to_disk, keep_copy, move_exclusively, storage_error
from midifrag.fragment.slot_content import content_of, is_take
from midifrag.fragment.workspace import Workspace


def place_of(path: Path) -> Path:
    """Return the file that is meant by a slot's ``path``: the one that a link leads to, or itself.

    Raises `StorageError` where a fragment must not or cannot be put: what is there is no file, or a link leads to a
    take, or nowhere.
    """
    try:
        is_link = path.is_symlink()
        place = path.resolve() if is_link else path
        kind = place.stat().st_mode
    except FileNotFoundError:
        return place
    except RuntimeError as error:  # Python's word for links in a circle, before 3.13
        raise StorageError(f"{path} is a link that leads to itself: remove it") from error
    except OSError as error:
        raise storage_error("write", path, error) from error
    if not stat.S_ISREG(kind):
        raise StorageError(f"cannot replace {path}: it is a folder, a pipe or a device, and no file; move it away")
    if is_link and is_take(place):
        raise StorageError(f"{path} is a link to {place}, a raw take, which is never overwritten: remove the link")
    return place


def beside(new: Path, place: Path) -> Path:
    """Bring a whole new file next to ``place``, which may lie on another disk. Raises `StorageError`."""
    there = place.with_name(f".{place.name}.midifrag")
    try:
        copy_regular(new, there)
    except OSError as error:
        discard(there)
        raise storage_error("write", place, error) from error
    finally:
        discard(new)
    return there


def keep_own(place: Path, name: str, workspace: Workspace) -> str:
    """Keep what lies in a slot's ``place`` if midifrag did not make it, under its ``name`` or one like it.

    Returns where that is, from the slots' folder on; "" if there is nothing to keep. Raises `StorageError`.
    """
    if not place.exists() or content_of(place) is not None:
        return ""
    folder = workspace.folder / MOVED_ASIDE
    copy = workspace.aside(name)
    try:
        folder.mkdir(exist_ok=True)
        # It has been kept before if it was put back meanwhile.
        there = (one for one in folder.iterdir() if one.is_file() and filecmp.cmp(one, place, shallow=False))
        kept = next(there, None)
        if kept is None:
            keep_copy(place, copy)
            if not copy.samefile(place):
                force_to_disk(copy)
            named = Path(name)
            names = itertools.chain([name], (f"{named.stem} ({n}){named.suffix}" for n in itertools.count(2)))
            kept = next(folder / one for one in names if move_exclusively(copy, folder / one))
    except OSError as error:
        raise storage_error("keep a copy of", place, error) from error
    finally:
        discard(copy)
    return f"{MOVED_ASIDE}/{kept.name}"
