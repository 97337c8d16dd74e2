"""From a model's entry in presets.yaml to a `Model` in memory, through stable-audio-tools' own factory."""

from __future__ import annotations

import contextlib
import copy
import gc
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch.nn import init
from torch.overrides import TorchFunctionMode

from midifrag.config.catalogue import known
from midifrag.config.model_configs import USE_ITS_OWN, conditioners
from midifrag.config.model_defaults import defaults_of, min_seconds_of, objective_of
from midifrag.config.unplayable import model_facts, wrong_defaults
from midifrag.config.variable_length import variable_length
from midifrag.engine.loading import cache, checkpoint, encoder_files, hub
from midifrag.engine.loading.byte_progress import ByteListener, ProgressListener, in_mebibytes
from midifrag.engine.loading.cache import Examine
from midifrag.engine.loading.checksum import computing, is_called
from midifrag.engine.loading.device import set_up_device
from midifrag.engine.loading.light_imports import hide_no_failures, light_imports
from midifrag.engine.loading.model import Model, can_encode
from midifrag.engine.loading.model_files import (
    ModelFiles,
    check_fetched_config,
    check_files,
    check_tokenizers,
    local_files,
    located,
    own_pretransform,
)
from midifrag.engine.loading.precision import move_model, resolve_device, resolve_precision
from midifrag.engine.loading.silence_output import silence_output
from midifrag.engine.loading.stock import leave_out_compiler, leave_out_training
from midifrag.engine.loading.text_encoders import build_with_encoders, fetch_beside, know_folders, with_folders
from midifrag.engine.protocol import EngineChoice
from midifrag.errors import CheckpointError, ModelError, UnfitCheckpointError

_log = logging.getLogger(__name__)

_STAGES = ("building the model", "reading the weights", "moving it to the device")


def load_stable_audio(choice: EngineChoice, on_progress: ProgressListener | None = None) -> Model:
    """Load the chosen model, ready to be played.

    ``on_progress`` hears (done, total, what), on the calling thread. Sources: ``{hub: owner/name}``,
    ``{config: file, checkpoint: file}``, ``{folder: folder}``, or none for a model that the catalogue knows by name;
    beside them ``pretransform: file``, the checkpoint of an autoencoder that is kept apart.
    Raises `ModelError`, `CheckpointError` or `HubError`; nothing is then left in memory.
    """
    try:
        return _load(choice, on_progress)
    except UnfitCheckpointError:
        raise
    except CheckpointError:
        if not _is_damaged(choice, on_progress):
            raise
    # A file of the hub's cache that is not what it is called by is fetched again.
    return _load(choice, on_progress, cache.thorough_flaw)


def _load(choice: EngineChoice, on_progress: ProgressListener | None, examine: Examine = cache.flaw) -> Model:
    tell = on_progress or (lambda _done, _total, _what: None)
    device, remark = resolve_device(choice.device)
    if remark:
        _log.warning("%s", remark)
    set_up_device(device)
    precision = resolve_precision(choice.precision, device)
    files, config = fetch_files(choice, in_mebibytes(on_progress), examine)
    objective = objective_of(config)
    if files.note:
        _log.warning("%s", files.note)

    def build(local: Mapping[str, Any], encoders: Mapping[str, str]) -> Any:
        tell(0, len(_STAGES), _STAGES[0])
        return build_module(local, files.config, encoders)

    with _explaining(files.config), computing(files.checkpoint, files.pretransform) as digest:
        module = build_with_encoders(config, build, in_mebibytes(on_progress))
        tell(1, len(_STAGES), _STAGES[1])
        notes = checkpoint.fit(module, files.checkpoint, files.pretransform)
        module.eval().requires_grad_(False)
        encodes = can_encode(module)
        if not encodes:
            leave_out_encoder(module)
        tell(2, len(_STAGES), _STAGES[2])
        move_model(module, device, precision)
        gc.collect()
        if not is_called(files.checkpoint, digest.result()):
            raise CheckpointError(f"{files.checkpoint} is damaged: its checksum is wrong. Download it again.")
        sample_rate, sample_size = int(config["sample_rate"]), int(config["sample_size"])
        defaults, short_latents = defaults_of(config, choice.source, sample_size / sample_rate)
        wrong = [one.sentence for one in wrong_defaults(model_facts(choice.model, choice.source, config))]
        for sentence in wrong:
            _log.warning("what no pad says of %s cannot be played: %s", choice.model, sentence)
        usual = known(choice.model)
        min_seconds = min_seconds_of(config, choice.source, 0.0 if usual is None else usual.min_seconds)
        model = Model(
            name=choice.model,
            module=module,
            config=config,
            checksum=digest.result(),
            device=device,
            precision=precision,
            objective=objective,
            sample_rate=sample_rate,
            channels=int(module.pretransform.io_channels),
            sample_size=sample_size,
            downsampling=int(module.pretransform.downsampling_ratio),
            defaults=defaults,
            short_latents=short_latents,
            min_seconds=min_seconds,
            remark="; ".join(filter(None, (remark, files.note, *notes, *wrong))),
            noise="cpu" if choice.options.get("noise") == "cpu" else "device",
            variable=variable_length(config, choice.source, int(module.pretransform.downsampling_ratio)),
            encodes=encodes,
            files=(files.checkpoint, files.pretransform),
        )
    tell(len(_STAGES), len(_STAGES), "model loaded")
    return model


