"""An engine on another machine, as a whole `Engine` of midifrag: a client of ``far_server.py`` with one thread.

midifrag uses it as it is, without hosting it. What an engine promises is kept here: ``send`` never blocks, every job
ends once, a lost connection is told as `Died` with the jobs that went with it, and after ``close`` nothing is told.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from midifrag.engine.messages import (
    Cancel,
    Cancelled,
    Command,
    Died,
    EngineEvent,
    EngineInfo,
    Failed,
    Progress,
    Promote,
    Ready,
    Render,
    Rendered,
    Started,
    Warm,
    Warming,
)
from midifrag.engine.protocol import EngineChoice, EngineFactory
from midifrag.errors import ModelError

#: Where the server is if the model's entry does not say, and seconds between two calls when it does not answer.
ADDRESS, AGAIN = "127.0.0.1:7700", 1.0
#: The length of a request that names none, in seconds.
USUAL = 2.0


class FarEngine:
    """``address`` of its entry in presets.yaml says where the server is.

    All state belongs to the engine's own thread, an asyncio loop; other threads only call into it.
    """

    def __init__(self, choice: EngineChoice) -> None:
        self._model = choice.model
        self._address = str(choice.source.get("address", ADDRESS))
        if not re.fullmatch(r".+:\d+", self._address):
            raise ModelError(f"The address {self._address!r} of {self._model} is not host:port. Correct it.")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=f"far {self._model}", daemon=True)
        self._closing = asyncio.Event()
        #: Jobs that have not ended, commands that wait for the first connection, and the connection.
        self._jobs: dict[int, Render] = {}
        self._held: list[Command] = []
        self._writer: asyncio.StreamWriter | None = None
        self._lost = False
        self._info: EngineInfo | None = None
        self._listener: Callable[[EngineEvent], None] | None = None

    def start(self, listener: Callable[[EngineEvent], None]) -> None:
        """See `Engine.start`."""
        self._listener = listener
        self._thread.start()

    def send(self, command: Command) -> None:
        """See `Engine.send`."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._pass_on, command)

    def close(self) -> None:
        """See `Engine.close`."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._closing.set)
            self._thread.join()
        else:
            self._loop.close()

    # --- on the engine's own thread ----------------------------------------------------------------------------------

    def _run(self) -> None:
        self._tell(Warming(0, 1, f"calling {self._address}"))
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        """Call, listen, call again, until `close`."""
        closing = asyncio.ensure_future(self._closing.wait())
        while not closing.done():
            listening = asyncio.ensure_future(self._listen())
            await asyncio.wait((listening, closing), return_when=asyncio.FIRST_COMPLETED)
            if not closing.done():
                self._died(listening.exception())
                await asyncio.wait((closing,), timeout=AGAIN)
            listening.cancel()
            await asyncio.wait((listening,))

    async def _listen(self) -> None:
        """Tell what the server tells, until the connection ends. Raises `OSError`, also if there is none to be had."""
        host, _, port = self._address.rpartition(":")
        reader, self._writer = await asyncio.open_connection(host, int(port))
        try:
            async for line in reader:
                told = json.loads(line)
                samples = await reader.readexactly(4 * told["samples"]) if "samples" in told else b""
                event = self._event(told, samples)
                self._tell(event)
                if isinstance(event, Ready):
                    self._connected()
            raise ConnectionResetError("it hung up")
        finally:
            self._writer.close()
            self._writer = None

    def _connected(self) -> None:
        self._lost = False
        held, self._held = self._held, []
        for command in held:
            self._write(command)

    def _event(self, told: dict[str, Any], samples: bytes) -> EngineEvent:
        match told:
            case {"event": "ready", "sample_rate": rate, "max_seconds": longest}:
                self._info = EngineInfo("far", self._model, "", self._address, "fp32", rate, 1, longest, ())
                return Ready(self._info)
            case {"event": "started", "job": job}:
                return Started(job)
            case {"event": "progress", "job": job, "step": step, "of": of}:
                return Progress(job, step, of)
            case {"event": "failed", "job": job, "reason": reason}:
                self._jobs.pop(job, None)
                return Failed(job, reason)
            case {"event": "cancelled", "job": job}:
                self._jobs.pop(job, None)
                return Cancelled(job)
            case {"event": "rendered", "job": job, "seconds_taken": taken} if self._info:
                asked = self._jobs.pop(job)
                audio = np.frombuffer(samples, "<f4").astype(np.float32)[None]
                used: dict[str, str | int | float | None] = {
                    "prompt": asked.prompt,
                    "seconds": _seconds(asked),
                    "seed": asked.seed,
                }
                return Rendered(job, audio, self._info.sample_rate, used, taken)
            case _:
                raise ConnectionError(f"it said {told}, which is not understood")

    def _pass_on(self, command: Command) -> None:
        if isinstance(command, Render):
            self._jobs[command.job] = command
            if self._lost:
                self._died(None)
                return
        if self._info is None or self._lost:
            self._held.append(command)
        else:
            self._write(command)

    def _write(self, command: Command) -> None:
        match command:
            case Render():
                self._send_line("render", command.job, prompt=command.prompt, seconds=_seconds(command),
                                seed=command.seed, spare=command.spare)  # fmt: skip
            case Cancel(job):
                self._send_line("cancel", job)
            case Promote(job):
                self._send_line("promote", job)
            case Warm():
                # Strings need no warm-up.
                if self._info:
                    self._tell(Ready(self._info))

    def _send_line(self, do: str, job: int, **values: object) -> None:
        if self._writer is not None:
            self._writer.write(json.dumps({"do": do, "job": job, **values}).encode() + b"\n")

    def _died(self, why: BaseException | None) -> None:
        """Tell that the server is not there, once, and with it all jobs that will not end any more."""
        jobs, self._jobs, self._held = tuple(self._jobs), {}, []
        if jobs or not self._lost:
            self._lost = True
            reason = f"{self._address} does not answer" + (f": {why}" if why else "")
            self._tell(Died(f"{reason}. Is the server running?", jobs, restarting=True))

    def _tell(self, event: EngineEvent) -> None:
        if self._listener is not None and not self._closing.is_set():
            self._listener(event)


def _seconds(render: Render) -> float:
    return USUAL if render.seconds is None else render.seconds


far = EngineFactory(FarEngine)
