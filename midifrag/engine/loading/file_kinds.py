"""What a file is, told by its content: under a checkpoint's name lies what a download left, and that is not always one.

The suffix says nothing: a ``.ckpt`` may hold safetensors, and a ``.safetensors`` a web page.
"""

from __future__ import annotations

import enum
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from midifrag.errors import CheckpointError, UnfitCheckpointError

#: Bytes that are looked at.
_HEAD = 512
#: The longest header of a safetensors file, in bytes; the format's own limit.
_MOST_HEADER = 100_000_000
#: The largest text that is read whole, in bytes, and how much of a line of it is told.
_MOST_TEXT, _SHOWN = 4_194_304, 80


class FileKind(enum.Enum):
    """What can hold a model's weights."""

    SAFETENSORS = enum.auto()
    #: What ``torch.save`` has written since 2020, and what it wrote before.
    ZIPPED = enum.auto()
    PICKLED = enum.auto()


@dataclass(frozen=True, slots=True)
class Stranger:
    """What a file is in place of what it should be, behind its name, and the way out."""

    what: str
    way_out: str


_AGAIN = "Copy or download it again."
_UNPACK = "Unpack it, and name the checkpoint that it holds."

#: What LoRA and its relatives are called by those who save them.
LORA_NAME = re.compile(r"(^|[._])(lora|hada_w|lokr_w|dora_scale|M_xs|oft_blocks|base_layer)", re.IGNORECASE)
LORA = Stranger(
    "is a LoRA file: it holds what is added to a model, and no model",
    "Name it with loras: [{file: …}], in the entry of its model, in a bank or at a pad.",
)

#: What else begins with its own bytes.
_MAGIC: Mapping[bytes, Stranger] = {
    b"GGUF": Stranger(
        "is a GGUF file, which holds weights in numbers of a few bits",
        "midifrag plays .safetensors and .ckpt files: use the model that it was made from.",
    ),
    b"\x1f\x8b": Stranger("is a gzip archive", _UNPACK),
    b"7z\xbc\xaf\x27\x1c": Stranger("is a 7z archive", _UNPACK),
    b"Rar!": Stranger("is a RAR archive", _UNPACK),
    b"\xfd7zXZ": Stranger("is an xz archive", _UNPACK),
    b"BZh": Stranger("is a bzip2 archive", _UNPACK),
    b"\x28\xb5\x2f\xfd": Stranger("is a zstd archive", _UNPACK),
    b"\x89HDF": Stranger("is an HDF5 file, as Keras writes them", "Choose a model of stable-audio-tools."),
    b"\x93NUMPY": Stranger("is an array of numpy's", "Name a .safetensors or .ckpt file."),
    b"RIFF": Stranger("is a sound or a video", "Name the checkpoint."),
    b"fLaC": Stranger("is a sound", "Name the checkpoint."),
    b"OggS": Stranger("is a sound", "Name the checkpoint."),
    b"ID3": Stranger("is a sound", "Name the checkpoint."),
    b"%PDF": Stranger("is a PDF", "Name the checkpoint."),
    b"\x89PNG": Stranger("is a picture", "Name the checkpoint."),
    b"\xff\xd8\xff": Stranger("is a picture", "Name the checkpoint."),
    b"\x00\x05\x16\x07": Stranger(
        "is what macOS keeps beside a file on other systems' drives", "Name the file without ._ in its name."
    ),
    b"L\x00\x00\x00\x01\x14\x02\x00": Stranger("is a shortcut of Windows'", "Name the file that it leads to."),
}


def kind_of(file: Path, *, may_be_lora: bool = False) -> FileKind:
    """How a checkpoint is to be read. Raises `CheckpointError` with what the file is, if it is none."""
    found = _look_at(file)
    if isinstance(found, FileKind):
        return found
    if found is LORA and may_be_lora:
        return FileKind.SAFETENSORS
    # Another copy of a LoRA file would be one as well.
    kind = UnfitCheckpointError if found is LORA else CheckpointError
    raise kind(f"{file} {found.what}. {found.way_out}")


def stranger(file: Path) -> Stranger | None:
    """What a file is that should hold text; None where nothing speaks against it."""
    try:
        with file.open("rb") as stream:
            head = stream.read(_HEAD)
    except OSError:
        return None
    return _pointer(head) or _page(head) or next((one for magic, one in _MAGIC.items() if head.startswith(magic)), None)


def _look_at(file: Path) -> FileKind | Stranger:
    try:
        if file.is_dir():
            return _folder(file)
        if not file.is_file():
            if file.is_symlink():
                return Stranger("is a link to a file that is not there", "Copy the file itself, or download it again.")
            if file.exists():
                return Stranger("is no file, but a device or a pipe", "Name the checkpoint.")
            raise CheckpointError(f"There is no checkpoint {file}. Check the path of the model in presets.yaml.")
        size = file.stat().st_size
        with file.open("rb") as stream:
            head = stream.read(_HEAD)
        return _by_content(file, head, size)
    except OSError as error:
        raise CheckpointError(f"{file} cannot be read: {error.strerror or error}. Check its permissions.") from error


def _folder(file: Path) -> Stranger:
    if (file / "model_config.json").is_file():
        return Stranger("is a model's folder, not a checkpoint", "Write folder: in place of config: and checkpoint:.")
    return Stranger("is a folder, not a checkpoint", "Name the file in it that holds the weights.")


