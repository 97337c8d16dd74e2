"""Which of the MIDI messages that a whole set hears count: whose clock, whose program changes."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from midifrag.config.banks import Channel, Strict, Written


def _clock_source(value: str) -> str:
    kind, colon, port = value.partition(":")
    if kind != "midi" or (colon and not port):
        raise ValueError(f"{value!r} is neither midi nor midi:PORT with a name under ports")
    return value


class TimeSettings(Strict):
    """Where musical time comes from."""

    source: Annotated[str, AfterValidator(_clock_source), Written("midi, or midi:PORT")] = Field(
        default="midi", description="the MIDI clock that counts: of one port, or of the one that ticks first"
    )

    @property
    def port(self) -> str | None:
        """The only port whose clock counts; None for any."""
        return self.source.partition(":")[2] or None


class ProgramChangeSettings(Strict):
    """Which program changes select banks; those that an action names are the action's."""

    enabled: bool = Field(default=True, description="whether program changes select banks at all")
    channel: Channel | None = Field(default=None, description="the only channel that counts")
    port: str | None = Field(default=None, description="the only port that counts")
