"""Which of the MIDI messages that a whole set hears count: whose clock, whose program changes."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, Field, PlainSerializer, PlainValidator

from midifrag.config.value_types import Channel, Strict, Written
from midifrag.timeline import Signature

#: The tempos that midifrag's own clock can have, in quarter notes a minute.
SLOWEST, FASTEST = 20, 400
#: The most beats of a bar.
MOST_BEATS = 32
_SOURCES = ("auto", "midi", "link", "ableton", "internal")


def _clock_source(value: str) -> str:
    kind, colon, port = value.partition(":")
    if kind not in _SOURCES or (colon and (kind != "midi" or not port)):
        raise ValueError(f"{value!r} is none of auto, midi, midi:PORT with a name under ports, link, ableton, internal")
    return value


def _signature(value: Any) -> Signature:
    if isinstance(value, Signature):
        return value
    found = re.fullmatch(r"([0-9]{1,2})/(1|2|4|8|16|32)", str(value))
    if found is None or not 1 <= int(found[1]) <= MOST_BEATS:
        raise ValueError(f"{value!r} is no signature, such as 4/4 or 6/8, of at most {MOST_BEATS} beats")
    return Signature(int(found[1]), int(found[2]))


class TimeSettings(Strict):
    """Whose clock the show goes by, and who is told of it."""

    source: Annotated[
        str, AfterValidator(_clock_source), Written("auto, midi, midi:PORT, link, ableton or internal")
    ] = Field(
        default="auto",
        description="the clock that counts; midi: the MIDI clock that ticks first, or that of one port; link: Ableton "
        "Link; ableton: Live's own, through its script; internal: midifrag's own; auto: a MIDI clock, else Link, else "
        "Live, else its own. Where the one that is named is not there, midifrag's own goes on",
    )
    signature: Annotated[
        Signature, PlainValidator(_signature), PlainSerializer(str), Written("beats of a bar and their note, 6/8")
    ] = Field(default=Signature(), description="the time signature, which says how long a bar is")
    send: str | None = Field(
        default=None, description="the port that MIDI clock goes out of; a clock that comes in there is left out"
    )

    @property
    def port(self) -> str | None:
        """The only port whose clock counts; None for any."""
        return self.source.partition(":")[2] or None

    @property
    def hears_midi(self) -> bool:
        """Whether a MIDI clock counts."""
        return self.source.partition(":")[0] in ("auto", "midi")

    @property
    def hears_link(self) -> bool:
        """Whether Ableton Link counts."""
        return self.source in ("auto", "link")

    @property
    def hears_ableton(self) -> bool:
        """Whether the time of Ableton Live counts, as its script tells it."""
        return self.source in ("auto", "ableton")


class ProgramChangeSettings(Strict):
    """Which program changes select banks; those that an action names are the action's."""

    enabled: bool = Field(default=True, description="whether program changes select banks at all")
    channel: Channel | None = Field(default=None, description="the only channel that counts")
    port: str | None = Field(default=None, description="the only port that counts")
