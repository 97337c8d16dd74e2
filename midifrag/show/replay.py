"""Session logs as performances: what came in during a show, to be played into another one."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import TypeAdapter

from midifrag.errors import ClipError
from midifrag.events import TimeChanged
from midifrag.intents import (
    AnnotateTake,
    Intent,
    LetGo,
    MoveControl,
    Release,
    SlotPlaying,
    StarTake,
    Touch,
    TrashTake,
    TurnControl,
)
from midifrag.midi.messages import MidiEvent, Tick, TransportChange
from midifrag.pad_key import PadKey
from midifrag.show.session_log import read_session
from midifrag.timeline import Timeline

#: What a log holds as done by the performer. Clock ticks would fill it, controls and releases stand there as the MIDI
#: messages that they come from, marks on takes and what was deleted are of an archive that a replay does not play into,
#: and what sounded then does not now.
_NOT_PERFORMED = (
    Tick,
    TransportChange,
    MoveControl,
    TurnControl,
    Release,
    LetGo,
    Touch,
    StarTake,
    AnnotateTake,
    TrashTake,
    SlotPlaying,
)
_KINDS: tuple[type[Any], ...] = tuple(
    kind for kind in (*get_args(MidiEvent), *get_args(Intent)) if kind not in _NOT_PERFORMED
)
PERFORMED: dict[str, type[Any]] = {kind.__name__: kind for kind in _KINDS}


#: What is played beside it: the musical time that the show had then.
_PLAYED: dict[str, type[Any]] = {**PERFORMED, TimeChanged.__name__: TimeChanged}

#: No tempo is faster (quarter notes a minute), and no song longer (quarter notes).
FASTEST, FARTHEST = 10_000, 1e8

#: A tuple, as a line may say that its event is a list.
_NAMES = tuple(_PLAYED)


def is_performed(item: object) -> bool:
    """Whether ``item`` belongs into a log as something that the performer did."""
    return isinstance(item, _KINDS)


@dataclass(frozen=True)
class Performance:
    """What was done in a show: seconds from its first act, and the act. ``left_out`` counts acts that make no sense."""

    path: Path
    acts: tuple[tuple[float, Any], ...]
    left_out: int = 0

    def at_speed(self, speed: float, now: float) -> Iterator[tuple[float, Any]]:
        """The acts at ``speed`` times the original; those that carry a time get the one that is due after ``now``."""
        for second, act in self.acts:
            due = second / speed
            yield due, _moved(act, now + due, speed)


def read_performance(path: Path) -> Performance:
    """Read a session log. Raises `ClipError` for a file that holds no performance."""
    acts, left_out = [], 0
    try:
        for line in read_session(path):
            if line.get("event") in _NAMES:
                try:
                    acts.append((_moment(line), _act(line)))
                except (TypeError, ValueError, OverflowError):
                    left_out += 1
    except OSError as error:
        raise ClipError(f"{path}: cannot be read ({error.strerror or error}).") from error
    if not any(is_performed(act) for _, act in acts):
        raise ClipError(f"{path}: holds nothing that a performer did.")
    first = acts[0][0]
    return Performance(path, tuple((at - first, act) for at, act in acts), left_out)


def _moved(act: Any, moment: float, speed: float) -> Any:
    """An act at another moment than its own; musical time runs at the speed of the replay."""
    if isinstance(act, TimeChanged):
        return TimeChanged(dataclasses.replace(act.timeline, at=moment, bpm=act.timeline.bpm * speed))
    return dataclasses.replace(act, time=moment) if hasattr(act, "time") else act


def _moment(line: dict[str, Any]) -> float:
    at = float(line.get("at", math.nan))
    if not math.isfinite(at):
        raise ValueError(f"{at} is no time")
    return at


def _act(line: dict[str, Any]) -> Any:
    kind = _PLAYED[line["event"]]
    names = {field.name for field in dataclasses.fields(kind)}
    values = {name: value for name, value in line.items() if name in names}
    if "pad" in values:
        values["pad"] = PadKey.parse(values["pad"])
    act = _reader(line["event"]).validate_python(values)
    if isinstance(act, TimeChanged):
        _check(act.timeline)
    return act


def _check(line: Timeline) -> None:
    """Raises ValueError for musical time that cannot be."""
    if not (0 < line.bpm < FASTEST and math.isfinite(line.at) and abs(line.position) < FARTHEST):
        raise ValueError(f"{line} is no time")


@functools.cache
def _reader(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(_PLAYED[name])
