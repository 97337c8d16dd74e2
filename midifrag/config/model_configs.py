"""What a model_config.json must say to be played here, found without its weights and without what plays it.

The tables are those of stable-audio-tools 0.0.20: ``models/factory.py``, ``conditioners.py``, ``autoencoders.py``,
``bottleneck.py`` and ``pretransforms.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from typing import Any

from midifrag.config.model_defaults import objective_of
from midifrag.config.names import meant
from midifrag.config.places import repository_file_problem
from midifrag.errors import ModelError

#: Kinds of models that are played; one for inpainting makes all of its sound.
MODEL_TYPES = ("diffusion_cond", "diffusion_cond_inpaint")
#: What each has to have.
REQUIRED = (
    "sample_rate",
    "sample_size",
    "model.io_channels",
    "model.diffusion.type",
    "model.diffusion.config",
    "model.conditioning.configs",
    "model.pretransform.type",
)
#: The text encoders that a conditioner of type t5 knows.
T5_NAMES = (
    "t5-small",
    "t5-base",
    "t5-large",
    "t5-3b",
    "t5-11b",
    "google/flan-t5-small",
    "google/flan-t5-base",
    "google/flan-t5-large",
    "google/flan-t5-xl",
    "google/flan-t5-xxl",
    "google/t5-v1_1-xl",
    "google/t5-v1_1-xxl",
)
#: Those that a conditioner of type t5gemma knows.
T5GEMMA_NAMES = ("google/t5gemma-b-b-ul2",)
#: Conditioners that want audio, which a preset cannot give.
AUDIO_CONDITIONERS = ("clap_audio", "sat_clap_audio", "pretransform", "source_mix")
#: The other conditioners that there are.
CONDITIONERS = ("t5", "t5gemma", "clap_text", "int", "number", "list", "phoneme", "lut")
#: What parts of a model import that midifrag does not bring, by the part's type: the module and its package.
PACKAGES: Mapping[str, tuple[str, str]] = {
    "phoneme": ("g2p_en", "g2p_en"),
    "dac_pretrained": ("dac", "descript-audio-codec"),
    "audiocraft_pretrained": ("audiocraft", "audiocraft"),
    "dac": ("dac", "descript-audio-codec"),
    "seanet": ("encodec", "encodec"),
    "rvq": ("vector_quantize_pytorch", "vector-quantize-pytorch"),
    "rvq_vae": ("vector_quantize_pytorch", "vector-quantize-pytorch"),
    "fsq": ("vector_quantize_pytorch", "vector-quantize-pytorch"),
    "dac_rvq": ("dac", "descript-audio-codec"),
    "dac_rvq_vae": ("dac", "descript-audio-codec"),
}
#: What reads a clap_text prompt, and why it is not here.
_NO_CLAP = (
    "has a prompt of type clap_text, which the package laion-clap reads. That does not run beside midifrag: it wants "
    "NumPy below 2, and fetches three text encoders whenever it is imported, also on a stage"
)
#: What JSON is called that is no object.
_KINDS_OF_JSON: Mapping[type, str] = {
    list: "a list",
    str: "a text",
    int: "a number",
    float: "a number",
    bool: "true or false",
    type(None): "nothing",
}
#: What to do about a configuration that is none, or that was changed.
USE_ITS_OWN = "Use the model_config.json that its checkpoint was trained with."
#: What to do about a model that is not for midifrag.
_ANOTHER = "Choose another model, such as Stable Audio Open or what was made from it."


def refusal(config: object) -> str | None:
    """Why a model_config.json of this content cannot be played, after the file's name; None where nothing is known."""
    if not isinstance(config, Mapping):
        return f"holds {_KINDS_OF_JSON.get(type(config), 'a value')}, and no model's configuration. {USE_ITS_OWN}"
    kind = config.get("model_type")
    if kind is None:
        return f"names no model_type, so it is no configuration of stable-audio-tools'. {USE_ITS_OWN}"
    if kind not in MODEL_TYPES:
        return f"describes a model of type {kind!r}; midifrag plays {' and '.join(MODEL_TYPES)} models. {_ANOTHER}"
    missing = [path for path in REQUIRED if look_up(config, path) is None]
    if missing:
        return f"lacks {', '.join(missing)}. {USE_ITS_OWN}"
    if (network := look_up(config, "model.diffusion.type")) != "dit":
        return f"describes a diffusion network of type {network!r}; midifrag plays those of type dit. {_ANOTHER}"
    try:
        objective_of(config)
    except ModelError as error:
        return f"cannot be played. {error} {_ANOTHER}"
    return _refused_inputs(config) or _missing_packages(config)


