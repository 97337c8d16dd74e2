"""A length as a take's record has it, and how its fragment is cut from that in another time."""

from __future__ import annotations

from typing import Any

from midifrag.fragment.length import FragmentLength, MusicalLength, SecondsLength
from midifrag.fragment.record import TakeRecord
from midifrag.timeline import Signature


def fields_of(length: FragmentLength | None) -> dict[str, Any]:
    """What a `TakeRecord` says of a length: fields by name."""
    if isinstance(length, SecondsLength):
        return {"cut_seconds": length.seconds}
    if length is None:
        return {}
    made = length.as_made
    return {made.unit: made.count, "bpm": made.bpm, "signature": str(made.signature)}


def recorded_length(
    record: TakeRecord, bpm: float | None = None, signature: Signature | None = None
) -> FragmentLength | None:
    """The length that a fragment of a take has at this tempo, in this signature (None: those it was made for).

    None for a take that sounds as long as it was asked for, or whose record says of a length in music not all.
    """
    if record.cut_seconds:
        return SecondsLength(record.cut_seconds)
    count = record.bars or record.beats
    its_signature = _signature_in(record.signature)
    if not count or not record.bpm or its_signature is None:
        return None
    made = MusicalLength(count, "bars" if record.bars else "beats", record.bpm, its_signature)
    return made.at(bpm or made.bpm, signature or its_signature)


def recorded_bars(record: TakeRecord) -> float | None:
    """How many bars a take is long; None for one whose length is not in music."""
    length = recorded_length(record)
    return length.bars if isinstance(length, MusicalLength) else None


def _signature_in(text: str) -> Signature | None:
    beats, _, unit = text.partition("/")
    if not (beats.isdecimal() and unit.isdecimal() and len(text) <= 5 and int(beats) and int(unit)):
        return None
    return Signature(int(beats), int(unit))
