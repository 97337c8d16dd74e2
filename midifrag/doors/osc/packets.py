"""Packets of OSC 1.0: bytes to messages and back, by the table of addresses.

What a packet holds is read by python-osc, one message at a time; bundles are walked here, since they may be nested as
deep as somebody likes.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, assert_never

from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from midifrag.doors.osc.table import COMING, GOING, MOST_TEXT, Address, Argument, Direction, Kind

#: Bundles within bundles, and messages in a packet, that are taken in.
MOST_NESTED, MOST_MESSAGES = 8, 512

_BUNDLE = b"#bundle\x00"
#: A bundle's mark and its time, which is not waited for: most of what is asked for takes longer than any such time.
_HEAD = 16
_SIZE = struct.Struct(">i")
#: OSC's types that are understood; python-osc leaves out others without a word.
_TAGS = frozenset("ifhdsTFN")

#: An argument's value: a float for what is a number, an int for what is whole, None for nothing.
Value: TypeAlias = str | int | float | None


class OscError(ValueError):
    """What came in cannot be taken. ``kind`` is the same for all that is wrong in the same way."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the table: its address and a value for each argument that was given."""

    path: str
    values: tuple[Value, ...] = ()


def messages(packet: bytes) -> Iterator[Message | OscError]:
    """What a packet asks for, in its order; what is wrong with one message keeps none of the others out."""
    try:
        parts = list(_parts(packet))
    except OscError as error:
        yield error
        return
    for part in parts:
        try:
            yield _message(part)
        except OscError as error:
            yield error


def encoded(message: Message, direction: Direction = Direction.OUT) -> bytes:
    """A message as a packet. Raises `OscError` for one that the table does not allow, or that no packet can hold."""
    row = (GOING if direction is Direction.OUT else COMING)[message.path]
    builder = OscMessageBuilder(row.path)
    for value, argument in zip(_checked(row, message.values), row.arguments, strict=False):
        builder.add_arg(value, _tag(value, argument))
    try:
        return builder.build().dgram
    except Exception as error:
        # The library has errors of its own for each of its modules.
        raise OscError(row.path, f"{row.path} cannot be sent: {error}") from error


def _parts(packet: bytes) -> Iterator[bytes]:
    """The messages of a packet, whatever bundles they are in. Raises `OscError`."""
    waiting, count = [(packet, 0)], 0
    while waiting:
        part, depth = waiting.pop()
        if not part.startswith(_BUNDLE):
            count += 1
            if count > MOST_MESSAGES:
                raise OscError("malformed", f"a packet with more than {MOST_MESSAGES} messages")
            yield part
            continue
        if depth == MOST_NESTED:
            raise OscError("malformed", f"bundles within bundles, more than {MOST_NESTED} deep")
        waiting += [(one, depth + 1) for one in reversed(_elements(part))]


def _elements(bundle: bytes) -> list[bytes]:
    found, at = [], _HEAD
    if len(bundle) < _HEAD:
        raise OscError("malformed", "a bundle that ends in its head")
    while at < len(bundle):
        if at + _SIZE.size > len(bundle):
            raise OscError("malformed", "a bundle that ends in a size")
        (size,) = _SIZE.unpack_from(bundle, at)
        at += _SIZE.size
        if size < 0 or size % 4 or at + size > len(bundle):
            raise OscError("malformed", "a bundle whose parts do not fit into it")
        found.append(bundle[at : at + size])
        at += size
    return found


def _message(part: bytes) -> Message:
    try:
        _check_tags(part)
        read = OscMessage(part)
        path, values = str(read.address), tuple(read)
    except OscError:
        raise
    except Exception as error:
        # Bytes of others: whatever the library makes of them, it is no message.
        raise OscError("malformed", "a message that is cut off, or no text where one should be") from error
    row = COMING.get(path)
    if row is None:
        known = ", ".join(COMING)
        raise OscError("unknown", f"{shown(path)} is none of {known}")
    return Message(path, _checked(row, values))


def _check_tags(part: bytes) -> None:
    """Raise `OscError` for types that the library would leave out, shifting all values after them."""
    if not part.startswith(b"/") or len(part) % 4:
        raise OscError("malformed", "no message of OSC")
    start = (part.find(b"\x00") // 4 + 1) * 4
    tags = part[start : part.find(b"\x00", start)]
    if tags and not tags.startswith(b","):
        raise OscError("malformed", "a message without types")
    strange = set(tags[1:].decode("latin-1")) - _TAGS
    if strange:
        path = part[: part.find(b"\x00")].decode("utf-8", "replace")
        raise OscError("malformed", f"{shown(path)} with values of type {', '.join(sorted(strange))!r}")


def _checked(row: Address, values: Sequence[Any]) -> tuple[Value, ...]:
    """A message's values as the table has them. Raises `OscError`."""
    least, most = row.least, len(row.arguments)
    if not least <= len(values) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        what = "argument" if most == 1 else "arguments"
        raise OscError(row.path, f"{row.path} has {wanted} {what}, not {len(values)}")
    return tuple(_checked_one(row, argument, value) for argument, value in zip(row.arguments, values, strict=False))


def _checked_one(row: Address, argument: Argument, value: Any) -> Value:
    """One value as the table has it. Raises `OscError` that says what it may be."""
    found: Value = _of_kind(argument.kind, value)
    if found is _NONE_OF_IT:
        raise OscError(row.path, f"{row.path}: {argument.name} is a {argument.kind.words}, not {shown(value)}")
    if isinstance(found, str) and len(found) > MOST_TEXT and row.direction is Direction.IN:
        raise OscError(row.path, f"{row.path}: {argument.name} has more than {MOST_TEXT} characters")
    if isinstance(found, int | float) and argument.limits is not None:
        low, high = argument.limits
        if not low <= found <= high:
            raise OscError(row.path, f"{row.path}: {argument.name} {found:g} is outside {low:g} to {high:g}")
    return found


_NONE_OF_IT = object()


def _of_kind(kind: Kind, value: Any) -> Any:
    match kind:
        case Kind.WHOLE:
            return _whole(value)
        case Kind.NUMBER:
            return _number(value)
        case Kind.TEXT:
            return value if isinstance(value, str) else _NONE_OF_IT
        case Kind.SWITCH:
            found = _whole(int(value) if isinstance(value, bool) else value)
            return found if found in (0, 1) else _NONE_OF_IT
        case Kind.PAD | Kind.BANK:
            return value if isinstance(value, str) else _whole(value)
        case Kind.VALUE:
            return None if value in (None, "") else _number(value)
        case _:
            assert_never(kind)


def _whole(value: Any) -> Any:
    found = _number(value)
    return int(found) if found is not _NONE_OF_IT and float(found).is_integer() else _NONE_OF_IT


def _number(value: Any) -> Any:
    """A finite number; text is none, and neither is true."""
    is_one = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return value if is_one else _NONE_OF_IT


def _tag(value: Value, argument: Argument) -> str:
    if value is None:
        return OscMessageBuilder.ARG_TYPE_NIL
    if isinstance(value, str):
        return OscMessageBuilder.ARG_TYPE_STRING
    return argument.kind.tags[0]


def shown(value: object) -> str:
    """A value of others, in one short line."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:56]} …"
