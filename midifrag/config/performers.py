"""Several performers on one show: whose ports are whose, and which slots their fragments take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from midifrag.config.ports import PortSettings
from midifrag.config.value_types import Strict, Written

#: Who plays ports that name nobody, and the page; the first performer, where every port names one.
MAIN = ""


def _slots(value: Any) -> Any:
    return (value, value) if isinstance(value, int) and not isinstance(value, bool) else value


class PerformerSettings(Strict):
    """What a performer has alone."""

    slots: (
        Annotated[
            tuple[Annotated[int, Field(ge=1, le=99)], Annotated[int, Field(ge=1, le=99)]],
            BeforeValidator(_slots),
            Written("the first and the last, such as [1, 4], or one"),
        ]
        | None
    ) = Field(
        default=None,
        description="the slots that their fragments take in turn, and nobody else's; without it, all that are nobody's",
    )


def performers(ports: Mapping[str, PortSettings]) -> tuple[str, ...]:
    """All performers by what they are called while a show runs: the main one, then the others in order."""
    named = list(dict.fromkeys(port.performer for port in ports.values() if port.performer is not None))
    return (MAIN, *(name for name in named if name != _first(ports)))


def performer_of(ports: Mapping[str, PortSettings], port: str) -> str:
    """Who plays a port, as `performers` calls them; the main one for what is no port, such as the page."""
    settings = ports.get(port)
    name = None if settings is None else settings.performer
    return MAIN if name is None or name == _first(ports) else name


def name_of(ports: Mapping[str, PortSettings], performer: str) -> str:
    """What a set calls a performer; empty for the main one where some ports name nobody."""
    return performer or _first(ports) or ""


def slots_of(
    own: Mapping[str, PerformerSettings], ports: Mapping[str, PortSettings], count: int, performer: str
) -> tuple[int, ...] | None:
    """The slots, of ``count``, that a performer takes; None for all. ``own`` is what performers have alone."""
    said = own.get(name_of(ports, performer))
    if said is not None and said.slots is not None:
        first, last = said.slots
        return tuple(range(first, last + 1))
    taken = {slot for one in own.values() if one.slots for slot in range(one.slots[0], one.slots[1] + 1)}
    return tuple(slot for slot in range(1, count + 1) if slot not in taken) if taken else None


def _first(ports: Mapping[str, PortSettings]) -> str | None:
    """The performer who is the main one: the first, where every port names one."""
    named = [port.performer for port in ports.values()]
    return named[0] if named and None not in named else None
