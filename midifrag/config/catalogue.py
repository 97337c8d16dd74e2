"""The models that midifrag knows by name, for ``midifrag models`` and for a ``model:`` that no entry describes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from midifrag.config.model_defaults import Objective
from midifrag.config.regular_files import read_regular

#: The entry points that engines of others register under.
GROUP = "midifrag.engines"
#: The engines that need no plug-in.
BUILT_IN_ENGINES = ("sketch", "stable-audio")
#: Where the built-in model lies; the folder holds model_config.json, its checkpoint and its tokenizer.
POCKET_FOLDER = Path(__file__).resolve().parent.parent / "models" / "pocket"
#: What was called so before: it plays by a name of its own, and renders its takes again.
EARLIER_POCKET_FOLDER = POCKET_FOLDER.with_name("pocket-1")

#: The largest model_config.json that is looked into, in bytes.
MOST_BYTES = 4_194_304


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model that can be chosen by name alone. ``source`` is what its entry in presets.yaml would hold."""

    name: str
    what: str
    source: Mapping[str, Any] = field(default_factory=dict)
    #: What it was trained for, where no file of it lies here.
    objective: Objective | None = None
    #: The shortest take that it renders well, in seconds.
    min_seconds: float = 0.0
    #: Whether it renders any length.
    variable: bool = False
    #: The name by which it was played once, and its takes are recorded.
    once: str = ""

    @property
    def installed(self) -> bool:
        """Whether it plays without a download, as far as that is known without asking the hub's cache."""
        return "hub" not in self.source and (self.name != "pocket" or pocket_is_there())


def _stable_audio_3() -> Iterator[KnownModel]:
    """Stable Audio 3: what is played in 8 steps, and the models that those were made of."""
    gate = "its licence must be accepted on the hub"
    kinds = (
        ("sa3", "small-music", "small, for music: to 2 min", 4.0),
        ("sa3-sfx", "small-sfx", "small, for sound effects: to 2 min", 4.0),
        ("sa3-medium", "medium", "medium: to 6 min, wants a GPU", 0.0),
    )
    for name, repository, what, least in kinds:
        hub = f"stabilityai/stable-audio-3-{repository}"
        few, many = f"Stable Audio 3 {what}, 8 steps; {gate}", f"Stable Audio 3 {what}, 50 steps; {gate}"
        yield KnownModel(name, few, {"hub": hub}, "rf_denoiser", least, variable=True)
        yield KnownModel(f"{name}-base", many, {"hub": f"{hub}-base"}, "rectified_flow", least, variable=True)


CATALOGUE: tuple[KnownModel, ...] = (
    KnownModel("pocket", "the built-in diffusion model: small, quick, short sounds"),
    KnownModel(
        "pocket-1",
        "pocket as it was before: guided in two passes a step",
        {"folder": str(EARLIER_POCKET_FOLDER)},
        once="pocket",
    ),
    KnownModel("sketch", "the built-in synthesiser: no model at all, for rehearsal and as last resort"),
    KnownModel(
        "small",
        "Stable Audio Open small: 11 s, 8 steps; its licence must be accepted on the hub",
        {"hub": "stabilityai/stable-audio-open-small"},
        "rf_denoiser",
    ),
    KnownModel(
        "open",
        "Stable Audio Open 1.0: 47 s, 100 steps, wants a GPU; its licence must be accepted on the hub",
        {"hub": "stabilityai/stable-audio-open-1.0"},
        "v",
    ),
    *_stable_audio_3(),
)


def known(name: str) -> KnownModel | None:
    """The catalogue's entry of that name."""
    return next((model for model in CATALOGUE if model.name == name), None)


def once_called(name: str) -> tuple[str, ...]:
    """The models that were played by this name before the one that is now."""
    return tuple(model.name for model in CATALOGUE if name and model.once == name)


@cache
def plugins() -> dict[str, EntryPoint]:
    """The installed plug-in engines by name; each name is a model's too."""
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def engine_names() -> tuple[str, ...]:
    """The names of all engines there are, built in first."""
    return (*BUILT_IN_ENGINES, *sorted(set(plugins()) - set(BUILT_IN_ENGINES)))


def pocket_is_there() -> bool:
    """Whether the built-in model is part of this installation."""
    return (POCKET_FOLDER / "model_config.json").is_file()


def too_long(seconds: float | None, model: str, longest: float | None) -> str | None:
    """Why a model cannot render so many seconds; ``longest`` is as `longest_of` says."""
    if seconds is None or longest is None or seconds <= longest:
        return None
    return f"{seconds:g} s is more than {model} renders, {longest:.1f} s"


def longest_of(config: Mapping[str, Any] | None) -> float | None:
    """What the model of a configuration renders at most, in seconds; None where it does not say."""
    try:
        return None if config is None else float(config["sample_size"] / config["sample_rate"])
    except (KeyError, TypeError, ArithmeticError):
        return None


def model_config(model: str, source: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a model's model_config.json holds; None where it does not lie here, or is none."""
    if "hub" in source:
        return None
    folder = source.get("folder", POCKET_FOLDER if model == "pocket" and not source else None)
    config = source.get("config", None if folder is None else Path(folder) / "model_config.json")
    if config is None:
        return None
    try:
        values = json.loads(read_regular(Path(config).expanduser(), MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) else None


def default_model() -> str:
    """What plays where nothing else is said: the built-in diffusion model, or sketch where that is not installed."""
    return "pocket" if pocket_is_there() else "sketch"
