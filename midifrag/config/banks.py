"""Banks: what a bank file may say.

Frozen data that validates itself; `midifrag.config.loading` reads the files and turns a mistake into a line.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, PlainValidator

from midifrag.config.controls import MOST_CONTROLS, Control
from midifrag.config.pads import Pad, PadDefaults
from midifrag.config.value_types import Key, NotBlank, Program, Strict, WrongKeyError
from midifrag.pad_key import PadKey


def _pad_key(text: Any) -> PadKey:
    return text if isinstance(text, PadKey) else PadKey.parse(text)


def repeated_pads(pads: Any) -> Iterator[tuple[Any, str]]:
    """The keys of ``pads``, as they are written, that are pads which stand there before, and what to say of each."""
    written: dict[PadKey, Any] = {}
    for text in pads if isinstance(pads, dict) else ():
        try:
            key = _pad_key(text)
        except ValueError:
            # Told with all the other mistakes, key by key.
            continue
        if key in written:
            yield text, f"is the same pad as {written[key]}; remove one of the two"
        else:
            written[key] = text


def _no_pad_twice(value: Any) -> Any:
    for text, message in repeated_pads(value):
        raise WrongKeyError(text, message)
    return value


class Bank(Strict):
    """One YAML file in ``presets/``: a named set of pads, controls and defaults; a program change selects it."""

    name: NotBlank = Field(min_length=1, description="what page and terminal call the bank")
    program: Program | None = Field(default=None, description="the program change that selects it")
    key: Key | None = Field(default=None, description="what `{key}` in its prompts becomes; without it, the show's key")
    defaults: PadDefaults = Field(default=PadDefaults(), description="what pads say that do not name it")
    pads: Annotated[
        dict[Annotated[PadKey, PlainValidator(_pad_key), PlainSerializer(str)], Pad], BeforeValidator(_no_pad_twice)
    ] = Field(min_length=1, description="its pads by note (36 or C1), or by note and channel (36/10)")
    controls: tuple[Control, ...] = Field(
        default=(),
        max_length=MOST_CONTROLS,
        description="controls that count while the bank is active; they win over the show's",
    )
    slug: str = Field(
        default="", exclude=True, description="its file, without folder and ending; its name in the set list"
    )

    def find(self, note: int, channel: int, port: str) -> tuple[PadKey, Pad] | None:
        """The pad that a note on ``channel`` (1–16) of ``port`` presses; one bound to the channel before one on any."""
        for key in (PadKey(note, channel), PadKey(note)):
            pad = self.pads.get(key)
            if pad is not None and pad.port in (None, port):
                return key, pad
        return None

    def pressed_too(
        self, kind: Literal["note", "cc", "program"], number: int, channel: int, port: str
    ) -> tuple[PadKey, Pad] | None:
        """The pad that this message presses beside its own note (`Pad.also`)."""
        for key, pad in self.pads.items():
            if any(one.is_meant(kind, number, channel, port) for one in pad.also):
                return key, pad
        return None

    def called(self, name: int | str) -> tuple[PadKey, Pad] | None:
        """The pad with this note (an int); or with this name, its prompt where it has none, or this key.

        Of several on one note, the one on any channel comes before those on one.
        """
        if isinstance(name, str):
            for key, pad in self.pads.items():
                if pad.label == name:
                    return key, pad
            try:
                wanted = PadKey.parse(name)
            except ValueError:
                return None
            if wanted.channel is not None:
                return (wanted, self.pads[wanted]) if wanted in self.pads else None
            name = wanted.note
        first = min((key for key in self.pads if key.note == name), default=None)
        return None if first is None else (first, self.pads[first])
