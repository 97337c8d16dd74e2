"""LoRAs: files that change a model's sound, how strongly each does, and lists of them that lie over each other.

A set says them as ``loras: [{file: dusty.safetensors, strength: 0.8}]``; requests, records and the command line carry
the line ``dusty=0.8 from /sets/dusty.safetensors``, several of them with semicolons between. Records name the checksum
of each as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from midifrag.config.conditioning import shown
from midifrag.config.names import none_of
from midifrag.config.places import hub_file_problem, path_problem

#: How strongly a LoRA may count: less than nothing is its opposite, 1 as it was trained.
STRENGTHS = (-1.0, 2.0)
#: What the names of their strengths begin with, where values are set: ``lora.dusty``.
PREFIX = "lora."
#: How many there may be at once, and how long the name of each.
MOST, _LONGEST = 16, 80

_KEYS = ("file", "hub", "revision", "strength", "name")
_HUB = "hub:"
_ONE = re.compile(
    r"(?P<name>[^;=]+?)\s*=\s*(?P<strength>[-+.\deE]+)"
    r"(?:\s+from\s+(?P<place>\S(?:.*?\S)?))?(?:\s+sha256:(?P<checksum>[0-9a-f]{64}))?"
)
_FOLDER: ContextVar[Path | None] = ContextVar("the folder that files of LoRAs are named from", default=None)


@dataclass(frozen=True, slots=True)
class Lora:
    """One LoRA. ``place`` is a path, or ``hub:owner/name/file`` with ``@revision`` where one is meant.

    Without a place, it is about the LoRA of this name that a farther level has. A record's has the ``checksum`` of the
    file, SHA-256 in hex.
    """

    name: str
    strength: float = 1.0
    place: str = ""
    checksum: str = ""

    def __str__(self) -> str:
        place = f" from {self.place}" if self.place else ""
        checksum = f" sha256:{self.checksum}" if self.checksum else ""
        return f"{self.name}={shown(self.strength)}{place}{checksum}"

    @property
    def hub(self) -> tuple[str, str, str | None] | None:
        """Repository, file and revision of one that comes from the hub; None for one of this machine."""
        if not self.place.startswith(_HUB):
            return None
        named, _, revision = self.place.removeprefix(_HUB).partition("@")
        owner, name, file = named.split("/", 2)
        return f"{owner}/{name}", file, revision or None


def read_loras(text: str | None) -> tuple[Lora, ...]:
    """The LoRAs that a line says. Raises ValueError with what is wrong with it."""
    return _checked(_read(one.strip()) for one in (text or "").split(";") if one.strip())


def write_loras(loras: Sequence[Lora]) -> str | None:
    """The line that says ``loras``; None for none."""
    return "; ".join(map(str, loras)) or None


def as_loras(said: Any) -> Any:
    """The line for what a file says, be that a list or the line itself. Raises ValueError.

    Paths are taken from the folder of the set that is being read (`reading_from`).
    """
    if said is None:
        return None
    if isinstance(said, str):
        loras = read_loras(said)
    elif isinstance(said, list | tuple):
        loras = _checked(_of_keys(one) for one in said)
    else:
        # pydantic takes no other error for a mistake of the file.
        raise ValueError("must be a list, such as [{file: dusty.safetensors, strength: 0.8}]")  # noqa: TRY004
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


def merged(farther: str | None, nearer: str | None) -> str | None:
    """The LoRAs of two levels; of one that both name, what the nearer one says. Raises ValueError."""
    over = {one.name: one for one in read_loras(nearer)}
    under = [_over(one, over.pop(one.name, None)) for one in read_loras(farther)]
    return write_loras(_checked([*under, *over.values()]))


def _over(farther: Lora, nearer: Lora | None) -> Lora:
    if nearer is None:
        return farther
    return nearer if nearer.place else replace(nearer, place=farther.place, checksum=farther.checksum)


def with_strengths(loras: str | None, values: Mapping[str, float]) -> str | None:
    """A line whose LoRAs are as strong as ``values`` say, by `value_name`; others of these are for other pads."""
    if loras is None or not any(name.startswith(PREFIX) for name in values):
        return loras
    return write_loras([replace(one, strength=values.get(value_name(one), one.strength)) for one in read_loras(loras)])


def strengths_of(loras: str | None) -> dict[str, float]:
    """How strong each LoRA of a line is, by `value_name`."""
    return {value_name(one): one.strength for one in read_loras(loras)}


def value_name(lora: Lora) -> str:
    """What the value of a LoRA's strength is called."""
    return PREFIX + lora.name


