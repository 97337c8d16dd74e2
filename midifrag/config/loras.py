"""LoRAs: files that change a model's sound, how strongly each does, and lists of them that lie over each other.

A set says them as ``loras: [{file: dusty.safetensors, strength: 0.8}]``; requests, records and the command line carry
the line ``dusty=0.8 from /sets/dusty.safetensors``, several of them with semicolons between. Records name the checksum
of each as well.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from midifrag.config.conditioning import shown

#: What the names of files begin with that somebody sent to a server: nobody else is told of one.
SENT = "sent-"
#: How strongly a LoRA may count: less than nothing is its opposite, 1 as it was trained.
STRENGTHS = (-1.0, 2.0)
#: What the names of their strengths begin with, where values are set: ``lora.dusty``.
PREFIX = "lora."
#: How many there may be at once, and how long the name of each.
MOST, _LONGEST = 16, 80

#: What a place begins with that is of the hub.
HUB = "hub:"
_OF_HUB = re.compile(r"hub:[^/@\s]+/[^/@\s]+/[^@]+(@\S+)?")
_ONE = re.compile(
    r"(?P<name>[^;=]+?)\s*=\s*(?P<strength>[-+.\deE]+)"
    r"(?:\s+from\s+(?P<place>\S(?:.*?\S)?))?(?:\s+sha256:(?P<checksum>[0-9a-f]{64}))?"
)


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
        if not self.place.startswith(HUB):
            return None
        named, _, revision = self.place.removeprefix(HUB).partition("@")
        owner, name, file = named.split("/", 2)
        return f"{owner}/{name}", file, revision or None


def read_loras(text: str | None) -> tuple[Lora, ...]:
    """The LoRAs that a line says. Raises ValueError with what is wrong with it."""
    return checked(_read(one.strip()) for one in (text or "").split(";") if one.strip())


def write_loras(loras: Iterable[Lora]) -> str | None:
    """The line that says ``loras``; None for none."""
    return "; ".join(map(str, loras)) or None


def merged(farther: str | None, nearer: str | None) -> str | None:
    """The LoRAs of two levels; of one that both name, what the nearer one says. Raises ValueError."""
    over = {one.name: one for one in read_loras(nearer)}
    under = [_over(one, over.pop(one.name, None)) for one in read_loras(farther)]
    return write_loras(checked([*under, *over.values()]))


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


def names_place(loras: str | None, places: Collection[str]) -> bool:
    """Whether any LoRA of a line lies at one of these places."""
    return any(one.place in places for one in read_loras(loras))


def value_name(lora: Lora) -> str:
    """What the value of a LoRA's strength is called."""
    return PREFIX + lora.name


def strength_problem(strength: float) -> str | None:
    """Why a LoRA cannot be so strong; None where it can."""
    low, high = STRENGTHS
    return None if low <= strength <= high else f"{shown(strength)} is not between {shown(low)} and {shown(high)}"


def checked(loras: Iterable[Lora]) -> tuple[Lora, ...]:
    """A list that can be played. Raises ValueError for too many, and for two of one name."""
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
    strength = lora_strength(found["name"], found["strength"])
    place = found["place"] or ""
    if place.startswith(HUB) and not _OF_HUB.fullmatch(place):
        raise ValueError(f"{found['name']}: {place!r} is no file of the hub; it looks like hub:owner/name/file")
    return Lora(lora_name(found["name"]), strength, place, found["checksum"] or "")


def is_name(name: str) -> bool:
    """Whether a LoRA can be called so."""
    return (
        bool(name)
        and name == name.strip()
        and len(name) <= _LONGEST
        and not any(one in name for one in ";=")
        and name.isprintable()
    )


def lora_name(name: str) -> str:
    """A name as it is meant. Raises ValueError for what is none."""
    text = name.strip()
    if not is_name(text):
        raise ValueError(f"{name!r} is no name of a LoRA; give it one without ; and =: name: …")
    return text


def lora_strength(name: str, strength: Any) -> float:
    """The strength of the LoRA of a name. Raises ValueError for what can be none."""
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
