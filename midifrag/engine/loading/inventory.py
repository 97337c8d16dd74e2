"""What of a model is on this machine, without loading it and without a network."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from midifrag.config.catalogue import POCKET_FOLDER, known, model_config, pocket_is_there
from midifrag.config.model_configs import conditioners, refusal, text_encoders
from midifrag.config.model_defaults import defaults_of
from midifrag.engine.loading import cache, hub, pairs
from midifrag.engine.loading.cache import Need
from midifrag.errors import HubError, ModelError


@dataclass(frozen=True, slots=True)
class Presence:
    """How much of a model is here. ``size`` is what it takes in bytes, ``missing`` what has to be fetched.

    ``is_begun`` says whether any file of it is here, ``is_fetched`` whether the hub is where the rest comes from.
    """

    missing: tuple[str, ...] = ()
    size: int = 0
    is_begun: bool = True
    is_fetched: bool = False
    note: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether it plays without a network."""
        return not self.missing


def located(model: str, source: Mapping[str, Any]) -> dict[str, Any]:
    """An entry with what is known by the model's name behind it, where it names no place of its own."""
    entry = known(model)
    if entry is None or any(key in source for key in ("hub", "config", "folder", "engine")):
        return dict(source)
    return {**entry.source, **source}


def presence(model: str, source: Mapping[str, Any]) -> Presence:
    """How much of ``model`` is here; ``source`` is its entry's. Raises `HubError` for what cannot be a repository."""
    source = located(model, source)
    if not source or "engine" in source:
        return Presence(() if model != "pocket" or pocket_is_there() else ("pocket",))
    here = _of_the_hub(source) if "hub" in source else _of_this_machine(source)
    file = config_file(model, source)
    config = None if file is None else model_config(model, {"config": str(file)})
    return here if file is None or config is None or refusal(config) else _with_encoders(here, config, file.parent)


def why_refused(model: str, source: Mapping[str, Any]) -> str | None:
    """Why a model will not be played, as far as its configuration is here and tells; None where nothing does."""
    source = located(model, source)
    file = config_file(model, source)
    config = None if file is None else model_config(model, {"config": str(file)})
    if config is None:
        return None
    refused = refusal(config)
    if refused is not None:
        return f"its model_config.json {refused}"
    try:
        defaults_of(config, source, config["sample_size"] / config["sample_rate"])
    except ModelError as error:
        return str(error)
    except (TypeError, ValueError, ArithmeticError, AttributeError):
        return "its model_config.json has no usable sample_rate and sample_size."
    return None


def config_file(model: str, source: Mapping[str, Any]) -> Path | None:
    """A model's configuration on this machine; None where there is none."""
    if "hub" in source:
        with contextlib.suppress(HubError):
            return hub.config_here(source)
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


def _of_this_machine(source: Mapping[str, Any]) -> Presence:
    files = list(_own_files(source))
    told = {file: cache.flaw(file) if cache.is_file(file) else "is not there" for file in files}
    missing = tuple(str(file) if why == "is not there" else f"{file} ({why})" for file, why in told.items() if why)
    return Presence(missing, sum(map(_size, files)), any(map(cache.is_file, files)))


def _with_encoders(here: Presence, config: Mapping[str, Any], folder: Path) -> Presence:
    """What is here of a model and of its text encoders; ``folder`` is that of its configuration."""
    needs: dict[str, Sequence[Need]] = dict.fromkeys(text_encoders(config), hub.TEXT_ENCODER)
    for entry in conditioners(config, "lut"):
        name = str(entry.get("tokenizer_name", ""))
        if not (folder / name).is_dir() and not Path(name).is_dir():
            needs[name] = hub.TOKENIZER
    missing, size = [], here.size
    for name, wanted in needs.items():
        lacks = hub.missing_of(name, wanted)
        if lacks is None or lacks:
            missing.append(name if lacks is None else f"{', '.join(lacks)} of {name}")
        elif (found := cache.complete(name, wanted, None, cache.flaw)) is not None:
            size += sum(_size(found.folder / file) for file in found.files())
    return replace(here, missing=(*here.missing, *missing), size=size, is_fetched=here.is_fetched or bool(missing))


def _own_files(source: Mapping[str, Any]) -> Iterator[Path]:
    """The files that an entry names on this machine."""
    if "folder" in source:
        folder = Path(source["folder"]).expanduser()
        yield folder / pairs.CONFIG
        there = [folder / name for name in pairs.CHECKPOINTS if cache.is_file(folder / name)]
        others = sorted(file for end in ("*.safetensors", "*.ckpt") for file in folder.glob(end))
        yield (*there, *others, folder / pairs.CHECKPOINTS[0])[0]
    for key in ("config", "checkpoint"):
        if key in source:
            yield Path(source[key]).expanduser()


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
