"""Models and LoRAs of the Hugging Face hub: from the cache where that is whole, else from the network.

What is whole in the cache is used without asking the network, whoever put it there: a stage has none, and a model must
not change in the middle of a tour. Tokens come from where ``huggingface_hub`` takes them: ``HF_TOKEN`` or
``hf auth login``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from huggingface_hub import constants, errors
from huggingface_hub.utils._validators import validate_repo_id

from midifrag.engine.loading import cache, pairs
from midifrag.engine.loading.byte_progress import ByteListener
from midifrag.engine.loading.cache import Examine, Need, Snapshot
from midifrag.engine.loading.fetching import Fetching, listed, of_its_branch
from midifrag.engine.loading.hub_errors import AbsentError, explaining
from midifrag.errors import HubError

#: Looks at a model's configuration before anything large is fetched; raises `ModelError` for what cannot be played.
Check: TypeAlias = Callable[[Path], object]


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
    return of_its_branch(lambda anew: _fetch_pair(source, on_bytes, check, examine, anew))


def _fetch_pair(
    source: Mapping[str, Any],
    on_bytes: ByteListener | None,
    check: Check | None,
    examine: Examine,
    anew: bool,
) -> FetchedModel:
    repository, revision = str(source["hub"]), source.get("revision")
    configs, checkpoints = pairs.wanted(source)
    fetching = Fetching(repository, revision, on_bytes, examine, anew)
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


def lora_file(repository: str, file: str, revision: str | None, *, may_fetch: bool) -> Path:
    """A LoRA of a repository, from the cache, or downloaded where that ``may`` be. Raises `HubError`."""
    need = Need((file,))
    with explaining(repository, revision):
        found = cache.complete(repository, (need,), revision, cache.flaw)
    if found is not None:
        return found.folder / file
    if not may_fetch:
        raise HubError(
            f"{file} of {repository} is not on this machine. `midifrag fetch` brings it, with the model that plays it."
        )
    return Fetching(repository, revision, None, cache.flaw).fetch((need,)).folder / file


def is_repository(name: str) -> bool:
    """Whether this can be a repository's name, with an owner or, as those of the first ones are, without."""
    try:
        validate_repo_id(name)
    except errors.HFValidationError:
        return False
    return True


@contextlib.contextmanager
def offline() -> Iterator[None]:
    """Make every use of ``huggingface_hub`` in this process rely on its cache alone."""
    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def _snapshots(repository: str, revision: str | None) -> Iterator[Snapshot]:
    with explaining(repository, revision):
        yield from cache.snapshots(repository, revision)


def _fetch_either(fetching: Fetching, need: Need, source: Mapping[str, Any]) -> str:
    """Fetch a file under one of its usual names, or else the one that there is in its place; returns its name."""
    try:
        fetching.fetch((need,))
    except AbsentError:
        if need.names[0] in (source.get("config"), source.get("file")):
            raise
        repository, commit = fetching.snapshot.repository, fetching.snapshot.commit
        with explaining(repository, commit):
            files = listed(repository, commit) or []
            is_checkpoint = need == pairs.wanted(source)[1]
            choose = pairs.choose_checkpoint if is_checkpoint else pairs.choose_config
            name = choose(files, source, repository)
        if name is None:
            raise
        fetching.fetch((Need((name,)),))
        return name
    return fetching.snapshot.name_of(need) or need.names[0]
