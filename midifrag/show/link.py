"""Ableton Link: the tempo, beat and bar that programs on one network share. An optional extra (``midifrag[link]``).

The library is polled: an object of it with callbacks must never be deleted. Its clock is one of its own on Linux, and
is measured against ours each second. While we are alone in it, its session is kept on our own line, so that whoever
joins finds our tempo and our bar.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

from midifrag.bridge.items import LinkHeard
from midifrag.clock import monotonic
from midifrag.events import Notice
from midifrag.states import NoticeLevel
from midifrag.timeline import Timeline

#: Seconds between two looks at the session: with others in it, and while we are alone, when only their coming is new.
LOOK_EVERY, ALONE_EVERY = 0.05, 0.25
#: Seconds between two measurements of its clock.
MEASURE_EVERY = 1.0
#: The quickest of so many readings of its clock counts.
READINGS = 5
#: What the session's beat may be off by from what was told, in seconds, and from our line while we are alone.
SAME, OURS = 0.0003, 0.001
#: Beats a minute that are lost where Link keeps a tempo, as whole microseconds a beat.
SAME_TEMPO = 0.002
#: How long the end waits for the thread, in seconds.
CLOSE_SECONDS = 1.0

_log = logging.getLogger(__name__)


class Session(Protocol):
    """A place in Link's session: what is used of the library's ``Link``. Microseconds are those of its ``micros``."""

    def micros(self) -> int:
        """Now, by Link's clock."""
        ...

    def look(self, micros: int, quantum: float) -> tuple[float, float, int]:
        """The tempo, the beat at a moment, in phase for bars of ``quantum`` beats, and how many others there are."""
        ...

    def lead(self, bpm: float, beat: float, micros: int, quantum: float) -> None:
        """Have the session be at a beat at a moment, and go on at a tempo."""
        ...

    def close(self) -> None:
        """Leave the session."""
        ...


OpenSession: TypeAlias = Callable[[float], Session]


class LibrarySession:
    """A `Session` of LinkPython-extern, at ``bpm`` where it is the first. Raises ImportError without the library."""

    def __init__(self, bpm: float) -> None:
        from link import Link

        self._link: Any = Link(bpm)
        self._clock: Any = self._link.clock()
        self._link.enabled = True

    def micros(self) -> int:
        """See `Session`."""
        return int(self._clock.micros())

    def look(self, micros: int, quantum: float) -> tuple[float, float, int]:
        """See `Session`."""
        state = self._link.captureAppSessionState()
        return float(state.tempo()), float(state.beatAtTime(micros, quantum)), int(self._link.numPeers())

    def lead(self, bpm: float, beat: float, micros: int, quantum: float) -> None:
        """See `Session`."""
        state = self._link.captureAppSessionState()
        state.setTempo(bpm, micros)
        state.requestBeatAtTime(beat, micros, quantum)
        self._link.commitAppSessionState(state)

    def close(self) -> None:
        """See `Session`."""
        self._link.enabled = False


class LinkWatch:
    """Looks at Link's session while it is `wanted`, and hands ``put`` what is new about it.

    ``open_session`` joins it; ``clock`` gives monotonic seconds.
    """

    def __init__(
        self,
        put: Callable[[LinkHeard | Notice], None],
        open_session: OpenSession = LibrarySession,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._put = put
        self._open = open_session
        self._clock = clock
        self._session: Session | None = None
        self._line: Timeline | None = None
        self._told: LinkHeard | None = None
        #: Seconds that Link's clock is ahead of ours, and when that is measured again.
        self._ahead, self._measure_due = 0.0, 0.0
        self._closing = threading.Event()
        self._wanted = threading.Event()
        #: Whether there is something to do before the next look is due.
        self._news = threading.Event()
        self._required = False
        #: Why it was given up, until that was told.
        self._why = ""
        self._thread: threading.Thread | None = None

    def want(self, wanted: bool, *, required: bool = False) -> None:
        """Join the session, or leave it; ``required`` is whether to say that the library is missing."""
        self._required = required
        self._tell_why()
        if wanted:
            self._wanted.set()
            if self._thread is None and not self._closing.is_set():
                self._thread = threading.Thread(target=self._run, name="midifrag-link", daemon=True)
                self._thread.start()
        else:
            self._wanted.clear()
            self._news.set()

    def follow(self, line: Timeline) -> None:
        """The show's musical time; never blocks."""
        self._line = line
        self._news.set()

    def close(self) -> None:
        """Leave the session."""
        self._closing.set()
        self._wanted.set()
        self._news.set()
        if self._thread is not None:
            self._thread.join(CLOSE_SECONDS)

    # --- its thread --------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Look at the session once, and join it before where that was not done yet."""
        line = self._line
        if line is None:
            return
        if self._session is None:
            self._session, self._measure_due = self._open(line.bpm), 0.0
        session, bar = self._session, line.signature.bar
        self._measure(session)
        now = self._clock()
        micros = round((now + self._ahead) * 1e6)
        bpm, beat, peers = session.look(micros, bar)
        if not peers and self._differs(line, now, bpm, beat):
            session.lead(line.bpm, line.position_at(now), micros, bar)
        heard = LinkHeard(bpm, now, beat, peers)
        if self._is_news(heard):
            self._told = heard
            self._put(heard)

    @property
    def pause(self) -> float:
        """Seconds until the next look, if nothing is to do before."""
        return LOOK_EVERY if self._told is not None and self._told.peers else ALONE_EVERY

    def leave(self) -> None:
        """Leave the session."""
        session, self._session = self._session, None
        if session is not None:
            session.close()
        if self._told is not None and self._told.peers:
            self._told = LinkHeard(self._told.bpm, self._clock(), 0.0, 0)
            self._put(self._told)

    def _measure(self, session: Session) -> None:
        if self._clock() < self._measure_due:
            return
        readings = []
        for _ in range(READINGS):
            before, micros, after = self._clock(), session.micros(), self._clock()
            readings.append((after - before, micros / 1e6 - (before + after) / 2))
        self._ahead = min(readings)[1]
        self._measure_due = self._clock() + MEASURE_EVERY

    def _differs(self, line: Timeline, now: float, bpm: float, beat: float) -> bool:
        """Whether the session, with nobody else in it, is not on our line."""
        bar = line.signature.bar
        off = (beat - line.position_at(now) + bar / 2) % bar - bar / 2
        return abs(bpm - line.bpm) > SAME_TEMPO or abs(line.seconds(off)) > OURS

    def _is_news(self, heard: LinkHeard) -> bool:
        told = self._told
        if told is None or told.peers != heard.peers or (heard.peers and told.bpm != heard.bpm):
            return told is not None or heard.peers > 0
        expected = told.beat + (heard.at - told.at) * told.bpm / 60
        return heard.peers > 0 and abs(heard.beat - expected) * 60 / heard.bpm > SAME

    def _run(self) -> None:
        while not self._closing.is_set():
            self._wanted.wait()
            try:
                while self._wanted.is_set() and not self._closing.is_set():
                    self._news.clear()
                    self.look()
                    self._news.wait(self.pause)
                self.leave()
            except ImportError:
                self._why = "Ableton Link is not installed (uv sync --extra link)"
                self._tell_why()
                return
            except Exception as error:
                _log.exception("Link failed")
                self._put(_without(f"Ableton Link failed ({error!r})"))
                return

    def _tell_why(self) -> None:
        """Say why there is no Link, where somebody asked for it by name."""
        if self._why and self._required:
            self._put(_without(self._why))
            self._why = ""


def _without(why: str) -> Notice:
    return Notice(NoticeLevel.WARNING, f"{why}; the time is kept without it")