def _by_content(file: Path, head: bytes, size: int) -> FileKind | Stranger:
    if not head:
        return Stranger("is empty", _AGAIN)
    if not head.strip(b"\0"):
        return Stranger("begins with nothing but zeros: it is damaged, or its download did not come to an end", _AGAIN)
    known = next((one for magic, one in _MAGIC.items() if head.startswith(magic)), None)
    if known is not None:
        return known
    if head.startswith(b"PK"):
        return _zip(file, size)
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= _MOST_HEADER:
        return _safetensors(file, size)
    if head[:1] == b"\x80":
        return FileKind.PICKLED
    if head[257:262] == b"ustar":
        return Stranger("is a tar archive", _UNPACK)
    return _pointer(head) or _page(head) or _text(file, head, size) or _unknown(size)


def _unknown(size: int) -> Stranger:
    if size < _HEAD:
        return Stranger(f"is cut off or no checkpoint: it has {size:,} bytes", _AGAIN)
    return Stranger("is damaged, or no checkpoint that midifrag knows", f"It plays .safetensors and .ckpt. {_AGAIN}")


def _zip(file: Path, size: int) -> FileKind | Stranger:
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError):
        return Stranger(f"is cut off: it begins as a checkpoint, and its end is missing after {size:,} bytes", _AGAIN)
    leaves = {name.rpartition("/")[2] for name in names}
    if "constants.pkl" in leaves:
        return Stranger(
            "is a program of TorchScript, and not a model's weights", "Save its state_dict, or name the checkpoint."
        )
    if "data.pkl" in leaves:
        return FileKind.ZIPPED
    inside = next((name for name in names if name.endswith((".safetensors", ".ckpt", ".pt", ".pth", ".bin"))), None)
    holds = f", which holds {inside}" if inside else ""
    return Stranger(f"is a zip archive and no checkpoint{holds}", _UNPACK)


def _safetensors(file: Path, size: int) -> FileKind | Stranger:
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        header = stream.read(length)
    try:
        entries = json.loads(header)
        ends = [int(one["data_offsets"][1]) for name, one in entries.items() if name != "__metadata__"]
    except (ValueError, RecursionError, TypeError, AttributeError, LookupError):
        if len(header) < length:
            return Stranger(f"is cut off: it has {size:,} bytes, and its list of weights alone has {length:,}", _AGAIN)
        return Stranger("is damaged: its list of weights cannot be read", _AGAIN)
    whole = 8 + length + max(ends, default=0)
    if size < whole:
        return Stranger(f"is cut off: it has {size:,} of {whole:,} bytes", _AGAIN)
    if size > whole:
        return Stranger(f"is damaged: it has {size:,} bytes in place of {whole:,}", _AGAIN)
    if not ends:
        return Stranger("holds no model weights: there are no tensors in it", "Name the checkpoint.")
    return LORA if _is_lora([name for name in entries if name != "__metadata__"]) else FileKind.SAFETENSORS


def _is_lora(names: list[str]) -> bool:
    """Whether a file is a LoRA's alone: most names are, and none is of a model that it was put into."""
    added = [name for name in names if LORA_NAME.search(name)]
    return 2 * len(added) >= len(names) and not any("base_layer" in name for name in added)


def _pointer(head: bytes) -> Stranger | None:
    if not head.startswith(b"version https://git-lfs.github.com/spec"):
        return None
    told = next((line.split()[1] for line in head.splitlines() if line.startswith(b"size ")), b"")
    size = f" ({int(told):,} bytes)" if told.isdigit() else ""
    return Stranger(
        f"is a Git LFS pointer: the file itself{size} was not fetched",
        "Run `git lfs pull` in its folder, or download the file.",
    )


def _page(head: bytes) -> Stranger | None:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<!--")):
        return Stranger(
            "is a web page: its download brought the page about the file, or an error",
            "Download the file itself, or let midifrag do it with hub: owner/name.",
        )
    if start.startswith((b"<?xml", b"<error")):
        return Stranger("is an error of the server that it was downloaded from", "Download it again.")
    return None


def _text(file: Path, head: bytes, size: int) -> Stranger | None:
    try:
        start = head.decode("utf-8-sig", errors="strict" if size <= len(head) else "ignore")
    except ValueError:
        return None
    if not all(character.isprintable() or character.isspace() for character in start):
        return None
    said = _json_of(file, size) if start.lstrip()[:1] in ("{", "[") else None
    if isinstance(said, dict) and "weight_map" in said:
        return Stranger(
            "is the index of a checkpoint in several files", "Join them into one .safetensors file, and name that."
        )
    if isinstance(said, dict) and "model_type" in said:
        return Stranger("is a model's configuration", "Name it with config:, and its weights with checkpoint:.")
    line = next((line.strip() for line in start.splitlines() if line.strip()), "")
    shown = line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"
    kind = "JSON" if start.lstrip()[:1] in ("{", "[") else "text"
    return Stranger(f"is {kind} and no checkpoint; it says: {shown}", "Download the file itself.")


def _json_of(file: Path, size: int) -> object:
    if size > _MOST_TEXT:
        return None
    try:
        return json.loads(file.read_bytes())
    except (ValueError, RecursionError):
        return None
