"""Samplers that read files, and get theirs written anew at each landing."""

from __future__ import annotations

from pydantic import Field, field_validator

from midifrag.config.osc import EVERY_ADDRESS
from midifrag.config.places import Address
from midifrag.config.value_types import Strict

#: The highest note that there is.
HIGHEST_NOTE = 127
#: The note that plays the first instrument of whatever kit of Hydrogen's.
HYDROGEN_NOTE = 36
#: The most slots that a kit of Hydrogen's has notes for.
HYDROGEN_SLOTS = HIGHEST_NOTE - HYDROGEN_NOTE + 1


class HydrogenSettings(Strict):
    """Hydrogen, which is told over OSC to read its drum kit again."""

    host: Address = Field(default="127.0.0.1", description="the machine that Hydrogen runs on")
    port: int = Field(default=9000, ge=1, le=65535, description="the port of Hydrogen's OSC server")

    @field_validator("host")
    @classmethod
    def _is_one(cls, host: str) -> str:
        if host in EVERY_ADDRESS:
            raise ValueError(f"{host} is every address that a machine has; name the one that Hydrogen runs on")
        return host


class InstrumentSettings(Strict):
    """What is written for samplers beside the slots; nothing unless asked for."""

    sfz: bool = Field(default=False, description="write slots.sfz, and one .sfz a slot, into sfz beside the slots")
    first_note: int = Field(
        default=36, ge=0, le=HIGHEST_NOTE, description="the note of slot 1 in those; slot 2 is one above, and so on"
    )
    hydrogen: HydrogenSettings | None = Field(
        default=None,
        description="write a drum kit for Hydrogen, of up to 92 slots, into hydrogen beside the slots, and have it "
        "loaded",
    )

    def reaches(self, slots: int) -> bool:
        """Whether there is a note for each of so many slots."""
        return self.first_note + slots - 1 <= HIGHEST_NOTE
