"""A server of several replicas in one process, without Ray: real sockets, sessions and replicas, the same ranking."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import uvicorn

from benchmarks.crowd.step_times import TIMES
from benchmarks.crowd.timed_engine import TimedWorker
from midifrag.engine.hosting.thread import ThreadHost
from midifrag.engine.line import messages as line
from midifrag.engine.line.frames import MOST_FRAME
from midifrag.engine.protocol import Engine, EngineChoice
from midifrag.serving.desk import News, Order
from midifrag.serving.ingress import Ingress, application
from midifrag.serving.ranking import key_of, ranked
from midifrag.serving.replica import Replica
from midifrag.serving.standing import together
from midifrag.serving.tokens import read_tokens

MODEL = "timed"
#: How many jobs one replica has before others come first: what Ray's router is told.
FULL = 16


class ManyReplicas:
    """A `Desk` over replicas of this process."""

    def __init__(self, replicas: dict[str, Replica]) -> None:
        self._replicas = replicas

    async def follow(self, owner: str, asked: line.Ask) -> AsyncIterator[line.Message]:
        """See `Desk.follow`."""
        loads = {name: one.jobs.in_flight for name, one in self._replicas.items()}
        key = key_of(asked.model, asked.wish.prompt)
        first = ranked(key, loads, loads, FULL, asked.place)[0]
        async for message in self._replicas[first].follow(owner, asked):
            yield message

    async def audio(self, owner: str, asked: line.Ask, start: int, size: int) -> bytes:
        """See `Desk.audio`."""
        return await self._replicas[asked.place].audio(owner, asked, start, size)

    async def order(self, owner: str, order: Order) -> None:
        """See `Desk.order`."""
        for one in self._replicas.values():
            await one.order(owner, order)

    async def upload(self, owner: str, piece: line.Upload, data: bytes) -> None:
        """See `Desk.upload`: whoever may get the job has it."""
        for one in self._replicas.values():
            await one.upload(owner, piece, data)

    async def offer(self, owner: str, offer: line.Offer) -> line.Lacking | None:
        """See `Desk.offer`."""
        return await next(iter(self._replicas.values())).offer(owner, offer)

    async def news(self) -> tuple[News, ...]:
        """See `Desk.news`."""
        return await next(iter(self._replicas.values())).news()

    async def status(self) -> tuple[line.ModelStatus, ...]:
        """See `Desk.status`."""
        return together([part for one in self._replicas.values() for part in await one.status()])


async def serve(port: int, token_file: Path, replicas: int, times: str) -> None:
    """Serve until it is killed; prints a line when it is up."""

    def create(_model: str) -> Engine:
        return ThreadHost(lambda _choice: TimedWorker(TIMES[times]), EngineChoice(MODEL))

    made = {f"r{number}": Replica((MODEL,), create, f"r{number}") for number in range(replicas)}
    for one in made.values():
        await one.start()
    ingress = Ingress(ManyReplicas(made), read_tokens(token_file), (MODEL,))
    config = uvicorn.Config(
        application(ingress), log_level="critical", ws_max_size=4 * MOST_FRAME, ws="websockets-sansio"
    )
    listening = socket.create_server(("127.0.0.1", port))
    print(f"Serving {MODEL} at ws://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    await uvicorn.Server(config).serve([listening])


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
