"""The process that JACK's library runs in, so that it can be ended when it hangs, and replaced when its server ends.

``python -m midifrag.midi.jack_process CLIENT once|wait SECONDS`` speaks in lines; for so many seconds it bears that
JACK has mixed up its programs. It is asked on its standard input:
``s 3 903c64`` sends a message on port 3, anything else is a JSON object that is answered with the same ``id``. It says
on its standard output: ``m 3 903c64`` for a message that came in on port 3, and JSON objects for what it knows
(`midifrag.midi.jack_host` reads them). It ends with its standard input, or when its server does.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any, TextIO

from midifrag.clock import monotonic
from midifrag.midi.jack_client import JackSide, NoServerError, load_jack
from midifrag.scheduling import run_before_others

#: Seconds between two attempts to find a server, and between two looks at the one that is there.
TRY_AGAIN_SECONDS = 0.2
LOOK_SECONDS = 0.2


class Conversation:
    """What is said, one line at a time, from several threads."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._lock = threading.Lock()

    def tell(self, **what: object) -> None:
        """Say a JSON object."""
        self._say(json.dumps(what))

    def pass_on(self, number: int, data: Sequence[int]) -> None:
        """Say what came in on port ``number``."""
        self._say(f"m {number} {bytes(data).hex()}")

    def _say(self, line: str) -> None:
        try:
            with self._lock:
                self._out.write(line + "\n")
                self._out.flush()
        except OSError:
            os._exit(1)


def main() -> None:
    """Serve one server's life."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    client, patience, bears = sys.argv[1:]
    talk = Conversation(_own_output())
    side = _connect(talk, client, patience)
    talk.tell(ready=True, realtime=side.realtime)
    threading.Thread(target=_receive, args=(side, talk), daemon=True).start()
    threading.Thread(target=_watch, args=(side, talk, float(bears)), daemon=True).start()
    # What a port is handed just in time would else wait here for a core.
    run_before_others()
    for line in sys.stdin:
        if line.startswith("s "):
            _, number, data = line.split()
            side.send(int(number), bytes.fromhex(data))
        elif not _answer(side, talk, json.loads(line)):
            break
    os._exit(0)


def _receive(side: JackSide, talk: Conversation) -> None:
    run_before_others()
    side.receive(talk.pass_on)


def _own_output() -> TextIO:
    """The standard output, for us alone: libjack chats on it, and on the standard error."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for noisy in (1, 2):
        os.dup2(nowhere, noisy)
    return out


def _connect(talk: Conversation, client: str, patience: str) -> JackSide:
    try:
        jack = load_jack()
    except (ImportError, OSError) as error:
        talk.tell(none=f"JACK's library cannot be used ({error})")
        os._exit(0)
    while True:
        # Said before each attempt: whoever hears nothing after it knows that the library is stuck in it.
        talk.tell(trying=True)
        try:
            return JackSide(jack, client)
        except NoServerError:
            if patience == "once":
                talk.tell(none="no JACK server is running")
                os._exit(0)
            time.sleep(TRY_AGAIN_SECONDS)


def _watch(side: JackSide, talk: Conversation, bears: float = 0.0) -> None:
    broken: list[int] = []
    bears_until = monotonic() + bears
    while not side.ended.wait(LOOK_SECONDS):
        if side.stalled():
            talk.tell(gone="the JACK server does not answer: it is stopped, or it hangs")
            os._exit(0)
        if monotonic() >= bears_until and side.is_mixed_up():
            talk.tell(mixed_up=True)
            os._exit(0)
        now_broken = side.broken()
        if now_broken != broken:
            broken = now_broken
            talk.tell(broken=broken)
    talk.tell(gone="the JACK server ended")
    # Without closing anything: there is nobody left to close it with.
    os._exit(0)


def _answer(side: JackSide, talk: Conversation, asked: dict[str, Any]) -> bool:
    """Do what is asked and say that it is done; False for the last thing that is ever asked."""
    number = asked.pop("id")
    try:
        match asked.pop("do"):
            case "names":
                talk.tell(id=number, names=side.names(asked["direction"]))
            case "open":
                talk.tell(id=number, client=side.open(asked.pop("number"), **asked))
            case "close":
                side.close(asked["number"])
                talk.tell(id=number)
            case _:
                talk.tell(id=number)
                return False
    except (OSError, RuntimeError) as error:
        talk.tell(id=number, error=str(error))
    return True


if __name__ == "__main__":
    main()