def strength_problem(strength: float) -> str | None:
    """Why a LoRA cannot be so strong; None where it can."""
    low, high = STRENGTHS
    return None if low <= strength <= high else f"{shown(strength)} is not between {shown(low)} and {shown(high)}"


def _checked(loras: Iterator[Lora] | Sequence[Lora]) -> tuple[Lora, ...]:
    every = tuple(loras)
    names = [one.name for one in every]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"{twice} stands there twice; give one of the two a name of its own: name: …")
    if len(every) > MOST:
        raise ValueError(f"has {len(every)} LoRAs; {MOST} are the most")
    return every


def _read(text: str) -> Lora:
    found = _ONE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no LoRA; write it as dusty=0.8 from dusty.safetensors")
    strength = _strength(found["name"], found["strength"])
    place = found["place"] or ""
    if place.startswith(_HUB) and (problem := _hub_problem(place)):
        raise ValueError(f"{found['name']}: {problem}")
    return Lora(_name(found["name"]), strength, place, found["checksum"] or "")


def _hub_problem(place: str) -> str | None:
    named, _, revision = place.removeprefix(_HUB).partition("@")
    owner, name, file = (*named.split("/", 2), "", "")[:3]
    return hub_file_problem(f"{owner}/{name}", file, revision or None)


def _of_keys(said: Any) -> Lora:
    if isinstance(said, str):
        said = {"file": said}
    if not isinstance(said, Mapping):
        raise ValueError(f"{said!r} is no LoRA; write {{file: dusty.safetensors, strength: 0.8}}")  # noqa: TRY004
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
            f"{_HUB}{hub}/{file}{f'@{revision}' if revision else ''}",
        )
    elif revision is not None:
        raise ValueError("revision goes with hub; a file of this machine has none")
    else:
        problem, place = None if file is None else path_problem(file), file or ""
        if place.startswith(_HUB):
            raise ValueError(f"{place!r} is no path; write {{hub: owner/name, file: …}}")
    problem = problem or _unwritable(place, file or "")
    if problem is not None:
        raise ValueError(problem)
    if name is None:
        if file is None:
            raise ValueError("a LoRA has a file, or the name of one that a farther level has")
        name = PurePosixPath(file.replace("\\", "/")).stem
    return Lora(_name(name), _strength(name, said.get("strength", 1.0)), place)


def _text(said: Mapping[Any, Any], key: str) -> str | None:
    value = said.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float) or not str(value).strip():
        raise ValueError(f"{key}: {value!r} is no text")
    return str(value).strip()


def _unwritable(place: str, file: str) -> str | None:
    """Why a line cannot say where a LoRA lies; None where it can."""
    is_of_hub = place.startswith(_HUB)
    if ";" in place or " sha256:" in place or not place.isprintable() or (is_of_hub and "@" in file):
        return f"{file!r} cannot be named in a take's record; call the file otherwise, without a semicolon or @"
    return None


def is_name(name: str) -> bool:
    """Whether a LoRA can be called so."""
    return (
        bool(name)
        and name == name.strip()
        and len(name) <= _LONGEST
        and not any(one in name for one in ";=")
        and name.isprintable()
    )


def _name(name: str) -> str:
    text = name.strip()
    if not is_name(text):
        raise ValueError(f"{name!r} is no name of a LoRA; give it one without ; and =: name: …")
    return text


def _strength(name: str, strength: Any) -> float:
    try:
        if isinstance(strength, bool):
            raise TypeError  # noqa: TRY301 (as what is no number at all)
        number = float(strength)
    except (TypeError, ValueError):
        raise ValueError(f"{name}: strength {strength!r} is no number") from None
    problem = strength_problem(number)
    if problem is not None:
        raise ValueError(f"{name}: strength {problem}")
    return number


def _from_folder(lora: Lora) -> Lora:
    folder = _FOLDER.get()
    if folder is None or not lora.place or lora.hub is not None:
        return lora
    return replace(lora, place=str((folder / Path(lora.place).expanduser()).resolve()))
