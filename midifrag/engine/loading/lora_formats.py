"""The ways in which LoRAs are saved: which layer of a model each of a file's tensors is about, and what it is there.

stable-audio-tools', LoRAW's (for Stable Audio Open), kohya's and peft's. Names that could be of two layers are of none.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from midifrag.config.regular_files import read_regular
from midifrag.engine.loading.lora_versions import BESIDE

#: What a tensor is in its layer.
Role: TypeAlias = Literal["up", "down", "alpha", "core", "left", "right", "lengths", "rows", "columns"]

#: The kinds of stable-audio-tools 0.0.20, and the one that files from before it name.
STOCK_KINDS = ("lora", "dora", "dora-rows", "dora-cols", "bora")
STOCK_TYPES = (*STOCK_KINDS, *(f"{kind}-xs" for kind in STOCK_KINDS if kind != "dora"))

_STOCK_ROLES: Mapping[str, Role] = {
    "lora_A": "down",
    "lora_B": "up",
    "M_xs": "core",
    "U": "left",
    "V": "right",
    "magnitude": "lengths",
    "magnitude_r": "rows",
    "magnitude_c": "columns",
}
_KOHYA_ROLES: Mapping[str, Role] = {"lora_down.weight": "down", "lora_up.weight": "up", "alpha": "alpha"}
_PEFT_ROLES: Mapping[str, Role] = {"lora_A": "down", "lora_B": "up", "lora_magnitude_vector": "rows"}
_STOCK = re.compile(r"(?P<layer>.+)\.parametrizations\.weight\.0\.(?P<role>\w+)")
_DOWN_UP = re.compile(r"(?P<layer>.+?)[./](?P<role>lora_down\.weight|lora_up\.weight|alpha)")
_PEFT = re.compile(r"(?P<layer>.+)\.(?P<role>lora_A|lora_B|lora_magnitude_vector)(\.default)?(\.weight)?")
#: What stands before a layer's name, from the longest on.
_BEFORE = ("base_model.model.", "diffusion_model.", "transformer.", "unet.", "")
_KOHYA_BEFORE = ("lora_unet_", "lora_transformer_", "lora_te_", "lycoris_", "lora_", "")
_MOST_JSON = 1 << 20


@dataclass(slots=True)
class Reading:
    """What a file's names and what it says of itself come to.

    ``layers`` has the names of a layer's tensors by role; ``foreign`` are those of no layer of the model. ``kind`` is
    one of `STOCK_TYPES`; ``alpha`` by rank scales a layer that says none of its own, 1 is the scale where it is None.
    ``trouble`` says why the file cannot be played whatever the model is, ``note`` what had to be assumed.
    """

    format: str
    layers: dict[str, dict[Role, str]] = field(default_factory=dict)
    foreign: list[str] = field(default_factory=list)
    kind: str = "lora"
    rank: int | None = None
    alpha: float | None = None
    by_root: bool = False
    trouble: str = ""
    note: str = ""


def read_names(names: Iterable[str], metadata: Mapping[str, str], layers: Iterable[str], file: Path) -> Reading:
    """What the ``names`` of a file's tensors mean in a model with these ``layers``."""
    every, known = list(names), set(layers)
    if any(".parametrizations." in name for name in every):
        return _stock(every, metadata, known)
    if any("/" in name and "lora_down" in name for name in every):
        return _sorted(Reading("LoRAW", note=_NO_ALPHA), every, _DOWN_UP, _KOHYA_ROLES, _path_of(known))
    if any(name.endswith("lora_down.weight") for name in every):
        return _sorted(Reading("kohya"), every, _DOWN_UP, _KOHYA_ROLES, _flat_of(known))
    if any(_PEFT.fullmatch(name) for name in every):
        return _peft(every, metadata, known, file)
    return Reading("unknown", foreign=every, trouble="is in none of the formats that midifrag knows")


_NO_ALPHA = "it names no alpha; it is taken to be its rank"


