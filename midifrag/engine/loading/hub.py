"""Models and text encoders of the Hugging Face hub: from the cache where that is whole, else from the network.

What is whole in the cache is used without asking the network, whoever put it there: a stage has none, and a model must
not change in the middle of a tour. Tokens come from where ``huggingface_hub`` takes them: ``HF_TOKEN`` or
``hf auth login``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, TypeAlias

import huggingface_hub
from huggingface_hub import constants, errors
from huggingface_hub.utils._validators import validate_repo_id

from midifrag.config.places import repository_file_problem
from midifrag.engine.loading import cache, download, pairs, transfer
from midifrag.engine.loading.byte_progress import ByteListener
from midifrag.engine.loading.cache import Examine, Need, Snapshot
from midifrag.engine.loading.download import RemoteFile
from midifrag.engine.loading.hub_errors import AbsentError, explained
from midifrag.errors import HubError

#: Looks at a model's configuration before anything large is fetched; raises `ModelError` for what cannot be played.
Check: TypeAlias = Callable[[Path], object]

#: What a tokenizer may have beside its vocabulary; asked for first, so that what is whole has it.
_EXTRAS = tuple(
    Need((name,), optional=True) for name in ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
)
#: A tokenizer's vocabulary, and an encoder's weights, in the order in which transformers looks for them.
VOCABULARY = Need(
    ("tokenizer.json", "spiece.model", "tokenizer.model", "sentencepiece.bpe.model", "vocab.json", "vocab.txt")
)
_WEIGHTS = Need(
    ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")
)
TOKENIZER = (*_EXTRAS, Need(("tokenizer_config.json", "config.json")), VOCABULARY)
TEXT_ENCODER = (*_EXTRAS, Need(("config.json",)), VOCABULARY, _WEIGHTS)


@dataclass(frozen=True, slots=True)
class FetchedModel:
    """A model's files on this machine; ``note`` says where they are not those that its branch was last seen with."""

    config: Path
    checkpoint: Path
    snapshot: Snapshot
    note: str = ""


def fetch_model(
    source: Mapping[str, Any],
    on_bytes: ByteListener | None = None,
    check: Check | None = None,
    examine: Examine = cache.flaw,
) -> FetchedModel:
    """The local files of a hub repository's model, downloaded where they are not whole in the cache.

    ``source`` is the model's entry: ``hub`` is the repository; ``revision`` (a branch, tag or commit), ``config`` and
    ``file`` (the names of its configuration and checkpoint there) are optional, see `midifrag.engine.loading.pairs`.
    Raises `HubError`, and what ``check`` raises.
    """
    found = find_model(source, examine)
    if found is not None:
        if check is not None:
            check(found.config)
        return found
    try:
        return _fetch_pair(source, on_bytes, check, examine)
    except HubError as error:
        if not isinstance(error.__cause__, errors.RevisionNotFoundError):
            raise
    # A branch that was written anew: the commit that it was is no more.
    return _fetch_pair(source, on_bytes, check, examine, anew=True)


def _fetch_pair(
    source: Mapping[str, Any],
    on_bytes: ByteListener | None,
    check: Check | None,
    examine: Examine,
    anew: bool = False,
) -> FetchedModel:
    repository, revision = str(source["hub"]), source.get("revision")
    configs, checkpoints = pairs.wanted(source)
    fetching = _Fetching(repository, revision, on_bytes, examine, anew)
    config = _fetch_either(fetching, configs, source)
    folder = fetching.snapshot.folder
    if check is not None:
        check(folder / config)
    # Both files come from the same commit, even if the repository moves on.
    checkpoint = folder / _fetch_either(fetching, checkpoints, source)
    return FetchedModel(folder / config, checkpoint, fetching.snapshot)


def find_model(source: Mapping[str, Any], examine: Examine = cache.flaw) -> FetchedModel | None:
    """A repository's model as far as it is whole in the cache; None where something would have to be fetched."""
    repository = str(source["hub"])
    for snapshot in _snapshots(repository, source.get("revision")):
        pair = pair_in(snapshot, source)
        if pair is None or snapshot.missing([Need((name,)) for name in pair], examine):
            continue
        note = f"{repository} as of {snapshot.commit[:8]}: what is newer is not whole here" if snapshot.is_older else ""
        return FetchedModel(snapshot.folder / pair.config, snapshot.folder / pair.checkpoint, snapshot, note)
    return None


def pair_in(snapshot: Snapshot, source: Mapping[str, Any]) -> pairs.Pair | None:
    """A model's files in a snapshot, whole or not; None where they are not both there."""
    with contextlib.suppress(AbsentError):
        return pairs.choose(list(snapshot.files()), source, snapshot.repository)
    return None


def config_here(source: Mapping[str, Any]) -> Path | None:
    """The configuration of a repository's model as far as that is in the cache, with its checkpoint or without."""
    for snapshot in _snapshots(str(source["hub"]), source.get("revision")):
        with contextlib.suppress(AbsentError):
            name = pairs.choose_config(list(snapshot.files()), source, snapshot.repository)
            if name is not None and cache.flaw(snapshot.folder / name) is None:
                return snapshot.folder / name
    return None


def missing_of(repository: str, needs: Sequence[Need], revision: str | None = None) -> list[str] | None:
    """What the likeliest snapshot lacks; empty where any is whole, None where nothing of it is here."""
    lacks = [one.missing(needs, cache.flaw) for one in _snapshots(repository, revision)]
    return min(lacks, key=len) if lacks else None


def fetch_text_encoder(name: str, on_bytes: ByteListener | None = None, examine: Examine = cache.flaw) -> Path:
    """The folder of a T5 text encoder and its tokenizer, downloaded if it is not whole here. Raises `HubError`."""
    return _whole(name, TEXT_ENCODER, on_bytes, examine)


