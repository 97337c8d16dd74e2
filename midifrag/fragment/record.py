"""What is known about a take: how it was made, where it lies, where it landed."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from midifrag.fragment.file_names import TRASH
from midifrag.fragment.plain_json import is_count, is_flag, is_length, is_moment, is_text, is_whole, read_value

RecordedValue: TypeAlias = str | int | float | bool | None

#: The ``reason`` of a take that was called off though nothing is wrong with it.
CANCELLED = "cancelled while rendering"


@dataclass(frozen=True, slots=True)
class TakeRecord:
    """One take of the archive. Times are seconds since 1970 (UTC), lengths are seconds but for ``bars`` and ``beats``.

    The bridge fills in how the take was made (up to ``spare``); ``parameters`` has every parameter with the value that
    really made it, enough to render it again. ``reason`` says why a take never became a fragment. The archive fills in
    ``number`` and what follows from the audio: ``peak`` is as rendered (None if it was not finite), and the file holds
    the audio times ``gain`` (1 unless it would have clipped). Up to ``tempo``, which is heard in it, the rest is what
    happened to the take later. One whose length was asked for in music has ``bars`` or ``beats``, with the ``bpm``
    (quarter notes a minute) and the ``signature`` that it was made for; one that was rendered longer than it was asked
    for, as its model garbles short ones, has ``cut_seconds``. ``noise`` is the device that made noise of the seed.
    One that begins from a sound has that as ``source``, in a performer's words, and ``source_checksum``, by which the
    archive keeps it, unless it is that of ``source_take``; ``fill_from`` … ``fill_to`` is the part that was made anew.
    ``key`` is the key that its prompt was told, and ``bpm`` the tempo, where it was told one. ``file`` is its place in
    the archive's folder: that of one in the trash begins with the trash's name.
    """

    prompt: str
    preset: str = ""
    bank: str = ""
    model: str = ""
    checksum: str = ""
    seed: int | None = None
    parameters: Mapping[str, RecordedValue] = field(default_factory=dict)
    job: int | None = None
    pressed_at: float | None = None
    started_at: float | None = None
    rendered_at: float | None = None
    spare: bool = False
    reason: str = ""
    number: int | None = None
    file: str = ""
    sample_rate: int = 0
    channels: int = 0
    seconds: float = 0.0
    peak: float | None = None
    gain: float = 1.0
    slot: int | None = None
    landed_at: float | None = None
    starred: bool = False
    note: str = ""
    tempo: float | None = None
    bars: float | None = None
    beats: float | None = None
    bpm: float | None = None
    signature: str = ""
    cut_seconds: float | None = None
    noise: str = ""
    source: str = ""
    source_checksum: str = ""
    source_take: int | None = None
    fill_from: float | None = None
    fill_to: float | None = None
    key: str = ""

    @property
    def is_trashed(self) -> bool:
        """Whether it lies in the archive's trash."""
        return self.file.startswith(f"{TRASH}/")

    @property
    def fill(self) -> tuple[float, float] | None:
        """The part of its sound that was made anew, in seconds; None where that is all of it."""
        return None if self.fill_to is None else (self.fill_from or 0.0, self.fill_to)

    def to_json(self) -> str:
        """Write the record as one line of ASCII JSON, as takes carry it in their own metadata."""
        values = {name: getattr(self, name) for name in FIELD_NAMES}
        return json.dumps(values | {"parameters": dict(self.parameters)}, default=_plain)

    @classmethod
    def from_json(cls, text: str) -> TakeRecord:
        """Read the record in ``text``, as `from_values`. Raises ValueError if it is none."""
        return cls.from_values(read_value(text))

    @classmethod
    def from_values(cls, values: Any) -> TakeRecord:
        """Read the record in a mapping by field name. Raises ValueError if it is none.

        Keys of a later version are ignored, and values that cannot be meant are left out.
        """
        if not isinstance(values, dict) or not isinstance(values.get("prompt"), str):
            raise ValueError("not a take's record")  # noqa: TRY004 - one error for every text that holds no record
        right = {name: _whole(one) for name, one in values.items() if name in FIELD_NAMES and is_right(name, one)}
        parameters = {
            _whole(name): _whole(one) for name, one in right.pop("parameters", {}).items() if _is_parameter(one)
        }
        return cls(**right, parameters=parameters)


def is_right(name: str, value: object) -> bool:
    """Whether a field of a record may have this value."""
    return (value is None and name in _OPTIONAL) or _KINDS[name](value)


def _whole(value: Any) -> Any:
    """Return a text without half characters, as come from arguments in another encoding; nobody could show them."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) and not value.isascii() else value


def _is_parameter(value: object) -> bool:
    # Not a number is what a parameter may have been, and is told as such.
    return value is None or is_text(value) or is_flag(value) or is_whole(value) or isinstance(value, float)


def _is_gain(value: object) -> bool:
    return is_length(value) and value != 0


def _plain(value: object) -> object:
    """Return what JSON can hold instead of a parameter that it cannot: a number of numpy's, or text."""
    import numpy as np

    return value.item() if isinstance(value, np.generic) else str(value)


_MUSIC = ("bars", "beats", "bpm")
_FILL = ("fill_from", "fill_to")
FIELD_NAMES = tuple(one.name for one in dataclasses.fields(TakeRecord))

#: What a field's value must be.
_KINDS: Mapping[str, Callable[[object], bool]] = {
    **dict.fromkeys(("prompt", "preset", "bank", "model", "checksum", "reason", "file", "note", "signature"), is_text),
    **dict.fromkeys(("noise", "source", "source_checksum", "key"), is_text),
    **dict.fromkeys(("seed", "job"), is_whole),
    **dict.fromkeys(("number", "slot", "source_take"), is_count),
    **dict.fromkeys(("pressed_at", "started_at", "rendered_at", "landed_at"), is_moment),
    **dict.fromkeys(("spare", "starred"), is_flag),
    **dict.fromkeys(("seconds", "peak", "tempo", *_MUSIC, "cut_seconds", *_FILL), is_length),
    **dict.fromkeys(("sample_rate", "channels"), lambda value: is_whole(value) and is_length(value)),
    "gain": _is_gain,
    "parameters": lambda value: isinstance(value, dict),
}
_OPTIONAL = frozenset(
    {"seed", "job", "pressed_at", "started_at", "rendered_at", "number", "peak", "slot", "landed_at", "tempo"}
    | {*_MUSIC, "cut_seconds", "source_take", *_FILL}
)
