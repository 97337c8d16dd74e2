"""LoRAs as a set says them: lists of keys, whose paths start from the folder of the set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from midifrag.config.loras import HUB, Lora, checked, lora_name, lora_strength, read_loras, write_loras
from midifrag.config.names import none_of
from midifrag.config.places import hub_file_problem, path_problem

_KEYS = ("file", "hub", "revision", "strength", "name")
_FOLDER: ContextVar[Path | None] = ContextVar("the folder that files of LoRAs are named from", default=None)


def as_loras(said: Any) -> Any:
    """The line for what a file says, be that a list or the line itself. Raises ValueError.

    Paths are taken from the folder of the set that is being read (`reading_from`).
    """
    if said is None:
        return None
    if isinstance(said, str):
        loras = read_loras(said)
    elif isinstance(said, list | tuple):
        loras = checked(_of_keys(one) for one in said)
    else:
        # pydantic takes no other error for a mistake of the file.
        raise ValueError("must be a list, such as [{file: dusty.safetensors, strength: 0.8}]")  # noqa: TRY004 — as said
    return write_loras([_from_folder(one) for one in loras])


def as_loras_from(folder: Path, said: Any) -> Any:
    """As `as_loras`, with paths from a folder."""
    with reading_from(folder):
        return as_loras(said)


@contextmanager
def reading_from(folder: Path) -> Iterator[None]:
    """While a set is read: the folder that the paths in it start from."""
    token = _FOLDER.set(folder)
    try:
        yield
    finally:
        _FOLDER.reset(token)


def _of_keys(said: Any) -> Lora:
    if isinstance(said, str):
        said = {"file": said}
    if not isinstance(said, Mapping):
        raise ValueError(f"{said!r} is no LoRA; write {{file: dusty.safetensors, strength: 0.8}}")  # noqa: TRY004 — what pydantic takes for a mistake
    for key in said:
        if key not in _KEYS:
            raise ValueError(none_of(key, _KEYS))
    file, hub, name, revision = (_text(said, key) for key in ("file", "hub", "name", "revision"))
    place = ""
    if hub is not None:
        if file is None:
            raise ValueError(f"{hub} is a repository; name the LoRA's file in it: file: …")
        problem, place = (
            hub_file_problem(hub, file, revision),
            f"{HUB}{hub}/{file}{f'@{revision}' if revision else ''}",
        )
    elif revision is not None:
        raise ValueError("revision goes with hub; a file of this machine has none")
    else:
        problem, place = None if file is None else path_problem(file), file or ""
        if place.startswith(HUB):
            raise ValueError(f"{place!r} is no path; write {{hub: owner/name, file: …}}")
    problem = problem or _unwritable(place, file or "")
    if problem is not None:
        raise ValueError(problem)
    if name is None:
        if file is None:
            raise ValueError("a LoRA has a file, or the name of one that a farther level has")
        name = PurePosixPath(file.replace("\\", "/")).stem
    return Lora(lora_name(name), lora_strength(name, said.get("strength", 1.0)), place)


def _text(said: Mapping[Any, Any], key: str) -> str | None:
    value = said.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float) or not str(value).strip():
        raise ValueError(f"{key}: {value!r} is no text")
    return str(value).strip()


def _unwritable(place: str, file: str) -> str | None:
    """Why a line cannot say where a LoRA lies; None where it can."""
    is_of_hub = place.startswith(HUB)
    if ";" in place or " sha256:" in place or not place.isprintable() or (is_of_hub and "@" in file):
        return f"{file!r} cannot be named in a take's record; call the file otherwise, without a semicolon or @"
    return None


def _from_folder(lora: Lora) -> Lora:
    folder = _FOLDER.get()
    if folder is None or not lora.place or lora.hub is not None:
        return lora
    return replace(lora, place=str((folder / Path(lora.place).expanduser()).resolve()))
