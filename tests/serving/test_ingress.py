"""The way in, over real sockets: who comes in, and what becomes of who should not."""

import asyncio
import queue
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from midifrag.engine import messages as engine
from midifrag.engine.line import messages as line
from midifrag.engine.line.frames import MOST_FRAME, encode, from_server
from midifrag.serving import ingress as module
from midifrag.serving.quotas import Quota
from tests.serving.asking import asked, job_id, take
from tests.serving.puppet import OTHER, TOKEN, Puppet, Server, until
from tests.support import PATIENCE


@pytest.fixture(scope="module")
def served():
    puppet = Puppet()
    with Server(lambda _model: puppet) as server:
        yield server, puppet


@pytest.fixture
def server(served):
    return served[0]


@pytest.fixture
def puppet(served):
    return served[1]


class Client:
    """A connection, in words of the line."""

    def __init__(self, server, token=TOKEN, protocols=(line.SUBPROTOCOL,)):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._connection = connect(
            f"{server.url}/line", additional_headers=headers, subprotocols=protocols, compression=None,
            open_timeout=PATIENCE, close_timeout=1.0, max_size=MOST_FRAME, ping_interval=None,
        )  # fmt: skip
        self.socket = self._connection.__enter__()

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.socket.close()

    def say(self, message):
        self.socket.send(encode(message))

    def until(self, kind):
        while not isinstance(message := from_server(self.socket.recv(PATIENCE)).message, kind):
            pass
        return message

    def end(self):
        """The code and reason that the server closes with."""
        try:
            while True:
                self.socket.recv(PATIENCE)
        except ConnectionClosed as closed:
            return closed.rcvd.code, closed.rcvd.reason


@pytest.mark.parametrize("token", ["", "x" * 32, TOKEN[:-1]])
def test_nobody_comes_in_without_a_token(server, token):
    for _ in range(20):
        with pytest.raises(InvalidStatus) as refused:
            Client(server, token)
        assert refused.value.response.status_code == 403
    # A storm of wrong ones keeps nobody out.
    with Client(server) as client:
        client.until(line.Welcome)


def test_a_storm_of_wrong_tokens_and_of_half_calls_keeps_nobody_from_playing(server, puppet):
    def knock(_number):
        with pytest.raises(InvalidStatus):
            Client(server, "y" * 32)
        return 1

    half = b"GET /line HTTP/1.1\r\nHost: here\r\nUpgrade: websoc"
    with ExitStack() as stack:
        for _ in range(50):
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port))).send(half)
        client = stack.enter_context(Client(server))
        storm = stack.enter_context(ThreadPoolExecutor(4)).map(knock, range(40))
        client.say(asked(50, "amid the storm"))
        puppet.say(take(puppet.next(engine.Render).job))
        assert client.until(line.Rendered).job == job_id(50)
        assert sum(storm) == 40


@pytest.fixture(scope="module")
def narrow():
    with Server(lambda _model: Puppet(), quota=Quota(connections=2)) as server:
        yield server


def connections(server):
    return dict(server.ingress._connections)


def refused_at(server, **how):
    with pytest.raises(InvalidStatus) as refused:
        Client(server, **how)
    return refused.value.response


def test_a_token_has_so_many_connections_and_others_have_their_own(narrow):
    with Client(narrow) as first, Client(narrow) as second:
        first.until(line.Welcome), second.until(line.Welcome)
        for _ in range(20):
            answer = refused_at(narrow)
            said = (answer.status_code, answer.body)
            assert said == (429, b"this token has 2 connections here, and no more may be\n")
        with Client(narrow, OTHER) as his:
            his.until(line.Welcome)
        # A wrong one counts for nobody.
        assert refused_at(narrow, token="x" * 32).status_code == 403
        assert connections(narrow)["ann"] == 2
    until(lambda: not connections(narrow))
    with Client(narrow) as client:
        client.until(line.Welcome)


