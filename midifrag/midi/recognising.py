"""What a performer has just touched, from the messages that came: a pad, a button or a knob, and how it speaks.

Knobs say where they stand in 7 or 14 bits, as an NRPN (MIDI 1.0 Detailed Specification) or as pitch bend; endless
encoders say how far they were turned, in one of the codings of `midifrag.midi.encoders`. Nothing here keeps state.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, TypeAlias

from midifrag.config.controls import Relative
from midifrag.midi.decoding import (
    DATA_COARSE,
    DATA_DOWN,
    DATA_FINE,
    DATA_UP,
    FINE_OFFSET,
    NRPN_COARSE,
    NRPN_FINE,
)
from midifrag.midi.meaning import FIRST_CHANNEL_MODE
from midifrag.midi.messages import Aftertouch, ControlChange, MidiEvent, NoteOn, Nrpn, PitchBend, ProgramChange
from midifrag.notes import note_name

#: How an encoder speaks; ``unsure`` until it was turned both ways, None for a knob that says where it stands.
Coding: TypeAlias = Relative | Literal["unsure"] | None
Kind: TypeAlias = Literal["note", "cc", "nrpn", "pitch_bend", "aftertouch", "program"]
#: So many messages tell a knob from a button.
ENOUGH = 3
#: The most clicks of an encoder in one message, with acceleration.
MOST_CLICKS = 15
#: A Mackie Control's faders say by these notes that they are touched (Logic Control, *MIDI implementation*).
_FADER_TOUCHES = range(104, 113)


@dataclass(frozen=True, slots=True)
class Touched:
    """What was touched: at which ``port``, on which ``channel`` (1–16), which ``number`` of its kind (0 for a wheel).

    ``is_button`` is a CC that is only on or off, or a note; ``is_double`` is a note that came twice.
    """

    kind: Kind
    port: str
    channel: int
    number: int = 0
    bits: Literal[7, 14] = 7
    relative: Relative | None = None
    is_button: bool = False
    is_double: bool = False

    @property
    def words(self) -> str:
        """Such as ``cc 21, channel 1, an endless encoder (twos)``."""
        if self.kind == "note":
            what = f"note {self.number} ({note_name(self.number)}){', pressed twice' if self.is_double else ''}"
        elif self.kind in ("pitch_bend", "aftertouch"):
            what = self.kind.replace("_", " ")
        else:
            what = f"{self.kind} {self.number}"
        how = f", an endless encoder ({self.relative})" if self.relative else ", a button" if self.is_button else ""
        fine = " of 14 bits" if self.bits == 14 and self.kind == "cc" else ""
        return f"{what}{fine}, channel {self.channel}{'' if self.kind == 'note' else how}"

    @property
    def keys(self) -> dict[str, Any]:
        """What a set says of it: the keys of a control or an action that name it."""
        wheels: dict[str, dict[str, Any]] = {
            "pitch_bend": {"pitch_bend": True},
            "aftertouch": {"aftertouch": "channel"},
        }
        named = wheels.get(self.kind, {self.kind: self.number})
        if self.bits == 14 and self.kind == "cc":
            named["bits"] = 14
        if self.relative is not None:
            named["relative"] = self.relative
        return named | {"channel": self.channel}

    @property
    def acts(self) -> bool:
        """Whether it can do an action: what is only on or off, or rises as a pedal does."""
        return self.is_button or (self.kind == "cc" and self.bits == 7 and self.relative is None)

    @property
    def press(self) -> dict[str, Any]:
        """What an action says of how it was pressed."""
        return {"press": "double"} if self.is_double else {}


def recognise(events: Sequence[MidiEvent], relative_of: Relative = "signed") -> Touched | Literal["unsure"] | None:
    """What ``events``, all since all was quiet, say was touched; None where nothing that can be mapped came.

    ``unsure`` is an encoder that has to be turned the other way as well. A note wins over what comes along with it, as
    aftertouch does. ``relative_of`` is the coding that the controller has where two look alike.
    """
    notes = [one for one in events if isinstance(one, NoteOn)]
    bends = [one for one in events if isinstance(one, PitchBend)]
    if notes and not (bends and notes[0].note in _FADER_TOUCHES):
        return _of_notes(notes)
    programs = [one for one in events if isinstance(one, ProgramChange)]
    if programs:
        # Before one, CC 0 and 32 are its bank.
        return Touched("program", programs[0].port, programs[0].channel, programs[0].program, is_button=True)
    parameters = [one for one in events if isinstance(one, Nrpn)]
    if parameters:
        return _of_parameter(
            parameters[0], [one.value for one in parameters if not one.step and not one.completes], relative_of
        )
    # Channel mode messages come along with keys that are let go, and from DAWs that stop.
    ccs = [one for one in events if isinstance(one, ControlChange) and one.cc < FIRST_CHANNEL_MODE]
    if any(one.value for one in ccs):
        return _of_ccs(ccs, relative_of)
    if bends:
        return Touched("pitch_bend", bends[0].port, bends[0].channel)
    pressures = [one for one in events if isinstance(one, Aftertouch) and one.note is None]
    return Touched("aftertouch", pressures[0].port, pressures[0].channel) if pressures else None


def _of_notes(notes: Sequence[NoteOn]) -> Touched:
    first = notes[0]
    twice = len(notes) == 2 and all((one.port, one.channel, one.note) == _place(first) for one in notes)
    return Touched("note", first.port, first.channel, first.note, is_button=True, is_double=twice)


def _place(event: NoteOn) -> tuple[str, int, int]:
    return event.port, event.channel, event.note


def _of_parameter(moved: Nrpn, said: Sequence[int | None], relative_of: Relative) -> Touched | Literal["unsure"]:
    """A parameter says where it stands, or its clicks: by CC 96 and 97 alone, or in a coding of its own."""
    values = [one for one in said if one is not None]
    coding = relative_coding(values, relative_of) if values else "twos"
    if coding == "unsure":
        return "unsure"
    return Touched("nrpn", moved.port, moved.channel, moved.number, relative=coding)


def _of_ccs(events: Sequence[ControlChange], relative_of: Relative) -> Touched | Literal["unsure"]:
    (port, channel), _ = Counter((one.port, one.channel) for one in events).most_common(1)[0]
    mine = [one for one in events if (one.port, one.channel) == (port, channel)]
    number = _parameter(mine)
    if number is not None:
        by_half = [[one.value for one in mine if one.cc == half] for half in (DATA_COARSE, DATA_FINE)]
        return _of_parameter(Nrpn(port, channel, number, None, 0.0), by_half[0] or by_half[1], relative_of)
    values: dict[int, list[int]] = {}
    for one in mine:
        values.setdefault(one.cc, []).append(one.value)
    whole = next((one.cc for one in mine if one.fine is not None), None)
    coarse = next((cc for cc in values if cc < FINE_OFFSET and _is_pair(values, cc)), whole)
    if coarse is not None:
        return Touched("cc", port, channel, coarse, bits=14)
    cc = max(values, key=lambda cc: len(values[cc]))
    coding = relative_coding(values[cc], relative_of)
    if coding == "unsure":
        return "unsure"
    is_button = coding is None and (set(values[cc]) <= {0, 127} or len(values[cc]) < ENOUGH)
    return Touched("cc", port, channel, cc, relative=coding, is_button=is_button)


def _parameter(events: Sequence[ControlChange]) -> int | None:
    """The number of the non-registered parameter that was moved, None where none was."""
    halves: dict[int, int] = {}
    for one in events:
        if one.cc in (NRPN_FINE, NRPN_COARSE):
            halves[one.cc] = one.value
        elif one.cc in (DATA_COARSE, DATA_FINE, DATA_UP, DATA_DOWN) and len(halves) == 2:
            number = halves[NRPN_COARSE] * 128 + halves[NRPN_FINE]
            return None if number == 16383 else number
    return None


def _is_pair(values: Mapping[int, Sequence[int]], coarse: int) -> bool:
    """Whether a CC and the one 32 above came as often, but for a half at either end, and the finer one moved."""
    fine = values.get(coarse + FINE_OFFSET, ())
    return len(set(fine)) > 1 and abs(len(fine) - len(values[coarse])) <= max(1, len(fine) // 2)


def relative_coding(values: Sequence[int], alike: Relative = "signed") -> Coding:
    """The coding of an endless encoder that sent these bytes, 0–127 each.

    A knob that says where it stands goes from value to value and says none twice; an encoder says the same small
    numbers again and again, and leaps where it turns back. A button lets go, with a 0 between its values. ``alike`` is
    ``mackie`` for a controller that has that: its bytes are those of ``signed``.
    """
    if len(values) < ENOUGH or 0 in values:
        return None
    repeats = sum(one == other for one, other in pairwise(values))
    turns = [name for name, (up, down) in _CODINGS.items() if all(up(one) or down(one) for one in values)]
    both = [name for name in turns if all(any(map(way, values)) for way in _CODINGS[name])]
    leaps = any(abs(one - other) > 2 * MOST_CLICKS for one, other in pairwise(values))
    if not turns or not (leaps or repeats * 4 >= len(values)):
        return None
    if not both:
        return "unsure"
    found = both[0]
    return alike if found == "signed" and alike == "mackie" else found


def _within(low: int, high: int) -> Callable[[int], bool]:
    return lambda value: low <= value <= high


_UP = _within(1, MOST_CLICKS)
#: For each coding what one way is, and what the other.
_CODINGS: Mapping[Relative, tuple[Callable[[int], bool], Callable[[int], bool]]] = {
    "twos": (_UP, _within(128 - MOST_CLICKS, 127)),
    "signed": (_UP, _within(65, 64 + MOST_CLICKS)),
    "offset": (_within(65, 64 + MOST_CLICKS), _within(64 - MOST_CLICKS, 63)),
}


def sources_of(events: Sequence[MidiEvent]) -> frozenset[tuple[object, ...]]:
    """What events came from; the two CCs that select a parameter tell by their values which."""
    found: set[tuple[object, ...]] = set()
    for one in events:
        if isinstance(one, ControlChange):
            number = one.value if one.cc in (NRPN_FINE, NRPN_COARSE) else None
            found.add((one.port, one.channel, one.cc, number))
        elif isinstance(one, Nrpn):
            found.add((one.port, one.channel, "nrpn", one.number))
        else:
            found.add((one.port, type(one)))
    return frozenset(found)
