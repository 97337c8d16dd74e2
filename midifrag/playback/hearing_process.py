"""The process that hears an audio input: it opens it, and hands on what comes until nobody listens any more.

A library that hangs over a device that is gone can only be killed, and so is this process then.
"""

from __future__ import annotations

import contextlib
import os
import queue
import time
from contextlib import nullcontext
from dataclasses import dataclass
from multiprocessing.connection import Connection
from threading import Event
from typing import Any, TypeAlias

from midifrag.children import ignore_interrupts
from midifrag.errors import PlaybackError
from midifrag.playback.inputs import NO_PORTAUDIO, Input, find_input, look
from midifrag.playback.jack_sources import leaving

#: Frames of a block: nothing here is urgent.
BLOCK = 2048
#: Seconds between two looks for an input, and without a block after which it is taken for gone.
LOOK_AGAIN, STILL = 2.0, 2.0
#: The most channels that are heard.
CHANNELS = 2


@dataclass(frozen=True, slots=True)
class Hears:
    """An input is open: its name, frames a second and channels."""

    device: str
    rate: int
    channels: int


@dataclass(frozen=True, slots=True)
class Block:
    """What came: float32 frames of all channels."""

    samples: bytes


@dataclass(frozen=True, slots=True)
class Deaf:
    """Nothing is heard, for this reason; ``for_good`` if nothing ever will be."""

    text: str
    for_good: bool = False


Said: TypeAlias = Hears | Block | Deaf


def serve(wanted: str, client: str, pipe: Connection) -> None:
    """Hand on what the input ``wanted`` hears until the other end of ``pipe`` closes."""
    ignore_interrupts()
    nothing = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nothing, stream)
    with contextlib.suppress(OSError, EOFError):
        _serve(wanted, client, pipe)
    # Nothing here is worth waiting for a library that does not let go of its device.
    os._exit(0)


def _serve(wanted: str, client: str, pipe: Connection) -> None:
    try:
        import sounddevice
    except OSError:
        pipe.send(Deaf(NO_PORTAUDIO, for_good=True))
        return
    while True:
        sounddevice._terminate()
        with contextlib.suppress(OSError, AttributeError):
            sounddevice._lib.PaJack_SetClientName(client.encode())
        sounddevice._initialize()
        try:
            found = find_input(look(sounddevice), wanted)
            with leaving(found.name, f"{client}-look") if found.is_jack else nullcontext(Event()) as gone:
                why = _hear(sounddevice, found, pipe, gone)
            pipe.send(Deaf(f"{found.name} {why}"))
        except (PlaybackError, sounddevice.PortAudioError) as error:
            pipe.send(Deaf(str(error)))
        time.sleep(LOOK_AGAIN)


def _hear(library: Any, found: Input, pipe: Connection, gone: Event) -> str:
    """Hand on blocks until none comes any more, or what gives them is gone; which of the two."""
    channels = min(CHANNELS, found.channels)
    blocks: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def take(data: Any, _frames: int, _time: object, _status: object) -> None:
        blocks.put(bytes(data))

    stream = library.RawInputStream(
        samplerate=found.rate, blocksize=BLOCK, device=found.index, channels=channels, dtype="float32", callback=take
    )
    stream.start()
    pipe.send(Hears(found.name, found.rate, channels))
    while not gone.is_set():
        try:
            pipe.send(Block(blocks.get(timeout=STILL)))
        except queue.Empty:
            return "gives nothing any more"
    return "is gone"
