"""Small programs in the place of JACK's process."""

from __future__ import annotations

import threading

import mido

from midifrag.errors import MidiGoneError
from tests.support import PATIENCE

PRESS = mido.Message("note_on", note=36, velocity=100)

#: What each program begins with: it reads what it is asked, and answers.
PRELUDE = """
import json, sys, time
def say(**what):
    print(json.dumps(what), flush=True)
def asked():
    for line in sys.stdin:
        yield line if line.startswith("s ") else json.loads(line)
def serve(once=False):
    for one in asked():
        if isinstance(one, str):
            print("m 1 " + one.split()[2], flush=True)
        elif one["do"] == "names":
            say(id=one["id"], names=["Pads " + one["direction"]])
        elif one["do"] == "open" and one["name"] == "Held":
            say(id=one["id"], error="it is held")
        elif one["do"] == "open":
            say(id=one["id"], client=one["client"])
            if once:
                return
        elif one["do"] == "end":
            break
client, patience, bears = sys.argv[1:]
say(trying=True)
"""
READY = "say(ready=True, realtime=True)\n"


def until(condition):
    waited = threading.Event()
    for _ in range(int(PATIENCE / 0.02)):
        if condition():
            return True
        waited.wait(0.02)
    return False


def works(backend):
    try:
        return backend.names("in") == ["Pads in"]
    except MidiGoneError:
        return False
