"""What a prompt asks for, as numbers."""

from __future__ import annotations

from dataclasses import dataclass

from midifrag.engine.sketch.words import AXES, FAMILY_SYNONYMS, NOTES, SCALES

#: Accepted tempi in beats per minute, inclusive.
BPM_RANGE = (20.0, 400.0)
#: Accepted pitches in hertz, inclusive.
PITCH_RANGE = (16.0, 5_000.0)
#: Accepted lengths of a loop in bars of four beats, inclusive.
BARS_RANGE = (1, 64)


@dataclass(frozen=True, kw_only=True)
class SoundParameters:
    """The families to play and how; every axis is a position in −1 … 1 where 0 means that nothing was said.

    ``key`` is spelled like ``"C# minor"``, ``pitch_hz`` is an exact pitch that wins over key and ``pitch``, and
    ``unknown`` holds the words of the prompt that mean nothing here, in order.

    Raises ``ValueError`` naming the field when a value is out of its range or a family or key does not exist.
    """

    families: tuple[str, ...] = ()
    length: float = 0.0
    brightness: float = 0.0
    pitch: float = 0.0
    hardness: float = 0.0
    distortion: float = 0.0
    reverb: float = 0.0
    width: float = 0.0
    speed: float = 0.0
    direction: float = 0.0
    density: float = 0.0
    bpm: float | None = None
    key: str | None = None
    pitch_hz: float | None = None
    bars: int | None = None
    unknown: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        strangers = [name for name in self.families if name not in FAMILY_SYNONYMS]
        if strangers:
            raise ValueError(f"families: {strangers[0]!r} is none of {', '.join(FAMILY_SYNONYMS)}")
        for axis in AXES:
            _check(axis, getattr(self, axis), (-1.0, 1.0))
        _check("bpm", self.bpm, BPM_RANGE)
        _check("pitch_hz", self.pitch_hz, PITCH_RANGE)
        _check("bars", self.bars, BARS_RANGE)
        if self.key is not None:
            root, _, scale = self.key.partition(" ")
            if root.lower() not in NOTES or scale not in SCALES:
                raise ValueError(f"key: {self.key!r} is not a note and one of {', '.join(SCALES)}")

    @property
    def root(self) -> int | None:
        """Semitones of the key's root above C, or None without a key."""
        return None if self.key is None else NOTES[self.key.partition(" ")[0].lower()]

    @property
    def scale(self) -> tuple[int, ...]:
        """Semitones of the key's scale above its root; minor without a key."""
        return SCALES["minor" if self.key is None else self.key.partition(" ")[2]]


def _check(name: str, value: float | None, limits: tuple[float, float]) -> None:
    # Written so that NaN fails too.
    if value is not None and not limits[0] <= value <= limits[1]:
        raise ValueError(f"{name}: {value:g} is outside {limits[0]:g} to {limits[1]:g}")