@pytest.mark.parametrize("lasts", [0.0, PATIENCE])
def test_one_that_was_closed_for_what_its_client_did_counts_as_long_as_its_handle_may_be_kept(
    narrow, monkeypatch, lasts
):
    until(lambda: not connections(narrow))
    monkeypatch.setattr(module, "LINGERS", lasts)
    with Client(narrow) as rubbish, Client(narrow, OTHER, protocols=("midifrag.7",)) as other:
        rubbish.socket.send(b"rubbish")
        assert (rubbish.end()[0], other.end()[0]) == (1002, 4406)
    until(lambda: narrow.ingress._sessions == {})
    if lasts:
        assert connections(narrow) == {"ann": 1, "bob": 1}
        narrow.ingress._connections.clear()
    until(lambda: not connections(narrow))


def test_where_the_web_server_cannot_say_why_a_call_too_many_is_refused_all_the_same():
    said = []

    class Socket:
        async def send_denial_response(self, _response):
            raise RuntimeError("no such extension")

        async def close(self):
            said.append("closed")

    asyncio.run(module._refuse(Socket(), "too many"))
    assert said == ["closed"]


def test_a_client_hears_what_there_is(server):
    with Client(server) as client:
        welcome = client.until(line.Welcome)
        assert (welcome.models, welcome.keeps, welcome.in_flight) == (("sketch",), 60.0, 64)
        info = client.until(line.Info)
        assert (info.model, info.engine, info.sample_rate) == ("sketch", "puppet", 8000)
        client.say(line.Look())
        status = client.until(line.Status)
        assert [(one.model, one.state) for one in status.models] == [("sketch", "ready")]
        assert status.connections >= 1


def test_prometheus_is_answered_where_it_has_a_token(server):
    def ask(token):
        request = Request(server.url.replace("ws:", "http:") + "/metrics", headers={"Authorization": f"Bearer {token}"})
        with urlopen(request, timeout=PATIENCE) as answer:
            return answer.headers["content-type"], answer.read().decode()

    kind, text = ask(TOKEN)
    assert kind == "text/plain; version=0.0.4; charset=utf-8"
    assert 'midifrag_ready{model="sketch"} 1' in text
    with pytest.raises(HTTPError) as refused:
        ask("x" * 32)
    assert refused.value.code == 403
    refused.value.close()


@pytest.mark.parametrize(
    ("protocols", "told"),
    [
        (("midifrag.99",), "this server speaks midifrag.1, and the show midifrag.99; update the server's midifrag"),
        (("midifrag.0",), "this server speaks midifrag.1, and the show midifrag.0; update midifrag at home"),
        (("other",), "this server speaks midifrag.1, and was asked for nothing of it; update midifrag at home"),
    ],
)
def test_a_client_of_another_version_hears_which_of_the_two_is_to_be_updated(server, protocols, told):
    with Client(server, protocols=protocols) as client:
        assert client.end() == (4406, told)


def test_a_client_that_speaks_an_older_version_too_is_answered_in_it(server):
    with Client(server, protocols=("midifrag.2", "midifrag.1")) as client:
        assert client.until(line.Welcome).minor == line.MINOR


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"rubbish!", 1002), ("text", 1002), (b"", 1002), (bytes(MOST_FRAME + 1), 1009), (bytes(5 * MOST_FRAME), 1009)],
    ids=["rubbish", "text", "nothing", "large", "very large"],
)
def test_rubbish_ends_its_own_connection_and_no_other(server, data, code):
    with Client(server) as other, Client(server) as client:
        client.until(line.Welcome)
        client.socket.send(data)
        assert client.end()[0] == code
        other.say(line.Ping(number=7))
        assert other.until(line.Pong).number == 7


def test_nobody_gets_at_anothers_job(server, puppet):
    with Client(server) as ann, Client(server, OTHER) as bob:
        ann.say(asked(1, "hers"))
        number = puppet.next(engine.Render).job
        bob.say(line.Cancel(job=job_id(1)))
        bob.say(line.Kept(job=job_id(1)))
        bob.say(asked(1, "his", seed=2))
        # His own, under the same id.
        other = puppet.next(engine.Render)
        assert (other.prompt, other.job != number) == ("his", True)
        puppet.say(take(number))
        assert ann.until(line.Rendered).job == job_id(1)
        puppet.say(engine.Failed(other.job, "no"))
        assert bob.until(line.Failed).reason == "no"