def look_up(config: object, path: str) -> object:
    """The value under keys that a dot divides; None where there is none."""
    value: object = config
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def conditioners(config: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    """The settings of the conditioners of one type."""
    return [entry["config"] for entry in config["model"]["conditioning"]["configs"] if entry.get("type") == kind]


def text_encoders(config: Mapping[str, Any]) -> list[str]:
    """The T5 encoders that a model's conditioners load beside its checkpoint."""
    return [str(entry.get("t5_model_name", "t5-base")) for entry in conditioners(config, "t5")]


def gemma_place(entry: Mapping[str, Any]) -> tuple[str, str]:
    """The repository of a conditioner's T5Gemma encoder, and the folder in that; an empty one is the repository."""
    repository = entry.get("repo_id") or entry.get("model_name", T5GEMMA_NAMES[0])
    return str(repository), str(entry.get("subfolder") or "")


def _refused_inputs(config: Mapping[str, Any]) -> str | None:
    entries = look_up(config, "model.conditioning.configs")
    usable = isinstance(entries, list) and all(
        isinstance(entry, Mapping) and isinstance(entry.get("config"), Mapping) and "id" in entry for entry in entries
    )
    if not usable or not isinstance(entries, list):
        return f"has conditioners that are no list of entries with id, type and config. {USE_ITS_OWN}"
    audio = [str(entry["id"]) for entry in entries if entry.get("type") in AUDIO_CONDITIONERS]
    if audio:
        told = ", ".join(audio)
        return f"describes a model that is conditioned on {told}: audio, which a preset cannot give. {_ANOTHER}"
    unknown = [str(entry.get("type")) for entry in entries if entry.get("type") not in CONDITIONERS]
    if unknown:
        known = ", ".join(CONDITIONERS)
        return f"has conditioners of type {', '.join(unknown)}; stable-audio-tools knows {known}. {_ANOTHER}"
    if any(entry.get("type") == "clap_text" for entry in entries):
        return f"{_NO_CLAP}. {_ANOTHER}"
    if any(not isinstance(entry.get("tokenizer_name"), str) for entry in conditioners(config, "lut")):
        return f"has a conditioner of type lut that names no tokenizer (tokenizer_name). {USE_ITS_OWN}"
    encoders = [name for name in text_encoders(config) if name not in T5_NAMES]
    if encoders:
        near = meant(encoders[0], T5_NAMES) or "."
        told = f"names the text encoder {encoders[0]}; stable-audio-tools knows {', '.join(T5_NAMES)}"
        return f"{told}{near} {USE_ITS_OWN}"
    gemmas = [str(entry.get("model_name", T5GEMMA_NAMES[0])) for entry in conditioners(config, "t5gemma")]
    others = [name for name in gemmas if name not in T5GEMMA_NAMES]
    if others:
        known = ", ".join(T5GEMMA_NAMES)
        return f"names the text encoder {others[0]}; stable-audio-tools knows {known}. {USE_ITS_OWN}"
    folders = [gemma_place(entry)[1] for entry in conditioners(config, "t5gemma")]
    outside = [folder for folder in folders if folder and repository_file_problem(folder)]
    if outside:
        return f"names a text encoder outside of its repository ({outside[0]}). {USE_ITS_OWN}"
    return None


def _missing_packages(config: Mapping[str, Any], is_there: Callable[[str], bool] | None = None) -> str | None:
    found = is_there or (lambda module: find_spec(module) is not None)
    for kind in _part_types(config):
        module, package = PACKAGES.get(kind, ("", ""))
        if module and not found(module):
            # The project's own settings leave such packages out, also where they are asked for by name.
            command = f"uv pip install --no-config {package}"
            return f"has a part of type {kind}, which needs the package {package}. Install it: {command}"
    return None


def _part_types(config: Mapping[str, Any]) -> Iterator[str]:
    """The types of conditioners, of the pretransform, and of an autoencoder's parts in it."""
    for entry in config["model"]["conditioning"]["configs"]:
        yield str(entry.get("type"))
    for part in ("", ".config.encoder", ".config.decoder", ".config.bottleneck"):
        yield str(look_up(config, f"model.pretransform{part}.type"))
