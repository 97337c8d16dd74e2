"""The door into Ableton Live: what lands is copied and handed to the script there, and what that tells comes back.

Copies are made while a Live is connected; when one comes, it is given what lies in the slots.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import assert_never

from pydantic import BaseModel

from midifrag.clock import monotonic
from midifrag.config.ableton import AbletonTarget
from midifrag.config.loading import Loaded
from midifrag.doors.door import Door, Put
from midifrag.doors.live import answers, wire
from midifrag.doors.live.copier import Copier, Wanted
from midifrag.doors.live.copy_record import Copy, Facts
from midifrag.doors.live.facts import facts_of_content, facts_of_job, land
from midifrag.doors.live.meeting import meeting_file
from midifrag.doors.live.reports import Reports
from midifrag.doors.live.server import Server
from midifrag.doors.live.song import Song
from midifrag.doors.live.used_files import UsedFiles
from midifrag.events import ConfigurationChanged, JobChanged, Notice, SlotsChanged, StateChange
from midifrag.fragment.slot_content import SlotContent
from midifrag.fragment.slot_state import SlotState
from midifrag.fragment.writer_commands import SlotPlaying
from midifrag.notes import note_name
from midifrag.states import JobState, NoticeLevel

_LEVELS = {"info": NoticeLevel.INFO, "warning": NoticeLevel.WARNING, "error": NoticeLevel.ERROR}


def live_door(loaded: Loaded, put: Put) -> Door | None:
    """The door into Live of a set that wants one."""
    return LiveDoor(loaded, put) if loaded.settings.ableton.enabled else None


class LiveDoor:
    """See `midifrag.doors.door.Door`."""

    name = "ableton"

    def __init__(self, loaded: Loaded, put: Put, clock: Callable[[], float] = monotonic) -> None:
        self._loaded, self._put, self._clock = loaded, put, clock
        #: Where slots are and how many does not change while a show runs.
        self._folder, self._count = loaded.fragments_folder, loaded.settings.fragments.count
        self._reports = Reports(lambda level, text: put(Notice(level, text)))
        self._server = Server(loaded.settings.ableton.port, meeting_file(), self, clock)
        self._copier = Copier(loaded.copies_folder, self, clock)
        self._used = UsedFiles(self._in_slots)
        self._song = Song()
        self._serials = itertools.count(1)
        # What follows is used by three threads: the watcher's, the server's and the copier's.
        self._lock = threading.RLock()
        self._live: wire.Hello | None = None
        self._slots: dict[int, SlotState] = {}
        #: When the newest fragment of each slot landed, in seconds since 1970.
        self._newest: dict[int, float] = {}
        #: Which job landed last in each slot, and how its fragment is played.
        self._jobs: dict[int, tuple[int, Facts]] = {}
        self._copies: dict[int, Copy] = {}
        self._playing: set[int] = set()
        self._selected: str | None = None
        self._landed = 0
        self._closing = False

    # --- from the show -----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """See `Door.start`."""
        self._copier.start()
        self._server.start()

    def handle(self, change: StateChange) -> None:
        """See `Door.handle`."""
        with self._lock:
            if isinstance(change, ConfigurationChanged):
                self._use(change.loaded)
            elif isinstance(change, SlotsChanged):
                self._follow(change.slots)
            elif isinstance(change, JobChanged) and change.state is JobState.LANDED and change.slot is not None:
                facts = facts_of_job(self._loaded, change)
                self._jobs[change.slot] = change.job, facts
                self._want(change.slot, lambda _: facts, job=change.job)

    def close(self) -> None:
        """See `Door.close`."""
        self._closing = True
        self._server.close()
        self._copier.close()

    def _use(self, loaded: Loaded) -> None:
        if not loaded.settings.ableton.enabled:
            # It is closed in a moment; until then, Live is asked for nothing else.
            return
        before, self._loaded = self._loaded, loaded
        if loaded.settings.ableton != before.settings.ableton:
            slots = range(1, self._count + 1)
            changed = [slot for slot in slots if _target(loaded, slot) != _target(before, slot)]
            self._reports.has_new_table(changed)
            self._send(self._welcome())
            self._give(slot for slot in changed if slot in self._slots)

    def _follow(self, slots: tuple[SlotState, ...]) -> None:
        """What lies where; a fragment that was put back comes with no job of its own."""
        before, self._slots = self._slots, {one.number: one for one in slots}
        for slot, one in self._slots.items():
            at, was = one.landed_at, before.get(slot)
            if at is None or one.foreign:
                continue
            is_new = at > self._newest.get(slot, 0.0)
            self._newest[slot] = max(at, self._newest.get(slot, 0.0))
            if was is None or (was.landed_at != at and not is_new):
                self._want(slot, partial(self._facts_of, slot), again=was is None)

    def _give(self, slots: Iterable[int]) -> None:
        """Have what lies in these slots given to Live once more."""
        for slot in slots:
            state = self._slots[slot]
            if state.landed_at is not None and not state.foreign:
                self._want(slot, partial(self._facts_of, slot), again=True)

    def _want(
        self, slot: int, facts: Callable[[SlotContent | None], Facts], job: int | None = None, *, again: bool = False
    ) -> None:
        state = self._slots.get(slot)
        if self._live is not None and state is not None:
            source = self._folder / state.file
            self._copier.want(Wanted(slot, source, facts, job, again))

    def _facts_of(self, slot: int, content: SlotContent | None) -> Facts:
        job, facts = self._jobs.get(slot, (None, Facts()))
        return facts if content is not None and content.job == job else facts_of_content(self._loaded, content)

    def _send(self, message: wire.ToScript) -> bool:
        """Send something to a script that has been welcomed; it takes nothing before."""
        return self._live is not None and self._server.send(message)

    def _welcome(self) -> wire.Welcome:
        return wire.welcome(self._loaded.settings.ableton, self._count)

    # --- from the copier ---------------------------------------------------------------------------------------------

    def copied(self, copy: Copy, *, again: bool) -> None:
        """See `midifrag.doors.live.copier.Taker.copied`."""
        with self._lock:
            self._copies[copy.slot] = copy
            path = str(self._copier.copies.folder / copy.file)
            self._send(land(next(self._serials), copy, path, again=again))

    def not_copied(self, slot: int, why: str) -> None:
        """See `midifrag.doors.live.copier.Taker.not_copied`."""
        with self._lock:
            self._reports.failed(slot, why)

    # --- from the server ---------------------------------------------------------------------------------------------

    def came(self, hello: wire.Hello) -> None:
        """See `midifrag.doors.live.server.Host.came`."""
        with self._lock:
            self._live = hello
            self._send(self._welcome())
            self._reports.came(hello.live, self._clock())
            self._give(self._slots)

    def left(self) -> None:
        """See `midifrag.doors.live.server.Host.left`."""
        with self._lock:
            self._live = self._selected = None
            self._copier.forget()
            if not self._closing:
                self._reports.left(self._clock())
            for slot in sorted(self._playing):
                self._put(SlotPlaying(slot, on=False))
            self._playing.clear()
            if (lost := self._song.lose(self._clock())) is not None:
                self._put(lost)
            self._used.left()

    def told(self, message: wire.FromScript, at: float) -> None:
        """See `midifrag.doors.live.server.Host.told`."""
        with self._lock:
            match message:
                case wire.Playing(slot=slot, on=on):
                    self._plays(slot, on=on)
                case wire.SongTime():
                    self._put(self._song.hear(message, at))
                case wire.Selected(track=track):
                    self._selected = track
                case wire.Done(slot=slot):
                    self._landed += 1
                    self._reports.landed(slot)
                case wire.Failed(slot=slot, text=text):
                    self._reports.failed(slot, text)
                case wire.Waiting(slot=slot, text=text):
                    self._reports.waits(slot, text)
                case wire.Objects(slots=slots):
                    found = {slot: slots[str(slot)] for slot in self._names() if str(slot) in slots}
                    self._reports.found(found, self._names())
                case wire.Said(level=level, text=text):
                    self._reports.said(_LEVELS[level], text)
                case wire.Files():
                    self._used.told(message, at)
                case wire.Pong():
                    pass  # that it came at all is what counts
                case _:
                    assert_never(message)

    def asked(self, what: str, answer: Callable[[BaseModel], None]) -> None:
        """See `midifrag.doors.live.server.Host.asked`."""
        with self._lock:
            if what == "files":
                self._used.ask(answer, self._clock(), lambda: self._send(wire.AskFiles()))
            else:
                answer(self._status())

    def look(self, now: float) -> None:
        """See `midifrag.doors.live.server.Host.look`."""
        with self._lock:
            self._used.look(now)
            slot = self._copier.hangs()
            if slot is not None:
                folder = self._copier.copies.folder
                self._reports.failed(slot, f"the drive of {folder} does not answer; check its cable")

    def notice(self, level: NoticeLevel, text: str) -> None:
        """See `midifrag.doors.live.server.Host.notice`."""
        with self._lock:
            self._reports.once(level, ("noticed", text), text)

    def _plays(self, slot: int, *, on: bool) -> None:
        if slot > self._count or (slot in self._playing) == on:
            return
        if on:
            self._playing.add(slot)
        else:
            self._playing.discard(slot)
        self._put(SlotPlaying(slot, on))

    def _status(self) -> answers.Status:
        live, welcome = self._live, self._welcome()
        return answers.Status(
            live=live.live if live else None,
            has=live.has if live else (),
            slots=welcome.slots,
            objects={str(slot): what for slot, what in (self._reports.objects or {}).items()} if live else {},
            names={str(slot): name for slot, name in self._names().items()},
            selected=self._selected,
            playing=tuple(sorted(self._playing)),
            troubles={str(slot): text for slot, text in self._reports.troubles.items()},
            landed=self._landed,
            folder=str(self._copier.copies.folder),
            in_slots=tuple(self._in_slots()),
        )

    def _in_slots(self) -> list[str]:
        return [copy.file for copy in self._copies.values()]

    def _names(self) -> dict[int, str]:
        live = self._loaded.settings.ableton
        return {slot: in_words(live.target(slot)) for slot in range(1, self._count + 1)}


def _target(loaded: Loaded, slot: int) -> AbletonTarget:
    return loaded.settings.ableton.target(slot)


def in_words(target: AbletonTarget) -> str:
    """What stands for a slot, in a performer's words."""
    pad = f"the pad {note_name(target.note)}" if target.note is not None else ""
    name = f"the track or chain {target.name}" if target.name is not None else ""
    track = f"the track {target.track}" if target.track is not None else ""
    scene = f"scene {target.scene}" if target.scene is not None else ""
    return " in ".join(filter(None, (pad or name, track))) + (f", {scene}" if scene else "")
