"""Reading checkpoints, and fitting them to a model without leaving anything out.

stable-audio-tools' own ``copy_state_dict`` skips every tensor that does not fit, so that a wrong file becomes a model
that plays noise. Here a file fits entirely, or it is refused with the first keys that do not.
"""

from __future__ import annotations

import hashlib
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

from midifrag.engine.loading.device import first_line
from midifrag.errors import CheckpointError

#: How many mismatching keys an error names.
SHOWN_KEYS = 3

_TRAINED = "diffusion."
_AVERAGED = "diffusion_ema.ema_model."


def checksum(file: Path) -> str:
    """SHA-256 of a file, in hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_state(file: Path) -> dict[str, torch.Tensor]:
    """A checkpoint's tensors by the model's own key names, on the CPU.

    Takes ``.safetensors``, and ``.ckpt`` / ``.pt`` files that hold a state dict, bare or under ``state_dict``, as
    exported or as stable-audio-tools' training writes them (see `unwrap`). Nothing but tensors and plain values is
    unpickled. Raises `CheckpointError`.
    """
    if not file.is_file():
        raise CheckpointError(f"There is no checkpoint {file}. Check the path of the model in presets.yaml.")
    content = _read_safetensors(file) if file.suffix == ".safetensors" else _read_pickle(file)
    state = content.get("state_dict", content)
    pairs = state.items() if isinstance(state, Mapping) else ()
    tensors = {key: value for key, value in pairs if isinstance(value, torch.Tensor)}
    if not tensors:
        raise CheckpointError(f"{file} holds no model weights (no tensors under state_dict).")
    return unwrap(tensors)


def _read_safetensors(file: Path) -> dict[str, object]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return dict(load_file(str(file)))
    except (SafetensorError, OSError, ValueError) as error:
        raise _damaged(file, error) from error


def _read_pickle(file: Path) -> dict[str, object]:
    try:
        # Mapped, so that a training checkpoint's optimiser state is never read.
        content = torch.load(file, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(file))
    except pickle.UnpicklingError as error:
        if "Unsupported global" in str(error) or "GLOBAL" in str(error):
            raise CheckpointError(
                f"{file} holds Python objects beside its weights, and is not opened because that could run code. "
                "Export its weights with stable-audio-tools' unwrap_model.py, or save them as .safetensors."
            ) from error
        raise _damaged(file, error) from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise _damaged(file, error) from error
    if not isinstance(content, Mapping):
        raise CheckpointError(f"{file} holds a {type(content).__name__} and not a model's weights.")
    return dict(content)


def _damaged(file: Path, error: Exception) -> CheckpointError:
    size = file.stat().st_size
    return CheckpointError(
        f"{file} is damaged, cut off or not a checkpoint ({size:,} bytes; {first_line(error).rstrip('.')}). "
        "Copy or download it again."
    )


def unwrap(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Take the model out of a training checkpoint; other state dicts come back as they are.

    stable-audio-tools' training wrappers keep the model under ``diffusion.`` and, if they average weights, the DiT once
    more under ``diffusion_ema.ema_model.``. As in their ``export_model``, the averaged DiT wins. Losses, discriminators
    and teachers beside them are not part of the model.
    """
    if not any(key.startswith(_TRAINED) for key in state):
        return dict(state)
    model = {key.removeprefix(_TRAINED): value for key, value in state.items() if key.startswith(_TRAINED)}
    averaged = {key.removeprefix(_AVERAGED): value for key, value in state.items() if key.startswith(_AVERAGED)}
    if averaged:
        model = {key: value for key, value in model.items() if not key.startswith("model.")}
        model |= {f"model.{key}": value for key, value in averaged.items()}
    return model


def fit(module: nn.Module, state: Mapping[str, torch.Tensor], file: Path) -> None:
    """Copy a whole state dict into ``module``, or raise `CheckpointError` and leave ``module`` as it was.

    Only constants that are computed at construction may be absent: rotary frequencies and the zero bias of bias-less
    layer norms, which some releases save and others do not. A frozen T5 encoder is not in a module's state at all.
    """
    expected = module.state_dict()
    constants = {name for name, _ in module.named_buffers() if name.endswith((".inv_freq", ".beta"))}
    absent = [key for key in expected if key not in state and key not in constants]
    foreign = [key for key in state if key not in expected and not key.endswith(".inv_freq")]
    reshaped = [key for key in expected if key in state and expected[key].shape != state[key].shape]
    if absent or foreign or reshaped:
        raise CheckpointError(_misfit(file, expected, state, absent, foreign, reshaped))
    module.load_state_dict({key: value for key, value in state.items() if key in expected}, strict=False)


def _misfit(
    file: Path,
    expected: Mapping[str, torch.Tensor],
    state: Mapping[str, torch.Tensor],
    absent: list[str],
    foreign: list[str],
    reshaped: list[str],
) -> str:
    shapes = [f"{key} is {_shape(state[key])} in the file and {_shape(expected[key])} in the model" for key in reshaped]
    lines = [
        f"{file} is a checkpoint of another architecture than its model_config.json describes.",
        *_listed("of another shape", shapes),
        *_listed("missing from the file", [f"{key} {_shape(expected[key])}" for key in absent]),
        *_listed("unknown to the model", [f"{key} {_shape(state[key])}" for key in foreign]),
        "Use the model_config.json that this checkpoint was trained with.",
    ]
    return "\n".join(lines)


def _listed(what: str, entries: list[str]) -> list[str]:
    if not entries:
        return []
    more = f" and {len(entries) - SHOWN_KEYS} more" if len(entries) > SHOWN_KEYS else ""
    return [f"{len(entries)} {what}: {'; '.join(entries[:SHOWN_KEYS])}{more}."]


def _shape(tensor: torch.Tensor) -> str:
    return "×".join(map(str, tensor.shape)) or "scalar"
