"""Banks: what a bank file may say.

Frozen data that validates itself; `midifrag.config.loading` reads the files and turns a mistake into a line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, PlainSerializer, PlainValidator, field_validator, model_validator

from midifrag.config.controls import MOST_CONTROLS, Control, morph_controls
from midifrag.config.names import none_of
from midifrag.config.pads import Pad, PadDefaults
from midifrag.config.value_types import Key, NotBlank, Program, Strict, Written, WrongKeyError, none_is_empty
from midifrag.pad_key import PadKey
from midifrag.surface.grid import MOST_ROWS, Place

#: The largest bank select: CC 0 times 128, and CC 32.
LARGEST_SELECT = 16383


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


def _bank_select(value: Any) -> Any:
    if type(value) is int and 0 <= value <= LARGEST_SELECT:
        return value
    is_pair = isinstance(value, list | tuple) and len(value) == 2
    if is_pair and all(type(one) is int and 0 <= one <= 127 for one in value):
        return value[0] * 128 + value[1]
    raise ValueError(
        f"{value!r} is no bank select: use [CC 0, CC 32], each 0 to 127, or the number of both, 0 to {LARGEST_SELECT}"
    )


BankSelect: TypeAlias = Annotated[
    int, PlainValidator(_bank_select), Written(f"[CC 0, CC 32], or a number 0 to {LARGEST_SELECT}")
]


class Bank(Strict):
    """One YAML file in ``presets/``: a named set of pads, controls and defaults; a program change selects it."""

    name: NotBlank = Field(min_length=1, description="what page and terminal call the bank")
    program: Program | None = Field(default=None, description="the program change that selects it")
    bank_select: BankSelect | None = Field(
        default=None,
        description="the bank select (CC 0, CC 32) that its program belongs to; without one, its program on any",
    )
    key: Key | None = Field(default=None, description="what `{key}` in its prompts becomes; without it, the show's key")
    defaults: PadDefaults = Field(default=PadDefaults(), description="what pads say that do not name it")
    pads: Annotated[
        dict[Annotated[PadKey, PlainValidator(_pad_key), PlainSerializer(str)], Pad], BeforeValidator(_no_pad_twice)
    ] = Field(min_length=1, description="its pads by note (36 or C1), or by note and channel (36/10)")
    grid: tuple[tuple[str | int | None, ...], ...] = Field(
        default=(),
        max_length=MOST_ROWS,
        description="where its pads lie, as rows of their names or notes, the top row first; null where none lies",
    )
    controls: tuple[Control, ...] = Field(
        default=(),
        max_length=MOST_CONTROLS,
        description="controls that count while the bank is active; they win over the show's",
    )
    slug: str = Field(
        default="", exclude=True, description="its file, without folder and ending; its name in the set list"
    )

    _lists = field_validator("controls", mode="before")(none_is_empty)

    @model_validator(mode="after")
    def _pads_have_places_of_their_own(self) -> Bank:
        taken: dict[Place, PadKey] = {}
        for key, place in self._written_places():
            at = ("pads", key, "at") if self.pads[key].at == place else "grid"
            if key in taken.values():
                raise WrongKeyError(at, f"pad {key} has a place already")
            if place in taken:
                raise WrongKeyError(at, f"{list(place)} is where pad {taken[place]} lies")
            taken[place] = key
        return self

    @cached_property
    def places(self) -> Mapping[PadKey, Place]:
        """The places that are written, of the pads that have one."""
        return dict(self._written_places())

    @cached_property
    def all_controls(self) -> tuple[Control, ...]:
        """Its controls, and those that its pads' ``morph`` implies."""
        return self.controls + morph_controls(one.morph for one in (self.defaults, *self.pads.values()))

    @cached_property
    def pad_ports(self) -> Mapping[PadKey, str | None]:
        """The only port of each pad that is bound to one."""
        return {key: pad.port for key, pad in self.pads.items()}

    def _written_places(self) -> Iterator[tuple[PadKey, Place]]:
        for down, row in enumerate(self.grid):
            if len(row) > MOST_ROWS:
                raise WrongKeyError("grid", f"a row has at most {MOST_ROWS} pads")
            for across, name in enumerate(row):
                found = None if name in (None, "") else self.called(name)
                if found is not None:
                    yield found[0], Place(len(self.grid) - down, across + 1)
                elif name not in (None, ""):
                    names = [pad.name or str(key) for key, pad in self.pads.items()]
                    raise WrongKeyError("grid", none_of(name, names))
        for key, pad in self.pads.items():
            if pad.at is not None:
                yield key, pad.at

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
