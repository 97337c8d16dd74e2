"""Plucked strings over TCP: what `midifrag_far` talks to. It knows nothing of midifrag.

    python far_server.py 127.0.0.1:7700        (port 0 takes any that is free; the address is printed)

Commands come as JSON lines: ``{"do": "render", "job": 1, "prompt": …, "seconds": …, "seed": …, "spare": false}``, and
``cancel`` and ``promote`` with a job. Events go back as JSON lines: ``ready`` first, then ``started``, ``progress``,
``rendered``, ``failed``, ``cancelled``. After a line with ``samples`` come that many float32, little-endian.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import numpy as np
import numpy.typing as npt

SAMPLE_RATE, LONGEST = 22_050, 20.0
#: A take is rendered in so many parts, so that a cancel is heard in between.
PARTS = 8
READY = {"event": "ready", "sample_rate": SAMPLE_RATE, "max_seconds": LONGEST}


class Strings:
    """One client's jobs."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._jobs: dict[int, dict[str, Any]] = {}
        self._news = asyncio.Event()

    async def serve(self) -> None:
        """Until the client hangs up."""
        self._tell(READY)
        rendering = asyncio.create_task(self._render_all())
        try:
            async for line in self._reader:
                self._take(json.loads(line))
        finally:
            rendering.cancel()
            self._writer.close()

    def _take(self, command: dict[str, Any]) -> None:
        job = command["job"]
        match command["do"]:
            case "render" if not 0 < command["seconds"] <= LONGEST:
                self._tell({"event": "failed", "job": job, "reason": f"strings ring for {LONGEST:g} s at the most"})
            case "render":
                self._jobs[job] = command
                self._news.set()
            case "cancel" if self._jobs.pop(job, None):
                self._tell({"event": "cancelled", "job": job})
            case "promote" if job in self._jobs:
                self._jobs[job]["spare"] = False

    async def _render_all(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            while self._jobs:
                press = next((one for one in self._jobs.values() if not one["spare"]), None)
                await self._render(press or next(iter(self._jobs.values())))

    async def _render(self, command: dict[str, Any]) -> None:
        job, began = command["job"], time.perf_counter()
        self._tell({"event": "started", "job": job})
        string = String(command["prompt"], command["seed"])
        parts = []
        for length in np.diff(np.linspace(0, round(command["seconds"] * SAMPLE_RATE), PARTS + 1).astype(int)):
            parts.append(string.ring(int(length)))
            # Hears what has come meanwhile.
            await asyncio.sleep(0)
            if job not in self._jobs:
                return
            self._tell({"event": "progress", "job": job, "step": len(parts), "of": PARTS})
        del self._jobs[job]
        audio = np.concatenate(parts)
        taken = time.perf_counter() - began
        self._tell({"event": "rendered", "job": job, "samples": len(audio), "seconds_taken": taken})
        self._writer.write(audio.astype("<f4").tobytes())
        await self._writer.drain()

    def _tell(self, event: dict[str, Any]) -> None:
        self._writer.write(json.dumps(event).encode() + b"\n")


class String:
    """A string as Karplus and Strong pluck it: a burst of noise that runs in a circle and is averaged."""

    def __init__(self, prompt: str, seed: int) -> None:
        hertz = 110.0 if "low" in prompt else 220.0
        self._circle = np.random.default_rng(seed).uniform(-0.8, 0.8, round(SAMPLE_RATE / hertz))
        self._left = np.empty(0)

    def ring(self, samples: int) -> npt.NDArray[np.float64]:
        """The next ``samples`` of it."""
        rounds = [self._left]
        while sum(map(len, rounds)) < samples:
            rounds.append(self._circle)
            self._circle = 0.5 * (self._circle + np.roll(self._circle, 1))
        sound = np.concatenate(rounds)
        self._left = sound[samples:]
        return sound[:samples]


async def main(address: str) -> None:
    """Serve at ``host:port`` until the end."""
    host, _, port = address.rpartition(":")
    server = await asyncio.start_server(lambda reader, writer: Strings(reader, writer).serve(), host, int(port))
    print(f"{host}:{server.sockets[0].getsockname()[1]}", flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
