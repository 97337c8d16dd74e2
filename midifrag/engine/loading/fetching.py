"""Files of one of the hub's repositories, fetched as far as they are not whole in the cache."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import huggingface_hub
from huggingface_hub import constants, errors

from midifrag.config.places import repository_file_problem
from midifrag.engine.loading import cache, download, pairs, transfer
from midifrag.engine.loading.byte_progress import ByteListener
from midifrag.engine.loading.cache import Examine, Need, Snapshot
from midifrag.engine.loading.download import RemoteFile
from midifrag.engine.loading.hub_errors import explaining
from midifrag.errors import HubError

_Fetched = TypeVar("_Fetched")


def whole_or_fetched(name: str, needs: Sequence[Need], on_bytes: ByteListener | None, examine: Examine) -> Path:
    """The folder where a repository has what is needed of it, in the cache or downloaded. Raises `HubError`."""
    with explaining(name, None):
        found = cache.complete(name, needs, None, examine)
    if found is not None:
        return found.folder
    return of_its_branch(lambda anew: Fetching(name, None, on_bytes, examine, anew).fetch(needs).folder)


def of_its_branch(fetch: Callable[[bool], _Fetched]) -> _Fetched:
    """What ``fetch`` brings of a branch's commit; it is told to look that up anew where the one known is no more."""
    try:
        return fetch(False)
    except HubError as error:
        if not isinstance(error.__cause__, errors.RevisionNotFoundError):
            raise
    # The branch was written anew.
    return fetch(True)


def listed(repository: str, revision: str | None) -> list[str] | None:
    """The names of a repository's files; None where what answers in the hub's place does not list them."""
    api = huggingface_hub.HfApi()
    try:
        return transfer.within(
            transfer.PATIENCE,
            lambda: [
                name
                for name in api.list_repo_files(repository, revision=revision or None)
                if repository_file_problem(name) is None
            ],
        )
    except errors.HfHubHTTPError as error:
        if error.response.status_code in (404, 405, 501):
            return None
        raise


class Fetching:
    """The files of one repository that are fetched at a time, all of one commit."""

    def __init__(
        self,
        repository: str,
        revision: str | None,
        on_bytes: ByteListener | None,
        examine: Examine,
        anew: bool = False,
    ) -> None:
        self._repository, self._revision = repository, revision or constants.DEFAULT_REVISION
        self._tell = on_bytes or (lambda _done, _total, _name: None)
        self._examine = examine
        self._folder = cache.storage(repository)
        self._commit = None if anew else cache.commit_of(self._folder, self._revision)
        self._files: list[RemoteFile] = []

    @property
    def snapshot(self) -> Snapshot:
        """Where the files are, or will be."""
        commit = self._commit or self._revision
        return Snapshot(self._repository, commit, self._folder / "snapshots" / commit)

    def fetch(self, needs: Sequence[Need]) -> Snapshot:
        """Fetch what is missing, and say where it all is. Raises `HubError`."""
        missing = self.snapshot.missing(needs, self._examine) if self.snapshot.folder.is_dir() else ()
        with explaining(self._repository, self._revision, missing):
            for need in needs:
                self._want(need)
            files, self._files = self._files, []
            self._download(files)
            return self.snapshot

    def _want(self, need: Need) -> None:
        """Find out what is to be downloaded for a need; an index at once, as it says what else is."""
        if not need.optional and not self.snapshot.missing((need,), self._examine):
            return
        name = self.snapshot.name_of(need)
        if name is None or self._examine(self.snapshot.folder / name) is not None:
            file = self._look_up(need)
            if file is None:
                return
            name = file.name
            if name.endswith(".index.json"):
                self._download([file])
            else:
                self._files.append(file)
        elsewhere = cache.named_elsewhere(self.snapshot.folder / name)
        if elsewhere is not None:
            raise HubError(
                f"{name} of {self._repository} names a file outside of its folder ({elsewhere}), and is not followed: "
                "no repository needs that. Choose another one, and tell the owner of this one."
            )
        for other in cache.parts_of(self.snapshot.folder, name):
            self._want(Need((other,)))

    def _look_up(self, need: Need) -> RemoteFile | None:
        """The first of a need's files that the hub has. Raises `AbsentError`."""
        for name in need.names:
            with contextlib.suppress(errors.RemoteEntryNotFoundError):
                file = download.look_up(self._repository, name, self._commit or self._revision)
                if self._commit is None:
                    download.note_revision(self._repository, self._revision, file.commit)
                self._commit = file.commit
                return file
        if need.optional:
            return None
        raise pairs.absent(self._repository, need.names, self._revision)

    def _download(self, files: Sequence[RemoteFile]) -> None:
        download.check_room(files)
        total, before = sum(file.size for file in files), 0
        for file in files:
            self._tell(before + file.received, total, file.name)

            def tell(received: int, so_far: int = before, name: str = file.name) -> None:
                self._tell(so_far + received, total, name)

            download.download(file, tell)
            before += file.size
            self._tell(before, total, file.name)
