"""The writer's thread, so that neither the engine nor a press ever waits for a disk."""

from __future__ import annotations

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal, TypeAlias, assert_never

from midifrag.clock import monotonic
from midifrag.fragment.archive import Archive
from midifrag.fragment.landing import Lander
from midifrag.fragment.rescue import UnarchivedTake
from midifrag.fragment.slots import Slots
from midifrag.fragment.source_sounds import Listen, no_input
from midifrag.fragment.waiting import HasLanded, nothing_goes_out
from midifrag.fragment.writer_commands import (
    ArchiveOnly,
    CancelLanding,
    LandArchived,
    LandCommand,
    LandLast,
    LandTake,
    Prepare,
    PromptCommand,
    QueuedCommand,
    ReadSound,
    Recut,
    Retime,
    SlotPlaying,
    WriterCommand,
)
from midifrag.fragment.writer_events import Held, LandFailed, WriterEvent
from midifrag.fragment.writer_queue import CommandQueue, Signal

_WANTED: dict[type, Literal["archive", "slot", "archive and slot"]] = {
    LandTake: "archive and slot",
    ArchiveOnly: "archive",
    LandArchived: "slot",
    LandLast: "slot",
}
#: What a take's files wait for in the writer's hands.
_Takes: TypeAlias = LandCommand | ArchiveOnly
_log = logging.getLogger(__name__)


class FragmentWriter:
    """A `Lander` on a thread of its own, which alone uses these slots and this archive and closes them at its end.

    ``listener`` is called from that thread, and from the hands of slots where something lands at a boundary; just
    before that, ``landed`` is. Fragments' samples are told where somebody ``plays`` them; ``listen`` is what an audio
    input has heard. ``begins`` is what each of its threads does first. `submit` never blocks.
    """

    def __init__(
        self,
        slots: Slots,
        archive: Archive,
        listener: Callable[[WriterEvent], None],
        landed: HasLanded = nothing_goes_out,
        *,
        plays: bool = False,
        listen: Listen = no_input,
        begins: Callable[[], None] = lambda: None,
    ) -> None:
        self._listener = listener
        self._begins = begins
        self._commands = CommandQueue()
        self._lander = Lander(
            slots,
            archive,
            self._tell,
            landed=landed,
            wake=lambda: self._commands.put(Signal.WAKE),
            plays=plays,
            listen=listen,
            begin_hand=begins,
        )
        self._unfinished: deque[_Takes] = deque()
        self._thread = threading.Thread(target=self._run, name="midifrag-writer", daemon=True)

    @property
    def backlog(self) -> int:
        """How many takes were submitted and not yet written or held; it grows while a disk is slow."""
        return len(self._unfinished)

    @property
    def shared(self) -> tuple[Path, ...]:
        """The folders that another program writes into as well: of the slots, of the archive."""
        return self._lander.shared.folders

    def look_around(self) -> None:
        """Find out `shared` before the start."""
        self._lander.shared.look()

    def start(self) -> None:
        """Start the thread; the first event is `SlotsChanged`."""
        self._lander.punctual.start()
        self._thread.start()

    def submit(self, command: WriterCommand) -> None:
        """Hand over a command. Never blocks and never raises."""
        if isinstance(command, PromptCommand):
            self._do(command)
            return
        if isinstance(command, LandCommand):
            self._lander.announce(command)
        if isinstance(command, _Takes):
            self._unfinished.append(command)
        self._commands.put(command)

    def _do(self, command: PromptCommand) -> None:
        """Do what goes past the queue."""
        match command:
            case Prepare():
                # A stale spare would stay in memory while a disk is slow.
                self._lander.prepare(command)
            case ReadSound():
                self._lander.sounds.read(command)
            case Retime(job, at):
                self._lander.punctual.move(job, at)
            case Recut():
                self._lander.recut(command)
            case CancelLanding(job):
                self._lander.cancel(job)
            case SlotPlaying():
                self._lander.play(command)
            case _:
                assert_never(command)

    def close(self, timeout: float = 5.0) -> tuple[Held, ...]:
        """Write what can be written within ``timeout`` seconds; return the takes that stay unwritten."""
        self._lander.call_off()
        self._commands.put(Signal.END)
        if self._thread.ident is None:
            # Never started, because something else could not be: what was submitted stays unwritten.
            self._lander.close()
        else:
            self._thread.join(timeout)
        late = tuple(Held(one.job, "the disk did not answer in time", _WANTED[type(one)]) for one in self._unfinished)
        return self._lander.held + late

    def unarchived(self) -> list[UnarchivedTake]:
        """After `close`: the takes that are in memory and nowhere else."""
        # Copied at once: a disk that answers late may let the thread go on.
        late = [one for one in tuple(self._unfinished) if isinstance(one, LandTake | ArchiveOnly)]
        takes = self._lander.unarchived + [UnarchivedTake(one.audio, one.sample_rate, one.record) for one in late]
        return list({id(take.audio): take for take in takes}.values())

    def _run(self) -> None:
        self._begins()
        self._guard(self._lander.tell_slots)
        while True:
            try:
                command = self._commands.get(timeout=max(0.0, self._lander.due - monotonic()))
            except queue.Empty:
                self._guard(self._lander.tick)
                continue
            if command is Signal.END:
                break
            if command is Signal.WAKE:
                self._guard(self._lander.tick)
                continue
            self._guard(partial(self._lander.handle, command), command)
            if isinstance(command, _Takes):
                self._unfinished.popleft()
            self._guard(self._lander.tick)
        self._guard(self._lander.finish)
        self._guard(self._lander.close)

    def _guard(self, work: Callable[[], None], command: QueuedCommand | None = None) -> None:
        """Go on whatever happens: one take that cannot be handled must not silence all that follow."""
        try:
            work()
        except Exception as error:
            _log.exception("the writer failed at %s", type(command).__name__)
            if isinstance(command, _Takes):
                self._tell(LandFailed(command.job, f"unexpected: {error!r}"))

    def _tell(self, event: WriterEvent) -> None:
        try:
            self._listener(event)
        except Exception:
            _log.exception("a listener failed at %s", type(event).__name__)