def test_a_job_survives_its_connection_and_is_fetched_by_the_next(server, puppet):
    with Client(server) as client:
        client.say(asked(2, "lasting"))
        number = puppet.next(engine.Render).job
        place = client.until(line.Queued).place
        client.socket.socket.close()
    puppet.say(take(number, samples=100))
    with Client(server) as client:
        client.say(asked(2, "lasting", place=place, have=200))
        piece = client.until(line.Audio)
        assert piece.start == 200
        client.until(line.Rendered)
    with pytest.raises(queue.Empty):
        puppet.heard.get_nowait()


def test_a_client_that_reads_nothing_delays_nobody(server, puppet):
    with Client(server) as idle, Client(server) as client:
        idle.say(asked(3, "large"))
        number = puppet.next(engine.Render).job
        puppet.say(take(number, samples=4_000_000))
        client.say(asked(4, "small"))
        puppet.say(take(puppet.next(engine.Render).job))
        assert client.until(line.Rendered).job == job_id(4)


def test_a_client_that_says_nothing_is_gone(monkeypatch):
    monkeypatch.setattr(module, "SILENCE", 0.2)
    with Server(lambda _model: Puppet()) as server, Client(server) as client:
        assert client.end() == (1001, "nothing came for 0.2 s")


def test_a_server_that_ends_says_so_finishes_and_closes_with_1012():
    puppet = Puppet()
    with Server(lambda _model: puppet) as server, Client(server) as client, Client(server) as idle:
        client.say(asked(1))
        number = puppet.next(engine.Render).job
        client.until(line.Queued)
        server.loop.call_soon_threadsafe(server.replica.jobs.drain, float("inf"))
        client.until(line.Moving)
        assert idle.end()[0] == 1012
        client.say(asked(2, "new"))
        assert client.until(line.Refused).why == "moving"
        puppet.say(take(number))
        client.until(line.Rendered)
        # It is there until its client has it.
        assert [one.take is not None for one in server.replica.jobs] == [True]
        client.say(line.Kept(job=job_id(1)))
        assert client.end()[0] == 1012


def test_a_server_that_ends_waits_for_a_take_to_be_fetched_and_not_for_ever(monkeypatch):
    monkeypatch.setattr(module, "IDLE", 0.0)
    puppet = Puppet()
    with Server(lambda _model: puppet, drain_seconds=0.3) as server, Client(server) as client:
        assert client.until(line.Welcome).drains == 0.3
        client.say(asked(1))
        puppet.say(take(puppet.next(engine.Render).job, samples=1_000_000))
        client.until(line.Audio)
        # It takes nothing more in, and the bound passes.
        server.loop.call_soon_threadsafe(server.replica.jobs.drain, float("inf"))
        assert client.end()[0] == 1012


def test_a_client_that_reads_nothing_keeps_nobody_from_hearing_that_a_server_ends():
    async def play():
        heard, closing = asyncio.Event(), []

        class Reads:
            async def move(self):
                heard.set()

        class Stuck:
            async def move(self):
                await heard.wait()
                raise ConnectionAbortedError("nothing was read")

        ingress = module.Ingress(None, None, ("m",))
        ingress._sessions = {Stuck(): "a", Reads(): "b"}
        ingress._close_later = lambda _session, socket: closing.append(socket)
        async with asyncio.timeout(PATIENCE):
            await ingress.drain()
        assert sorted(closing) == ["a", "b"]

    asyncio.run(play())


def test_who_comes_back_to_a_server_that_ends_hears_that_first_and_gets_its_take():
    puppet = Puppet()
    with Server(lambda _model: puppet) as server:
        with Client(server) as client:
            client.say(asked(1))
            number = puppet.next(engine.Render).job
            client.until(line.Queued)
            client.socket.socket.close()
        server.loop.call_soon_threadsafe(server.replica.jobs.drain, float("inf"))
        server.on_loop(server.ingress.drain())
        puppet.say(take(number))
        with Client(server) as client:
            client.until(line.Welcome)
            assert isinstance(from_server(client.socket.recv(PATIENCE)).message, line.Moving)
            client.say(asked(1))
            client.until(line.Rendered)
            client.say(line.Kept(job=job_id(1)))
            assert client.end()[0] == 1012


