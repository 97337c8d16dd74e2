"""A show that runs: bridge, engines, writer, ports, surfaces and log, wired together with their threads.

Used by `midifrag run`, `play` and `demo` alike; what differs is only the MIDI system it is given.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

from midifrag.bridge.bridge import Bridge
from midifrag.bridge.inbox import Inbox
from midifrag.bridge.items import FromEngine, Introduce, Item
from midifrag.bridge.warmup import aligns_loops, stretches, warm_renders
from midifrag.clock import Clock, SystemClock
from midifrag.config.loading import Loaded
from midifrag.config.settings import Settings
from midifrag.engine.messages import EngineEvent
from midifrag.engine.pool import EnginePool
from midifrag.engine.protocol import Engine, EngineChoice
from midifrag.engine.registry import create_engine, engine_choice
from midifrag.errors import NoMidiError
from midifrag.events import Notice, StateChange
from midifrag.fragment import analysis, stretching
from midifrag.fragment.archive import Archive
from midifrag.fragment.hands import within
from midifrag.fragment.rescue import Rescued, rescue
from midifrag.fragment.slots import Slots
from midifrag.fragment.source_sounds import no_input
from midifrag.fragment.writer import FragmentWriter
from midifrag.fragment.writer_events import Landed
from midifrag.midi.messages import MidiEvent, PortChanged
from midifrag.midi.port_names import listed
from midifrag.midi.ports import Ports
from midifrag.scheduling import run_before_others, work_before_others
from midifrag.show.audio_devices import MakePlayer, hearing_for, player_for
from midifrag.show.bridge_thread import BridgeThread
from midifrag.show.clocks import Clocks
from midifrag.show.disk_watch import DiskWatch
from midifrag.show.doors import Doors
from midifrag.show.ending import Ending, done
from midifrag.show.fed_back import FedBack, Standing
from midifrag.show.lights import Lights
from midifrag.show.link import OpenSession
from midifrag.show.model_watch import ModelWatch
from midifrag.show.power import PowerWatch
from midifrag.show.reload import ConfigWatch, unplayable
from midifrag.show.session_log import SessionLog
from midifrag.show.telling import Heard, Telling
from midifrag.show.watcher import Watcher
from midifrag.states import NoticeLevel

#: Said once, where a controller is there that the set does not name.
LEARN = "{names}: no port of this set. `midifrag learn` makes it one, and writes what its pads and knobs do"

#: Seconds that the start of a show waits for the drives that it plays to; a disk that sleeps needs some to wake up.
DRIVE_PATIENCE = 30.0
#: Seconds that the end of a show waits for the bridge to come out of what it does.
BRIDGE_PATIENCE = 10.0

#: How a show's ports are made: settings, where events go, where port changes go. Nothing is opened yet.
MakePorts: TypeAlias = Callable[[Settings, Callable[[MidiEvent], None], Callable[[PortChanged], None]], Ports]


class Runtime:
    """A running show. `start`, then `put` intents and `watch`; `close` ends everything in order.

    ``begun`` is the configuration that it was started with.
    """

    def __init__(
        self,
        loaded: Loaded,
        make_ports: MakePorts = Ports,
        make_engine: Callable[[EngineChoice, str], Engine] | None = None,
        clock: Clock | None = None,
        open_link: OpenSession | None = None,
        make_player: MakePlayer | None = None,
    ) -> None:
        self.begun = loaded
        self.clock = clock or SystemClock()
        settings = loaded.settings
        self.inbox = Inbox()
        fragments = settings.fragments
        self.slots = within(
            loaded.fragments_folder,
            lambda: Slots(loaded.fragments_folder, fragments.count, fragments.name, begin_hand=run_before_others),
            DRIVE_PATIENCE,
        )
        archive = within(
            loaded.archive_folder, lambda: Archive(loaded.archive_folder, settings.archive), DRIVE_PATIENCE
        )
        self.player = (make_player or player_for)(settings, self.inbox.put)
        self._hearing = hearing_for(settings, self.put)
        self.writer = FragmentWriter(
            self.slots,
            archive,
            self.inbox.put,
            self._has_landed,
            plays=self.player is not None,
            listen=no_input if self._hearing is None else self._hearing.listen,
            begins=work_before_others,
        )
        self.log = SessionLog(loaded.archive_folder / "sessions", settings.session_log.megabytes * 1_000_000)
        self._telling = Telling(self.log)
        self._make_engine = make_engine or _create
        self.engines = EnginePool(self._engine_for, self._heard, settings.engine.other_model)
        self.ports = make_ports(settings, self.inbox.put, self.inbox.put)
        self._clocks = Clocks(self.ports.send_now, self.put, open_link)
        self._telling.clock = self._clocks.handle
        play = self.player.submit if self.player else lambda _command: None
        self.bridge = Bridge(loaded, self.engines, self.writer.submit, self._telling.publish, self.clock, play=play)
        self._lights = Lights(settings, self.ports.send, self.bridge.view, self.ports.device)
        self._fed_back = FedBack(
            settings,
            lambda port, messages, led: self.ports.send(port, messages, led=led),
            lambda port: [Standing(control, position) for control, position in self.bridge.standing(port)],
        )
        self._telling.light = self._show
        self.configuration = ConfigWatch(loaded, self.put)
        self._models = ModelWatch(self.put, lambda: self.bridge.loaded)
        self._disk = DiskWatch(self.writer, self.slots)
        self._power = PowerWatch(self.put, lambda: not self.bridge.loaded.settings.engine.spares.on_battery)
        self._thread = BridgeThread(
            self.bridge,
            self.inbox,
            self.ports,
            self.log,
            self._telling,
            self._lights,
            self._fed_back,
            self._disk,
            self.clock,
        )
        self._started = False
        self._ending: Ending | None = None
        self._doors = Doors(partial(self.watch, reads=False), self.unwatch)
        #: What was noticed at the start, for everybody who begins to watch: before, nobody would hear it.
        self._first_words: list[Notice] = []

    # --- life cycle --------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Open ports, load engines, begin. Raises `PortError` and `StorageError` before anything runs."""
        self._thread.follow_mapping()
        self.put(Introduce(self._telling.publish_all))
        self._first_words += self._disk.first_words()
        self._open_ports()
        self._first_words += unplayable(self.begun)
        for notice in self._first_words:
            self.log.write(notice)
        self.writer.start()
        # Before the bridge's thread: a press that waits already would start its engine a second time.
        self.engines.start(warm_renders(self.begun))
        if aligns_loops(self.begun):
            threading.Thread(target=analysis.warm, name="analysis warm-up", daemon=True).start()
        if stretches(self.begun):
            threading.Thread(target=stretching.warm, name="stretching warm-up", daemon=True).start()
        if self.player:
            self.player.start()
        if self._hearing:
            self._hearing.start()
        self._power.start()
        self._models.start()
        self._thread.start()
        self._started = True
        self._doors.start(self.begun, self.put)

    def _open_ports(self) -> None:
        try:
            self.ports.open()
        except NoMidiError as error:
            settings = self.begun.settings
            ways = [*(["the page"] if settings.page.enabled else []), *(["OSC"] if settings.osc.listen else [])]
            if not ways:
                raise
            self._first_words.append(Notice(NoticeLevel.ERROR, f"{error} Here, {' and '.join(ways)} can play it too."))

        else:
            strangers = self.ports.strangers()
            if strangers:
                self._first_words.append(Notice(NoticeLevel.INFO, LEARN.format(names=listed(strangers))))

    def close(self) -> Ending:
        """Cancel what runs, write what can be written, keep the rest elsewhere, then LEDs off and ports closed.

        Never raises: what fails on the way keeps nothing after it from being done. A second time changes nothing.
        """
        if self._ending is None:
            self._ending = self._close()
        return self._ending

    def _close(self) -> Ending:
        self._thread.stop()
        done(self.configuration.close)
        done(self._power.close)
        done(self._models.close)
        if self.player:
            done(self.player.close)
        if self._hearing:
            done(self._hearing.close)
        if self._started:
            self._thread.join(BRIDGE_PATIENCE)
            done(lambda: self._thread.finish(presses=True))
            done(self.bridge.finish)
        done(self.engines.close)
        done(self._thread.finish)
        if self._started:
            done(self.bridge.renders.end)
            done(self._telling.tell)
        unwritten = done(self.writer.close) or ()
        done(self._thread.finish)
        takes = done(self.writer.unarchived) or []
        rescued = rescue(takes, belong=self.begun.archive_folder) if takes else Rescued()
        done(self._doors.close)
        done(self._clocks.close)
        if self._started:
            done(self._lights.close)
        done(self.ports.close)
        missed = done(self._telling.close) or {}
        if self._started:
            done(lambda: self._log_the_end(len(unwritten), rescued, missed))
        done(self.log.close)
        return Ending(unwritten, rescued)

    def _log_the_end(self, unwritten: int, rescued: Rescued, missed: Mapping[str, int]) -> None:
        self.log.write(
            {
                "event": "end",
                "unwritten": unwritten,
                "rescued": {str(folder): count for folder, count in rescued.kept},
                "midi": self.ports.counts,
                "left_out": dict(self.inbox.dropped),
                "overtaken": dict(self.inbox.coalesced),
                "missed": missed,
                "unmapped": self.log.take_unmapped(),
                "lines_lost": self.log.lost,
            }
        )

    # --- use ---------------------------------------------------------------------------------------------------------

    def put(self, item: Item) -> None:
        """Hand the bridge an intent or an event; never blocks."""
        self.inbox.put(item)

    def watch(self, callback: Callable[[StateChange], None], name: str, *, reads: bool = True) -> Watcher[StateChange]:
        """Call ``callback`` with how everything stands and then with every change, on a thread of its own.

        It ``reads`` unless it is another program's; see `midifrag.show.telling.Telling.watch`.
        """
        # In this order: a change between the two is told twice, and not lost.
        watcher = self._telling.watch(callback, name, reads=reads)
        self.put(Introduce(watcher.put_all))
        for notice in self._first_words:
            watcher.put(notice)
        return watcher

    def unwatch(self, watcher: Watcher[Any]) -> None:
        """Stop telling a watcher, of state changes or of MIDI."""
        self._telling.unwatch(watcher)

    def monitor(self, callback: Callable[[Heard], None], name: str) -> Watcher[Heard]:
        """Call ``callback`` with every MIDI event that the bridge has taken in, on a thread of its own."""
        return self._telling.monitor(callback, name)

    def _show(self, change: StateChange) -> None:
        self._fed_back.handle(change)
        self._lights.handle(change)

    # --- what its parts ask for --------------------------------------------------------------------------------------

    def _has_landed(self, landed: Landed) -> Callable[[], bool]:
        """Something has landed at its boundary: its note goes out in the same moment, from the slot's hand.

        Returns what says whether all such notes are out.
        """
        self._lights.notify(landed.job, landed.slot)
        notify = self.begun.settings.notify
        return lambda: notify is None or self.ports.is_out(notify.port)

    def _engine_for(self, model: str) -> Engine:
        loaded = self.bridge.loaded
        return self._make_engine(engine_choice(loaded, model), loaded.settings.engine.host)

    def _heard(self, model: str, event: EngineEvent) -> None:
        self.inbox.put(FromEngine(model, event))


def _create(choice: EngineChoice, host: str) -> Engine:
    return create_engine(choice, "thread" if host == "thread" else "process")
