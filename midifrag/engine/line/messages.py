"""Every message of the line with its fields, their types and limits: the one table that both ends and the docs read.

`requests` are what clients say, `answers` what servers do, and `parts` what both are made of.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from midifrag.engine.line.answers import (
    Audio,
    Away,
    Began,
    Cancelled,
    Failed,
    Info,
    Lacking,
    Loading,
    ModelStatus,
    Moving,
    Pong,
    Progress,
    Queued,
    Refused,
    Rendered,
    Status,
    Taken,
    Wanted,
    Welcome,
)
from midifrag.engine.line.parts import (
    FILES,
    MINOR,
    MOST_AUDIO,
    MOST_LINE,
    MOST_PARCELS,
    MOST_TEXT,
    MOST_WISHES,
    SUBPROTOCOL,
    TEXTS,
    Coding,
    LoraFile,
    Message,
    ParcelKind,
    Sound,
    Strange,
    Wish,
    parcels_of,
)
from midifrag.engine.line.requests import (
    Ask,
    Cancel,
    Hello,
    Kept,
    Look,
    Offer,
    Ping,
    Promote,
    Received,
    Upload,
    Warm,
)

__all__ = [
    "CLIENT_KINDS",
    "FILES",
    "FROM_CLIENTS",
    "FROM_SERVERS",
    "MINOR",
    "MOST_AUDIO",
    "MOST_LINE",
    "MOST_PARCELS",
    "MOST_TEXT",
    "MOST_WISHES",
    "RAW",
    "SERVER_KINDS",
    "SUBPROTOCOL",
    "TEXTS",
    "Ask",
    "Audio",
    "Away",
    "Began",
    "Cancel",
    "Cancelled",
    "Coding",
    "Failed",
    "Hello",
    "Info",
    "Kept",
    "Lacking",
    "Loading",
    "Look",
    "LoraFile",
    "Message",
    "ModelStatus",
    "Moving",
    "Offer",
    "ParcelKind",
    "Ping",
    "Pong",
    "Progress",
    "Promote",
    "Queued",
    "Received",
    "Refused",
    "Rendered",
    "Sound",
    "Status",
    "Strange",
    "Taken",
    "Upload",
    "Wanted",
    "Warm",
    "Welcome",
    "Wish",
    "parcels_of",
]

FROM_CLIENTS: tuple[type[Message], ...] = (
    Ask, Cancel, Promote, Kept, Warm, Offer, Upload, Received, Hello, Ping, Look,
)  # fmt: skip
FROM_SERVERS: tuple[type[Message], ...] = (
    Welcome, Info, Loading, Away, Queued, Lacking, Taken, Began, Progress, Audio, Rendered, Failed, Cancelled, Refused,
    Moving, Pong, Status,
)  # fmt: skip
CLIENT_KINDS: Mapping[str, TypeAdapter[Any]] = {one.kind(): TypeAdapter(one) for one in FROM_CLIENTS}
SERVER_KINDS: Mapping[str, TypeAdapter[Any]] = {one.kind(): TypeAdapter(one) for one in FROM_SERVERS}
#: Kinds that raw bytes belong to.
RAW = frozenset(one.kind() for one in (*FROM_CLIENTS, *FROM_SERVERS) if one.takes_raw)
