"""``midifrag learn``: press a pad or turn a knob, say what it does, and it stands in the set."""

from __future__ import annotations

import queue
import re
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, assert_never

from midifrag.clock import monotonic
from midifrag.commands.common import explained, stopping
from midifrag.commands.console import out, say
from midifrag.config import loading
from midifrag.config.entry_editing import Change, undone
from midifrag.config.loading import Loaded
from midifrag.config.settings import Settings
from midifrag.errors import ConfigurationError, EditConflictError, PortError, StorageError
from midifrag.midi.backends import choose_backend
from midifrag.midi.finding import ASKED_AT_MOST
from midifrag.midi.listening import Listening
from midifrag.midi.messages import MidiEvent
from midifrag.midi.port_names import device_of, find_port
from midifrag.show.learning import Learning
from midifrag.show.learning_edits import Device, Edit, NewEntry, NewPort, NewPrompt, Step, Undo, place_of, write
from midifrag.show.learning_touches import QUIET_SECONDS

if TYPE_CHECKING:
    from midifrag.midi.protocol import Backend

#: Seconds between two looks for what was plugged in or pulled.
PLUG_SECONDS = 1.0
#: Seconds between two looks whether it shall end.
_LOOK_SECONDS = 0.2
#: What comes in: a message, a line that was typed, or (None) the end of what is typed.
Inbox: TypeAlias = "queue.Queue[MidiEvent | str | None]"


class Teaching:
    """Drives `Learning`: says its lines, asks its questions and writes its edits."""

    def __init__(self, loaded: Loaded, listening: Listening) -> None:
        self._done: list[Change] = []
        self._listening = listening
        self._trouble = ""
        self.learning = Learning(loaded, _devices(loaded, listening, {}))

    def look(self) -> None:
        """Hear what was plugged in since, and say what came and went."""
        found = self._listening.look(self.learning.loaded.settings)
        lines = []
        if found.trouble != self._trouble:
            self._trouble = found.trouble
            lines.append(found.trouble or "MIDI is back.")
        # Those that have just come are named by what they answer; of the others, one at a time holds up nobody.
        self._listening.ask(most=ASKED_AT_MOST if found.came else 1)
        lines += [f"{name} was pulled." for name in found.went]
        lines += [_told(self._listening, name, self.learning.loaded.settings) for name in found.came]
        self.learning.devices = _devices(self.learning.loaded, self._listening, self.learning.devices)
        question = self.learning.question
        if question and lines:
            out.print()
        for line in lines:
            say(line)
        if question and lines:
            self._ask(question)

    def take(self, step: Step) -> None:
        """Do what a step asks for."""
        for line in step.says:
            say(line)
        if step.edit is not None:
            self._write(step.edit)
        elif step.asks is not None:
            self._ask(step.asks)

    @staticmethod
    def _ask(question: str) -> None:
        out.print(f"{question}: ", markup=False, end="", soft_wrap=True)

    def _write(self, edit: Edit) -> None:
        try:
            self._edit(edit)
        except ConfigurationError as error:
            for problem in error.problems:
                say(str(problem))
            say("Nothing was written.")
        except (EditConflictError, StorageError) as error:
            say(f"{error} Nothing was written.")

    def _edit(self, edit: Edit) -> None:
        loaded = self.learning.loaded
        match edit:
            case NewPort() | NewEntry() | NewPrompt():
                self._done.append(write(loaded, edit))
                say(f"Written: {place_of(loaded, self._done[-1])}. u takes it back.")
                self._reload()
                if isinstance(edit, NewPort):
                    self.take(self.learning.goes_on())
            case Undo():
                self._take_back()
            case _:
                assert_never(edit)

    def _take_back(self) -> None:
        if not self._done:
            say("There is nothing to take back.")
            return
        loaded = self.learning.loaded
        say(f"Taken back: {place_of(loaded, undone(loaded, self._done[-1]))}.")
        self._done.pop()
        self._reload()

    def _reload(self) -> None:
        loaded = self.learning.loaded
        try:
            self.learning.loaded = loading.load(loaded.path, loaded.flags)
        except ConfigurationError as error:
            # Somebody has broken another part of it meanwhile; what was written is written.
            for problem in error.problems:
                say(str(problem))
        self._listening.call(self.learning.loaded.settings)


