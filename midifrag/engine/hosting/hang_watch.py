"""When a worker that shows no progress counts as stalled, and when as hanging.

A sign of life is a piece of work that came back, or an idle round; nothing that goes on beside the work counts. How
long a step takes on this machine is measured, so that a slow one is not taken for a stuck one.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from typing import assert_never

from midifrag.engine.messages import EngineEvent, Ready

#: Seconds without a sign after which a worker is told to have stalled; or so many measured steps, if that is more.
STALLED_SECONDS, STALLED_STEPS = 5.0, 2
#: Seconds without a sign after which it counts as hanging; or so many measured steps, if that is more.
HUNG_SECONDS, HUNG_STEPS = 10.0, 5
#: Seconds for a first step, which may have to prepare what later ones find, and for a piece of a later warm-up; or so
#: many (`HUNG_STEPS`) of the slowest piece of the first warm-up, if that is more.
FIRST_SECONDS = 60.0
#: Seconds for a piece of loading, and the most that a measured step makes of any limit. So long may a worker also go on
#: without anything coming of it.
LOADING_SECONDS = 600.0
#: The last steps are measured; of these the slowest counts.
MEASURED = 32
#: Seconds between two looks.
LOOK_SECONDS = 0.25
#: Seconds within which a worker that works or rests in short rounds gives a sign.
SIGN_SECONDS = 1.0


class Activity(Enum):
    """What a worker is at."""

    LOADING = auto()
    #: Warming up for what was asked for after it was ready.
    WARMING = auto()
    BUSY = auto()
    #: It waits for something to do, in rounds of `SIGN_SECONDS`.
    IDLE = auto()
    #: Nothing is expected of it.
    RESTING = auto()


class HangDetector:
    """Adds up silence. Time is handed in piece by piece, so that a laptop that slept does not count its sleep."""

    def __init__(self) -> None:
        self.activity = Activity.LOADING
        self.silence = self.fruitless = 0.0
        self._steps: deque[float] = deque(maxlen=MEASURED)
        self._slowest_piece = 0.0
        self._has_signed = False

    @property
    def limit(self) -> float:
        """Seconds of silence that are borne."""
        match self.activity:
            case Activity.LOADING:
                return LOADING_SECONDS
            case Activity.BUSY if self._steps:
                return max(HUNG_SECONDS, min(HUNG_STEPS * max(self._steps), LOADING_SECONDS))
            case Activity.BUSY | Activity.WARMING:
                return max(FIRST_SECONDS, min(HUNG_STEPS * self._slowest_piece, LOADING_SECONDS))
            case Activity.IDLE | Activity.RESTING:
                return HUNG_SECONDS
            case _:
                assert_never(self.activity)

    @property
    def is_stalled(self) -> bool:
        """Whether the silence is long enough to be told; loading may take what it takes."""
        measured = STALLED_STEPS * max(self._steps, default=0.0)
        counts = self.activity not in (Activity.LOADING, Activity.RESTING)
        return counts and self.silence >= max(STALLED_SECONDS, measured)

    @property
    def is_hanging(self) -> bool:
        """Whether the silence has lasted too long, or nothing has come of the work for too long."""
        return self.silence > self.limit or self.fruitless > LOADING_SECONDS

    def add(self, seconds: float) -> None:
        """So many more seconds have passed."""
        if self.activity is Activity.RESTING:
            self.silence = self.fruitless = 0.0
            return
        self.silence += seconds
        self.fruitless = self.fruitless + seconds if self.activity is Activity.BUSY else 0.0

    def heard(self, activity: Activity | None, *, news: bool) -> None:
        """A sign was heard, and what comes next is ``activity``; ``news`` if something came of the work."""
        if self.activity is Activity.BUSY:
            self._steps.append(self.silence)
        elif self._has_signed and self.activity in (Activity.LOADING, Activity.WARMING):
            # Before the first sign, it is read and imported, which says nothing of the machine.
            self._slowest_piece = max(self._slowest_piece, self.silence)
        self._has_signed |= activity is not None
        self.activity, self.silence = activity or self.activity, 0.0
        if news:
            self.fruitless = 0.0


class HangWatch(threading.Thread):
    """Tells when a worker stalls (its seconds of silence) and goes on (None), and calls ``end`` when it hangs.

    ``hung_seconds`` then says how long was waited. Looks every ``every`` seconds, on a thread of its own: half a
    message keeps the one that listens waiting. ``awaited`` says whether a performer waits for the worker; one that
    warms up is not told to have stalled while nobody does.
    """

    def __init__(
        self,
        end: Callable[[], None],
        tell: Callable[[float | None], None] = lambda _silence: None,
        awaited: Callable[[], bool] = lambda: True,
        every: float = LOOK_SECONDS,
    ) -> None:
        super().__init__(name="midifrag-engine-watch", daemon=True)
        self.hung_seconds: float | None = None
        self._end, self._tell, self._awaited, self._every = end, tell, awaited, every
        self._detector = HangDetector()
        self._is_stalled = False
        self._signs: deque[tuple[Activity | None, bool]] = deque()
        self._stopped = threading.Event()

    def heard(self, activity: Activity | None = None, *, news: bool = False) -> None:
        """A sign was heard, whole; None: what the worker is at has not changed."""
        self._signs.append((activity, news))

    def heard_event(self, event: EngineEvent) -> None:
        """The worker said something; once it is ready, it waits for something to do until it says otherwise."""
        is_ready = isinstance(event, Ready)
        self.heard(Activity.IDLE if is_ready else None, news=not is_ready)

    def stop(self) -> None:
        """The worker is gone."""
        self._stopped.set()

    def run(self) -> None:
        """Look until stopped, or until the worker counts as hanging."""
        while not self._stopped.wait(self._every):
            if self.look():
                return

    def look(self) -> bool:
        """Take in that ``every`` seconds have passed; True when it was one time too many."""
        detector = self._detector
        detector.add(self._every)
        while self._signs:
            activity, news = self._signs.popleft()
            detector.heard(activity, news=news)
        is_stalled = detector.is_stalled and (detector.activity is not Activity.WARMING or self._awaited())
        if is_stalled is not self._is_stalled:
            self._is_stalled = is_stalled
            self._tell(detector.silence if is_stalled else None)
        if not detector.is_hanging:
            return False
        self.hung_seconds = detector.silence if detector.silence > detector.limit else detector.fruitless
        self._end()
        return True
