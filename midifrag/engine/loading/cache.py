"""What lies in the hub's cache on this machine: snapshots of repositories, and whether their files are whole.

The cache is one that all clients share: stable-audio-tools, transformers, ``hf download`` and midifrag. Some write
links into ``snapshots/COMMIT`` to ``blobs/CHECKSUM``, some copies (Windows without developer mode); some note in
``refs`` which commit a branch was, and some do not. Nothing here asks a network or writes, so a cache may be read-only.

Layout: https://huggingface.co/docs/huggingface_hub/guides/manage-cache
"""

from __future__ import annotations

import json
import os
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from huggingface_hub import constants
from huggingface_hub.file_download import repo_folder_name

from midifrag.config.places import repository_file_problem
from midifrag.engine.loading.checksum import checksum_of, wrong_checksum

#: What stands in a repository where its large files were not fetched.
LFS_POINTER = b"version https://git-lfs.github.com/spec/"
#: Variables that named the cache of transformers before it was the hub's.
OLDER_CACHES = ("TRANSFORMERS_CACHE", "PYTORCH_TRANSFORMERS_CACHE")
#: Files up to this size are compared with their checksum each time, in bytes; larger ones by their structure.
SMALL = 16 << 20
#: The largest header that a safetensors file may have, in bytes.
_MOST_HEADER = 100_000_000
_COMMIT = re.compile(r"[0-9a-f]{4,40}")
#: Names whose content is JSON, told by their end.
_JSON, _INDEX = ".json", ".index.json"
#: Files that go with another one.
_COMPANIONS = {"vocab.json": ("merges.txt",)}

#: Says why a file is not whole, or None.
Examine: TypeAlias = Callable[[Path], str | None]


@dataclass(frozen=True, slots=True)
class Need:
    """One file of a repository, under the first of these names that it has. An ``optional`` one may be missing."""

    names: tuple[str, ...]
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The files of one commit of a repository, as far as they are here.

    ``is_older`` says that its branch was last seen at another commit.
    """

    repository: str
    commit: str
    folder: Path
    is_older: bool = False

    def name_of(self, need: Need) -> str | None:
        """The first of a need's names that is here, whole or not; links that lead nowhere do not count."""
        return next((name for name in need.names if is_file(self.folder / name)), None)

    def has_folder(self, name: str) -> bool:
        """Whether anything of one of its folders is here."""
        return (self.folder / name).is_dir()

    def files(self) -> Iterator[str]:
        """The names of all files that are here."""
        for file in sorted(self.folder.rglob("*")):
            if is_file(file):
                yield file.relative_to(self.folder).as_posix()

    def missing(self, needs: Sequence[Need], examine: Examine) -> list[str]:
        """What has to be fetched, by name; with why, where a file is there and not whole."""
        return [told for need in needs if not need.optional for told in self._missing(need, examine)]

    def _missing(self, need: Need, examine: Examine) -> Iterator[str]:
        name = self.name_of(need)
        if name is None:
            yield need.names[0]
            return
        flaw = examine(self.folder / name)
        if flaw is not None:
            yield f"{name} ({flaw})"
            return
        for other in parts_of(self.folder, name):
            yield from self._missing(Need((other,)), examine)


def parts_of(folder: Path, name: str) -> tuple[str, ...]:
    """What else belongs to a file of a snapshot's folder: the parts that an index lists, and what a vocabulary needs.

    An index that names files elsewhere has none: see `named_elsewhere`.
    """
    file = folder / name
    others = _listed_in(file) if name.endswith(_INDEX) else _COMPANIONS.get(file.name, ())
    if any(map(repository_file_problem, others)):
        return ()
    return tuple((PurePosixPath(name).parent / other).as_posix() for other in others)


def named_elsewhere(file: Path) -> str | None:
    """A file outside of its folder that an index names: nobody is led to other files by one who wrote a repository."""
    listed = _listed_in(file) if file.name.endswith(_INDEX) else ()
    return next((name for name in listed if repository_file_problem(name)), None)


def _listed_in(index: Path) -> tuple[str, ...]:
    try:
        content = json.loads(index.read_text(encoding="utf-8"))
        return tuple(sorted({str(name) for name in content["weight_map"].values()}))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ()


def caches() -> tuple[Path, ...]:
    """Where repositories may lie: the hub's cache, where downloads go, and what older variables name."""
    named = (constants.HF_HUB_CACHE, *filter(None, map(os.environ.get, OLDER_CACHES)))
    return tuple(dict.fromkeys(Path(os.path.expandvars(one)).expanduser() for one in named))


def storage(repository: str, cache: Path | None = None) -> Path:
    """A repository's folder in a cache, by default the one where downloads go."""
    return (cache or caches()[0]) / repo_folder_name(repo_id=repository, repo_type="model")