@contextlib.contextmanager
def _explaining(file: Path) -> Iterator[None]:
    """What a value of the configuration breaks becomes a `ModelError` that names its file."""
    try:
        yield
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
        raise ModelError(
            f"{file} describes a model that cannot be played: {_told(error).rstrip('.')}. {USE_ITS_OWN}"
        ) from error


def _is_damaged(choice: EngineChoice, on_progress: ProgressListener | None) -> bool:
    """Whether a model's checkpoint lies in the hub's cache, and is not what it is called by."""
    source = located(choice.model, choice.source)
    found = hub.find_model(source) if "hub" in source else None
    if found is None:
        return False
    if on_progress is not None:
        on_progress(0, 1, f"comparing {found.checkpoint.name} with its checksum")
    return cache.thorough_flaw(found.checkpoint) is not None


def fetch_files(
    choice: EngineChoice, on_bytes: ByteListener | None = None, examine: Examine = cache.flaw
) -> tuple[ModelFiles, dict[str, Any]]:
    """All that the model needs on this machine, downloaded if need be, and its configuration. Raises as `find_files`.

    ``examine`` says of each file of the hub's cache whether it is whole.
    """
    files = find_files(choice, on_bytes, examine)
    config = check_files(files, located(choice.model, choice.source))
    if files.snapshot is not None:
        fetch_beside(config, files.config.parent, files.snapshot, on_bytes, examine)
        check_tokenizers(config, files.config)
    config = with_absolute_tokenizers(config, files.config.parent)
    with_folders(config, on_bytes, examine)
    return files, config


def find_files(choice: EngineChoice, on_bytes: ByteListener | None = None, examine: Examine = cache.flaw) -> ModelFiles:
    """Where the model's files are, downloading them if need be. Raises `ModelError`, `CheckpointError`, `HubError`."""
    source = located(choice.model, choice.source)
    if "hub" not in source:
        return local_files(choice.model, source)
    # What cannot be played is refused before its weights are fetched.
    found = hub.fetch_model(source, on_bytes, lambda file: check_fetched_config(file, source), examine)
    return ModelFiles(found.config, found.checkpoint, found.note, own_pretransform(source), found.snapshot)


def with_absolute_tokenizers(config: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Tokenizers and encoders beside the configuration by their full path: stable-audio-tools looks from here."""
    whole = copy.deepcopy(dict(config))
    for entry in conditioners(whole, "lut"):
        beside = folder / entry["tokenizer_name"]
        if beside.is_dir():
            entry["tokenizer_name"] = str(beside.resolve())
    for entry in conditioners(whole, "t5gemma"):
        place = entry.get("model_path") or entry.get("subfolder")
        if place and encoder_files.holds_encoder(folder / place):
            entry["model_path"] = str((folder / place).resolve())
    return whole


def build_module(config: Mapping[str, Any], config_file: Path, encoders: Mapping[str, str] | None = None) -> Any:
    """Construct the model with its weights still unset, on the CPU in fp32, without a network. Raises `ModelError`.

    ``encoders`` are the names of the T5 encoders whose folders stand in the configuration, by folder.
    """
    try:
        with silence_output(), hub.offline(), light_imports(), _WithoutRandomInit():
            leave_out_training()
            from stable_audio_tools.models.factory import create_model_from_config

            leave_out_compiler()
            know_folders(encoders or {})
            module = create_model_from_config(copy.deepcopy(dict(config)))
    except Exception as error:  # the factory raises whatever a wrong value happens to break
        raise ModelError(
            f"{config_file} describes a model that stable-audio-tools cannot build: {_told(error).rstrip('.')}. "
            f"{USE_ITS_OWN}"
        ) from error
    hide_no_failures()
    leave_out_decoding_noise(module)
    return module.float()


def _told(error: Exception) -> str:
    """What an error says, but for torch's advice how to run whatever code a file holds."""
    told = str(error)
    if "weights_only" in told or "weights only" in told.lower():
        told = "a file that it names holds Python objects or is damaged, and is not opened as that could run code"
    return f"{type(error).__name__}: {told}"


def leave_out_encoder(module: Any) -> None:
    """Forget what would make latents of a sound and has no weights: it is a third of a small model."""
    autoencoder = getattr(module.pretransform, "model", None)
    if autoencoder is not None and hasattr(autoencoder, "encoder"):
        autoencoder.encoder = None


def leave_out_decoding_noise(module: Any) -> None:
    """Have latents always decoded to the same sound: stock adds noise to them, 40 to 60 dB below, from no seed."""
    autoencoder = getattr(module.pretransform, "model", None)
    for part in () if autoencoder is None else autoencoder.modules():
        if hasattr(part, "noise_regularize"):
            part.noise_regularize = False
        if hasattr(part, "mask_noise"):
            part.mask_noise = 0.0


class _WithoutRandomInit(TorchFunctionMode):
    """Leaves weights unset where torch would draw them: that is nine tenths of the time a large model takes to build.

    Safe, because `checkpoint.fit` accepts no checkpoint that leaves a weight as it was.
    """

    _DRAWS = (torch.Tensor.uniform_, torch.Tensor.normal_, init.uniform_, init.normal_, init.kaiming_uniform_)

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = kwargs or {}
        if func in self._DRAWS:
            return args[0] if args else given["tensor"]
        return func(*args, **given)
