"""What a show hears of a job that a server ended without a take."""

from __future__ import annotations

from typing import TypeAlias, assert_never

from midifrag.engine import messages as engine
from midifrag.engine.line import messages as line

#: How a server says that there is no take.
End: TypeAlias = line.Failed | line.Cancelled | line.Refused


def how_it_ended(told: End, number: int, server: str) -> engine.Failed | engine.Died:
    """The event of a job with this number here; `Died` where somebody else has to play it, as the server ends."""
    match told:
        case line.Failed(reason=reason, not_finite=not_finite):
            return engine.Failed(number, f"{server}: {reason}", not_finite=not_finite)
        case line.Cancelled():
            return engine.Failed(number, f"{server} dropped it; press again")
        case line.Refused(why="moving", reason=reason):
            return engine.Died(f"{server}: {reason}", (number,), restarting=True, finishing=True)
        case line.Refused(reason=reason):
            return engine.Failed(number, f"{server}: {reason}")
        case _:
            assert_never(told)
