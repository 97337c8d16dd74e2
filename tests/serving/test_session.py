"""One connection: what it asks for, what comes back, and how little a bad client may cost."""

import asyncio
import hashlib

import msgpack
import pytest

from midifrag.clock import SystemClock
from midifrag.engine import messages as engine
from midifrag.engine.line import messages as line
from midifrag.engine.line.flow import WINDOW
from midifrag.engine.line.frames import PIECE, encode, from_server
from midifrag.errors import LineError
from midifrag.serving import rates
from midifrag.serving import session as module
from midifrag.serving.jobs import Jobs
from midifrag.serving.quotas import Quota
from midifrag.serving.session import Session
from midifrag.serving.telling import Telling
from tests.serving.asking import asked, job_id, take


class Desk:
    """A desk in this loop, whose engines are the test itself."""

    def __init__(self, place="here"):
        self.place, self.sent, self.orders = place, [], []
        self.jobs = Jobs(SystemClock(), lambda _model, command: self.sent.append(command), ("sketch",), Quota())
        self.dies, self.asked, self.uploads = 0, [], []

    async def follow(self, owner, one):
        self.asked.append(one)
        if self.dies:
            self.dies -= 1
            raise OSError("the replica is gone")
        job = self.jobs.ask(owner, one)
        telling, changed = Telling(job, self.place), asyncio.Event()
        with job.watched(changed.set):
            while not telling.is_over:
                changed.clear()
                for message in telling.due(0.0, 0):
                    yield message
                if not telling.is_over:
                    await changed.wait()

    async def audio(self, owner, one, start, size):
        return self.jobs.find(owner, one.job).audio[start : start + size]

    async def upload(self, owner, piece, data):
        self.uploads.append((owner, piece.ticket, data))

    async def offer(self, _owner, offer):
        wanted = line.Wanted(sha256="a" * 64, ticket=1)
        return line.Lacking(job="", uploads=(wanted,)) if offer.model else None

    async def order(self, owner, order):
        if order.job == job_id(99):
            raise OSError("nobody there")
        self.orders.append((owner, order))

    async def news(self):
        return ()

    async def status(self):
        return ()


class Client:
    """What a session sent, and what it is told."""

    def __init__(self, desk, reads=True):
        self.frames, self.news, self.reads = [], asyncio.Event(), reads
        self.session = Session(desk, "ann", self.take)

    async def take(self, data):
        if not self.reads:
            await asyncio.Event().wait()
        self.frames.append(from_server(data))
        self.news.set()

    async def tell(self, message):
        await self.session.take(encode(message))

    async def until(self, kind):
        """All up to the first message of a kind."""
        while not any(isinstance(one.message, kind) for one in self.frames):
            self.news.clear()
            await self.news.wait()
        return [one.message.kind() for one in self.frames]


def playing(play, **options):
    async def run():
        desk = Desk()
        client = Client(desk, **options)
        try:
            await play(desk, client)
        finally:
            await client.session.close()

    asyncio.run(run())


