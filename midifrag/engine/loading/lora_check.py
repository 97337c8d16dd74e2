"""What is wrong with a LoRA's file, as far as its header tells: without its model, and without what plays that."""

from __future__ import annotations

import json
from pathlib import Path

from midifrag.engine.loading.file_kinds import FileKind, kind_of
from midifrag.engine.loading.lora_formats import read_names
from midifrag.errors import CheckpointError

#: What of a file says how long its header is, in bytes.
_LENGTH = 8


def lora_problem(file: Path) -> str | None:
    """Why a file can be no LoRA to play; None where nothing speaks against it."""
    try:
        if kind_of(file, may_be_lora=True) is not FileKind.SAFETENSORS:
            return None
        # Whatever the model is, of which no layer is known here.
        names, metadata = _header(file)
        trouble = read_names(names, metadata, (), file).trouble
    except CheckpointError as error:
        return as_lora(error)
    except OSError as error:
        return f"{file} cannot be read: {error.strerror or error}. Check its permissions."
    return f"{file} {trouble}." if trouble else None


def _header(file: Path) -> tuple[list[str], dict[str, str]]:
    with file.open("rb") as stream:
        entries = json.loads(stream.read(int.from_bytes(stream.read(_LENGTH), "little")))
    metadata = entries.pop("__metadata__", None)
    return list(entries), metadata if isinstance(metadata, dict) else {}


def as_lora(error: CheckpointError) -> str:
    """What is said of a file that is no checkpoint, of one that is no LoRA."""
    told = str(error).replace("no checkpoint", "no LoRA").replace("the checkpoint", "the LoRA")
    return told.replace("the path of the model in presets.yaml", "its path")
