"""A replica: its engines' words become jobs' ends, and it says when it is not sound."""

import asyncio
import dataclasses
import hashlib

import pytest
import torch

from midifrag.clock import ManualClock
from midifrag.engine import messages as engine
from midifrag.engine.hosting.thread import ThreadHost
from midifrag.engine.line import messages as line
from midifrag.engine.protocol import EngineChoice
from midifrag.engine.sketch.worker import SketchWorker
from midifrag.errors import ModelError
from midifrag.serving import replica as module
from midifrag.serving.replica import HUNG_SECONDS, Replica
from tests.serving.asking import asked, job_id, take
from tests.serving.puppet import INFO, Puppet
from tests.support import PATIENCE


def playing(play, models=("sketch",), **puppets):
    async def run():
        engines = {model: Puppet(**puppets) for model in models}
        replica = Replica(models, engines.__getitem__, "here", clock=(clock := ManualClock()))
        await replica.start()
        try:
            await play(replica, engines, clock)
        finally:
            await replica.close()
        assert all(one.is_closed for one in engines.values())

    asyncio.run(run())


async def settle():
    for _ in range(10):
        await asyncio.sleep(0)


def test_it_is_up_when_each_model_is_ready():
    async def run():
        engines = {model: Puppet(ready=False) for model in ("sketch", "pocket")}
        replica = Replica(("sketch", "pocket"), engines.__getitem__)
        starting = asyncio.ensure_future(replica.start())
        while not all(hasattr(one, "say") for one in engines.values()):
            await asyncio.sleep(0.001)
        engines["sketch"].say(engine.Ready(INFO))
        engines["pocket"].say(engine.Warming(1, 2, "weights"))
        await settle()
        assert not starting.done()
        assert [type(one) for one in await replica.news()] == [line.Info, line.Loading]
        engines["pocket"].say(engine.Ready(INFO))
        await starting
        await replica.close()

    asyncio.run(run())


def test_a_model_that_cannot_be_loaded_is_told():
    async def run():
        def create(_model):
            raise ModelError("the checkpoint is damaged")

        replica = Replica(("sketch",), create)
        with pytest.raises(ModelError, match="sketch: the checkpoint is damaged"):
            await replica.start()
        await replica.close()

    asyncio.run(run())


def test_a_job_is_followed_to_its_end_and_its_audio_fetched():
    async def play(replica, engines, _clock):
        async def follow():
            return [message.kind() async for message in replica.follow("ann", asked(1))]

        following = asyncio.ensure_future(follow())
        await settle()
        puppet = engines["sketch"]
        puppet.say(engine.Started(1))
        puppet.say(take(1, samples=4))
        assert await following == ["queued", "began", "rendered"]
        assert await replica.audio("ann", asked(1), 8, 99) == b"\x00\x00\x00\x3f" * 2
        assert await replica.audio("bob", asked(1), 0, 99) == b""
        [status] = await replica.status()
        assert (status.rendered, status.queued, status.rendering) == (1, 0, 0)

    playing(play)


@pytest.mark.parametrize("begins", [True, False])
def test_that_a_job_waits_is_told_with_its_beginning_where_that_comes_at_once(monkeypatch, begins):
    monkeypatch.setattr(module, "AT_ONCE", PATIENCE if begins else 0.0)

    async def play(replica, engines, _clock):
        told = []

        async def follow():
            async for several in replica.tell("ann", asked(1)):
                told.append([message.kind() for message in several])  # noqa: PERF401  # it is looked at meanwhile

        following = asyncio.ensure_future(follow())
        await settle()
        if not begins:
            while not told:
                await asyncio.sleep(0.001)
        engines["sketch"].say(engine.Started(1))
        await settle()
        engines["sketch"].say(take(1))
        await following
        assert told == ([["queued", "began"]] if begins else [["queued"], ["began"]]) + [["rendered"]]

    playing(play)


def test_who_is_refused_hears_why():
    async def play(replica, _engines, _clock):
        [refused] = [one async for one in replica.follow("ann", asked(1, model="open"))]
        assert (refused.kind(), refused.why) == ("refused", "model")

    playing(play)


def test_orders_reach_the_engine():
    async def play(replica, engines, _clock):
        puppet = engines["sketch"]
        replica.jobs.ask("ann", asked(1, spare=True))
        warm = line.Warm(wishes=(asked(2, recorded=True).wish,))
        for order in (line.Promote(job=job_id(1)), line.Cancel(job=job_id(1)), warm, line.Warm(model="open")):
            await replica.order("ann", order)
        assert puppet.next(engine.Promote) == engine.Promote(1)
        assert puppet.next(engine.Cancel) == engine.Cancel(1)
        [warmed] = puppet.next(engine.Warm).renders
        # What is warmed has the limits of a press, whatever a client says.
        assert (warmed.prompt, warmed.recorded) == ("a bell", False)
        puppet.say(take(1))
        await settle()
        await replica.order("ann", line.Kept(job=job_id(1)))
        assert replica.jobs.find("ann", job_id(1)) is None

    playing(play)