def test_a_job_is_told_from_waiting_to_its_audio():
    async def play(desk, client):
        await client.tell(asked(1))
        await client.until(line.Queued)
        for event in (engine.Started(1), engine.Progress(1, 1, 2), take(1, samples=3 * PIECE // 8)):
            desk.jobs.note(event)
        told = await client.until(line.Rendered)
        assert told == ["queued", "began", "audio", "audio", "rendered"]
        sent = b"".join(one.raw for one in client.frames)
        assert hashlib.sha256(sent).hexdigest() == client.frames[-1].message.sha256
        assert [len(one.raw) for one in client.frames] == [0, 0, PIECE, PIECE // 2, 0]

    playing(play)


@pytest.mark.parametrize(("place", "starts"), [("here", [PIECE]), ("elsewhere", [0, PIECE])])
def test_audio_goes_on_where_a_client_had_it_but_not_in_the_middle_of_another_replicas(place, starts):
    async def play(desk, client):
        desk.jobs.note(take(desk.jobs.ask("ann", asked(1)).number, samples=PIECE // 2))
        await client.tell(asked(1, have=PIECE, place=place))
        await client.until(line.Rendered)
        assert [one.message.start for one in client.frames if one.raw] == starts

    playing(play)


def test_more_had_than_there_is_begins_anew():
    async def play(desk, client):
        desk.jobs.note(take(desk.jobs.ask("ann", asked(1)).number, samples=4))
        await client.tell(asked(1, have=17, place="here"))
        await client.until(line.Rendered)
        assert [one.message.start for one in client.frames if one.raw] == [0]

    playing(play)


def test_audio_waits_for_a_client_and_everything_else_goes_on():
    async def play(desk, client):
        desk.jobs.note(take(desk.jobs.ask("ann", asked(1)).number, samples=WINDOW // 2))
        await client.tell(asked(1))
        await client.tell(asked(2))
        while sum(len(one.raw) for one in client.frames) < WINDOW:
            await asyncio.sleep(0)
        await client.tell(line.Ping(number=5))
        await client.until(line.Pong)
        desk.jobs.note(engine.Failed(2, "no"))
        await client.until(line.Failed)
        assert sum(len(one.raw) for one in client.frames) == WINDOW
        await client.tell(line.Received(total=WINDOW))
        await client.until(line.Rendered)
        assert sum(len(one.raw) for one in client.frames) == 2 * WINDOW

    playing(play)


def test_audio_that_is_dropped_on_its_way_makes_room_for_others():
    async def play(desk, client):
        for number in (1, 2):
            desk.jobs.note(take(desk.jobs.ask("ann", asked(number)).number, samples=WINDOW // 2))
        await client.tell(asked(1))
        while sum(len(one.raw) for one in client.frames) < WINDOW:
            await asyncio.sleep(0)
        await client.tell(line.Cancel(job=job_id(1)))
        await client.tell(asked(2))
        await client.tell(line.Received(total=WINDOW))
        told = await client.until(line.Cancelled)
        assert "rendered" not in told
        while sum(len(one.raw) for one in client.frames) < 2 * WINDOW:
            await asyncio.sleep(0)
        assert {one.message.job for one in client.frames if one.raw} == {job_id(1), job_id(2)}
        # Asked for again, it comes all the same.
        await client.tell(line.Received(total=2 * WINDOW))
        await client.until(line.Rendered)

    playing(play)


def test_a_replica_that_dies_is_followed_by_another_from_the_beginning(monkeypatch):
    monkeypatch.setattr(module, "AGAIN", 0.0)

    async def play(desk, client):
        desk.dies = 2
        await client.tell(asked(1, have=8, place="gone"))
        while len(desk.asked) < 3:
            await asyncio.sleep(0)
        assert [(one.place, one.have) for one in desk.asked] == [("gone", 8), ("", 0), ("", 0)]
        await client.until(line.Queued)
        while not desk.sent:
            await asyncio.sleep(0)
        desk.jobs.note(take(1))
        await client.until(line.Rendered)

    playing(play)


def test_audio_that_is_gone_is_rendered_again_and_costs_no_credit(monkeypatch):
    monkeypatch.setattr(module, "AGAIN", 0.0)

    async def play(desk, client):
        audio, calls = desk.audio, []

        async def forgetful(owner, one, start, size):
            calls.append(one.place)
            return b"" if len(calls) <= WINDOW // (PIECE * 4) + 2 else await audio(owner, one, start, size)

        desk.audio = forgetful
        desk.jobs.note(take(desk.jobs.ask("ann", asked(1)).number, samples=PIECE))
        await client.tell(asked(1))
        await client.until(line.Rendered)
        assert len(calls) > WINDOW // (PIECE * 4) + 2

    playing(play)


def test_where_no_replica_comes_back_a_job_has_failed(monkeypatch):
    monkeypatch.setattr(module, "AGAIN", 0.001)
    monkeypatch.setattr(module, "PATIENCE", 0.003)

    async def play(desk, client):
        desk.dies = 99
        await client.tell(asked(1))
        await client.until(line.Failed)
        assert "OSError" in client.frames[-1].message.reason

    playing(play)


def test_that_no_replica_is_free_is_told(monkeypatch):
    monkeypatch.setattr(module, "UNPLACED", 0.0)

    async def play(desk, client):
        async def nobody(_owner, _asked):
            await asyncio.Event().wait()
            yield

        desk.follow = nobody
        await client.tell(asked(1))
        await client.until(line.Queued)
        assert client.frames[0].message.ahead is None

    playing(play)


def test_orders_reach_the_desk_and_a_dead_replica_stops_none():
    async def play(desk, client):
        for order in (line.Cancel(job=job_id(99)), line.Cancel(job=job_id(1)), line.Kept(job=job_id(2))):
            await client.tell(order)
        while len(desk.orders) < 2:
            await asyncio.sleep(0)
        assert desk.orders == [("ann", line.Cancel(job=job_id(1))), ("ann", line.Kept(job=job_id(2)))]

    playing(play)


def test_audio_that_is_asked_for_again_while_it_is_sent_costs_no_credit_for_what_was_not_sent():
    async def play(desk, client):
        gate, size = asyncio.Event(), 8 * PIECE
        audio = desk.audio

        async def sent(data):
            if isinstance(from_server(data).message, line.Audio):
                await gate.wait()
            await Client.take(client, data)

        client.session._send_frame = sent
        desk.jobs.note(take(desk.jobs.ask("ann", asked(1)).number, samples=size // 4))
        for _ in range(3):
            fetched = asyncio.Event()

            async def told(*some, fetched=fetched):
                fetched.set()
                return await audio(*some)

            desk.audio = told
            await client.tell(asked(1))
            await fetched.wait()
            await asyncio.sleep(0)
        gate.set()
        # All of it fits beside what may have gone of the others, a piece each.
        await client.until(line.Rendered)
        assert client.session._window.on_its_way <= size + 2 * PIECE

    playing(play)


def test_what_is_asked_again_on_one_connection_is_told_of_once():
    async def play(desk, client):
        await client.tell(asked(1))
        await client.until(line.Queued)
        await client.tell(asked(1))
        desk.jobs.note(take(1))
        await client.until(line.Rendered)
        await asyncio.sleep(0)
        assert [one.message.kind() for one in client.frames].count("rendered") == 1

    playing(play)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"rubbish", "eight bytes|no frame"),
        (encode(line.Received(total=5)), "5 bytes received"),
        (encode(line.Pong()), "no known kind"),
    ],
)
def test_what_does_not_belong_ends_the_connection(data, told):
    async def play(_desk, client):
        with pytest.raises(LineError, match=told):
            await client.session.take(data)

    playing(play)


def test_more_orders_than_can_be_meant_end_the_connection(monkeypatch):
    monkeypatch.setattr(module, "MOST_ORDERS", 3)

    async def play(_desk, client):
        for _ in range(3):
            await client.tell(line.Cancel(job=job_id(1)))
        with pytest.raises(LineError, match="slow down"):
            await client.tell(line.Cancel(job=job_id(1)))

    playing(play)


@pytest.mark.parametrize(
    ("message", "most"),
    [(line.Ping(), rates.MOST_ANSWERED), (line.Look(), rates.MOST_ANSWERED), (line.Received(total=0), rates.MOST)],
)
def test_who_says_more_than_can_be_meant_is_answered_no_longer(message, most, monkeypatch):
    async def play(_desk, client):
        # All within one second, however long it takes here.
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: 5.0)
        for _ in range(most):
            await client.tell(message)
        with pytest.raises(LineError, match="in a second; slow down"):
            await client.tell(message)
        monkeypatch.undo()

    playing(play)


def test_one_connection_follows_so_many_jobs(monkeypatch):
    monkeypatch.setattr(module, "MOST_FOLLOWED", 1)

    async def play(_desk, client):
        await client.tell(asked(1))
        await client.tell(asked(2))
        await client.until(line.Refused)
        assert client.frames[-1].message.why == "quota"

    playing(play)


def test_a_client_that_reads_nothing_is_given_up(monkeypatch):
    monkeypatch.setattr(module, "STUCK", 0.01)

    async def play(_desk, client):
        with pytest.raises(ConnectionError, match="nothing was read"):
            await client.tell(line.Ping())

    playing(play, reads=False)


def test_news_are_told_when_they_are_news():
    async def play(_desk, client):
        loading = line.Loading(model="sketch", done=0, total=1)
        for news in (
            (loading,),
            (loading,),
            (line.Away(model="sketch", reason="killed"), line.Moving()),
            (line.Moving(),),
        ):
            await client.session.tell_news(news)
        assert [one.message.kind() for one in client.frames] == ["loading", "away", "moving"]

    playing(play)


def test_a_server_none_of_whose_engines_answers_stands_with_none():
    async def play(desk, client):
        async def nobody():
            raise OSError("no replica")

        desk.status = nobody
        await client.tell(line.Look())
        assert client.frames[-1].message == line.Status(connections=1, draining=False, models=())

    playing(play)


def test_a_client_that_goes_leaves_its_job_with_the_desk():
    async def play(desk, client):
        await client.tell(asked(1))
        await client.until(line.Queued)
        assert client.session.busy
        await client.session.close()
        assert not client.session.busy
        job = desk.jobs.find("ann", job_id(1))
        assert (job.watchers, job.outcome, desk.jobs.in_flight) == (set(), None, 1)

    playing(play)


def test_uploads_reach_the_desk_and_are_told_when_they_have():
    async def play(desk, client):
        await client.session.take(encode(line.Upload(ticket=1, start=0), b"abcd"))
        await client.until(line.Taken)
        assert desk.uploads == [("ann", 1, b"abcd")]
        assert client.frames[-1].message.total == 4

    playing(play)


def test_what_is_lacking_is_told():
    async def play(desk, client):
        wish = line.Wish(prompt="bell", seed=1)
        await client.tell(line.Offer(wish=wish))
        await client.tell(line.Offer(model="sketch", wish=wish))
        await client.until(line.Lacking)
        assert len(client.frames) == 1

    playing(play)


def test_what_is_cancelled_on_its_way_to_a_replica_is_cancelled_when_it_is_there():
    async def play(desk, client):
        follow, arrives = desk.follow, asyncio.Event()

        async def late(owner, one):
            await arrives.wait()
            async for message in follow(owner, one):
                yield message

        desk.follow = late
        await client.tell(asked(1, model="sketch"))
        await client.tell(line.Cancel(job=job_id(1), model="sketch"))
        await client.session._orders.join()
        assert desk.jobs.find("ann", job_id(1)) is None
        arrives.set()
        await client.until(line.Queued)
        await client.session._orders.join()
        assert [(order.job, order.place) for _owner, order in desk.orders] == [(job_id(1), ""), (job_id(1), "here")]
        desk.jobs.note(engine.Failed(1, "no"))
        await client.until(line.Failed)

    playing(play)


def test_what_is_asked_for_after_it_was_cancelled_is_cancelled_first():
    async def play(desk, client):
        order, go = desk.order, asyncio.Event()

        async def slow(owner, one):
            await go.wait()
            await order(owner, one)
            desk.jobs.cancel(owner, one.job)

        desk.order = slow
        await client.tell(asked(1))
        await client.until(line.Queued)
        await client.tell(line.Cancel(job=job_id(1)))
        await client.tell(asked(1))
        await asyncio.sleep(0)
        assert len(desk.asked) == 1
        go.set()
        while len(desk.asked) < 2:
            await asyncio.sleep(0)
        while desk.jobs.find("ann", job_id(1)).number != 2:
            await asyncio.sleep(0)
        assert not desk.jobs.find("ann", job_id(1)).cancelling

    playing(play)


@pytest.mark.parametrize("order", [line.Kept, line.Cancel])
def test_a_connection_has_something_to_do_until_its_takes_are_kept(order):
    async def play(desk, client):
        desk.jobs.note(take(desk.jobs.ask("ann", asked(1)).number))
        await client.tell(asked(1))
        await client.until(line.Rendered)
        while client.session._following:
            await asyncio.sleep(0)
        assert client.session.busy
        await client.tell(order(job=job_id(1)))
        assert not client.session.busy

    playing(play)


def strange(**header):
    packed = msgpack.packb(header)
    return b"mfl\x01" + len(packed).to_bytes(4, "little") + packed


def test_a_client_that_is_newer_may_say_what_is_not_known_here():
    async def play(_desk, client):
        with pytest.raises(LineError, match="no known kind"):
            await client.session.take(strange(**{"is": "wave"}))
        await client.tell(line.Hello(minor=line.MINOR + 1))
        await client.session.take(strange(**{"is": "wave"}))
        await client.session.take(strange(**{"is": "ping", "number": 4, "mood": "good"}))
        assert client.frames[-1].message == line.Pong(number=4)
        await client.session.take(strange(**{"is": "warm", "wishes": [{"prompt": "x", "seed": 1, "swing": 1}]}))

    playing(play)


def test_what_a_newer_client_wants_of_a_take_is_refused_with_the_way_out():
    async def play(desk, client):
        await client.tell(line.Hello(minor=line.MINOR + 1))
        wish = {"prompt": "x", "seed": 1, "swing": 0.5}
        await client.session.take(strange(**{"is": "ask", "job": job_id(1), "wish": wish}))
        refused = client.frames[-1].message
        assert (refused.job, refused.why) == (job_id(1), "request")
        assert "swing, which is not known here; update the older of the two" in refused.reason
        assert desk.asked == []

    playing(play)
