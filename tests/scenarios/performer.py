"""A program for tests to kill: it lands takes for ever and says what it was told, one line for each event.

Started with a folder and the number of its first job; take ``job`` is `sound` (job), so that anyone can check it. With
``waiting``, each waits for a moment of its own first.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from midifrag.audio import Audio
from midifrag.clock import monotonic
from midifrag.fragment.archive import Archive
from midifrag.fragment.landing import Lander
from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.record import TakeRecord
from midifrag.fragment.slots import Slots
from midifrag.fragment.writer_commands import Arrival, LandTake
from midifrag.fragment.writer_events import Landed, TakeArchived, WriterEvent

RATE = 44100


def sound(job: int) -> Audio:
    return np.random.default_rng(job).uniform(-0.5, 0.5, (2, RATE)).astype(np.float32)


def tell(event: WriterEvent) -> None:
    if isinstance(event, TakeArchived):
        print("archived", event.job, event.number, flush=True)
    elif isinstance(event, Landed):
        print("landed", event.job, event.slot, flush=True)


def main(folder: Path, job: int, waiting: bool) -> None:
    lander = Lander(Slots(folder), Archive(folder / "archive"), tell)
    lander.punctual.start()
    print("ready", flush=True)
    while True:
        at = monotonic() + 0.3 if waiting else None
        lander.handle(
            LandTake(job, sound(job), RATE, TakeRecord(prompt=f"take {job}"), FragmentOptions(), arrival=Arrival(at))
        )
        lander.tick()
        job += 1


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), "waiting" in sys.argv)
