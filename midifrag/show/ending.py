"""How a show ends: each part of it whatever becomes of the others, and what is left behind."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from midifrag.fragment.rescue import Rescued
from midifrag.fragment.writer_events import Held

_Answer = TypeVar("_Answer")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ending:
    """What a show left behind: takes that are not where they belong, and where those are that are in no archive."""

    unwritten: tuple[Held, ...] = ()
    rescued: Rescued = field(default_factory=Rescued)


def done(work: Callable[[], _Answer]) -> _Answer | None:
    """Do a part of the end; what goes wrong in it is told, and None."""
    try:
        return work()
    except Exception:
        _log.exception("the end of the show failed in a part")
        return None
