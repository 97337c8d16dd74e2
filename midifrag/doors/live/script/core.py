"""All that is done in one of Live's ticks, in order, each part guarded from the others."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Callable, NamedTuple

from . import VERSION
from .connection import Connection
from .feedback import Feedback
from .landings import Landings
from .messages import Files, Incoming, Land, Message, Welcome, told
from .objects import Objects
from .used_files import UsedFiles

if TYPE_CHECKING:
    from Live.Clip import WarpMarker
    from Live.Song import Song

#: Seconds in which one trouble is logged once.
TROUBLE_EVERY = 60.0


class Host(NamedTuple):
    """What there is of Live: ``song`` and ``log`` call it, ``version`` is its number, ``has`` what it can do."""

    song: Callable[[], Song]
    log: Callable[[str], None]
    clock: Callable[[], float]
    version: str
    has: list[str]
    marker: Callable[[float, float], WarpMarker]


class Core:
    """The script without Live's shell. `tick` never raises, and does nothing while one is underway."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._is_ticking = False
        self._is_closed = False
        self._troubles: dict[str, float] = {}
        self._life = 0
        self._described: dict[str, str] | None = None
        self._looked = 0
        self._connection = Connection(self._hello, self._log, host.clock)
        self._objects = Objects(host.song, self._say, host.clock)
        self._feedback = Feedback(host.song, self._send, host.clock)
        self._landings = Landings(
            host.song,
            self._objects,
            self._send,
            self._say,
            host.marker,
            host.has,
            self._feedback.watch_clip,
            host.clock,
        )
        self._files = UsedFiles(host.song, self._send)
        #: When the last tick was.
        self.ticked_at = host.clock()

    def start(self) -> None:
        """Listen to Live."""
        self._guarded(self._feedback.start)

    def tick(self) -> None:
        """Everything's turn. Live may call again from inside, when something that it is asked for opens a dialogue."""
        self.ticked_at = self._host.clock()
        if self._is_ticking or self._is_closed:
            return
        self._is_ticking = True
        try:
            for part in (
                self._hear,
                self._objects.step,
                self._tell_objects,
                self._land,
                self._tell,
                self._connection.flush,
            ):
                self._guarded(part)
        finally:
            self._is_ticking = False

    def close(self) -> None:
        """End; what waits is lost here, and sent again by midifrag to the next script."""
        self._is_closed = True
        self._guarded(self._feedback.stop)
        self._guarded(self._connection.close)

    def _guarded(self, part: Callable[[], object]) -> None:
        try:
            part()
        except Exception as error:
            self._log_trouble(f"{type(error).__name__}: {told(error)}")

    def _log_trouble(self, text: str) -> None:
        now = self._host.clock()
        if now - self._troubles.get(text, float("-inf")) >= TROUBLE_EVERY:
            if len(self._troubles) > 100:
                self._troubles.clear()
            self._troubles[text] = now
            self._log(text)

    def _log(self, text: str) -> None:
        try:
            self._host.log("midifrag: " + told(text))
        except Exception:
            # There is nobody left to tell.
            return

    def _say(self, level: str, text: str) -> None:
        self._log(text)
        self._send({"type": "said", "level": level, "text": told(text)})

    def _send(self, message: Message) -> None:
        if self._connection.is_joined:
            self._connection.send(message)

    def _hello(self) -> Message:
        return {"type": "hello", "script": VERSION, "live": self._host.version, "has": self._host.has}

    def _hear(self) -> None:
        for message in self._connection.poll():
            self._guarded(partial(self._take, message))
        if not self._connection.is_joined:
            self._files.forget()

    def _take(self, message: Incoming) -> None:
        if isinstance(message, Welcome):
            self._landings.targets, self._landings.options = message.targets, message.options
            self._objects.set_targets(message.targets)
            self._feedback.watch(self._objects.standing, message.targets)
            if self._life != self._connection.life:
                self._life = self._connection.life
                self._described = None
                self._feedback.tell_all()
        elif isinstance(message, Land):
            if message.slot not in self._landings.targets:
                self._connection.leave(f"midifrag sent a landing for slot {message.slot}, which it did not name")
                return
            self._landings.add(message, self._life)
        elif isinstance(message, Files):
            self._files.ask()

    def _tell_objects(self) -> None:
        described = self._objects.described()
        if described != self._described or self._looked != self._objects.done:
            # Also where all is called as before: another thing may have the name of one that was deleted.
            self._feedback.watch(self._objects.standing, self._landings.targets)
        if described != self._described and self._objects.done:
            self._send({"type": "objects", "slots": described})
            self._described = described
        self._looked = self._objects.done

    def _land(self) -> None:
        self._landings.step(self._life)

    def _tell(self) -> None:
        self._files.step()
        if self._connection.is_joined:
            self._feedback.step(self._landings.scenes)
