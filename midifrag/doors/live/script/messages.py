"""The lines between the script and midifrag: one JSON object each."""

from __future__ import annotations

import json
import re
import sys
from typing import Any, Callable, Dict, NamedTuple, Union

#: Bytes that a line may have, either way.
MOST_BYTES = 64 * 1024
#: Characters that a text for people, and a name, may have.
MOST_TEXT = 500
MOST_NAME = 200
#: What a number may be: whole ones have no end in JSON, and more than this is no float.
LARGEST = sys.float_info.max
#: The wire's version.
WIRE = 1

Message = Dict[str, Any]


class WireError(Exception):
    """What came in is none of the wire's lines. The text says which rule it broke."""


class Target(NamedTuple):
    """What stands for a slot, as the set says it. ``scene`` counts from 1."""

    way: str
    name: str | None
    note: int | None
    track: str | None
    scene: int | None


class Options(NamedTuple):
    """How clips are treated, for all slots."""

    fire: bool
    start_transport: bool
    occupied: str


class Welcome(NamedTuple):
    """The set's table; sent anew when it has changed."""

    targets: dict[int, Target]
    options: Options


class Land(NamedTuple):
    """A fragment for Live. ``colour`` is 0xRRGGBB, ``seconds`` and ``beats`` (quarter notes) are its length."""

    serial: int
    slot: int
    path: str
    name: str
    colour: int | None
    seconds: float
    loop: bool
    bpm: float | None
    beats: float | None
    again: bool


class Files(NamedTuple):
    """Which files the loaded Set uses is to be told."""


class Ping(NamedTuple):
    """To be answered by the same number."""

    sent: float


class Refused(NamedTuple):
    """Midifrag wants another Live, or none."""

    text: str


Incoming = Union[Welcome, Land, Files, Ping, Refused]


def encoded(message: Message) -> bytes:
    """A line. Raises `WireError` where it would be too long."""
    line = json.dumps(message, allow_nan=False).encode("ascii") + b"\n"
    if len(line) > MOST_BYTES:
        raise WireError(f"a line of {len(line)} bytes is longer than midifrag takes")
    return line


def told(text: object, most: int = MOST_TEXT) -> str:
    """``text`` for the wire and the log: one line, cut, and without halves of characters, which names may have."""
    line = " ".join(str(text).split()).encode("utf-8", "replace").decode("utf-8")
    return line if len(line) <= most else line[: most - 1] + "…"


def decoded(line: bytes) -> Incoming:
    """What midifrag says. Raises `WireError`."""
    try:
        message = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        raise WireError("midifrag sent a line that is no JSON") from None
    kind = message.get("type") if isinstance(message, dict) else None
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        raise WireError("midifrag sent a line of an unknown type")
    fields = _Fields(message, str(kind))
    read = reader(fields)
    fields.end()
    return read


class _Fields:
    """Takes the keys of one object out of it, each by its kind."""

    def __init__(self, message: Message, where: str) -> None:
        self._left = dict(message)
        self._left.pop("type", None)
        self._where = where

    def take(self, key: str, right: Callable[[Any], bool]) -> Any:
        if key not in self._left or not right(self._left[key]):
            raise WireError(f"midifrag's {self._where!r} has no right {key!r}")
        return self._left.pop(key)

    def either(self, key: str, right: Callable[[Any], bool]) -> Any:
        """As `take`, or null."""
        return self.take(key, lambda value: value is None or right(value))

    def end(self) -> None:
        if self._left:
            raise WireError(f"midifrag's {self._where!r} has an unknown {min(self._left)!r}")


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= LARGEST


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_positive(value: Any) -> bool:
    return _is_number(value) and value > 0


def _is_colour(value: Any) -> bool:
    return isinstance(value, str) and re.match(r"#[0-9A-Fa-f]{6}\Z", value) is not None


def _welcome(fields: _Fields) -> Welcome:
    fields.take("version", lambda value: value == WIRE)
    fields.take("slots", _is_count)
    told_targets = fields.take("targets", lambda value: isinstance(value, dict))
    told_options = fields.take("options", lambda value: isinstance(value, dict))
    targets = {}
    for slot, target in told_targets.items():
        if not re.match(r"[1-9][0-9]?\Z", slot) or not isinstance(target, dict):
            raise WireError("midifrag's 'welcome' has no right 'targets'")
        targets[int(slot)] = _target(_Fields(target, "welcome"))
    return Welcome(targets, _options(_Fields(told_options, "welcome")))


def _target(fields: _Fields) -> Target:
    target = Target(
        way=fields.take("way", lambda value: value in ("simpler", "clip", "auto")),
        name=fields.either("name", _is_text),
        note=fields.either("note", lambda value: _is_count(value) and value < 128),
        track=fields.either("track", _is_text),
        scene=fields.either("scene", lambda value: _is_count(value) and value > 0),
    )
    fields.end()
    return target


def _options(fields: _Fields) -> Options:
    options = Options(
        fire=fields.take("fire", _is_flag),
        start_transport=fields.take("start_transport", _is_flag),
        occupied=fields.take("occupied", lambda value: value in ("wait", "next_scene")),
    )
    fields.end()
    return options


def _land(fields: _Fields) -> Land:
    colour = fields.either("colour", _is_colour)
    return Land(
        serial=fields.take("serial", _is_count),
        slot=fields.take("slot", _is_count),
        path=fields.take("path", lambda value: _is_text(value) and value != "" and "\0" not in value),
        name=fields.take("name", _is_text),
        colour=None if colour is None else int(colour[1:], 16),
        seconds=fields.take("seconds", _is_positive),
        loop=fields.take("loop", _is_flag),
        bpm=fields.either("bpm", _is_positive),
        beats=fields.either("beats", _is_positive),
        again=fields.take("again", _is_flag),
    )


_READERS: dict[str, Callable[[_Fields], Incoming]] = {
    "welcome": _welcome,
    "land": _land,
    "files": lambda _fields: Files(),
    "ping": lambda fields: Ping(fields.take("sent", _is_number)),
    "refused": lambda fields: Refused(fields.take("text", _is_text)),
}
