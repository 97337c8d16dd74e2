"""Session logs as performances: what came in during a show, to be played into another one."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args

from pydantic import TypeAdapter

from midifrag.errors import ClipError
from midifrag.fragment.plain_json import is_moment
from midifrag.intents import AnnotateTake, Intent, MoveControl, Release, StarTake
from midifrag.midi.messages import MidiEvent, Tick, TransportChange
from midifrag.pad_key import PadKey
from midifrag.show.session_log import read_session

_log = logging.getLogger(__name__)

#: What a log holds as done by the performer. Clock ticks would fill it, controls and releases stand there as the MIDI
#: messages that they come from, and marks on takes are of an archive that a replay does not play into.
_KINDS: tuple[type[Any], ...] = tuple(
    kind
    for kind in (*get_args(MidiEvent), *get_args(Intent))
    if kind not in (Tick, TransportChange, MoveControl, Release, StarTake, AnnotateTake)
)
PERFORMED: dict[str, type[Any]] = {kind.__name__: kind for kind in _KINDS}


def is_performed(item: object) -> bool:
    """Whether ``item`` belongs into a log as something that the performer did."""
    return isinstance(item, _KINDS)


@dataclass(frozen=True)
class Performance:
    """What was done in a show: seconds from its first act, and the act."""

    path: Path
    acts: tuple[tuple[float, Any], ...]

    def at_speed(self, speed: float, now: float) -> Iterator[tuple[float, Any]]:
        """The acts at ``speed`` times the original; those that carry a time get the one that is due after ``now``."""
        for second, act in self.acts:
            due = second / speed
            yield due, dataclasses.replace(act, time=now + due) if hasattr(act, "time") else act


def read_performance(path: Path) -> Performance:
    """Read a session log; lines in it that nobody can have done are left out and told.

    Raises `ClipError` for a file that holds no performance.
    """
    acts: list[tuple[float, Any]] = []
    odd = 0
    try:
        for line in read_session(path):
            event = line.get("event")
            if not isinstance(event, str) or event not in PERFORMED:
                continue
            try:
                acts.append((_moment(line["at"]), _act(line)))
            except (TypeError, ValueError, KeyError):
                odd += 1
    except OSError as error:
        raise ClipError(f"{path}: is no session log that can be played ({error}).") from error
    if not acts:
        raise ClipError(f"{path}: holds nothing that a performer did.")
    if odd:
        _log.warning("%s: %d lines cannot be played and are left out", path, odd)
    first = acts[0][0]
    return Performance(path, tuple((at - first, act) for at, act in acts))


def _moment(at: Any) -> float:
    if not is_moment(at):
        raise ValueError(f"{at!r} is no time")
    return float(at)


def _act(line: dict[str, Any]) -> Any:
    """Return what was done. Raises ValueError for a line that holds nothing of the kind."""
    kind = PERFORMED[line["event"]]
    values = {field.name: line[field.name] for field in dataclasses.fields(kind) if field.name in line}
    if "pad" in values:
        values["pad"] = dataclasses.asdict(PadKey.parse(values["pad"]))
    return _reader(line["event"]).validate_json(json.dumps(values, allow_nan=False), strict=True)


@cache
def _reader(event: str) -> TypeAdapter[Any]:
    return TypeAdapter(PERFORMED[event])
