"""Which files of a hub repository are a model: its configuration and its checkpoint.

Stable Audio's own repositories call them model_config.json and model.safetensors or model.ckpt. Fine-tunes of the
community call them anything; where there is one pair of them, that is the model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from midifrag.engine.loading.cache import Need
from midifrag.engine.loading.hub_errors import AbsentError

CONFIG = "model_config.json"
CHECKPOINTS = ("model.safetensors", "model.ckpt")
#: What checkpoints are called by, the likeliest first.
CHECKPOINT_ENDS = (".safetensors", ".ckpt", ".pt", ".pth")
#: JSON files that belong to other libraries.
_FOREIGN = (
    "config.json",
    "model_index.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "preprocessor_config.json",
    "scheduler_config.json",
)
#: Checkpoints that are no model's.
_OTHER_STATES = ("optimizer", "scheduler", "rng_state", "random_states", "training_args")


class Pair(NamedTuple):
    """The names of a model's configuration and checkpoint in its repository."""

    config: str
    checkpoint: str


def wanted(source: Mapping[str, Any]) -> tuple[Need, Need]:
    """The configuration and the checkpoint as an entry names them, else by their usual names."""
    config, file = source.get("config"), source.get("file")
    beside = str(PurePosixPath(file).with_name(CONFIG)) if file else CONFIG
    configs = (str(config),) if config else tuple(dict.fromkeys((beside, CONFIG)))
    return Need(configs), Need((str(file),) if file else CHECKPOINTS)


def choose(files: Sequence[str], source: Mapping[str, Any], repository: str) -> Pair | None:
    """The pair among a repository's files, if there is one. Raises `AbsentError` where there are several."""
    config, checkpoint = choose_config(files, source, repository), choose_checkpoint(files, source, repository)
    return None if config is None or checkpoint is None else Pair(config, checkpoint)


def choose_config(files: Sequence[str], source: Mapping[str, Any], repository: str) -> str | None:
    """As `choose`, for the configuration alone."""
    named = _first(wanted(source)[0], files)
    if named is not None or source.get("config"):
        return named
    return _only(_configs(files), "model configuration", "config", repository)


def choose_checkpoint(files: Sequence[str], source: Mapping[str, Any], repository: str) -> str | None:
    """As `choose`, for the checkpoint alone."""
    named = _first(wanted(source)[1], files)
    return (
        named
        if named is not None or source.get("file")
        else _only(_checkpoints(files), "checkpoint", "file", repository)
    )


def absent(repository: str, names: Sequence[str], revision: str) -> AbsentError:
    """The repository has none of these files."""
    return AbsentError(
        f"The hub has the repository {repository}, but no {' and no '.join(names)} in its revision {revision}. "
        "midifrag plays models in stable-audio-tools' format; check the repository's name, or name its files with "
        "config: and file: in the model's entry."
    )


def _first(need: Need, files: Sequence[str]) -> str | None:
    return next((name for name in need.names if name in files), None)


def _only(found: list[str], what: str, key: str, repository: str) -> str | None:
    if len(found) > 1:
        raise AbsentError(
            f"The repository {repository} holds several files that may be its {what}: {', '.join(found[:8])}"
            f"{' …' if len(found) > 8 else ''}. Name one with {key}: beside hub: in the model's entry."
        )
    return found[0] if found else None


def may_be_config(name: str) -> bool:
    """Whether a file of that name may be a model's configuration, and is none of other libraries'."""
    return name.endswith(".json") and not name.endswith(".index.json") and PurePosixPath(name).name not in _FOREIGN


def _configs(files: Sequence[str]) -> list[str]:
    found = [name for name in files if may_be_config(name)]
    return _likeliest([name for name in found if "config" in PurePosixPath(name).name.lower()] or found)


def _checkpoints(files: Sequence[str]) -> list[str]:
    found = [
        name
        for name in files
        if name.endswith(CHECKPOINT_ENDS) and not PurePosixPath(name).name.startswith(_OTHER_STATES)
    ]
    best: dict[str, str] = {}
    for end in CHECKPOINT_ENDS:
        # The same checkpoint in two formats is one.
        for name in found:
            if name.endswith(end):
                best.setdefault(name.removesuffix(end), name)
    return _likeliest(sorted(best.values()))


def _likeliest(found: list[str]) -> list[str]:
    """What lies in the repository itself, where there is any: folders often hold the parts of other libraries."""
    return [name for name in found if "/" not in name] or found
