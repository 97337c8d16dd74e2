"""The sound that a pad begins from, as a set says it: ``from:``, and what is to be made of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from midifrag.config.folders import folder_problem
from midifrag.config.names import meant
from midifrag.config.value_types import NotBlank, Strict, Written, WrongKeyError
from midifrag.fragment.file_names import MOST_SLOTS

#: The longest take, and the longest that one goes on, in seconds.
LONGEST = 380.0
#: The shortest part that is made anew, in seconds.
SHORTEST = 0.05

#: How much of what an audio input hears is remembered, and how much of it a pad begins from that says no length.
MOST_HEARD, USUAL_HEARD = 60.0, 8.0
#: What a sound is taken from; ``kept`` is one that the archive keeps of an earlier take, and ``none`` is none, where a
#: level above says one.
SourceKind: TypeAlias = Literal["slot", "latest", "take", "file", "input", "kept", "none"]
_NUMBERED = re.compile(r"(slot|take)\s+#?0*(\d{1,9})", re.IGNORECASE)
_KEPT = re.compile(r"kept ([0-9a-f]{64})")
_WORDS: tuple[SourceKind, ...] = ("latest", "input", "none")
#: What a performer may write.
WRITTEN = "slot 3, latest, take 12, a sound file, input, or none"


@dataclass(frozen=True, slots=True)
class SoundSource:
    """Where a sound comes from: a slot, the newest fragment, a take, a file, the audio input, or what was kept.

    ``file`` is a file as it is written, or the checksum of what was kept.
    """

    kind: SourceKind
    number: int = 0
    file: str = ""

    def __str__(self) -> str:
        if self.kind == "file":
            return self.file
        if self.kind == "kept":
            return f"kept {self.file}"
        return f"{self.kind} {self.number}" if self.kind in ("slot", "take") else self.kind


def sound_source(written: Any) -> SoundSource:
    """The source that a set, a page or a record calls so. Raises ValueError."""
    if isinstance(written, SoundSource):
        return written
    text = written.strip() if isinstance(written, str) else ""
    numbered = _NUMBERED.fullmatch(text)
    if numbered:
        kind: SourceKind = "slot" if numbered[1].lower() == "slot" else "take"
        number = int(numbered[2])
        if number < 1 or (kind == "slot" and number > MOST_SLOTS):
            raise ValueError(f"{text}: there is no such {kind}")
        return SoundSource(kind, number)
    kept = _KEPT.fullmatch(text)
    if kept:
        return SoundSource("kept", file=kept[1])
    for word in _WORDS:
        if text.lower() == word:
            return SoundSource(word)
    if "." not in text or "\0" in text:
        raise ValueError(f"{written!r} is no sound: use {WRITTEN}{meant(text, [*_WORDS, 'slot', 'take'])}")
    problem = folder_problem(text)
    if problem is not None:
        raise ValueError(problem)
    return SoundSource("file", file=text)


Source: TypeAlias = Annotated[SoundSource, BeforeValidator(sound_source), PlainSerializer(str), Written(WRITTEN)]
_Second = Annotated[float, Field(ge=0, le=LONGEST)]


class SoundKeys(Strict):
    """What a pad begins from; None means: what the level above says."""

    source: Source | None = Field(
        default=None,
        alias="from",
        description="the sound that it begins from, as that is when it is pressed: a slot's, the newest fragment "
        "(latest), a take's of the archive, a file's beside the set, or what an audio input just heard (input); how "
        "much it changes says strength",
    )
    onward: float | None = Field(
        default=None,
        alias="continue",
        ge=SHORTEST,
        le=LONGEST,
        description="how many seconds it goes on where the sound ends, which stays as it is; Stable Audio 3",
    )
    fill: Annotated[tuple[_Second, _Second], Written("two moments in seconds, such as [1.5, 2.5]")] | None = Field(
        default=None,
        description="the part of the sound that is made anew, all else of which stays as it is; Stable Audio 3",
    )

    @model_validator(mode="after")
    def _one_part(self) -> SoundKeys:
        if self.fill is not None and self.onward is not None:
            raise WrongKeyError("fill", "stands beside continue; a sound goes on, or a part of it is made anew")
        if self.fill is not None and self.fill[1] - self.fill[0] < SHORTEST:
            raise WrongKeyError("fill", f"ends less than {SHORTEST:g} s after it begins; write it as [1.5, 2.5]")
        return self


class InputSettings(Strict):
    """What an audio input hears, for pads that begin `from: input`."""

    device: NotBlank = Field(
        default="default",
        min_length=1,
        description="default, off, or the input's name or a part of it, as `midifrag ports` lists them",
    )
    seconds: float = Field(
        default=USUAL_HEARD,
        ge=0.5,
        le=MOST_HEARD,
        description="how much of what was heard last a pad begins from that says no length",
    )

    @property
    def is_on(self) -> bool:
        """Whether an input shall be recorded."""
        return self.device != "off"


@dataclass(frozen=True, slots=True)
class SoundWanted:
    """The sound that a press begins from, and what is made of it.

    It goes on for ``onward`` seconds, or the part of ``fill`` is made anew; without either, all of it is changed.
    """

    source: SoundSource
    onward: float | None = None
    fill: tuple[float, float] | None = None

    @property
    def makes_part(self) -> bool:
        """Whether something of the sound stays as it is."""
        return self.onward is not None or self.fill is not None

    @property
    def key(self) -> str:
        """The key of a set that asks for the most."""
        return "continue" if self.onward is not None else "fill" if self.fill is not None else "from"

    def __str__(self) -> str:
        if self.onward is not None:
            return f"{self.source}, {self.onward:g} s on"
        if self.fill is not None:
            return f"{self.source}, {self.fill[0]:g} to {self.fill[1]:g} s anew"
        return str(self.source)


def too_far(wanted: SoundWanted, model: str, longest: float | None) -> str | None:
    """Why a model that renders ``longest`` seconds at most cannot make the part that is wanted; None where it can."""
    if longest is None:
        return None
    if wanted.onward is not None and wanted.onward > longest - SHORTEST:
        return f"a sound and {wanted.onward:g} s more is longer than {model} renders, {longest:.1f} s (continue)"
    if wanted.fill is not None and wanted.fill[0] > longest - SHORTEST:
        return f"{wanted.fill[0]:g} s lies beyond what {model} renders, {longest:.1f} s (fill)"
    return None


def sound_wanted(*levels: SoundKeys) -> SoundWanted | None:
    """What a press begins from, as its levels say together, nearest first; None for nothing.

    Where a level only says what is to be made of a sound, it is that of the level above, or else the newest fragment.
    """
    source = next((level.source for level in levels if level.source is not None), None)
    part = next((level for level in levels if level.onward is not None or level.fill is not None), None)
    if source is None and part is not None:
        source = SoundSource("latest")
    if source is None or source.kind == "none":
        return None
    return SoundWanted(source, part.onward if part else None, part.fill if part else None)
