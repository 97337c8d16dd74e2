"""Which of the MIDI messages that a whole set hears count: whose clock, whose program changes."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from midifrag.config.banks import Channel, Strict, Written
from midifrag.timeline import Signature

#: The tempos that midifrag's own clock can have, in quarter notes a minute.
SLOWEST, FASTEST = 20, 400
#: The most beats of a bar, and the notes that a beat can be.
MOST_BEATS, BEATS = 32, (1, 2, 4, 8, 16, 32)
_SOURCES = ("auto", "midi", "link", "internal")


def _clock_source(value: str) -> str:
    kind, colon, port = value.partition(":")
    if kind not in _SOURCES or (colon and (kind != "midi" or not port)):
        raise ValueError(f"{value!r} is none of auto, midi, midi:PORT with a name under ports, link, internal")
    return value


def _signature(value: str) -> str:
    beats, slash, unit = value.partition("/")
    if not (slash and beats.isdecimal() and unit.isdecimal() and 1 <= int(beats) <= MOST_BEATS and int(unit) in BEATS):
        units = ", ".join(map(str, BEATS))
        raise ValueError(f"{value!r} is no time signature such as 4/4 or 6/8: 1 to {MOST_BEATS} beats of {units}")
    return value


class TimeSettings(Strict):
    """Whose clock the show goes by, and who is told of it."""

    source: Annotated[str, AfterValidator(_clock_source), Written("auto, midi, midi:PORT, link or internal")] = Field(
        default="auto",
        description="the clock that counts; midi: the MIDI clock that ticks first, or that of one port; link: Ableton "
        "Link; internal: midifrag's own; auto: a MIDI clock, else Link, else its own. Where the one that is named is "
        "not there, midifrag's own goes on",
    )
    signature: Annotated[str, AfterValidator(_signature), Written("such as 4/4 or 6/8")] = Field(
        default="4/4", description="the beats of a bar"
    )
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
    def bar(self) -> Signature:
        """The time signature."""
        beats, _, unit = self.signature.partition("/")
        return Signature(int(beats), int(unit))


class ProgramChangeSettings(Strict):
    """Which program changes select banks; those that an action names are the action's."""

    enabled: bool = Field(default=True, description="whether program changes select banks at all")
    channel: Channel | None = Field(default=None, description="the only channel that counts")
    port: str | None = Field(default=None, description="the only port that counts")
