"""What of a model is on this machine, without loading it and without a network."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from midifrag.config.catalogue import POCKET_FOLDER, pocket_is_there
from midifrag.config.model_configs import conditioners, gemma_place, text_encoders
from midifrag.config.unplayable import Trouble, model_facts, wrong_defaults
from midifrag.engine.loading import cache, encoder_files, hub, pairs
from midifrag.engine.loading.cache import Need, Snapshot
from midifrag.engine.loading.file_kinds import kind_of
from midifrag.engine.loading.model_files import (
    check_fetched_config,
    check_files,
    local_files,
    located,
    own_pretransform,
    read_config,
)
from midifrag.errors import HubError, ModelError


@dataclass(frozen=True, slots=True)
class Presence:
    """How much of a model is here. ``size`` is what it takes in bytes, ``missing`` what has to be fetched.

    ``is_begun`` says whether any file of it is here, ``is_fetched`` whether the hub is where the rest comes from.
    ``refused`` is why it will not be played, as `why_refused` says it.
    """

    missing: tuple[str, ...] = ()
    size: int = 0
    is_begun: bool = True
    is_fetched: bool = False
    note: str = ""
    refused: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether it plays without a network."""
        return not self.missing and not self.refused


def presence(model: str, source: Mapping[str, Any]) -> Presence:
    """How much of ``model`` is here; ``source`` is its entry's. Raises `HubError` for what cannot be a repository."""
    source = located(model, source)
    if not source or "engine" in source:
        return Presence(() if model != "pocket" or pocket_is_there() else ("pocket",))
    here = _of_the_hub(source) if "hub" in source else _of_this_machine(model, source)
    refused = why_refused(model, source)
    if refused is not None:
        return replace(here, refused=refused)
    file, config = config_file(model, source), config_here(model, source)
    return here if file is None or config is None else _with_encoders(here, config, file.parent)


def why_refused(model: str, source: Mapping[str, Any]) -> str | None:
    """Why a load will refuse a model, as far as its files are here and tell; None where nothing does."""
    source = located(model, source)
    if "engine" in source or (not source and model != "pocket"):
        return None
    try:
        if "hub" not in source:
            check_files(local_files(model, source), source)
            return None
        file = config_file(model, source)
        if file is not None:
            check_fetched_config(file, source)
        for weights in filter(None, (_checkpoint_here(source), own_pretransform(source))):
            kind_of(weights)
    except ModelError as error:
        return str(error)
    return None


def default_troubles(model: str, source: Mapping[str, Any]) -> list[Trouble]:
    """Why a model that is not refused cannot render what presses leave to its defaults, as far as that is known."""
    return wrong_defaults(model_facts(model, located(model, source), config_here(model, source)))


def config_here(model: str, source: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a model's configuration says, in the hub's cache too; None where it is not here, or cannot be played."""
    source = located(model, source)
    file = None if "engine" in source else config_file(model, source)
    with contextlib.suppress(ModelError):
        return None if file is None else read_config(file)
    return None


def _checkpoint_here(source: Mapping[str, Any]) -> Path | None:
    """The checkpoint of a hub's model that is whole in the cache; None where there is none."""
    with contextlib.suppress(HubError):
        found = hub.find_model(source)
        return None if found is None else found.checkpoint
    return None


def config_file(model: str, source: Mapping[str, Any]) -> Path | None:
    """A model's configuration on this machine; None where there is none."""
    if "hub" in source:
        with contextlib.suppress(HubError):
            found = hub.find_model(source)
            return hub.config_here(source) if found is None else found.config
        return None
    folder = source.get("folder", POCKET_FOLDER if model == "pocket" and not source else None)
    named = source.get("config", None if folder is None else Path(folder) / pairs.CONFIG)
    return None if named is None else Path(named).expanduser()


def _of_the_hub(source: Mapping[str, Any]) -> Presence:
    repository, revision = str(source["hub"]), source.get("revision")
    found = hub.find_model(source)
    if found is not None:
        size = _size(found.config) + _size(found.checkpoint)
        return Presence((), size, is_fetched=True, note=found.note)
    missing = hub.missing_of(repository, pairs.wanted(source), revision)
    size = sum(map(_size, cache.storage(repository).glob("blobs/*")))
    if missing is None:
        missing = [need.names[0] for need in pairs.wanted(source)]
    # Files of other names are whole one by one, and no pair.
    return Presence(tuple(missing or ["one pair of configuration and checkpoint"]), size, size > 0, is_fetched=True)


def _of_this_machine(model: str, source: Mapping[str, Any]) -> Presence:
    try:
        found = local_files(model, source)
    except ModelError:
        return Presence()
    return Presence(size=sum(map(_size, filter(None, (found.config, found.checkpoint, found.pretransform)))))


def _with_encoders(here: Presence, config: Mapping[str, Any], folder: Path) -> Presence:
    """What is here of a model and of its text encoders; ``folder`` is that of its configuration."""
    needs: dict[str, Sequence[Need]] = dict.fromkeys(text_encoders(config), encoder_files.TEXT_ENCODER)
    beside: list[str] = []
    for entry in conditioners(config, "lut"):
        name = str(entry.get("tokenizer_name", ""))
        if here.is_fetched and (folder / name).is_dir():
            beside += (
                f"{name}/{file}"
                for file in Snapshot("", "", folder / name).missing(encoder_files.TOKENIZER, cache.flaw)
            )
        elif not (folder / name).is_dir() and not Path(name).is_dir():
            needs[name] = encoder_files.TOKENIZER
    for entry in conditioners(config, "t5gemma"):
        repository, subfolder = gemma_place(entry)
        place = str(entry.get("model_path") or subfolder)
        if not place or not encoder_files.holds_encoder(folder / place):
            needs[repository] = encoder_files.gemma_needs(subfolder)
    missing, size = beside, here.size
    for name, wanted in needs.items():
        # What can be no repository may lie in the model's own, and is looked for there.
        lacks = hub.missing_of(name, wanted) if hub.is_repository(name) else None
        if lacks is None or lacks:
            missing.append(name if lacks is None else f"{', '.join(lacks)} of {name}")
        elif (found := cache.complete(name, wanted, None, cache.flaw)) is not None:
            size += sum(_size(found.folder / file) for file in found.files())
    return replace(here, missing=(*here.missing, *missing), size=size, is_fetched=here.is_fetched or bool(missing))


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
