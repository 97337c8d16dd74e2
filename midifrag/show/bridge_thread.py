"""The bridge's thread: one item after another, and around each the log, who watches MIDI, lights and housekeeping."""

from __future__ import annotations

import contextlib
import logging
import math
import threading

from midifrag.bridge.bridge import Bridge
from midifrag.bridge.inbox import Inbox
from midifrag.bridge.items import FromEngine, Item
from midifrag.clock import Clock, monotonic
from midifrag.events import Notice
from midifrag.fragment.writer_events import WriterEvent
from midifrag.intents import Press, PressPad, Prompt, SetParameter
from midifrag.midi.messages import ControlChange, MidiEvent, NoteOn
from midifrag.midi.ports import Ports
from midifrag.midi.reading import Reading
from midifrag.playback.messages import Meters, PlaybackChanged
from midifrag.scheduling import run_before_others
from midifrag.show.disk_watch import DiskWatch
from midifrag.show.fed_back import FedBack
from midifrag.show.lights import Lights
from midifrag.show.replay import is_performed
from midifrag.show.session_log import SessionLog
from midifrag.show.telling import Heard, Telling
from midifrag.states import NoticeLevel

#: Seconds between two rounds of housekeeping: usually, and while nobody plays.
HOUSEKEEPING, AT_REST = 0.25, 1.0
#: Seconds without news after which nobody plays, if nothing is on its way either.
CALM = 5.0

_log = logging.getLogger(__name__)


class BridgeThread:
    """`start`, `stop`, `join`; then `finish` takes in, on the thread that ends the show, what still came."""

    def __init__(
        self,
        bridge: Bridge,
        inbox: Inbox,
        ports: Ports,
        log: SessionLog,
        telling: Telling,
        lights: Lights,
        fed_back: FedBack,
        disk: DiskWatch,
        clock: Clock,
    ) -> None:
        self._bridge, self._inbox, self._ports, self._log = bridge, inbox, ports, log
        self._telling, self._lights, self._disk, self._clock = telling, lights, disk, clock
        self._fed_back = fed_back
        self._thread = threading.Thread(target=self._run, name="bridge", daemon=True)
        self._stopping = threading.Event()

    def start(self) -> None:
        """Begin to take items in."""
        self._thread.start()

    def stop(self) -> None:
        """Take no further item in."""
        self._stopping.set()

    def join(self, seconds: float) -> None:
        """Wait for its end, at most so long: a bridge that hangs must not take along what can still be written."""
        self._thread.join(seconds)

    def finish(self, *, presses: bool = False) -> None:
        """Take in what engines and writer still said, so that no rendered take is lost.

        With ``presses``, those that came before the end too: they have an outcome as all others.
        """
        with contextlib.suppress(TimeoutError):
            for _ in range(len(self._inbox)):
                item = self._inbox.get(timeout=0.0)
                kept = (
                    FromEngine | WriterEvent | NoteOn | Press | PressPad | Prompt
                    if presses
                    else FromEngine | WriterEvent
                )
                is_push = presses and isinstance(item, ControlChange) and self._inbox.is_pad(item)
                if is_push or isinstance(item, kept):
                    self._attend(item)

    def follow_mapping(self) -> None:
        """Tell the ports which CCs are 14 bit, and the inbox which ones are buttons, in the bank that is active."""
        self._ports.pair(*self._bridge.heard_together())
        self._inbox.pads = frozenset().union(*(mapper.pads for mapper in self._bridge.mappers))
        self._inbox.switches = frozenset().union(*(mapper.switches for mapper in self._bridge.mappers))
        self._inbox.encoders = frozenset().union(*(mapper.encoders for mapper in self._bridge.mappers))

    def _run(self) -> None:
        run_before_others()
        due = beat = 0.0
        heard = monotonic()
        while not self._stopping.is_set():
            try:
                item = self._inbox.get(timeout=max(0.0, min(AT_REST, min(due, beat, self._told_at()) - monotonic())))
            except TimeoutError:
                item = None
                self._elapse()
            if item is not None:
                self._attend(item)
                # How the output stands is told every second.
                if not isinstance(item, PlaybackChanged | Meters):
                    heard = monotonic()
                    due = min(due, heard + HOUSEKEEPING)
            if monotonic() >= due:
                self._attend(None)
                due = monotonic() + self._until_next(heard)
            beat = self._blink()

    def _until_next(self, heard: float) -> float:
        """Seconds until the next round of housekeeping, when the last news came at ``heard``."""
        is_calm = monotonic() - heard >= CALM and self._bridge.rests
        return AT_REST if is_calm else HOUSEKEEPING

    def _told_at(self) -> float:
        """When a press is told by the time that has passed, in monotonic seconds."""
        due = self._bridge.due
        return math.inf if due is None else due + monotonic() - self._clock.now()

    def _elapse(self) -> None:
        """Nothing came: only now it is sure that no second press, and no release, waits to be heard."""
        try:
            self._bridge.elapse()
        except Exception as error:
            _log.exception("the bridge failed on time that passed")
            self._telling.publish(Notice(NoticeLevel.ERROR, f"unexpected: {error!r}; the show goes on"))
        self._telling.tell()

    def _blink(self) -> float:
        """Have what waits for a boundary blink in tempo; when to do so again, in monotonic seconds."""
        try:
            due = self._lights.beat(self._clock.now())
        except Exception:
            # A surface, perhaps somebody's plug-in; that lights fail is told where they are lit.
            _log.exception("a pad does not blink")
            due = None
        return math.inf if due is None else due

    def _attend(self, item: Item | None) -> None:
        """Deal with an item, or with what is to do now and then. A mistake of ours in it ends no show."""
        try:
            if item is None:
                self._bridge.housekeeping()
                for notice in self._disk.notices():
                    self._telling.publish(notice)
            else:
                self._handle(item)
        except Exception as error:
            _log.exception("the bridge failed on %s", type(item).__name__)
            self._telling.publish(Notice(NoticeLevel.ERROR, f"unexpected: {error!r}; the show goes on"))
        if item is None or self._fed_back.is_stale:
            self._feed_back()
        self._telling.tell()

    def _feed_back(self) -> None:
        try:
            self._fed_back.look(self._clock.now())
        except Exception:
            # As with lights: what shows a value must not take what it is of along.
            _log.exception("a value does not go back to its control")

    def _handle(self, item: Item) -> None:
        mappers = self._bridge.mappers
        mapper = self._bridge.mapper_of(item.port) if isinstance(item, MidiEvent) else None
        reading = mapper.read(item) if isinstance(item, MidiEvent) and mapper is not None else None
        self._log_act(item, reading)
        self._bridge.handle(item)
        if isinstance(item, MidiEvent):
            self._fed_back.hear(item)
            self._telling.hear(Heard(item, self._bridge.mapper_of(item.port), reading))
        if self._bridge.mappers != mappers:
            self.follow_mapping()

    def _log_act(self, item: Item, reading: Reading | None) -> None:
        if not is_performed(item):
            return
        bearing = "act" if reading is None else reading.bearing
        if isinstance(item, MidiEvent) and bearing == "nothing":
            self._log.count(item)
        else:
            self._log.write(item, position=bearing == "position" or isinstance(item, SetParameter))
