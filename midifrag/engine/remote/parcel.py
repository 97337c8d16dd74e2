"""Something that is uploaded; a LoRA's file with what else says how it is played."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from midifrag.engine.loading.checksum import CHUNK, checksum
from midifrag.engine.loading.lora_versions import BESIDE

#: What `BESIDE` a file is called where a file has it inside.
_INSIDE = "lora_adapter_metadata"
#: Bytes before a safetensors file's header, which say how long that is; its length is a multiple of them.
_LENGTH = 8


@dataclass(frozen=True, slots=True, eq=False)
class Parcel:
    """``read`` gives so many bytes from a place on, and may wait for a disk; ``name`` is what performers call it."""

    sha256: str
    size: int
    name: str
    read: Callable[[int, int], bytes]


def lora_parcel(path: Path, name: str) -> Parcel:
    """A LoRA's file of safetensors, whose list of tensors can be read.

    One alone travels: PEFT's scale, which lies beside a file, is put into it.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_LENGTH), "little")
        entries: dict[str, Any] = json.loads(file.read(length))
    metadata = entries.get("__metadata__") or {}
    beside = path.with_name(BESIDE)
    is_peft = any("lora_A" in one and ".parametrizations." not in one for one in entries)
    if not is_peft or _INSIDE in metadata or not beside.is_file():
        return Parcel(checksum(path), size, name, lambda start, many: _read(path, start, many))
    entries["__metadata__"] = {**metadata, _INSIDE: beside.read_text("utf-8")}
    header = json.dumps(entries).encode()
    header += b" " * (-len(header) % _LENGTH)
    begin, after = len(header).to_bytes(_LENGTH, "little") + header, _LENGTH + length

    def read(start: int, many: int) -> bytes:
        own = begin[start : start + many]
        left = many - len(own)
        return own + _read(path, after + max(0, start - len(begin)), left) if left else own

    whole = len(begin) + size - after
    digest = hashlib.sha256()
    for start in range(0, whole, CHUNK):
        digest.update(read(start, CHUNK))
    return Parcel(digest.hexdigest(), whole, name, read)


def _read(path: Path, start: int, size: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(size)
