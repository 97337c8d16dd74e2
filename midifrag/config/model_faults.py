"""What a model_config.json of a kind that is played says wrong: keys that are missing, ids of nothing, and sizes.

The keys are those that stable-audio-tools 0.0.20 reads in ``models/factory.py``, ``diffusion.py``, ``autoencoders.py``
and ``conditioners.py``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from midifrag.config.model_configs import look_up
from midifrag.config.model_inputs import INPAINT_NAMES
from midifrag.config.names import meant

#: Where a model's network is told what it is conditioned on.
_IDS = (
    "cross_attention_cond_ids",
    "global_cond_ids",
    "input_concat_ids",
    "prepend_cond_ids",
    "local_add_cond_ids",
    "modular_local_cond_ids",
)
_PRETRANSFORMS = ("autoencoder", "wavelet", "pqmf", "dac_pretrained", "audiocraft_pretrained", "patched")
_BOTTLENECKS = [
    "tanh",
    "vae",
    "rvq",
    "dac_rvq",
    "rvq_vae",
    "dac_rvq_vae",
    "l2_norm",
    "wasserstein",
    "fsq",
    "dithered_fsq",
    "softnorm",
]
#: What an autoencoder has to have.
_AUTOENCODER = ("encoder.type", "decoder.type", "latent_dim", "downsampling_ratio", "io_channels")
#: The largest of each number, in Hz, samples, or as a size.
_MOST_RATE, _MOST_SAMPLES, _MOST = 768_000, 2**31 - 1, 1 << 20
#: Sizes that have to be there, and those that a network may leave to its own.
_SIZES = ("model.io_channels", "model.conditioning.cond_dim")
_OWN_SIZES = tuple(
    f"model.diffusion.config.{name}" for name in ("io_channels", "patch_size", "embed_dim", "depth", "num_heads")
)


def fault(config: Mapping[str, Any]) -> str | None:
    """The first thing that is wrong, as it goes on behind the file's name; None where nothing is known.

    ``config`` has a conditioned model's blocks and a list of conditioners.
    """
    return next(_faults(config), None)


def _faults(config: Mapping[str, Any]) -> Iterator[str]:
    for key, most in (("sample_rate", _MOST_RATE), ("sample_size", _MOST_SAMPLES)):
        value = config[key]
        # Some files have 44100.0.
        whole = int(value) if isinstance(value, float) and value.is_integer() else value
        yield from _size(key, whole, most)
    blocks = {key: look_up(config, key) for key in ("model.diffusion.config", "model.pretransform.config")}
    for key, block in blocks.items():
        if not isinstance(block, Mapping) or not block:
            yield f"has nothing under {key} that describes it."
            return
    yield from _pretransform(config["model"]["pretransform"])
    for key in _SIZES:
        yield from _size(key, look_up(config, key))
    for key in _OWN_SIZES:
        if (value := look_up(config, key)) is not None:
            yield from _size(key, value)
    yield from _ids(config)


def _pretransform(block: Mapping[str, Any]) -> Iterator[str]:
    kind, place = block["type"], "model.pretransform"
    if kind not in _PRETRANSFORMS:
        yield f"has a {place} of type {kind!r}; stable-audio-tools knows {', '.join(_PRETRANSFORMS)}."
    scale = block.get("scale", 1.0)
    if isinstance(scale, bool) or not isinstance(scale, int | float):
        yield f"has no usable {place}.scale: {scale!r} is no number."
    if kind != "autoencoder":
        return
    missing = [key for key in _AUTOENCODER if look_up(block["config"], key) is None]
    if missing:
        yield f"lacks {', '.join(f'{place}.config.{key}' for key in missing)}."
    for key in _AUTOENCODER[2:]:
        yield from _size(f"{place}.config.{key}", block["config"].get(key))
    bottleneck = block["config"].get("bottleneck")
    if bottleneck is not None and (name := look_up(bottleneck, "type")) not in _BOTTLENECKS:
        yield f"has a {place}.config.bottleneck of type {name!r}; there are {', '.join(_BOTTLENECKS)}."


def _ids(config: Mapping[str, Any]) -> Iterator[str]:
    known = [entry["id"] for entry in config["model"]["conditioning"]["configs"]]
    for name, count in Counter(map(str, known)).items():
        if count > 1:
            yield f"has {count} conditioners with the id {name}."
    for name in known:
        if not isinstance(name, str):
            yield f"has a conditioner with the id {name!r}, which is no text."
            return
    for key in _IDS:
        used, place = config["model"]["diffusion"].get(key, []), f"model.diffusion.{key}"
        if not isinstance(used, list) or not all(isinstance(name, str) for name in used):
            yield f"has no usable {place}: {used!r} is no list of conditioners' ids."
            continue
        for name in used:
            if name not in known and name not in INPAINT_NAMES:
                near = meant(name, known) or "."
                yield f"is conditioned on {name} ({place}), and has no conditioner of that id{near}"


def _size(key: str, value: object, most: int = _MOST) -> Iterator[str]:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        yield f"has no usable {key}: {value!r} is no whole number from 1 to {most:,}."
