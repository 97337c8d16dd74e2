"""A lander with files of its own, and what it told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from midifrag.audio import Audio
from midifrag.fragment.archive import Archive
from midifrag.fragment.hands import Hand
from midifrag.fragment.landing import Lander
from midifrag.fragment.length import FragmentLength
from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.punctual import Punctual
from midifrag.fragment.slots import Slots
from midifrag.fragment.writer_commands import Prepare, QueuedCommand
from midifrag.fragment.writer_events import Landed, SlotsChanged, WriterEvent
from tests.fragment.sounds import RATE


class LanderRig:
    """A lander with real slots and a real archive, a clock that stands still, and all that was told."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.folder = folder
        self.slots = Slots(folder, count=3, monotonic=lambda: self.now)
        self.archive = Archive(folder / "archive")
        self.told: list[WriterEvent] = []
        self.now = 100.0
        #: What landed at a boundary, as its note hears it.
        self.notes: list[Landed] = []
        self.lander = Lander(
            self.slots,
            self.archive,
            self.told.append,
            clock=lambda: 5000.0,
            monotonic=lambda: self.now,
            landed=options.pop("landed", self._hear),
            # What is due lands when time has come that far, and no hand waits for it.
            punctual=Punctual(lambda: self.now, ahead=0.0),
            **options,
        )

    def _hear(self, landed: Landed) -> Callable[[], bool]:
        self.notes.append(landed)
        return lambda: True

    def handle(self, command: QueuedCommand) -> Sequence[WriterEvent]:
        """Handle a command; return what was told, but for the slots."""
        before = len(self.told)
        self.lander.handle(command)
        return self.since(before)

    def prepare(self, audio: Audio, options: FragmentOptions, length: FragmentLength | None = None) -> None:
        """Have a take prepared, and wait until it is."""
        self.lander.prepare(Prepare(audio, RATE, options, length))
        self.lander._preparer._worker.submit(lambda: None).result()

    def tick(self, seconds: float = 0.0) -> Sequence[WriterEvent]:
        """Let time go by; what was told, but for the slots."""
        self.now += seconds
        before = len(self.told)
        self.lander.tick()
        return self.since(before)

    def until(self, moment: float) -> Sequence[WriterEvent]:
        """Let time go by until a moment, at which what is due lands; what was told, but for the slots."""
        before = len(self.told)
        punctual = self.lander.punctual
        while (due := punctual.look()) is not None and due <= moment:
            self._go(max(due, self.now))
        self._go(moment)
        return self.since(before)

    def _go(self, moment: float) -> None:
        self.now = moment
        self.lander.punctual.look()
        # What was handed over is with the slots' hands, which do one thing after the other.
        hands = [slot.hand for slot in self.slots._slots.values()]
        Hand.wait_for_all((hand, hand.later(lambda: None)) for hand in hands)
        self.lander.tick()

    def since(self, before: int) -> Sequence[WriterEvent]:
        """What was told after so many events, but for the slots."""
        return [event for event in self.told[before:] if not isinstance(event, SlotsChanged)]

    def takes(self) -> list[int | None]:
        """The take in each slot."""
        return [state.take for state in self.slots.states]

    def close(self) -> None:
        self.lander.close()
