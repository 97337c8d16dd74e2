"""Servers that engines run on: where they are, and how long a show waits for them."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from midifrag.config.places import Folder
from midifrag.config.value_types import Strict

#: The most servers of a set.
MOST_SERVERS = 16
#: The engine that calls servers.
ENGINE = "server"
_NAME = re.compile(r"[\w.-]{1,64}")


def _url(value: str) -> str:
    try:
        parts = urlsplit(value)
        is_right = parts.scheme in ("ws", "wss") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_right = False
    if not is_right or parts.query or parts.fragment or parts.username or not value.isprintable() or " " in value:
        raise ValueError(f"{value!r} is no address of a server; it looks like ws://192.168.1.20:8770, or wss://…")
    return value


#: A server's address.
Url: TypeAlias = Annotated[str, AfterValidator(_url)]

#: How takes travel: as they are, packed to half and less at 24 bits, or whatever the line is fast enough for.
AudioTravels: TypeAlias = Literal["auto", "float32", "flac"]


class ServerSettings(Strict):
    """A machine that `midifrag serve` runs on; its models are called NAME/MODEL, and NAME alone is its first."""

    url: Url = Field(
        description="its address in your network: ws://192.168.1.20:8770, or wss:// where it has a certificate"
    )
    token_file: Folder | None = Field(
        default=None, description="a copy of the file of its token, from the folder of presets.yaml on"
    )
    certificate: Folder | None = Field(
        default=None,
        description="a copy of its certificate, where that is one of your own making, from the folder of presets.yaml "
        "on; for wss:// alone",
    )
    patience_ms: int = Field(
        default=800,
        ge=300,
        le=60_000,
        description="milliseconds without a byte after which the model that stands in takes the presses",
    )
    audio: AudioTravels = Field(
        default="auto",
        description="how takes travel: as they are (float32), in half the bytes, rounded to 24 bits below their peak "
        "(flac), or so where the line is slow (auto)",
    )

    @model_validator(mode="after")
    def _nothing_is_certified_without_one(self) -> ServerSettings:
        if self.certificate is not None and not self.url.startswith("wss:"):
            raise ValueError(f"a certificate is for wss://, and its url is {self.url}")
        return self


def server_of(model: str, servers: dict[str, ServerSettings]) -> str | None:
    """The server that a model's name means, where it means one."""
    name = model.partition("/")[0]
    return name if name in servers else None


def server_source(model: str, servers: dict[str, ServerSettings]) -> dict[str, Any]:
    """What a model's entry would hold that is a server's; empty for one that is not."""
    name = server_of(model, servers)
    if name is None:
        return {}
    said = servers[name].model_dump(exclude_none=True)
    return {"engine": ENGINE, "server": name, "there": model.partition("/")[2], **said}


def wrong_name(name: str) -> str | None:
    """Why a server cannot be called so; None where it can."""
    return None if _NAME.fullmatch(name) else f"{name!r} is no name of a server: letters, digits, . - and _"