def fetch_gemma(
    repository: str, subfolder: str, on_bytes: ByteListener | None = None, examine: Examine = cache.flaw
) -> Path:
    """The folder of a T5Gemma encoder and its tokenizer, downloaded if it is not whole here. Raises `HubError`.

    They lie in a subfolder of a repository, or, where that is empty, in the repository itself.
    """
    return _whole(repository, gemma_needs(subfolder), on_bytes, examine) / subfolder


def gemma_needs(subfolder: str) -> tuple[Need, ...]:
    """What a T5Gemma encoder needs of its repository; see `fetch_gemma`."""

    def below(need: Need) -> Need:
        return replace(need, names=tuple(str(PurePosixPath(subfolder, name)) for name in need.names))

    return tuple(map(below, TEXT_ENCODER))


def holds_encoder(folder: Path) -> bool:
    """Whether a text encoder and its tokenizer are whole in a folder."""
    return folder.is_dir() and not Snapshot("", "", folder).missing(TEXT_ENCODER, cache.flaw)


def fetch_tokenizer(name: str, on_bytes: ByteListener | None = None, examine: Examine = cache.flaw) -> Path:
    """The folder of a tokenizer, downloaded if it is not whole here. Raises `HubError`."""
    return _whole(name, TOKENIZER, on_bytes, examine)


def fetch_tokenizer_beside(
    snapshot: Snapshot, folder: str, on_bytes: ByteListener | None = None, examine: Examine = cache.flaw
) -> bool:
    """Have a tokenizer that lies in a folder of a model's own repository; False where none lies there.

    Raises `HubError`.
    """
    needs = [Need(tuple(f"{folder}/{name}" for name in need.names), need.optional) for need in TOKENIZER]
    if not snapshot.missing(needs, examine):
        return True
    try:
        with _explaining(snapshot.repository, snapshot.commit, snapshot.missing(needs, examine)):
            there = _listed(snapshot.repository, snapshot.commit)
        if there is not None and not any(name.startswith(f"{folder}/") for name in there):
            return False
        _Fetching(snapshot.repository, snapshot.commit, on_bytes, examine).fetch(needs)
    except AbsentError:
        return False
    except HubError as error:
        # A commit that is here and no more on the hub.
        if isinstance(error.__cause__, errors.RevisionNotFoundError):
            return False
        raise
    return True


def lora_file(repository: str, file: str, revision: str | None, *, may_fetch: bool) -> Path:
    """A LoRA of a repository, from the cache, or downloaded where that ``may`` be. Raises `HubError`."""
    need = Need((file,))
    with _explaining(repository, revision):
        found = cache.complete(repository, (need,), revision, cache.flaw)
    if found is not None:
        return found.folder / file
    if not may_fetch:
        raise HubError(
            f"{file} of {repository} is not on this machine. `midifrag fetch` brings it, with the model that plays it."
        )
    return _Fetching(repository, revision, None, cache.flaw).fetch((need,)).folder / file


def is_repository(name: str) -> bool:
    """Whether this can be a repository's name, with an owner or, as those of the first ones are, without."""
    try:
        validate_repo_id(name)
    except errors.HFValidationError:
        return False
    return True


def has_tokenizer(name: str, examine: Examine = cache.flaw) -> bool:
    """Whether the tokenizer of a repository is whole in the cache."""
    with _explaining(name, None):
        return cache.complete(name, TOKENIZER, None, examine) is not None


@contextlib.contextmanager
def offline() -> Iterator[None]:
    """Make every use of ``huggingface_hub`` in this process rely on its cache alone."""
    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def _whole(name: str, needs: Sequence[Need], on_bytes: ByteListener | None, examine: Examine) -> Path:
    with _explaining(name, None):
        found = cache.complete(name, needs, None, examine)
    if found is not None:
        return found.folder
    try:
        return _Fetching(name, None, on_bytes, examine).fetch(needs).folder
    except HubError as error:
        if not isinstance(error.__cause__, errors.RevisionNotFoundError):
            raise
    return _Fetching(name, None, on_bytes, examine, anew=True).fetch(needs).folder


def _snapshots(repository: str, revision: str | None) -> Iterator[Snapshot]:
    with _explaining(repository, revision):
        yield from cache.snapshots(repository, revision)


def _fetch_either(fetching: _Fetching, need: Need, source: Mapping[str, Any]) -> str:
    """Fetch a file under one of its usual names, or else the one that there is in its place; returns its name."""
    try:
        fetching.fetch((need,))
    except AbsentError:
        if need.names[0] in (source.get("config"), source.get("file")):
            raise
        repository, commit = fetching.snapshot.repository, fetching.snapshot.commit
        with _explaining(repository, commit):
            files = _listed(repository, commit) or []
            is_checkpoint = need == pairs.wanted(source)[1]
            choose = pairs.choose_checkpoint if is_checkpoint else pairs.choose_config
            name = choose(files, source, repository)
        if name is None:
            raise
        fetching.fetch((Need((name,)),))
        return name
    return fetching.snapshot.name_of(need) or need.names[0]


def _listed(repository: str, revision: str | None) -> list[str] | None:
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


class _Fetching:
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
        with _explaining(self._repository, self._revision, missing):
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


@contextlib.contextmanager
def _explaining(repository: str, revision: str | None, missing: Sequence[str] = ()) -> Iterator[None]:
    """Whatever goes wrong becomes a `HubError` that says what to do."""
    try:
        yield
    except HubError:
        raise
    except Exception as error:  # the HTTP library beneath differs between releases of huggingface_hub
        raise explained(error, repository, revision or constants.DEFAULT_REVISION, missing) from error