def learn(loaded: Loaded, backend: Backend | None = None, inbox: Inbox | None = None) -> None:
    """Learn until Ctrl-C, or until nothing more can be typed; what was written by then stays."""
    with explained(), stopping() as stopped:
        arriving: Inbox = queue.Queue() if inbox is None else inbox
        system = choose_backend(loaded.settings.backend, loaded.settings.client) if backend is None else backend
        listening = Listening(system, loaded.settings, arriving.put)
        try:
            listening.ask()
            _tell(listening, loaded.settings)
            if inbox is None:
                threading.Thread(target=_read, args=(arriving,), name="midifrag-typed", daemon=True).start()
            teaching = Teaching(loaded, listening)
            _serve(teaching, arriving, stopped)
            if teaching.learning.question:
                out.print()
        finally:
            listening.close()
            system.close()


def _serve(teaching: Teaching, arriving: Inbox, stopped: threading.Event) -> None:
    learning = teaching.learning
    touched = looked = monotonic()
    while not stopped.is_set():
        try:
            came = arriving.get(timeout=_LOOK_SECONDS)
        except queue.Empty:
            pass
        else:
            if came is None:
                return
            if isinstance(came, str):
                teaching.take(learning.answered(came))
            else:
                touched = monotonic()
                learning.heard(came)
        now = monotonic()
        if learning.is_touched and not learning.waits and (now - touched >= QUIET_SECONDS or learning.is_full):
            touched = now
            teaching.take(learning.quiet())
        if now - looked >= PLUG_SECONDS:
            teaching.look()
            looked = monotonic()


def _read(arriving: Inbox) -> None:
    """Put what is typed into the inbox, from a stream of its own: nobody waits for it at the end."""
    try:
        with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as typed:
            while line := typed.readline():
                arriving.put(line.decode(errors="replace"))
    except (OSError, ValueError, AttributeError):
        pass
    arriving.put(None)


def _tell(listening: Listening, settings: Settings) -> None:
    for name in listening.inputs:
        say(_told(listening, name, settings))
    if not listening.inputs:
        say("No controller is plugged in; one that comes is heard.")
    say("Press a pad or turn a knob, an endless one both ways; u takes the last change back, Ctrl-C ends.")


def _told(listening: Listening, name: str, settings: Settings) -> str:
    if name in listening.refused:
        return f"{name}: cannot be opened; another program may hold it"
    surface, words = listening.what_is(name)
    port = listening.ports.get(name)
    if port is not None:
        return f"{words}: port {port} of the set, surface {settings.ports[port].surface}"
    return f"{words}: no port of the set, {f'surface {surface}' if surface else 'a controller that is not known'}"


def _devices(loaded: Loaded, listening: Listening, known: Mapping[str, Device]) -> dict[str, Device]:
    """The inputs of no port; what has a name keeps it."""
    devices = {name: device for name, device in known.items() if name in listening.inputs}
    names = {*loaded.settings.ports, *(device.name for device in devices.values())}
    for input_name in listening.inputs:
        if input_name in listening.ports or input_name in devices:
            continue
        surface, words = listening.what_is(input_name)
        name = _port_name(surface or re.sub(r"-\d+$", "", device_of(input_name)), names)
        names.add(name)
        devices[input_name] = Device(name, _port(listening, input_name, surface), words)
    return devices


def _port(listening: Listening, name: str, surface: str | None) -> Mapping[str, Any]:
    output = listening.output_of(name)
    ends = {"in": _lasting(name, listening.inputs)}
    if output is not None:
        ends["out"] = _lasting(output, listening.outputs)
    return ends | ({} if surface is None else {"surface": surface})


def _lasting(name: str, names: Sequence[str]) -> str:
    """A port's name without the address that ALSA gives anew each time, where it is the only one of that name."""
    lasting = re.sub(r" \d+:\d+$", "", name)
    try:
        return lasting if find_port(lasting, names) == name else name
    except PortError:
        return name


def _port_name(text: str, taken: set[str]) -> str:
    base = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:20].strip("_") or "pads"
    return next(name for n in range(1, 100) if (name := base if n == 1 else f"{base}_{n}") not in taken)