def also_known_as(repository: str) -> tuple[str, ...]:
    """The names under which a repository may have been cached: those of the first T5 have moved to an owner."""
    return (repository, f"google-t5/{repository}") if re.fullmatch(r"t5-\w+", repository) else (repository,)


def snapshots(repository: str, revision: str | None = None) -> Iterator[Snapshot]:
    """The snapshots of a revision that are here, the likeliest first.

    Without a ``revision`` that is the one that ``main`` was when it was last asked for, and then all others, as a cache
    need not say what they are, the newest first.
    """
    for cache in caches():
        for name in also_known_as(repository):
            folder = storage(name, cache)
            last_seen = commit_of(folder, revision or constants.DEFAULT_REVISION)
            others = _newest_first(folder / "snapshots") if revision is None else []
            for commit in dict.fromkeys(filter(None, (last_seen, *others))):
                if (folder / "snapshots" / commit).is_dir():
                    is_older = last_seen is not None and commit != last_seen
                    yield Snapshot(name, commit, folder / "snapshots" / commit, is_older)


def complete(repository: str, needs: Sequence[Need], revision: str | None, examine: Examine) -> Snapshot | None:
    """The likeliest snapshot in which nothing is missing."""
    return next((one for one in snapshots(repository, revision) if not one.missing(needs, examine)), None)


def commit_of(folder: Path, revision: str) -> str | None:
    """The commit that a branch, a tag or the beginning of a commit's name was in a repository's folder of a cache."""
    try:
        told = (folder / "refs" / revision).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        told = ""
    if told and is_plain(told):
        return told
    if not _COMMIT.fullmatch(revision):
        return None
    if len(revision) == 40:
        return revision
    meant = [commit for commit in _newest_first(folder / "snapshots") if commit.startswith(revision)]
    return meant[0] if len(meant) == 1 else None


def is_plain(name: str) -> bool:
    """Whether what a server or a cache says is the name of a file or a folder, and no way to another place."""
    return "/" not in name and repository_file_problem(name) is None


def _newest_first(folder: Path) -> list[str]:
    try:
        entries = [(entry.stat().st_mtime, entry.name) for entry in folder.iterdir() if entry.is_dir()]
    except OSError:
        return []
    return [name for _, name in sorted(entries, reverse=True)]


def is_file(path: Path) -> bool:
    """Whether there is a file, behind a link or not; no on anything that cannot be looked at."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def flaw(file: Path) -> str | None:
    """Why a file cannot be whole, found quickly; None where nothing speaks against it.

    Small files are compared with the checksum that their blob is called by, large ones looked at where their format
    says how long they are.
    """
    try:
        size = file.stat().st_size
        if size == 0:
            return "empty"
        with file.open("rb") as stream:
            beginning = stream.read(len(LFS_POINTER))
        if beginning == LFS_POINTER:
            return "a Git LFS pointer in place of the file"
        wrong = _structural_flaw(file, size)
        elsewhere = named_elsewhere(file)
        if elsewhere is not None:
            return f"names {elsewhere}, outside of its folder"
        if wrong is None:
            return wrong_checksum(file) if size <= SMALL else None
        # What looks odd and is what its blob is called by is what the repository holds.
        return None if checksum_of(file) is not None and wrong_checksum(file) is None else wrong
    except (OSError, ValueError) as error:
        return f"not readable: {error}"


def thorough_flaw(file: Path) -> str | None:
    """As `flaw`, with files of any size compared with the checksum that their blob is called by."""
    wrong = flaw(file)
    try:
        return wrong_checksum(file) if wrong is None and file.stat().st_size > SMALL else wrong
    except OSError as error:
        return f"not readable: {error}"


def _structural_flaw(file: Path, size: int) -> str | None:
    if file.suffix == ".safetensors":
        whole = safetensors_size(file)
        if whole is None:
            return "damaged"
        return None if whole == size else f"cut off: {size:,} of {whole:,} bytes"
    if file.name.endswith(_JSON):
        try:
            json.loads(file.read_bytes())
        except (ValueError, RecursionError):
            return "cut off or damaged"
    if file.suffix in (".bin", ".ckpt", ".pt", ".pth"):
        with file.open("rb") as stream:
            archive = stream.read(4) == b"PK\x03\x04"
        if archive and not zipfile.is_zipfile(file):
            return "cut off"
    return None


def safetensors_size(file: Path) -> int | None:
    """How long a safetensors file is by its own header, in bytes; None where that is none.

    Format: https://huggingface.co/docs/safetensors
    """
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if not 0 < length <= _MOST_HEADER:
            return None
        header = stream.read(length)
    try:
        entries = json.loads(header)
        ends = [entry["data_offsets"][1] for name, entry in entries.items() if name != "__metadata__"]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        # A header that goes on beyond the file's end is cut off as well.
        return 8 + length if len(header) < length else None
    return 8 + length + max(ends, default=0)