def _stock(names: list[str], metadata: Mapping[str, str], known: set[str]) -> Reading:
    def layer(name: str) -> str | None:
        found = f"conditioner.{name}" if name.startswith("conditioners.") else f"model.{name}"
        return found if found in known else None

    reading = _sorted(Reading("stable-audio-tools"), names, _STOCK, _STOCK_ROLES, layer)
    said = _json(metadata.get("lora_config"))
    if said is None:
        reading.trouble = "says of itself what is no JSON (lora_config)" if "lora_config" in metadata else ""
        return reading
    try:
        reading.kind = str(said.get("adapter_type", "lora"))
        reading.rank = None if said.get("rank") is None else int(said["rank"])
        reading.alpha = None if said.get("alpha") is None else float(said["alpha"])
    except (TypeError, ValueError) as error:
        reading.trouble = f"says of itself what cannot be meant (lora_config: {error})"
    if reading.kind not in STOCK_TYPES:
        reading.trouble = f"is of the type {reading.kind!r}; midifrag plays {', '.join(STOCK_TYPES)}"
    if not math.isfinite(reading.alpha or 0.0):
        reading.trouble = f"has an alpha of {reading.alpha}"
    return reading


def _peft(names: list[str], metadata: Mapping[str, str], known: set[str], file: Path) -> Reading:
    reading = _sorted(Reading("peft"), names, _PEFT, _PEFT_ROLES, _dotted(known))
    said = _json(metadata.get("lora_adapter_metadata"))
    if said is None and (beside := file.with_name(BESIDE)).is_file():
        try:
            said = _json(read_regular(beside, _MOST_JSON).decode("utf-8", "replace"))
        except (OSError, ValueError):
            said = None
        if said is None:
            reading.trouble = f"has beside it {beside.name}, which cannot be read"
    if said is None:
        reading.note = _NO_ALPHA
        return reading
    said = {key.rpartition(".")[2]: value for key, value in said.items()}
    for key in ("rank_pattern", "alpha_pattern", "loha", "lokr"):
        if said.get(key):
            reading.trouble = f"has {key}, ranks or scales by layer, which midifrag does not read"
    try:
        reading.alpha = float(said["lora_alpha"]) if "lora_alpha" in said else None
    except (TypeError, ValueError):
        reading.trouble = f"has a lora_alpha of {said['lora_alpha']!r}"
    reading.by_root = said.get("use_rslora") is True
    if any("rows" in roles for roles in reading.layers.values()):
        reading.kind = "dora-rows"
    return reading


def _json(text: str | None) -> dict[str, Any] | None:
    try:
        said = json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _sorted(
    reading: Reading,
    names: Iterable[str],
    pattern: re.Pattern[str],
    roles: Mapping[str, Role],
    layer: Callable[[str], str | None],
) -> Reading:
    """Sort the names into layers and roles; each layer's role has one."""
    for name in names:
        found = pattern.fullmatch(name)
        role = None if found is None else roles.get(found["role"])
        place = None if found is None or role is None else layer(found["layer"])
        if place is None or role is None or role in reading.layers.get(place, {}):
            reading.foreign.append(name)
        else:
            reading.layers.setdefault(place, {})[role] = name
    return reading


def _dotted(known: set[str]) -> Callable[[str], str | None]:
    """Layers by names with dots, from the wrapper, the network or its transformer on."""
    return lambda name: _one_of(known, (name.removeprefix(before) for before in _BEFORE if name.startswith(before)))


def _path_of(known: set[str]) -> Callable[[str], str | None]:
    return lambda name: _one_of(known, (name.replace("/", "."),))


def _one_of(known: set[str], names: Iterable[str]) -> str | None:
    """The only layer that these names can be of, whatever stands before them in the model."""
    before = ("", "model.", "model.model.", "model.model.transformer.", "conditioner.")
    found = {start + name for name in names for start in before if start + name in known}
    return found.pop() if len(found) == 1 else None


def _flat_of(known: set[str]) -> Callable[[str], str | None]:
    """Layers by names whose dots have become underscores; two layers that then have one name have none."""
    flat: dict[str, set[str]] = {}
    for name in known:
        for before in ("", "model.", "model.model.", "model.model.transformer.", "conditioner."):
            if name.startswith(before):
                flat.setdefault(name.removeprefix(before).replace(".", "_"), set()).add(name)

    def layer(name: str) -> str | None:
        for before in _KOHYA_BEFORE:
            if name.startswith(before) and (found := flat.get(name.removeprefix(before).replace(".", "_"))):
                return next(iter(found)) if len(found) == 1 else None
        return None

    return layer
