"""Uploads of a connection: a slow replica slows its client, and memory is bounded."""

import asyncio

import pytest

from midifrag.engine.line import messages as line
from midifrag.engine.line.flow import WINDOW
from midifrag.engine.line.frames import PIECE
from midifrag.errors import LineError
from midifrag.serving.intake import MOST_WAITING, Intake


class Slow:
    """A desk that takes in what it is told to."""

    def __init__(self, fails=False):
        self.go, self.calls, self.fails, self.taken = asyncio.Semaphore(0), [], fails, []

    async def upload(self, owner, piece, data):
        await self.go.acquire()
        if self.fails:
            raise OSError("the replica is gone")
        self.calls.append((owner, piece.ticket, piece.start, len(data)))

    async def send(self, message):
        self.taken.append(message.total)


def playing(play, **options):
    async def run():
        desk = Slow(**options)
        intake = Intake(desk, "ann", desk.send)
        try:
            await play(desk, intake)
        finally:
            intake.task.cancel()

    asyncio.run(run())


def piece(start, ticket=1):
    return line.Upload(ticket=ticket, start=start)


async def settle():
    for _ in range(10):
        await asyncio.sleep(0)


def test_what_a_replica_does_not_take_in_is_bounded_and_more_ends_the_connection():
    async def play(desk, intake):
        for number in range(WINDOW // PIECE):
            intake.add(piece(number * PIECE), bytes(PIECE))
        await settle()
        assert desk.taken == []
        with pytest.raises(LineError, match="before `taken`"):
            intake.add(piece(WINDOW), b"x")
        desk.go.release()
        await settle()
        [total] = desk.taken
        intake.add(piece(WINDOW), bytes(total))

    playing(play)


def test_pieces_of_a_few_bytes_are_bounded_too():
    async def play(desk, intake):
        for number in range(MOST_WAITING):
            intake.add(piece(2 * number), b"x")
        with pytest.raises(LineError, match="send larger ones"):
            intake.add(piece(0), b"x")

    playing(play)


def test_pieces_in_a_row_go_together_and_others_alone():
    async def play(desk, intake):
        for start in (0, 10, 20, 40):
            intake.add(piece(start), bytes(10))
        intake.add(piece(50, ticket=2), bytes(10))
        for _ in range(3):
            desk.go.release()
        await settle()
        assert desk.calls == [("ann", 1, 0, 30), ("ann", 1, 40, 10), ("ann", 2, 50, 10)]
        assert desk.taken == [30, 40, 50]

    playing(play)


def test_a_replica_that_is_gone_stops_nobody():
    async def play(desk, intake):
        intake.add(piece(0), bytes(10))
        desk.go.release()
        await settle()
        assert desk.taken == [10]

    playing(play, fails=True)
