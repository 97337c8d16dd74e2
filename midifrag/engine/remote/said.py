"""What follows from something that was said: to the show, to the server, and as work."""

from __future__ import annotations

from dataclasses import dataclass, field

from midifrag.engine import messages as engine
from midifrag.engine.line import messages as line
from midifrag.errors import LineError


@dataclass(frozen=True, slots=True)
class Unpacking:
    """A take that is all here, and has to be made samples of: that takes time."""

    job: int
    data: bytearray
    told: line.Rendered


@dataclass(slots=True)
class Said:
    """What follows from something: events for the show, messages for the server where it can be reached, and work.

    That takes longer than a loop should: renders to be packed, for `Talk.packed`, and takes, for `Talk.unpacked`.
    """

    events: list[engine.EngineEvent] = field(default_factory=list)
    messages: list[line.Message] = field(default_factory=list)
    packing: list[engine.Render] = field(default_factory=list)
    unpacking: list[Unpacking] = field(default_factory=list)


class UnfitServerError(LineError):
    """A server that cannot play what is wanted of it; ``said`` is what the show hears of that."""

    def __init__(self, said: Said) -> None:
        self.said = said
        super().__init__("the server has no such model")
