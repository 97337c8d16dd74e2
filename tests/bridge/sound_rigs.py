"""A bridge for presses that begin from sounds."""

from __future__ import annotations

from typing import Any

import numpy as np

from midifrag.audio import SourceSound
from midifrag.events import JobChanged
from midifrag.fragment.slot_state import SlotState
from midifrag.fragment.writer_commands import ReadSound
from midifrag.fragment.writer_events import SlotsChanged, SoundRead
from tests.support.bridges import Rig
from tests.support.shows import loaded, one_pad

RATE = 1000


def sound(seed: int = 1, seconds: float = 2.0) -> SourceSound:
    drawn = np.random.default_rng(seed).uniform(-0.5, 0.5, (2, round(seconds * RATE)))
    return SourceSound.of(drawn.astype(np.float32), RATE)


def state(number: int, version: int | None = 1, *, take: int | None = None, at: float | None = 5.0) -> SlotState:
    signature = None if version is None else (number, version, version)
    return SlotState(number, f"output{number:02d}.wav", "filled", take, landed_at=at, version=signature)


def rig_of(*, spares: bool = False, show: dict[str, Any] | None = None, **pad: Any) -> Rig:
    """A rig whose engine can begin from sounds, with a fragment in slots 1 and 3, that in 3 the newer one."""
    spared = {"engine": {"spares": {"enabled": True, "count": 4}}} if spares else {}
    rig = Rig(loaded(one_pad(**pad), **spared, **(show or {})))
    rig.engines.begins_from = ("sound", "part")
    rig.ready()
    rig.bridge.handle(SlotsChanged((state(1), state(2, None, at=None), state(3, take=12, at=9.0))))
    return rig


def reads(rig: Rig) -> list[ReadSound]:
    return [command for command in rig.writes if isinstance(command, ReadSound)]


def read(rig: Rig, asked: ReadSound | None = None, found: SourceSound | None = None, **more: Any) -> None:
    asked = asked or reads(rig)[-1]
    rig.bridge.handle(SoundRead(asked.request, asked.place, found or sound(), **more))


def last(rig: Rig) -> JobChanged:
    return rig.jobs()[-1]