def test_a_server_that_was_to_end_and_stays_has_its_clients_call_again_and_takes_their_jobs(monkeypatch):
    monkeypatch.setattr(module, "LOOK", 0.01)
    puppet = Puppet()
    with Server(lambda _model: puppet) as server:
        with Client(server) as busy:
            busy.say(asked(1))
            number = puppet.next(engine.Render).job
            server.loop.call_soon_threadsafe(server.replica.jobs.drain, float("inf"))
            busy.until(line.Moving)
            server.loop.call_soon_threadsafe(server.replica.jobs.drain, 0.0)
            # What it is at goes on without it.
            assert busy.end() == (1012, "this server goes on; connect again")
        with Client(server) as client:
            client.until(line.Info)
            client.say(asked(1))
            puppet.say(take(number))
            assert client.until(line.Rendered).job == job_id(1)
            client.say(asked(2, "new"))
            puppet.say(take(puppet.next(engine.Render).job))
            assert client.until(line.Rendered).job == job_id(2)
            client.say(line.Look())
            assert not client.until(line.Status).draining


def test_who_was_refused_by_an_engine_that_was_to_end_for_a_moment_is_not_left_with_that(monkeypatch):
    looks = asyncio.Event()
    puppet = Puppet()
    with Server(lambda _model: puppet) as server, Client(server) as client:
        client.until(line.Info)
        news = server.replica.news

        async def late():
            await looks.wait()
            return await news()

        server.replica.news = late
        server.loop.call_soon_threadsafe(server.replica.jobs.drain, float("inf"))
        client.say(asked(1))
        assert client.until(line.Refused).why == "moving"
        server.loop.call_soon_threadsafe(server.replica.jobs.drain, 0.0)
        server.loop.call_soon_threadsafe(looks.set)
        assert client.end()[0] == 1012


def test_that_no_engine_says_how_it_stands_does_not_take_back_that_a_server_ends(monkeypatch):
    monkeypatch.setattr(module, "LOOK", 0.01)
    looks = []
    with Server(lambda _model: Puppet()) as server, Client(server) as client:
        client.until(line.Info)
        server.loop.call_soon_threadsafe(server.replica.jobs.drain, float("inf"))
        client.until(line.Moving)

        async def none():
            looks.append(1)
            raise OSError("no replica")

        server.replica.news = none
        until(lambda: len(looks) > 2)
        with Client(server) as later:
            later.until(line.Moving)


def test_an_engine_that_goes_and_comes_is_told():
    puppet = Puppet()
    with Server(lambda _model: puppet) as server, Client(server) as client:
        client.until(line.Info)
        puppet.say(engine.Died("killed", (), restarting=True))
        assert client.until(line.Away).reason == "killed"
        puppet.say(engine.Ready(puppet.info))
        client.until(line.Info)


@pytest.mark.parametrize("hangs", [False, True])
def test_that_no_engine_is_left_is_told_and_that_one_is_back(monkeypatch, hangs):
    monkeypatch.setattr(module, "LOOK", 0.01)
    with Server(lambda _model: Puppet()) as server, Client(server) as client:
        client.until(line.Info)
        monkeypatch.setattr(module, "ANSWER", 0.05 if hangs else PATIENCE)
        news = server.replica.news

        async def none():
            if hangs:
                await asyncio.Event().wait()
            raise OSError("no replica")

        server.replica.news = none
        away = client.until(line.Away)
        assert (away.model, away.reason, away.returns) == ("sketch", "no engine of it answers", True)
        monkeypatch.setattr(module, "ANSWER", PATIENCE)
        server.replica.news = news
        client.until(line.Info)


def test_quotas_are_told_and_kept():
    with Server(lambda _model: Puppet(), quota=Quota(in_flight=1)) as server, Client(server) as client:
        assert client.until(line.Welcome).in_flight == 1
        client.say(asked(1))
        client.say(asked(2))
        assert client.until(line.Refused).why == "quota"


def test_a_desk_that_cannot_say_how_it_stands_is_asked_again(monkeypatch):
    monkeypatch.setattr(module, "LOOK", 0.01)
    with Server(lambda _model: Puppet()) as server:
        news, calls = server.replica.news, []

        async def faulty():
            calls.append(1)
            if len(calls) < 3:
                raise OSError("no replica")
            return await news()

        server.replica.news = faulty
        with Client(server) as client:
            client.until(line.Info)
        until(lambda: len(calls) > 3)
