"""What commands are answered by a show that runs."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from midifrag.doors.live.wire import Message, Refused, decoded


class Status(Message):
    """How the door stands, for a command: which Live is connected, and what of it is known.

    ``live`` is None where none is; ``names`` are what is looked for by slot, and ``objects`` what was found.
    ``in_slots`` are the names of the copies of what lies in a slot now.
    """

    type: Literal["status"] = "status"
    live: str | None
    has: tuple[str, ...]
    slots: int
    objects: dict[str, str]
    names: dict[str, str]
    selected: str | None
    playing: tuple[int, ...]
    troubles: dict[str, str]
    landed: int
    folder: str
    in_slots: tuple[str, ...]


class Used(Message):
    """What the loaded Set uses, as in `Files`, for a command; ``files`` is None where no Live is there to say it.

    Where Live has not told all, they are not ``complete``.
    """

    type: Literal["used"] = "used"
    files: tuple[str, ...] | None
    set: str
    unread: int
    in_slots: tuple[str, ...]
    complete: bool = True


Answer: TypeAlias = Status | Used | Refused

_ANSWER: TypeAdapter[Answer] = TypeAdapter(Annotated[Answer, Field(discriminator="type")])


def answer_of(line: bytes) -> Answer:
    """What a command is answered. Raises `midifrag.doors.live.wire.OddLineError`."""
    return decoded(_ANSWER, line)
