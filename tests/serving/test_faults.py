"""What a server makes of what goes wrong in it, without Ray; on Ray itself, see test_on_ray.py."""

import asyncio

import pytest

from midifrag.engine import messages as engine
from midifrag.engine.line import messages as line
from midifrag.engine.line.frames import encode, from_server
from midifrag.errors import ModelError
from midifrag.serving import places, ray_desk
from midifrag.serving.grouping import Group
from midifrag.serving.ray_desk import RayDesk
from midifrag.serving.replica import Replica
from midifrag.serving.session import Session
from midifrag.serving.shelf import Shelf
from tests.engine.remote.test_engine import remote, started
from tests.serving.asking import asked, job_id, take
from tests.serving.puppet import INFO, Puppet, Server, until
from tests.support import PATIENCE


def test_a_card_that_is_full_fails_its_press_and_nothing_else(tmp_path):
    puppet = Puppet()
    with Server(lambda _model: puppet) as server:
        engine_there = remote(server.url, tmp_path)
        with started(engine_there) as heard:
            heard.until(engine.Ready)
            engine_there.send(engine.Render(1, "a bell", seconds=1.0, seed=1))
            puppet.say(engine.Failed(puppet.next(engine.Render).job, "CUDA out of memory"))
            assert "CUDA out of memory" in heard.until(engine.Failed).reason
            server.replica.check()
            engine_there.send(engine.Render(2, "a bell", seconds=1.0, seed=1))
            puppet.say(take(puppet.next(engine.Render).job))
            assert heard.until(engine.Rendered).job == 2


def test_a_model_that_rests_is_told_as_loading_and_served_when_it_is_played():
    async def run():
        puppets = {model: Puppet() for model in ("one", "two")}
        replica = Replica(tuple(puppets), puppets.__getitem__, shelf=Shelf(dict.fromkeys(puppets, 4), 4))
        await replica.start()
        one, two = await replica.news()
        assert isinstance(one, line.Info)
        assert (two.kind(), two.what) == ("loading", "not in memory; loaded when it is played")

        async def follow():
            return [message.kind() async for message in replica.follow("ann", asked(1, model="two"))]

        following = asyncio.ensure_future(follow())
        job = (await asyncio.to_thread(puppets["two"].next, engine.Render)).job
        assert puppets["one"].is_closed
        puppets["two"].say(engine.Started(job))
        puppets["two"].say(take(job))
        assert await following == ["queued", "began", "rendered"]
        assert [one.kind() for one in await replica.news()] == ["loading", "info"]
        await replica.close()

    asyncio.run(run())


def test_a_model_that_cannot_be_loaded_when_it_is_played_fails_its_press_and_others_go_on():
    async def run():
        one = Puppet()

        def create(model):
            if model == "two":
                raise ModelError("the checkpoint is damaged")
            return one

        replica = Replica(("one", "two"), create, shelf=Shelf({"one": 4, "two": 4}, 4))
        await replica.start()
        told = [message async for message in replica.follow("ann", asked(1, model="two"))]
        assert (told[-1].kind(), "no engine for two" in told[-1].reason) == ("failed", True)
        replica.check()
        assert [told.kind() for told in await replica.news()] == ["loading", "away"]
        # What went for it comes back, and the replica stands and falls with that.
        await anext(replica.follow("ann", asked(2, model="one")))
        one.say(take((await asyncio.to_thread(one.next, engine.Render)).job))
        one.say(engine.Died("no card", (), restarting=False))

        async def checks():
            while True:
                replica.check()
                await asyncio.sleep(0)

        with pytest.raises(ModelError, match="one: no card"):
            await asyncio.wait_for(checks(), PATIENCE)
        await replica.close()

    asyncio.run(run())


class Handle:
    """A deployment of two replicas: the first one stops answering, and dies when a test says so."""

    def __init__(self):
        self.asked, self.dies = [], asyncio.Event()

    def options(self, stream):
        del stream
        return self

    def __getattr__(self, name):
        return self

    def remote(self, *arguments, where):
        if len(arguments) == 3:
            self.asked.append(where[1])
            return self._hangs() if len(self.asked) == 1 else self._renders()
        return self._news(where[1])

    async def _hangs(self):
        yield [encode(line.Queued(job=job_id(1), place="x"))]
        await self.dies.wait()
        raise RuntimeError("ActorDiedError")

    async def _renders(self):
        yield [encode(line.Queued(job=job_id(1), place="y"))]
        yield [encode(line.Failed(job=job_id(1), reason="rendered by y"))]

    async def _news(self, place):
        if place == "x":
            await asyncio.Event().wait()
        return [encode(line.Info(model="sketch", **told()))]


def told():
    names = line.Info.model_fields.keys() & {"engine", "checksum", "device", "precision", "sample_rate", "channels"}
    return {name: getattr(INFO, name) for name in names} | {"name": "puppet", "max_seconds": 9.0}


@pytest.fixture
def two_replicas(monkeypatch):
    monkeypatch.setattr(ray_desk, "SILENT", 0.02)
    monkeypatch.setattr("midifrag.serving.session.AGAIN", 0.0)
    places.note("engines", ("x", "y"))
    yield
    places.note("engines", ())


@pytest.mark.usefixtures("two_replicas")
def test_what_a_replica_has_that_hangs_is_asked_of_the_next_when_it_has_been_given_up():
    async def run():
        sent = []
        handle = Handle()

        async def put(frame):
            sent.append(from_server(frame).message)

        desk = RayDesk([Group("engines", ("sketch",))], {"engines": handle}, "sketch")
        session = Session(desk, "ann", put)
        await session.take(encode(asked(1)))
        while not sent:
            await asyncio.sleep(0)
        # The other one still says how the model stands.
        assert [one.kind() for one in await desk.news()] == ["info"]
        handle.dies.set()
        while sent[-1].kind() != "failed":
            await asyncio.sleep(0)
        await session.close()
        # The same job, and not at the place that has gone.
        assert handle.asked == ["", ""]
        assert [one.place for one in sent if one.kind() == "queued"] == ["x", "", "y"]

    asyncio.run(run())


@pytest.mark.parametrize("restarting", [True, False])
def test_an_engine_that_dies_in_mid_render_is_asked_once_more_from_the_same_seed(tmp_path, restarting):
    puppet = Puppet()
    with Server(lambda _model: puppet) as server:
        engine_there = remote(server.url, tmp_path)
        with started(engine_there) as heard:
            heard.until(engine.Ready)
            engine_there.send(engine.Render(1, "a bell", seconds=1.0, seed=7))
            first = puppet.next(engine.Render)
            puppet.say(engine.Died("killed", (first.job,), restarting=restarting))
            if restarting:
                again = puppet.next(engine.Render)
                assert (again.job, again.seed) == (first.job, 7)
                puppet.say(engine.Ready(INFO))
                puppet.say(take(again.job))
                assert heard.until(engine.Rendered).job == 1
            else:
                assert "killed" in heard.until(engine.Failed).reason
                until(lambda: puppet.heard.empty())
