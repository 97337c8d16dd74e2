"""Session logs as performances: what came in during a show, to be played into another one."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from midifrag.errors import ClipError
from midifrag.intents import AnnotateTake, Intent, MoveControl, Release, StarTake
from midifrag.midi.messages import MidiEvent, Tick, TransportChange
from midifrag.pad_key import PadKey
from midifrag.show.session_log import read_session

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
    """Read a session log. Raises `ClipError` for a file that holds no performance."""
    try:
        acts = [(float(line["at"]), _act(line)) for line in read_session(path) if line.get("event") in PERFORMED]
    except (OSError, TypeError, ValueError, KeyError) as error:
        raise ClipError(f"{path}: is no session log that can be played ({error}).") from error
    if not acts:
        raise ClipError(f"{path}: holds nothing that a performer did.")
    first = acts[0][0]
    return Performance(path, tuple((at - first, act) for at, act in acts))


def _act(line: dict[str, Any]) -> Any:
    kind = PERFORMED[line["event"]]
    names = {field.name for field in dataclasses.fields(kind)}
    values = {name: value for name, value in line.items() if name in names}
    if "pad" in values:
        values["pad"] = PadKey.parse(values["pad"])
    return kind(**values)
