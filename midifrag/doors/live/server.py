"""The show's end of the wire: a port of this machine, one script at most, and commands that ask.

One thread has all sockets and waits for none. Whoever does not know the token learns nothing and is told nothing but
that; who says what is no message is cut off.
"""

from __future__ import annotations

import logging
import secrets
import selectors
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel

from midifrag.clock import monotonic
from midifrag.doors.live import wire
from midifrag.doors.live.guest import Guest
from midifrag.doors.live.host import Host
from midifrag.doors.live.meeting import Meeting, why_refused
from midifrag.doors.live.used_files import LONGEST
from midifrag.errors import StorageError
from midifrag.scheduling import run_before_others
from midifrag.states import NoticeLevel

#: Seconds until a first line has come; until a command has its answer, and has read it; between two tries to open the
#: port.
FIRST_LINE, ANSWERED, TRY_EVERY = 5.0, LONGEST + 10.0, 5.0
#: Seconds between two looks at who is gone.
LOOK_EVERY = 0.25
#: The most that have not said who they are, and seconds in which one thing is told of them once.
MOST_STRANGERS, STRANGERS_EVERY = 16, 60.0
#: Seconds that the end waits for the thread.
CLOSE_SECONDS = 2.0

_log = logging.getLogger(__name__)


class Server:
    """Opens ``port`` (0 for any) when it starts, and says so in the file ``meeting``. Threads may call `send`."""

    def __init__(self, port: int, meeting: Path, host: Host, clock: Callable[[], float] = monotonic) -> None:
        self._port, self._file, self._host, self._clock = port, meeting, host, clock
        self.meeting: Meeting | None = None
        self._selector = selectors.DefaultSelector()
        self._listening: socket.socket | None = None
        self._guests: set[Guest] = set()
        self._script: Guest | None = None
        #: When what was told of strangers.
        self._strangers: dict[str, float] = {}
        self._lock = threading.Lock()
        self._closing = False
        self._try_at = self._look_at = self._ping_at = 0.0
        self._inner, self._outer = socket.socketpair()
        for end in (self._inner, self._outer):
            end.setblocking(False)
        self._selector.register(self._inner, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, name="midifrag-ableton", daemon=True)

    # --- for everybody -----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin; what cannot be opened is told, and tried again."""
        self._thread.start()

    def send(self, message: wire.ToScript) -> bool:
        """Send the script something; False if there is none. Never blocks."""
        line = wire.line_of(message)
        with self._lock:
            script = self._script
            if script is None:
                return False
            script.waiting += line
        self._wake()
        return True

    def close(self) -> None:
        """Close the port and cut everybody off."""
        self._closing = True
        self._wake()
        if self._thread.ident is None:
            self._end()
        else:
            self._thread.join(CLOSE_SECONDS)

    def _wake(self) -> None:
        with suppress(OSError):
            self._outer.send(b".")

    # --- its thread --------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        run_before_others()
        try:
            while not self._closing:
                try:
                    self._turn()
                except Exception as error:
                    _log.exception("the door into Live failed")
                    self._host.notice(NoticeLevel.ERROR, f"the door into Live failed: {error!r}; it goes on")
                    time.sleep(LOOK_EVERY)
        finally:
            self._end()

    def _turn(self) -> None:
        now = self._clock()
        if now >= self._look_at:
            self._look_at = now + LOOK_EVERY
            self._look(now)
        for key, _ in self._selector.select(LOOK_EVERY):
            if key.fileobj is self._inner:
                with suppress(OSError):
                    self._inner.recv(4096)
            elif key.fileobj is self._listening:
                self._welcome_in()
            elif key.data in self._guests:
                self._hear(key.data)
        for guest in tuple(self._guests):
            self._write_to(guest)

    def _look(self, now: float) -> None:
        if self._listening is None and now >= self._try_at:
            self._try_at = now + TRY_EVERY
            self._open()
        for guest in tuple(self._guests):
            if guest.role != "script" and now - guest.since > (ANSWERED if guest.role == "command" else FIRST_LINE):
                self._drop(guest)
            elif guest.role == "script" and now - guest.heard > wire.GONE_AFTER:
                self._drop(guest, f"Ableton Live has said nothing for {wire.GONE_AFTER:.0f} s")
        if now >= self._ping_at:
            self._ping_at = now + wire.PING_EVERY
            self.send(wire.Ping(sent=now))
            if self.meeting is not None:
                self.meeting.keep(self._file)
        self._host.look(now)

    def _open(self) -> None:
        other = Meeting.read(self._file)
        if other is not None and other.answers:
            # Live follows one file: whoever wrote it has Live.
            self._stays_shut(
                f"another midifrag (process {other.pid}) is Live's already; end that one, and this one takes its place"
            )
            return
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            if sys.platform == "win32":
                # There, the other option would let another program take the port.
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
            else:
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(("127.0.0.1", self._port))
            listening.listen(MOST_STRANGERS)
            listening.setblocking(False)
            meeting = Meeting.new(listening.getsockname()[1])
            meeting.write(self._file)
        except OSError as error:
            listening.close()
            self._stays_shut(why_refused(self._port, error))
        except StorageError as error:
            listening.close()
            self._stays_shut(str(error))
        else:
            self.meeting, self._listening = meeting, listening
            self._selector.register(listening, selectors.EVENT_READ)

    def _stays_shut(self, why: str) -> None:
        text = (
            f"the door into Live stays shut: {why}. The show goes on without, and tries again every {TRY_EVERY:.0f} s"
        )
        self._host.notice(NoticeLevel.ERROR, text)

    def _welcome_in(self) -> None:
        try:
            found, _ = self._listening.accept()  # type: ignore[union-attr]  # heard of it just now
        except BlockingIOError:
            return
        except OSError as error:
            # Too many files are open, and it would be heard of again at once.
            self._host.notice(NoticeLevel.WARNING, f"nobody can come through the door into Live: {error}")
            time.sleep(LOOK_EVERY)
            return
        if sum(guest.role == "stranger" for guest in self._guests) >= MOST_STRANGERS:
            found.close()
            return
        found.setblocking(False)
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        guest = Guest(found, self._clock())
        self._guests.add(guest)
        self._selector.register(found, selectors.EVENT_READ, guest)

    def _hear(self, guest: Guest) -> None:
        if not guest.read(self._clock()):
            self._drop(guest)
            return
        try:
            for line in guest.lines():
                self._take(guest, line)
                if guest not in self._guests or guest.leaves:
                    return
        except wire.OddLineError as error:
            if guest.role == "script":
                odd = f"Ableton Live's script said at the door into Live what makes no sense ({error}), and was cut off"
                self._drop(guest, odd)
            else:
                self._drop(guest)
                self._tell_of_strangers("something that is no script of midifrag's came to the door into Live")

    def _take(self, guest: Guest, line: bytes) -> None:
        if guest.role == "script":
            self._host.told(wire.message_of(line), guest.heard)
            return
        first = wire.first_of(line)
        known = self.meeting.token if self.meeting is not None else secrets.token_urlsafe()
        if not secrets.compare_digest(first.token.encode("utf-8", "replace"), known.encode()):
            self._tell_of_strangers("the door into Live has refused a wrong token")
            self._answer(guest, wire.Refused(text="this is not the token of the midifrag that runs now"))
        elif isinstance(first, wire.Ask):
            guest.role = "command"
            self._host.asked(first.what, lambda message: self._answer(guest, message))
        elif first.script != wire.SCRIPT:
            old = f"the script in Live is of version {first.script}, and this midifrag has {wire.SCRIPT}"
            self._refuse(guest, f"{old}: run `midifrag ableton install`, and restart Live", old)
        elif self._script is not None:
            self._refuse(guest, "another Live is connected", "a second Live, as another one is connected")
        else:
            guest.role = "script"
            with self._lock:
                self._script = guest
            self._host.came(first)

    def _tell_of_strangers(self, text: str) -> None:
        """Tell something of one without the token, none of whose words are repeated."""
        now = self._clock()
        if now - self._strangers.get(text, -STRANGERS_EVERY) >= STRANGERS_EVERY:
            self._strangers[text] = now
            self._host.notice(NoticeLevel.WARNING, text)

    def _refuse(self, guest: Guest, text: str, why: str) -> None:
        self._host.notice(NoticeLevel.WARNING, f"the door into Live has refused {why}" if why not in text else text)
        self._answer(guest, wire.Refused(text=text))

    def _answer(self, guest: Guest, message: BaseModel) -> None:
        if guest in self._guests:
            guest.waiting += wire.line_of(message)
            guest.leaves = True

    def _write_to(self, guest: Guest) -> None:
        with self._lock:
            stays = guest.write()
        if not stays:
            self._drop(guest)
            return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if guest.waiting else 0)
        if self._selector.get_key(guest.socket).events != wanted:
            self._selector.modify(guest.socket, wanted, guest)

    def _drop(self, guest: Guest, why: str = "") -> None:
        self._guests.discard(guest)
        with suppress(OSError, KeyError, ValueError):
            self._selector.unregister(guest.socket)
        guest.socket.close()
        if why:
            self._host.notice(NoticeLevel.WARNING, why)
        if guest is self._script:
            with self._lock:
                self._script = None
            self._host.left()

    def _end(self) -> None:
        for guest in tuple(self._guests):
            self._drop(guest)
        if self.meeting is not None:
            self.meeting.remove(self._file)
        for one in (self._listening, self._inner, self._outer):
            if one is not None:
                one.close()
        self._selector.close()
