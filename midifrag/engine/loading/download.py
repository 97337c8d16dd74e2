"""One file from the hub into its cache: resumed where it stopped, and compared with its checksum.

``huggingface_hub`` says where a file is and what it is, and its cache is filled as it fills it. The bytes are fetched
here, since its own download begins anew each time, waits for minutes where packets vanish, and compares no checksum.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import huggingface_hub
from filelock import Timeout
from huggingface_hub import constants
from huggingface_hub.utils import WeakFileLock  # type: ignore[attr-defined, unused-ignore]  # made when asked for

from midifrag.clock import monotonic
from midifrag.engine.loading import cache, transfer
from midifrag.engine.loading.checksum import matches
from midifrag.engine.loading.transfer import Tell

#: How often a download that is cut off goes on by itself without having got much further.
FRUITLESS = 3
#: What counts as much, in bytes.
MUCH = 1 << 20
#: Where another program is fetching the same file: seconds between two looks.
_LOOK = 1.0


class DamagedError(Exception):
    """A file that arrived twice with a wrong checksum."""


class BusyError(Exception):
    """Another program holds the lock of a file, and does nothing; ``lock`` is its file."""

    def __init__(self, lock: Path) -> None:
        self.lock = lock
        super().__init__(str(lock))


class FullDiskError(Exception):
    """A disk on which a download has no room: ``needed`` and ``free`` in bytes."""

    def __init__(self, folder: Path, needed: int, free: int) -> None:
        self.folder, self.needed, self.free = folder, needed, free
        super().__init__(f"{needed:,} bytes needed and {free:,} free in {folder}")


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a repository as the hub tells of it; ``checksum`` is what its blob is called by."""

    repository: str
    name: str
    commit: str
    checksum: str
    size: int

    @property
    def blob(self) -> Path:
        """Where its content belongs."""
        return cache.storage(self.repository) / "blobs" / self.checksum

    @property
    def partial(self) -> Path:
        """Where it grows."""
        return self.blob.with_name(f"{self.checksum}.incomplete")

    @property
    def received(self) -> int:
        """How many bytes of it are here already."""
        for file in (self.blob, self.partial):
            with contextlib.suppress(OSError):
                return min(file.stat().st_size, self.size)
        return 0


def look_up(repository: str, name: str, revision: str) -> RemoteFile:
    """Ask the hub about a file. Raises what ``huggingface_hub`` raises, and `NoAnswerError`."""
    url = huggingface_hub.hf_hub_url(repository, name, revision=revision)
    told = transfer.within(
        transfer.PATIENCE, lambda: huggingface_hub.get_hf_file_metadata(url, timeout=transfer.PATIENCE)
    )
    if told.commit_hash is None or told.etag is None or told.size is None:
        raise transfer.ForeignAnswerError
    if not (cache.is_plain(told.commit_hash) and cache.is_plain(told.etag)):
        # Both become names of files here.
        raise transfer.ForeignAnswerError
    return RemoteFile(repository, name, told.commit_hash, told.etag, told.size)


def check_room(files: Sequence[RemoteFile]) -> None:
    """Raise `FullDiskError` where the cache has no room for what is still to come."""
    needed = sum(file.size - file.received for file in files)
    folder = cache.caches()[0]
    there = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    free = shutil.disk_usage(there).free
    if needed > free:
        raise FullDiskError(folder, needed, free)


def download(file: RemoteFile, tell: Tell) -> Path:
    """Put a file into the cache and return where it is. Raises OSError, this module's errors, and those of the hub."""
    blob, pointer = file.blob, cache.storage(file.repository) / "snapshots" / file.commit / file.name
    blob.parent.mkdir(parents=True, exist_ok=True)
    pointer.parent.mkdir(parents=True, exist_ok=True)
    with _only_one(file, tell):
        if not _is_whole(blob, file):
            blob.unlink(missing_ok=True)
            _fetch(file, tell)
        _point(blob, pointer)
    return pointer


@contextlib.contextmanager
def _only_one(file: RemoteFile, tell: Tell) -> Iterator[None]:
    """Hold the lock that all clients have for a file. Raises `BusyError` where who holds it does nothing."""
    root = cache.storage(file.repository)
    lock = root.parent / ".locks" / root.name / f"{file.checksum}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        before, since = _received_by_any(file), monotonic()
        while True:
            try:
                stack.enter_context(WeakFileLock(lock, timeout=_LOOK))
                break
            except Timeout:
                now = _received_by_any(file)
                if now != before:
                    before, since = now, monotonic()
                    tell(min(now, file.size))
                elif monotonic() - since >= 2 * transfer.PATIENCE:
                    raise BusyError(lock) from None
        yield


def _received_by_any(file: RemoteFile) -> int:
    """What any client has received of a file; newer ones call their part by a name that no other has."""
    sizes = []
    for part in file.blob.parent.glob(f"{file.checksum}*"):
        with contextlib.suppress(OSError):
            sizes.append(part.stat().st_size)
    return max(sizes, default=0)


def _is_whole(blob: Path, file: RemoteFile) -> bool:
    return cache.is_file(blob) and blob.stat().st_size == file.size and matches(blob, file.checksum)


def _fetch(file: RemoteFile, tell: Tell) -> None:
    """Fill a file's blob, from where it stopped. A wrong checksum makes it begin anew, once."""
    for _ in range(2):
        _complete(file, tell)
        if _is_whole(file.partial, file):
            file.partial.replace(file.blob)
            return
        file.partial.unlink(missing_ok=True)
    raise DamagedError(file.name)


def _complete(file: RemoteFile, tell: Tell) -> None:
    """Make the partial file as long as it shall be; what is cut off goes on by itself as long as that helps."""
    url = huggingface_hub.hf_hub_url(file.repository, file.name, revision=file.commit)
    fruitless = 0
    while True:
        with file.partial.open("ab") as target:
            start = target.tell()
            if start > file.size:
                target.truncate(start := 0)
            if start == file.size:
                return
            tell(start)
            cut = transfer.receive(url, file.name, start, file.size, target, tell)
        received = file.partial.stat().st_size
        if received >= file.size:
            return
        if cut is not None and not transfer.is_transient(cut):
            raise cut
        fruitless += received - start < MUCH
        if fruitless >= FRUITLESS:
            raise transfer.CutOffError(file.name, received, file.size) from cut


def _point(blob: Path, pointer: Path) -> None:
    """Put a file's name beside its commit: a link to its blob, or where that cannot be, the file itself."""
    link = pointer.with_name(f".{pointer.name}.{os.getpid()}")
    link.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        if not constants.HF_HUB_DISABLE_SYMLINKS:
            link.symlink_to(os.path.relpath(blob, pointer.parent))
            link.replace(pointer)
            return
    link.unlink(missing_ok=True)
    blob.replace(pointer)


def note_revision(repository: str, revision: str, commit: str) -> None:
    """Remember which commit a branch or tag was, as all clients do."""
    reference = cache.storage(repository) / "refs" / revision
    if revision == commit or cache.commit_of(cache.storage(repository), revision) == commit:
        return
    reference.parent.mkdir(parents=True, exist_ok=True)
    aside = reference.with_name(f".{reference.name}.{os.getpid()}")
    aside.write_text(commit, encoding="utf-8")
    aside.replace(reference)
