"""The program behind `tests.jack.Peer`: plain python-rtmidi on JACK, commands as JSON lines on stdin."""

from __future__ import annotations

import json
import os
import sys
import threading
import time

import rtmidi

#: RtMidi's JACK buffer is small and a sender that fills it spins: this much at once, then a breath.
BURST = 200
#: Between two looks at what came in. Nobody asks when it did, and peers live as long as the shows that they play.
POLL_SECONDS = 0.005


def own_output():
    """The standard output, for messages alone: libjack talks there too."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return out


def tell(source, out) -> None:
    """Polls: a callback would run Python on JACK's process thread, and what comes while that is late is lost."""
    while True:
        packet = source.get_message()
        if packet is None:
            time.sleep(POLL_SECONDS)
        else:
            print(json.dumps(packet[0]), file=out, flush=True)


def main() -> None:
    name, out = sys.argv[1], own_output()
    source = rtmidi.MidiIn(rtapi=rtmidi.API_UNIX_JACK, name=name, queue_size_limit=16384)
    source.ignore_types(sysex=False, timing=False, active_sense=False)
    source.open_virtual_port(f"{name} in")
    sink = rtmidi.MidiOut(rtapi=rtmidi.API_UNIX_JACK, name=name)
    sink.open_virtual_port(f"{name} out")
    print("ready", file=out, flush=True)
    threading.Thread(target=tell, args=(source, out), daemon=True).start()
    for line in sys.stdin:
        for number, data in enumerate(json.loads(line), 1):
            sink.send_message(data)
            if number % BURST == 0:
                time.sleep(0.005)


if __name__ == "__main__":
    main()
