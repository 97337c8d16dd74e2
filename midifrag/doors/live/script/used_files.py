"""Which audio files the loaded Set uses, as far as Live tells: read some a tick, told in several lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Iterator

from .messages import Message
from .objects import DEEPEST, SIMPLER
from .simpler import sample_of

if TYPE_CHECKING:
    from Live.Song import Song

#: Things of the Set that one tick looks at.
STEPS_A_TICK = 12
#: Characters of paths that one line has: escaped, each may take twelve bytes.
CHARACTERS_A_LINE = 5000
#: Ticks after which a line goes out with whatever there is, so that midifrag knows that more will come.
TICKS_A_LINE = 25
#: Attempts, after which what has been read is told, and that it is not all.
MOST_FAILURES = 5
#: Instruments that hold no samples, or tell them; by Live's own names of their kinds.
_NO_SAMPLES = frozenset(
    (SIMPLER, "InstrumentVector", "Operator", "UltraAnalog", "StringStudio", "LoungeLizard", "Collision")
)
#: Live's number for instruments.
_INSTRUMENT = 1


class UsedFiles:
    """Answers one question at a time; another one begins the answer anew."""

    def __init__(self, song: Callable[[], Song], send: Callable[[Message], None]) -> None:
        self._song = song
        self._send = send
        self._walk: Iterator[str] | None = None
        self._seen: set[str] = set()
        self._line: list[str] = []
        self._unread = 0
        self._failed = 0
        self._quiet = 0

    def ask(self) -> None:
        """Begin, from the start of the Set."""
        self._failed = 0
        self._begin()

    def _begin(self) -> None:
        self._walk = self._paths()
        self._seen = set()
        self._line = []
        self._unread = 0
        self._quiet = 0

    def forget(self) -> None:
        """Nobody wants to know any more."""
        self._walk = None

    def step(self) -> None:
        """One tick's turn."""
        if self._walk is None:
            return
        try:
            for _ in range(STEPS_A_TICK):
                self._take(next(self._walk))
            self._quiet += 1
            if self._quiet >= TICKS_A_LINE:
                self._tell(more=True)
        except StopIteration:
            self._tell(more=False)
            self._walk = None
        except Exception:
            self._fail()

    def _fail(self) -> None:
        """The Set has changed under our eyes, and the answer is to be that of one Set; or something cannot be read."""
        self._failed += 1
        if self._failed < MOST_FAILURES:
            self._begin()
            return
        self._unread += 1
        self._tell(more=False)
        self._walk = None

    def _take(self, path: str) -> None:
        if not path or path in self._seen:
            return
        self._seen.add(path)
        if self._line and sum(map(len, self._line)) + len(path) > CHARACTERS_A_LINE:
            self._tell(more=True)
        self._line.append(path)

    def _tell(self, *, more: bool) -> None:
        paths, self._line = self._line, []
        self._quiet = 0
        place = str(getattr(self._song(), "file_path", ""))
        self._send({"type": "files", "paths": paths, "set": place, "more": more, "unread": self._unread})

    def _paths(self) -> Iterator[str]:
        song = self._song()
        for track in song.tracks:
            for slot in track.clip_slots:
                yield _path_of(slot.clip) if slot.has_clip else ""
            for lane in [track, *getattr(track, "take_lanes", ())]:
                for clip in getattr(lane, "arrangement_clips", ()):
                    yield _path_of(clip)
        for track in [*song.tracks, *song.return_tracks, song.master_track]:
            yield from self._devices(track, 0)

    def _devices(self, holder: Any, depth: int) -> Iterator[str]:
        for device in holder.devices:
            yield sample_of(device) if device.class_name == SIMPLER else ""
            if device.can_have_chains and depth < DEEPEST:
                for chain in device.chains:
                    yield from self._devices(chain, depth + 1)
            elif _may_hold_samples(device):
                self._unread += 1


def _may_hold_samples(device: Any) -> bool:
    name = device.class_name
    return name.startswith("MxDevice") or (int(device.type) == _INSTRUMENT and name not in _NO_SAMPLES)


def _path_of(clip: Any) -> str:
    return clip.file_path or "" if clip.is_audio_clip else ""
