"""Hydrogen's kit as the slots are: its samples are replaced at each landing, and it is told over OSC to read them."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

from midifrag.clock import Clock, SystemClock
from midifrag.config.loading import Loaded
from midifrag.config.ports import NotifySettings
from midifrag.doors.door import Door, Put
from midifrag.doors.instruments.hydrogen_kit import Kit, note_of
from midifrag.doors.instruments.hydrogen_line import HydrogenLine
from midifrag.doors.instruments.keeping import Keeping
from midifrag.doors.instruments.reload import Reload
from midifrag.events import JobChanged, Notice, SlotsChanged, StateChange
from midifrag.fragment.file_names import HYDROGEN
from midifrag.playback.messages import Sounding
from midifrag.states import JobState, NoticeLevel

#: Seconds between two tries while nobody listens.
RETRY = 2.0
#: Seconds that a Hydrogen is given that may have begun just now: 1.2 dies of a kit that comes before its windows.
GRACE = 3.0
#: Seconds between two looks whether it is still there: one that was begun anew needs its kit.
KNOCK_EVERY = 2.0
#: Seconds that the end waits for the message that is being sent.
PATIENCE = 2.0

_log = logging.getLogger(__name__)


class Line(Protocol):
    """What is said to Hydrogen, see `midifrag.doors.instruments.hydrogen_line.HydrogenLine`."""

    def knock(self) -> None:
        """Find out whether anybody listens. Raises OSError."""
        ...

    def load(self, folder: Path) -> None:
        """Have a kit read. Raises OSError and ValueError."""
        ...

    def close(self) -> None:
        """Hang up."""
        ...


class HydrogenDoor:
    """Keeps the kit of ``slots`` as they are. Of `notify`, notes that play its pads count as sounding."""

    name = "Hydrogen"

    def __init__(
        self,
        slots: Path,
        count: int,
        put: Put,
        line: Line,
        notify: NotifySettings | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._put, self._line, self._notify = put, line, notify
        self._clock = clock or SystemClock()
        self._kit = Kit(slots / HYDROGEN, count)
        self._keeping = Keeping(slots, self._kit, put, "Hydrogen's kit", self._kit_tried)
        self._notes = range(note_of(1), note_of(count) + 1)
        #: What Hydrogen may be playing of each slot, in seconds.
        self._seconds: dict[int, float] = {}
        #: What sounds from this machine's own player, and not from Hydrogen.
        self._own: frozenset[int] = frozenset()
        self._reload = Reload()
        self._news = threading.Condition()
        self._closing = self._is_known = self._is_heard = False
        #: When to look whether Hydrogen is still there; only this door's thread changes it.
        self._knock_due = math.inf
        self._told = ""
        self._thread = threading.Thread(target=self._run, name="midifrag-hydrogen", daemon=True)

    def start(self) -> None:
        """Nothing is touched before the slots are told: the drive may hang."""
        self._keeping.start()
        self._thread.start()

    def handle(self, change: StateChange) -> None:
        """Put what is new into the kit, and note what sounds."""
        with self._news:
            self._hear(change)
            self._news.notify()
        self._keeping.follow(change)

    def _kit_tried(self, written: int) -> None:
        """The kit was looked after: another one is to be read."""
        with self._news:
            # The first time also where it is as it was: nobody knows what Hydrogen has loaded.
            if written or not self._is_known:
                self._is_known = True
                self._reload.want(self._clock.now())
                self._news.notify()

    def close(self) -> None:
        """End; the kit stays as it is."""
        with self._news:
            self._closing = True
            self._news.notify()
        if self._thread.is_alive():
            self._thread.join(PATIENCE)
        self._line.close()
        self._keeping.close()

    def _hear(self, change: StateChange) -> None:
        match change:
            case Sounding(slot, on=on):
                self._own = self._own | {slot} if on else self._own - {slot}
            case SlotsChanged(slots):
                self._reload.sounds(state.number for state in slots if state.sounds and state.number not in self._own)
                self._seconds = {state.number: state.seconds for state in slots}
            case JobChanged(state=JobState.LANDED, slot=int() as slot, fragment_seconds=seconds):
                if self._notify is not None and self._notify.first_note + slot - 1 in self._notes:
                    longest = max(seconds or 0.0, self._seconds.get(slot, 0.0))
                    self._reload.rings(self._clock.now() + longest)
            case _:
                return

    def _run(self) -> None:
        while True:
            with self._news:
                while not self._closing and (wait := self._wait()) > 0:
                    self._news.wait(wait if wait < threading.TIMEOUT_MAX else None)
                if self._closing:
                    return
                act = self._due()
            act()

    def _wait(self) -> float:
        """Seconds until something is to be done."""
        return min(self._reload.due, self._reload.telling_due, self._knock_due) - self._clock.now()

    def _due(self) -> Callable[[], object]:
        """What is to be done now."""
        now = self._clock.now()
        if self._reload.telling_due <= now:
            return partial(self._put, Notice(NoticeLevel.INFO, self._reload.tell()))
        if self._reload.due <= now:
            self._reload.begin(now)
            return self._ask
        self._knock_due = now + KNOCK_EVERY
        return partial(self._try, self._line.knock)

    def _ask(self) -> None:
        """Have the kit read; by one that was not heard before, when it is sure to have begun."""
        was_heard = self._is_heard
        act = partial(self._line.load, self._kit.folder.path) if was_heard else self._line.knock
        if self._try(act) and not was_heard:
            self._again(GRACE)

    def _try(self, act: Callable[[], None]) -> bool:
        """Say something; whether somebody listens. One that does not, or not any more, needs its kit again."""
        try:
            act()
        except OSError as error:
            problem = f"{error}; start it, with OSC switched on in its preferences"
        except ValueError as error:
            problem = str(error)
        except Exception as error:
            _log.exception("Hydrogen cannot be told")
            problem = f"unexpected: {error!r}"
        else:
            problem = ""
        if problem:
            self._is_heard, self._knock_due = False, math.inf
            self._again(RETRY)
            self._tell(problem)
            return False
        self._is_heard, self._knock_due = True, self._clock.now() + KNOCK_EVERY
        self._tell("")
        return True

    def _again(self, seconds: float) -> None:
        with self._news:
            self._reload.again(self._clock.now(), seconds)

    def _tell(self, problem: str) -> None:
        if problem and problem != self._told:
            self._put(Notice(NoticeLevel.ERROR, f"Hydrogen: {problem}"))
        elif self._told and not problem:
            self._put(Notice(NoticeLevel.INFO, "Hydrogen follows again"))
        self._told = problem


def make_hydrogen(loaded: Loaded, put: Put) -> Door | None:
    """The door of a set that wants a kit for Hydrogen."""
    settings = loaded.settings
    wanted = settings.instruments.hydrogen
    if wanted is None:
        return None
    line = HydrogenLine(wanted.host, wanted.port)
    return HydrogenDoor(loaded.fragments_folder, settings.fragments.count, put, line, settings.notify)
