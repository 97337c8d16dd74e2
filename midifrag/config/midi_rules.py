"""Which of the MIDI messages that a whole set hears count: whose clock, whose program changes."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, Field, PlainSerializer, PlainValidator

from midifrag.config.banks import Channel, Strict, Written
from midifrag.timeline import Signature

#: The most beats of a bar.
MOST_BEATS = 32


def _clock_source(value: str) -> str:
    kind, colon, port = value.partition(":")
    if kind != "midi" or (colon and not port):
        raise ValueError(f"{value!r} is neither midi nor midi:PORT with a name under ports")
    return value


def _signature(value: Any) -> Signature:
    if isinstance(value, Signature):
        return value
    found = re.fullmatch(r"([0-9]{1,2})/(1|2|4|8|16|32)", str(value))
    if found is None or not 1 <= int(found[1]) <= MOST_BEATS:
        raise ValueError(f"{value!r} is no signature, such as 4/4 or 6/8, of at most {MOST_BEATS} beats")
    return Signature(int(found[1]), int(found[2]))


class TimeSettings(Strict):
    """Where musical time comes from."""

    source: Annotated[str, AfterValidator(_clock_source), Written("midi, or midi:PORT")] = Field(
        default="midi", description="the MIDI clock that counts: of one port, or of the one that ticks first"
    )

    signature: Annotated[
        Signature, PlainValidator(_signature), PlainSerializer(str), Written("beats of a bar and their note, 6/8")
    ] = Field(default=Signature(), description="the time signature, which says how long a bar is")

    @property
    def port(self) -> str | None:
        """The only port whose clock counts; None for any."""
        return self.source.partition(":")[2] or None


class ProgramChangeSettings(Strict):
    """Which program changes select banks; those that an action names are the action's."""

    enabled: bool = Field(default=True, description="whether program changes select banks at all")
    channel: Channel | None = Field(default=None, description="the only channel that counts")
    port: str | None = Field(default=None, description="the only port that counts")
