"""Where a model's files lie on this machine, and whether they are ones to play: found without what plays them.

What `midifrag models` and `midifrag check` say of files and what a load makes of them is the answer of `check_files`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from midifrag.config.catalogue import MOST_BYTES, POCKET_FOLDER, known, pocket_is_there
from midifrag.config.model_configs import T5_NAMES, USE_ITS_OWN, conditioners, refusal
from midifrag.config.model_defaults import defaults_of, min_seconds_of
from midifrag.config.model_faults import fault
from midifrag.config.model_inputs import model_inputs
from midifrag.config.places import repository_file_problem
from midifrag.config.regular_files import read_regular
from midifrag.config.variable_length import variable_length
from midifrag.engine.loading import encoder_files, hub, pairs
from midifrag.engine.loading.cache import Snapshot, is_file
from midifrag.engine.loading.file_kinds import kind_of, stranger
from midifrag.errors import CheckpointError, ModelError

#: What else may lie where a checkpoint should.
_OTHER_ENDS = (".bin", ".gguf", ".zip", ".7z", ".rar", ".gz", ".tar", ".part", ".crdownload", ".download")
#: So many names of files are told.
_MOST_NAMES = 8


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """Where a model lies on this machine; ``note`` is what a performer should know of that.

    ``pretransform`` is its autoencoder's checkpoint, where it has its own, ``snapshot`` where in the hub's cache it is.
    """

    config: Path
    checkpoint: Path
    note: str = ""
    pretransform: Path | None = None
    snapshot: Snapshot | None = None


def located(model: str, source: Mapping[str, Any]) -> dict[str, Any]:
    """An entry with what is known by the model's name behind it, where it names no place of its own."""
    entry = known(model)
    if entry is None or any(key in source for key in ("hub", "config", "folder", "engine")):
        return dict(source)
    return {**entry.source, **source}


def local_files(model: str, source: Mapping[str, Any]) -> ModelFiles:
    """The files of a model that is none of the hub's. Raises `ModelError` or `CheckpointError` where it names none."""
    if "config" in source and "checkpoint" in source:
        return ModelFiles(_path(source["config"]), _path(source["checkpoint"]), pretransform=own_pretransform(source))
    if "folder" in source:
        found = files_in_folder(_path(source["folder"]), source)
    elif model == "pocket":
        if not pocket_is_there():
            raise ModelError(
                "The built-in model pocket is not part of this installation. Use model: sketch, the built-in "
                "synthesiser, or a model from the hub (midifrag models lists them)."
            )
        found = files_in_folder(POCKET_FOLDER, source)
    else:
        raise ModelError(
            f"The model {model!r} has no place to load from. Give it an entry under models: in presets.yaml with "
            "hub: owner/name, or config: and checkpoint:, or folder:."
        )
    return ModelFiles(found.config, found.checkpoint, pretransform=own_pretransform(source))


def own_pretransform(source: Mapping[str, Any]) -> Path | None:
    """The checkpoint of an autoencoder that an entry names beside its model."""
    named = source.get("pretransform")
    return None if named is None else _path(named)


def files_in_folder(folder: Path, source: Mapping[str, Any]) -> ModelFiles:
    """A folder's model_config.json and checkpoint: model.safetensors, model.ckpt, or the only checkpoint it has.

    What its configuration says against it comes before what is said of checkpoints.
    """
    config = folder / pairs.CONFIG
    try:
        files = sorted(file for file in folder.iterdir() if not file.name.startswith("."))
        has_config = config.is_file()
    except OSError as error:
        raise ModelError(_no_folder(folder, error)) from error
    if not has_config:
        raise ModelError(_no_config(folder, files))
    check_config(config, source)
    usual = [file for name in pairs.CHECKPOINTS for file in files if file.name.lower() == name]
    if usual:
        return ModelFiles(config, next(filter(is_file, usual), usual[0]))
    others = [file for file in files if file.suffix.lower() in pairs.CHECKPOINT_ENDS]
    if len(others) == 1:
        return ModelFiles(config, others[0])
    if others:
        raise CheckpointError(
            f"{folder} holds several checkpoints ({_names(others)}), and nothing says which is meant. Write config: "
            f"{config} and checkpoint: with the one that is, in place of folder:, or call that one model.safetensors "
            "or model.ckpt, as it ends."
        )
    raise CheckpointError(
        f"{folder} holds no checkpoint (none of its files ends with {', '.join(pairs.CHECKPOINT_ENDS)}). "
        f"{_in_its_place(config, files)}"
    )


def _in_its_place(config: Path, files: list[Path]) -> str:
    """What lies in a folder where its checkpoint should, and the way out."""
    file = next((one for end in _OTHER_ENDS for one in files if one.suffix.lower() == end), None)
    if file is None:
        return "Put one there as model.safetensors or model.ckpt."
    if file.suffix.lower() == ".gguf":
        return (
            f"It holds {file.name}, and midifrag does not play GGUF files, which hold weights in numbers of a few "
            "bits: put the model that it was made from there, as model.safetensors or model.ckpt."
        )
    try:
        kind_of(file)
    except CheckpointError as error:
        return f"It holds {file.name}: {error}"
    return f"It holds {file.name}: write config: {config} and checkpoint: {file} in place of folder:."


