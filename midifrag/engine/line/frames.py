"""A message as bytes, and back: eight bytes, a msgpack header that says what it is, and raw bytes.

======  =====================================================================
bytes   what
======  =====================================================================
0–2     ``mfl``
3       the version of this layout, 1
4–7     the header's length in bytes, unsigned, little-endian
8–…     the header: one msgpack map, its ``is`` the message's kind
then    raw bytes, to the end of the frame: audio, a piece of an upload, or none
======  =====================================================================

A frame is one binary message of a WebSocket. Both ends are strict: what is too long, of another kind or type, or has a
key too many is refused with a `LineError` before anything is made of it. From an end that speaks a newer minor version,
kinds and keys that are not known here are left out: it counts what may be. What a wish says may not, since the take
would be another one (`UnknownWishError`). msgpack packs the header because it is compact
and has no code in it, pydantic checks it because settings are checked so too; both are there anyway. Nothing is ever
unpickled: a server trusts no client, and a client no server.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgpack
from pydantic import TypeAdapter, ValidationError

from midifrag.engine.line.messages import CLIENT_KINDS, RAW, SERVER_KINDS, Message, Strange
from midifrag.errors import LineError

MAGIC, VERSION = b"mfl", 1
_BEGINNING = struct.Struct("<3sBI")
#: The longest header, in bytes.
MOST_HEADER = 262_144
#: The most raw bytes of one frame: audio comes in pieces of so many, so that on a slow line nothing waits long for one.
PIECE = 65_536
#: The longest frame.
MOST_FRAME = _BEGINNING.size + MOST_HEADER + PIECE
#: Entries of one map or list of a header.
_MOST_ENTRIES = 4_096


@dataclass(frozen=True, slots=True)
class Frame:
    """A message, and the raw bytes that came with it."""

    message: Message
    raw: bytes = b""


class UnknownWishError(LineError):
    """A newer end wants of a ``job`` what is not known here; empty: what was to be prepared for."""

    def __init__(self, job: str, key: str) -> None:
        self.job = job
        super().__init__(f"it is to be rendered with {key}, which is not known here; update the older of the two.")


def encode(message: Message, raw: bytes | memoryview = b"") -> bytes:
    """One message as a frame. Raises `LineError` for more than a frame holds."""
    header = msgpack.packb({"is": type(message).kind(), **message.model_dump(exclude_defaults=True)})
    if len(header) > MOST_HEADER or len(raw) > PIECE:
        raise LineError(f"{type(message).kind()} is longer than a frame may be; ask for less at once.")
    return b"".join((_BEGINNING.pack(MAGIC, VERSION, len(header)), header, raw))


def from_client(data: bytes | str, *, newer: bool = False) -> Frame:
    """What a client sent, of a ``newer`` minor version or not. Raises `LineError`."""
    return _decoded(data, CLIENT_KINDS, newer)


def from_server(data: bytes | str, *, newer: bool = False) -> Frame:
    """What a server sent, of a ``newer`` minor version or not. Raises `LineError`."""
    return _decoded(data, SERVER_KINDS, newer)


def _decoded(data: bytes | str, kinds: Mapping[str, TypeAdapter[Any]], newer: bool) -> Frame:
    header, raw = _parted(data)
    values = _unpacked(header)
    kind = values.pop("is", None)
    adapter = kinds.get(kind) if isinstance(kind, str) else None
    if adapter is None and newer and isinstance(kind, str):
        return Frame(Strange())
    if adapter is None:
        raise LineError("this is a message of no known kind; the other end is of another version.")
    message = _checked(adapter, str(kind), values, newer)
    if bool(raw) is not (kind in RAW):
        raise LineError(f"{kind} {'has no raw bytes' if kind in RAW else 'has bytes that do not belong to it'}")
    return Frame(message, raw)


def _checked(adapter: TypeAdapter[Any], kind: str, values: dict[str, Any], newer: bool) -> Message:
    try:
        message: Message = adapter.validate_python(values)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_context=False, include_input=False)
        unknown = [one["loc"] for one in wrong if one["type"] == "extra_forbidden"]
        if newer and len(unknown) == len(wrong):
            return _checked(adapter, kind, _known(values, unknown), newer)
        where = ".".join(str(part) for part in wrong[0]["loc"])[:100]
        raise LineError(f"{kind}: {where}: {wrong[0]['msg']}") from None
    except RecursionError:
        raise LineError(f"{kind}: it is nested too deeply") from None
    return message


def _known(values: dict[str, Any], unknown: list[tuple[int | str, ...]]) -> dict[str, Any]:
    """What is left of a newer message without keys that are not known here. Raises `UnknownWishError`."""
    for first, *others in unknown:
        if first in ("wish", "wishes") and others:
            job = values.get("job", "")
            raise UnknownWishError(job if isinstance(job, str) else "", ".".join(map(str, others))[:100])
    known: dict[str, Any] = _without(values, unknown)
    return known


def _without(values: Any, unknown: list[tuple[int | str, ...]]) -> Any:
    """A copy without the keys at these places."""
    here = {path[0] for path in unknown if len(path) == 1}
    deeper: dict[int | str, list[tuple[int | str, ...]]] = {}
    for path in unknown:
        if len(path) > 1:
            deeper.setdefault(path[0], []).append(path[1:])
    items = values.items() if isinstance(values, dict) else enumerate(values)
    kept = {key: _without(value, deeper[key]) if key in deeper else value for key, value in items if key not in here}
    return kept if isinstance(values, dict) else list(kept.values())


def _parted(data: bytes | str) -> tuple[memoryview, bytes]:
    if not isinstance(data, bytes):
        raise LineError("a frame is binary, and this is text")
    if len(data) > MOST_FRAME:
        raise LineError(f"a frame has {MOST_FRAME} bytes at most, and this has {len(data)}")
    if len(data) < _BEGINNING.size:
        raise LineError("a frame has eight bytes at least")
    magic, version, length = _BEGINNING.unpack_from(data)
    if magic != MAGIC:
        raise LineError("this is no frame: it does not begin with mfl")
    if version != VERSION:
        raise LineError(f"this is a frame of version {version}, and {VERSION} is spoken here")
    end = _BEGINNING.size + length
    if length > MOST_HEADER or end > len(data):
        raise LineError("the header is longer than its frame")
    raw = data[end:]
    if len(raw) > PIECE:
        raise LineError(f"a frame has {PIECE} raw bytes at most")
    return memoryview(data)[_BEGINNING.size : end], raw


def _unpacked(header: memoryview) -> dict[str, Any]:
    try:
        values = msgpack.unpackb(
            header,
            strict_map_key=True,
            max_str_len=MOST_HEADER,
            max_bin_len=0,
            max_ext_len=0,
            max_array_len=_MOST_ENTRIES,
            max_map_len=_MOST_ENTRIES,
        )
    # What is wrong with it is told in many ways.
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError, msgpack.UnpackException) as error:
        raise LineError(f"the header is no msgpack: {type(error).__name__}") from None
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise LineError("the header is no map of names")
    return values
