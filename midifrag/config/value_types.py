"""What all objects of a set are, and types of values that several of their keys have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from midifrag.notes import note_number


@dataclass(frozen=True, slots=True)
class Written:
    """Stands at a type whose name does not tell how its values are written; for the reference of all settings."""

    text: str


Note: TypeAlias = Annotated[int, BeforeValidator(note_number), Written("note: 36 or C1")]
Channel: TypeAlias = Annotated[int, Field(ge=1, le=16)]
SevenBit: TypeAlias = Annotated[int, Field(ge=0, le=127)]
Program: TypeAlias = Annotated[int, Field(ge=1, le=128)]
#: Milliseconds before a boundary.
Lead: TypeAlias = Annotated[float, Field(ge=0, le=2000)]


def none_is_empty(value: Any) -> Any:
    """What a list is whose entries are all comments: YAML reads it as nothing at all."""
    return () if value is None else value


def _not_blank(value: str) -> str:
    if value and not value.strip():
        raise ValueError("is blank")
    return value


NotBlank: TypeAlias = Annotated[str, AfterValidator(_not_blank)]
#: A musical key in a performer's own words, such as ``A minor``.
Key: TypeAlias = Annotated[NotBlank, Field(min_length=1, max_length=100)]


class Strict(BaseModel):
    """A frozen object of the configuration that knows its keys and refuses others."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class WrongKeyError(ValueError):
    """A key that cannot stand where it does; ``key`` as it was written, or (a tuple) the keys on the way to it."""

    def __init__(self, key: Any, reason: str) -> None:
        super().__init__(reason)
        self.keys = tuple(map(str, key)) if isinstance(key, tuple) else (str(key),)

    @property
    def key(self) -> str:
        """The key, or the way to it."""
        return ".".join(self.keys)