def _no_folder(folder: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"There is no folder {folder}. Check the path of the model in presets.yaml; is its drive connected?"
    if isinstance(error, NotADirectoryError):
        if not folder.is_file():
            return f"{folder} is no folder, but a device or a pipe. Write the folder of the model behind folder:."
        return (
            f"{folder} is a file and no folder. Write the folder that it lies in behind folder:, or name it with "
            "checkpoint: and its model_config.json with config:."
        )
    return f"{folder} cannot be read: {error.strerror or error}. Check its permissions."


def _no_config(folder: Path, files: list[Path]) -> str:
    configs = [file for file in files if file.suffix == ".json" and pairs.may_be_config(file.name)]
    if configs:
        way_out = (
            f"It holds {_names(configs)}: name the one that is its configuration with config:, and its checkpoint with "
            "checkpoint:, in place of folder:."
        )
    else:
        way_out = "Put the one that its checkpoint was trained with there, or check the path in presets.yaml."
    return f"{folder} is not a model's folder: it holds no {pairs.CONFIG}. {way_out}"


def _names(files: list[Path]) -> str:
    more = " …" if len(files) > _MOST_NAMES else ""
    return f"{', '.join(file.name for file in files[:_MOST_NAMES])}{more}"


def read_config(file: Path) -> dict[str, Any]:
    """A model_config.json that midifrag can play. Raises `ModelError`."""
    try:
        config = json.loads(read_regular(file, MOST_BYTES))
    except FileNotFoundError as error:
        raise ModelError(f"There is no model configuration {file}. Check the path in presets.yaml.") from error
    except (ValueError, RecursionError) as error:
        other = stranger(file)
        if other is not None:
            raise ModelError(f"{file} {other.what}. {other.way_out}") from error
        raise ModelError(f"{file} is not readable as JSON: {error}. {USE_ITS_OWN}") from error
    except OSError as error:
        raise ModelError(_unread(file, error)) from error
    refused = refusal(config)
    if refused is not None:
        raise ModelError(f"{file} {refused}")
    wrong = fault(config)
    if wrong is not None:
        raise ModelError(f"{file} {wrong} {USE_ITS_OWN}")
    return dict(config)


def _unread(file: Path, error: OSError) -> str:
    if file.is_dir():
        return f"{file} is a folder and no configuration. Name the {pairs.CONFIG} in it, or write folder: for config:."
    if error.errno is None:
        return f"{file} is no model configuration: {error}. {USE_ITS_OWN}"
    return f"{file} cannot be read: {error.strerror or error}. Check its permissions."


def check_config(file: Path, source: Mapping[str, Any]) -> dict[str, Any]:
    """A model_config.json; ``source`` is the entry. Raises `ModelError` where the two cannot be played together."""
    config = read_config(file)
    try:
        longest = config["sample_size"] / config["sample_rate"]
        if not 0 < longest < float("inf"):
            raise ValueError  # noqa: TRY301 (as what is no number at all)
    except (TypeError, ValueError, ArithmeticError) as error:
        raise ModelError(f"{file} has no usable sample_rate and sample_size. {USE_ITS_OWN}") from error
    try:
        defaults_of(config, source, longest)
        min_seconds_of(config, source)
        variable_length(config, source, 1)
        model_inputs(config)
    except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError) as error:
        told = f"{type(error).__name__}: {error}"
        raise ModelError(f"{file} holds a value of another kind than it should ({told}). {USE_ITS_OWN}") from error
    return config


def check_fetched_config(file: Path, source: Mapping[str, Any]) -> dict[str, Any]:
    """As `check_config`, for one that strangers wrote: it names no files outside of its repository."""
    config = check_config(file, source)
    tokenizers = [entry["tokenizer_name"] for entry in conditioners(config, "lut")]
    encoders = [entry.get("model_path") for kind in ("t5", "t5gemma", "lut") for entry in conditioners(config, kind)]
    for what, names in (("tokenizer", tokenizers), ("text encoder", filter(None, encoders))):
        for name in names:
            if repository_file_problem(str(name)) is not None:
                raise ModelError(
                    f"{file} takes its {what} from {name}, outside of its repository {source['hub']}, and is not "
                    "followed there. Choose another model, and tell the owner of this one."
                )
    return config


def check_tokenizers(config: Mapping[str, Any], file: Path) -> None:
    """Raises `ModelError` where a tokenizer is a folder that is not there; ``file`` is what ``config`` was read from.

    The hub is not asked for what can be none of its repositories, nor for the name of a folder.
    """
    for entry in conditioners(config, "lut"):
        name = str(entry["tokenizer_name"])
        beside = file.parent / name
        folder = next((one for one in (beside, Path(name)) if _is_folder(one)), None)
        if folder is not None:
            if Snapshot("", "", folder).name_of(encoder_files.VOCABULARY) is None:
                raise ModelError(
                    f"{file} takes its tokenizer from the folder {folder}, which holds none (no tokenizer.json). "
                    "Copy that folder again from where the model was made or downloaded."
                )
        elif not hub.is_repository(name) or (
            "/" not in name and name not in T5_NAMES and not encoder_files.has_tokenizer(name)
        ):
            raise ModelError(
                f"{file} takes its tokenizer from {name}, and there is no folder {beside}. Copy that folder there "
                "from where the model was made or downloaded; a tokenizer of the hub is called owner/name."
            )


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def check_files(files: ModelFiles, source: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of a model whose files are here. Raises `ModelError` for what their content says against it."""
    config = (check_fetched_config if "hub" in source else check_config)(files.config, source)
    for file in filter(None, (files.checkpoint, files.pretransform)):
        kind_of(file)
    if "hub" not in source:
        check_tokenizers(config, files.config)
    return config


def _path(named: object) -> Path:
    return Path(str(named)).expanduser()
