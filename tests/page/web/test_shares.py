"""Each device's share of the page's process."""

import asyncio

import pytest

from midifrag.page.web.shares import MOST_DEVICES, MOST_WAITING, SAVED, SHARE, Shares


class Server:
    """An app whose page takes ``takes`` seconds to build, on a clock that it moves itself."""

    def __init__(self, takes=0.1):
        self.now = 0.0
        self.takes = takes
        self.built = []
        self.slept = []
        self.open = asyncio.Event()
        self.open.set()
        self.shares = Shares(self._app, lambda: self.now, self._sleep)

    async def _sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds

    async def _app(self, scope, _receive, send):
        await self.open.wait()
        self.now += self.takes
        self.built.append((scope["client"][0], scope["path"]))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        # A slow network is nobody's share.
        self.now += 5.0
        await send({"type": "http.response.body", "body": b"page"})
        self.now -= 5.0

    async def get(self, device="tablet", path="/", kind="http"):
        sent = []

        async def send(message):
            sent.append(message)

        await self.shares({"type": kind, "path": path, "client": (device, 1)}, None, send)
        return sent[0]["status"]


@pytest.fixture
def server():
    return Server()


async def load(server, times, device="tablet"):
    return [await server.get(device) for _ in range(times)]


def test_a_few_pages_at_once_wait_for_nothing(server):
    assert asyncio.run(load(server, 5)) == [200] * 5
    assert server.slept == []


def test_who_reloads_without_end_gets_its_share_and_no_more(server):
    asyncio.run(load(server, 200))
    spent, whole = 200 * server.takes, server.now
    assert spent <= SAVED + SHARE * whole + server.takes
    assert spent == pytest.approx(SHARE * whole, rel=0.2)


def test_others_do_not_wait_for_it(server):
    asyncio.run(load(server, 50))
    before = len(server.slept)
    asyncio.run(load(server, 3, "another tablet"))
    assert len(server.slept) == before


def test_a_share_that_is_not_used_is_saved_up_again(server):
    asyncio.run(load(server, 50))
    server.now += 1000.0
    before = len(server.slept)
    asyncio.run(load(server, 5))
    assert len(server.slept) == before


def test_only_so_many_wait_and_the_others_come_again_by_themselves(server):
    async def storm():
        server.open.clear()
        many = [asyncio.ensure_future(server.get()) for _ in range(MOST_WAITING + 3)]
        await asyncio.sleep(0)
        assert [one.result() for one in many if one.done()] == [503] * 3
        server.open.set()
        return await asyncio.gather(*many)

    assert asyncio.run(storm()).count(200) == MOST_WAITING
    assert asyncio.run(server.get()) == 200


@pytest.mark.parametrize(("path", "kind"), [("/page.css", "http"), ("/", "websocket"), ("/takes/1.wav", "http")])
def test_only_pages_are_counted(server, path, kind):
    async def many():
        for _ in range(50):
            await server.get(path=path, kind=kind)

    asyncio.run(many())
    assert server.slept == []


def test_a_device_has_so_many_waveforms_drawn_at_a_time(server):
    async def many():
        server.open.clear()
        asked = [asyncio.ensure_future(server.get(path=f"/takes/{number}.svg")) for number in range(20)]
        other = asyncio.ensure_future(server.get("another", "/takes/1.svg"))
        await asyncio.sleep(0)
        device = server.shares._devices["tablet"]
        assert device.drawings.locked()
        assert not server.shares._devices["another"].drawings.locked()
        server.open.set()
        assert await asyncio.gather(*asked, other) == [200] * 21

    asyncio.run(many())


def test_the_beginning_and_the_end_of_the_server_go_through():
    heard = []

    async def app(scope, _receive, _send):
        heard.append(scope["type"])

    asyncio.run(Shares(app)({"type": "lifespan"}, None, None))
    assert heard == ["lifespan"]


def test_a_refusal_is_a_sentence(server):
    sent = []

    async def refuse():
        async def send(message):
            sent.append(message)

        server.open.clear()
        waiting = [asyncio.ensure_future(server.get()) for _ in range(MOST_WAITING)]
        await asyncio.sleep(0)
        await server.shares({"type": "http", "path": "/", "client": ("tablet", 1)}, None, send)
        server.open.set()
        await asyncio.gather(*waiting)

    asyncio.run(refuse())
    headers = dict(sent[0]["headers"])
    assert headers[b"refresh"] == b"2"
    assert int(headers[b"content-length"]) == len(sent[1]["body"])
    assert b"loads again by itself" in sent[1]["body"]


def test_only_so_many_devices_are_known(server):
    async def many():
        for number in range(MOST_DEVICES + 10):
            await server.get(f"device {number}")

    asyncio.run(many())
    assert len(server.shares._devices) == MOST_DEVICES