def test_it_is_not_sound_when_an_engine_is_lost_or_hangs_where_its_host_cannot_help():
    async def play(replica, engines, clock):
        puppet = engines["sketch"]
        puppet.say(engine.Stalled(1.0))
        await settle()
        replica.check()
        clock.time += HUNG_SECONDS
        with pytest.raises(ModelError, match="no progress for 61 s"):
            replica.check()
        puppet.say(engine.Resumed())
        await settle()
        replica.check()
        puppet.say(engine.Died("killed", (), restarting=True))
        await settle()
        replica.check()
        puppet.say(engine.Died("no card", (), restarting=False))
        await settle()
        with pytest.raises(ModelError, match="sketch: no card"):
            replica.check()

    playing(play)


def test_one_that_ends_says_so():
    async def play(replica, _engines, _clock):
        replica.jobs.drain(9.0)
        assert isinstance((await replica.news())[-1], line.Moving)
        replica.jobs.drain(0.0)
        assert not any(isinstance(one, line.Moving) for one in await replica.news())

    playing(play)


def test_what_has_been_kept_for_long_enough_is_forgotten(monkeypatch):
    monkeypatch.setattr("midifrag.serving.replica.TIDY_SECONDS", 0.0)

    async def play(replica, engines, clock):
        replica.jobs.ask("ann", asked(1))
        engines["sketch"].say(take(1))
        await settle()
        clock.time += 61
        await settle()
        assert replica.jobs.find("ann", job_id(1)) is None

    playing(play)


class Short(SketchWorker):
    """The first one of these runs out of the card's memory at its first tick."""

    lives = 0

    def tick(self):
        if self.busy and Short.lives == 0:
            Short.lives += 1
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return super().tick()


def test_what_a_card_ran_out_of_memory_with_is_rendered_by_the_next_engine():
    async def run():
        Short.lives = 0
        replica = Replica(("sketch",), lambda _model: ThreadHost(Short, EngineChoice("sketch")), "here")
        await replica.start()
        try:
            told = [message async for message in replica.follow("ann", asked(1, seconds=0.5))]
        finally:
            await replica.close()
        assert Short.lives == 1
        assert [one.kind() for one in told][-1] == "rendered"
        assert sum(isinstance(one, line.Rendered | line.Failed) for one in told) == 1

    asyncio.run(run())


def test_a_take_comes_in_the_coding_that_was_asked_for():
    async def play(replica, engines, _clock):
        replica.jobs.ask("ann", asked(1))
        engines["sketch"].say(take(1, samples=400))
        await settle()
        for coding, size in (("float32", 1600), ("flac", None)):
            one = asked(1, coding=coding)
            [rendered] = [told async for told in replica.follow("ann", one) if isinstance(told, line.Rendered)]
            assert (rendered.coding, size in (None, rendered.size)) == (coding, True)
            data = await replica.audio("ann", one, 0, 9999)
            assert (len(data), hashlib.sha256(data).hexdigest()) == (rendered.size, rendered.sha256)

    playing(play)


def test_what_may_be_uploaded_is_told_with_each_model():
    async def play(replica, engines, _clock):
        [info] = await replica.news()
        assert (info.sound_bytes, info.lora_bytes > 0, info.upload_bytes > 0) == (0, True, True)
        engines["sketch"].say(engine.Ready(dataclasses.replace(INFO, begins_from=("sound",))))
        await settle()
        [info] = await replica.news()
        assert (info.begins_from, info.sound_bytes > 0) == (("sound",), True)

    playing(play)


def test_no_more_is_prepared_for_than_a_token_may_have():
    async def play(replica, engines, _clock):
        replica.jobs._quota = dataclasses.replace(replica.jobs._quota, warm_a_minute=3)
        wish, sound = asked(1).wish, line.Sound(sha256="a" * 64, channels=1, samples=4, sample_rate=8000)
        wanting = wish.model_copy(update={"sound": sound})
        for _ in range(2):
            # What begins from a sound comes with its press.
            await replica.order("ann", line.Warm(wishes=(wish, wanting, wish)))
        # The first one says that it is to be loaded.
        warmed = [await asyncio.to_thread(engines["sketch"].next, engine.Warm) for _ in range(3)]
        assert [len(one.renders) for one in warmed] == [0, 2, 1]
        assert await replica.offer("ann", line.Offer(wish=wanting)) is None

    playing(play)
