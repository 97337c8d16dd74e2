"""Where OSC comes in, and where it goes out."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from pydantic import (
    BeforeValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from midifrag.config.places import Address
from midifrag.config.value_types import Strict, Written, WrongKeyError

#: Where nothing else is said: this machine alone.
LOOPBACK = "127.0.0.1"
#: What listens on every address that a machine has.
EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 — compared, not bound
#: What reaches every machine of the network, this one too.
BROADCAST = "255.255.255.255"
#: The first port that a system does not keep to itself.
FIRST_FREE = 1024
#: The most programs that are told.
MOST_TARGETS = 16

_BRACKETED = re.compile(r"\[([0-9A-Fa-f:.%\w]+)\]:(\d+)")
_PLAIN = re.compile(r"(?:([^:\s]+):)?(\d+)")
_ADDRESS: TypeAdapter[str] = TypeAdapter(Address)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A host, by address or name, and a port there."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def comes_back(target: Endpoint, listen: Endpoint, own: Collection[str] = ()) -> bool:
    """Whether what is sent to ``target`` is heard by who listens here; ``own`` are this machine's addresses."""
    if target.port != listen.port:
        return False
    here = {*map(_plain, own), BROADCAST}
    sent, heard = _plain(target.host), _plain(listen.host)
    return sent == heard or (listen.host in EVERY_ADDRESS and (sent == LOOPBACK or sent in here))


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches ``host``."""
    return _plain(host) == LOOPBACK


def _plain(host: str) -> str:
    """An address as it is compared: every one that only this machine reaches is the same."""
    host = host.casefold().partition("%")[0]
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return LOOPBACK if host in ("localhost", "ip6-localhost") else host
    return LOOPBACK if found.is_loopback else str(found)


def endpoint(value: Any) -> Endpoint:
    """The endpoint of ``7400``, ``"127.0.0.1:7401"`` or ``"[::1]:7401"``; raises ValueError with what is allowed."""
    if isinstance(value, Endpoint):
        return value
    text = str(value).strip()
    found = _BRACKETED.fullmatch(text) or _PLAIN.fullmatch(text)
    if isinstance(value, bool) or not isinstance(value, int | str) or found is None:
        raise ValueError(f'{value!r} is no port (7400), and no address with one ("192.168.1.20:7400")')
    host, port = found[1] or LOOPBACK, int(found[2]) if len(found[2]) < 6 else 0
    if not 1 <= port <= 65535:
        raise ValueError(f"port {found[2]} is outside 1–65535")
    try:
        return Endpoint(_ADDRESS.validate_python(host), port)
    except ValidationError as error:
        raise ValueError(str(error.errors()[0]["ctx"]["error"])) from None


def _several(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else () if value is None else (value,)


_Written = Written('port, or address and port: "192.168.1.20:7400"')
_Endpoint: TypeAlias = Annotated[Endpoint, PlainValidator(endpoint), PlainSerializer(str), _Written]


class OscSettings(Strict):
    """Open Sound Control over UDP; docs/osc.md lists the messages."""

    listen: _Endpoint | None = Field(
        default=None,
        description="where messages come in; a port alone is one of this machine that only its own programs reach, "
        '"0.0.0.0:7400" hears the network too; without it, nothing comes in',
    )
    send: Annotated[
        tuple[_Endpoint, ...],
        BeforeValidator(_several),
        Written('one or a list of ports, or addresses and ports: "127.0.0.1:7401"'),
    ] = Field(default=(), max_length=MOST_TARGETS, description="who is told; without it, nobody")

    @model_validator(mode="after")
    def _not_to_itself(self) -> OscSettings:
        for target in self.send:
            if target.host in EVERY_ADDRESS:
                raise WrongKeyError("send", f"{target.host} is every address that a machine has; name one to send to")
            if self.listen is not None and comes_back(target, self.listen):
                raise WrongKeyError(
                    "send", f"{target} is where midifrag itself listens; another port is another program's"
                )
        return self

    @property
    def is_on(self) -> bool:
        """Whether anything comes in or goes out."""
        return self.listen is not None or bool(self.send)
