"""Reading what a checkpoint's file holds: tensors by name, and what lies beside them. Nothing else is unpickled."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from midifrag.engine.loading.file_kinds import FileKind, kind_of
from midifrag.errors import CheckpointError

#: How deep keys are followed.
_DEEPEST = 6


@dataclass(frozen=True, slots=True)
class Stored:
    """``tensors`` by name, on the CPU; one below other keys has those before its own, with dots.

    ``beside`` are the keys at the top that hold no tensors, ``metadata`` what a safetensors file says of itself.
    """

    tensors: Mapping[str, Tensor]
    beside: frozenset[str] = frozenset()
    metadata: Mapping[str, str] = field(default_factory=dict)


def read_stored(file: Path) -> Stored:
    """What a checkpoint's file holds. Raises `CheckpointError`, also for a file that is none."""
    kind = kind_of(file)
    if kind is FileKind.SAFETENSORS:
        return _read_safetensors(file)
    content = _read_pickle(file, mapped=kind is FileKind.ZIPPED)
    if isinstance(content, Tensor):
        raise CheckpointError(f"{file} holds a single tensor and not a model's weights. Name the checkpoint.")
    if not isinstance(content, Mapping):
        raise CheckpointError(
            f"{file} holds a {type(content).__name__} and not a model's weights by name. Save the model's state_dict."
        )
    tensors = dict(_flat(content, ""))
    beside = frozenset(str(key) for key in content if not any(name.startswith(f"{key}.") for name in tensors))
    return Stored(tensors, beside - set(tensors))


def _flat(content: Mapping[object, object], before: str, depth: int = 0) -> Iterator[tuple[str, Tensor]]:
    for key, value in content.items():
        if isinstance(value, Tensor):
            yield f"{before}{key}", value.detach()
        elif isinstance(value, Mapping) and depth < _DEEPEST:
            yield from _flat(value, f"{before}{key}.", depth + 1)


def _read_safetensors(file: Path) -> Stored:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(file), framework="pt") as stream:
            metadata = stream.metadata() or {}
            return Stored({name: stream.get_tensor(name) for name in stream.keys()}, metadata=metadata)  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, RuntimeError, AttributeError, KeyError) as error:
        raise _damaged(file) from error


def _read_pickle(file: Path, *, mapped: bool) -> object:
    try:
        # Mapped, so that a training checkpoint's optimiser state is never read.
        return torch.load(file, map_location="cpu", weights_only=True, mmap=mapped)
    except pickle.UnpicklingError as error:
        # What torch says here is how to run whatever code such a file holds.
        told = str(error)
        if "Unsupported" in told or "GLOBAL" in told or "nsafe" in told or "not an allowed" in told:
            raise CheckpointError(
                f"{file} holds Python objects beside its weights, and is not opened because that could run code. "
                "Export its weights with stable-audio-tools' unwrap_model.py, or save them as .safetensors."
            ) from None
        raise _damaged(file) from None
    except (RuntimeError, EOFError, OSError, ValueError, LookupError, TypeError, AttributeError, AssertionError):
        raise _damaged(file) from None


def _damaged(file: Path) -> CheckpointError:
    return CheckpointError(
        f"{file} is damaged: it begins as a checkpoint, and cannot be read to its end ({file.stat().st_size:,} bytes). "
        "Copy or download it again."
    )
