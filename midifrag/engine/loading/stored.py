"""Reading what a checkpoint's file holds: tensors by name, and what lies beside them. Nothing else is unpickled."""

from __future__ import annotations

import contextlib
import pickle
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from midifrag.engine.loading.file_kinds import FileKind, kind_of
from midifrag.errors import CheckpointError, UnfitCheckpointError

#: The protocol that ``torch.save`` pickles in unless it is told another one.
USUAL_PROTOCOL = 2
#: How weights get into a file that holds nothing else.
AS_SAFETENSORS = (
    "Where it was made, save it as .safetensors, in Python: "
    'safetensors.torch.save_file(model.state_dict(), "model.safetensors").'
)
#: How deep keys are followed.
_DEEPEST = 6


@dataclass(frozen=True, slots=True)
class Stored:
    """``tensors`` by name, on the CPU; one below other keys has those before its own, with dots.

    ``beside`` are the keys at the top that hold no tensors, ``metadata`` what a safetensors file says of itself.
    ``note`` is what a performer should know of how the file is written.
    """

    tensors: Mapping[str, Tensor]
    beside: frozenset[str] = frozenset()
    metadata: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


def read_stored(file: Path) -> Stored:
    """What a checkpoint's file holds. Raises `CheckpointError`, also for a file that is none."""
    kind = kind_of(file)
    if kind is FileKind.SAFETENSORS:
        return _read_safetensors(file)
    protocol = _protocol(file, kind)
    content = _read_pickle(file, protocol, mapped=kind is FileKind.ZIPPED)
    if isinstance(content, Tensor):
        raise CheckpointError(f"{file} holds a single tensor and not a model's weights. Name the checkpoint.")
    if not isinstance(content, Mapping):
        raise CheckpointError(
            f"{file} holds a {type(content).__name__} and not a model's weights by name. {AS_SAFETENSORS}"
        )
    tensors = dict(_flat(content, ""))
    beside = frozenset(str(key) for key in content if not any(name.startswith(f"{key}.") for name in tensors))
    note = "" if protocol == USUAL_PROTOCOL else f"{file.name} is {_odd(protocol)}. {AS_SAFETENSORS}"
    return Stored(tensors, beside - set(tensors), note=note)


def _protocol(file: Path, kind: FileKind) -> int:
    """The protocol that a file's pickle says it is written in; the usual one where it says none."""
    try:
        if kind is FileKind.PICKLED:
            with file.open("rb") as stream:
                head = stream.read(2)
        else:
            with zipfile.ZipFile(file) as archive, archive.open(_pickle_in(archive)) as stream:
                head = stream.read(2)
    except (OSError, zipfile.BadZipFile, RuntimeError, ValueError, NotImplementedError) as error:
        raise _damaged(file) from error
    return head[1] if len(head) == 2 and head[:1] == pickle.PROTO else USUAL_PROTOCOL


def _odd(protocol: int) -> str:
    return f"pickled in protocol {protocol}, where PyTorch reads {USUAL_PROTOCOL} without running code"


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
            return Stored({name: stream.get_tensor(name) for name in stream.keys()}, metadata=metadata)  # noqa: SIM118 — it is no mapping
    except (SafetensorError, OSError, ValueError, RuntimeError, AttributeError, KeyError) as error:
        raise _damaged(file) from error


def _read_pickle(file: Path, protocol: int, *, mapped: bool) -> object:
    try:
        with warnings.catch_warnings():
            # torch asks whoever reads it to file an issue; what is to be done is said here.
            warnings.simplefilter("ignore")
            # Mapped, so that a training checkpoint's optimiser state is never read.
            return torch.load(file, map_location="cpu", weights_only=True, mmap=mapped)
    except pickle.UnpicklingError as error:
        # What torch says here is how to run whatever code such a file holds.
        told = str(error)
        if protocol != USUAL_PROTOCOL:
            raise _unread(file, f"{file} is {_odd(protocol)}, and is not opened. {AS_SAFETENSORS}") from None
        if "Unsupported" in told or "GLOBAL" in told or "nsafe" in told or "not an allowed" in told:
            raise _unread(
                file,
                f"{file} holds Python objects beside its weights, and is not opened because that could run code. "
                f"Export its weights with stable-audio-tools' unwrap_model.py. {AS_SAFETENSORS}",
            ) from None
        raise _damaged(file) from None
    except (RuntimeError, EOFError, OSError, ValueError, LookupError, TypeError, AttributeError, AssertionError):
        raise _damaged(file) from None


def _unread(file: Path, told: str) -> CheckpointError:
    """The error for a pickle that is not opened, which a wrong byte in it may cause as well."""
    with contextlib.suppress(OSError, zipfile.BadZipFile, RuntimeError, ValueError, NotImplementedError, StopIteration):
        with zipfile.ZipFile(file) as archive:
            # Read to its end, it is compared with its checksum.
            archive.read(_pickle_in(archive))
        return UnfitCheckpointError(told)
    return CheckpointError(told)


def _pickle_in(archive: zipfile.ZipFile) -> str:
    return next(one for one in archive.namelist() if one.rpartition("/")[2] == "data.pkl")


def _damaged(file: Path) -> CheckpointError:
    return CheckpointError(
        f"{file} is damaged: it begins as a checkpoint, and cannot be read to its end ({file.stat().st_size:,} bytes). "
        "Copy or download it again."
    )
