"""Jobs that want uploads: asked for, waited for, put into what the engine hears, and ended where they cannot be had."""

import asyncio
import hashlib
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save

from midifrag.audio import SourceSound
from midifrag.clock import ManualClock
from midifrag.config.loras import read_loras
from midifrag.engine import messages as engine
from midifrag.engine.line import messages as line
from midifrag.serving import supply as module
from midifrag.serving.replica import Replica
from midifrag.serving.upload_limits import UploadLimits
from midifrag.serving.uploads import Kept
from tests.serving.asking import job_id
from tests.serving.puppet import INFO, Puppet
from tests.support import PATIENCE

AUDIO = np.random.default_rng(1).normal(size=(2, 500)).astype(np.float32)
DATA = AUDIO.tobytes()
SOUND = line.Sound(sha256=hashlib.sha256(DATA).hexdigest(), channels=2, samples=500, sample_rate=44100)
FILE = save({f"x.lora_{end}.weight": torch.ones(2, 2) for end in ("A", "B")})
LORA = line.LoraFile(name="dusty", strength=0.8, sha256=hashlib.sha256(FILE).hexdigest(), size=len(FILE))


def asked(number=1, **wants):
    return line.Ask(job=job_id(number), wish=line.Wish(prompt="bell", seed=1, seconds=1.0, **wants))


class Way:
    """A replica, and what was told of each job that is followed."""

    def __init__(self, **limits):
        self.puppet = Puppet(replace(INFO, begins_from=("sound", "part")))
        self.clock = ManualClock()
        self.replica = Replica(
            ("sketch",), lambda _model: self.puppet, "here", clock=self.clock, limits=UploadLimits(**limits)
        )
        self.told, self.tasks, self.news = {}, [], asyncio.Event()

    async def ask(self, one, owner="ann"):
        self.told[owner, one.job] = told = []

        async def follow():
            async for message in self.replica.follow(owner, one):
                told.append(message)
                self.news.set()

        self.tasks.append(asyncio.ensure_future(follow()))

    async def until(self, condition):
        async with asyncio.timeout(PATIENCE):
            while not (found := condition()):
                self.news.clear()
                await self.news.wait()
        return found

    async def lacking(self, one, owner="ann"):
        def last():
            found = [told for told in self.told[owner, one.job] if isinstance(told, line.Lacking)]
            return found[-1] if found else None

        return await self.until(last)

    async def end(self, one, owner="ann"):
        kinds = line.Failed | line.Cancelled | line.Rendered
        return await self.until(lambda: next((x for x in self.told[owner, one.job] if isinstance(x, kinds)), None))

    async def put(self, ticket, data, start=0, owner="ann"):
        await self.replica.upload(owner, line.Upload(ticket=ticket, start=start), data)

    def rendered(self):
        """The next render that the engine hears of."""
        return self.puppet.next(engine.Render)

    @property
    def heard_nothing(self):
        return self.puppet.heard.empty() or not any(
            isinstance(one, engine.Render) for one in tuple(self.puppet.heard.queue)
        )


def playing(play, **limits):
    async def run():
        way = Way(**limits)
        await way.replica.start()
        try:
            await play(way)
        finally:
            for task in way.tasks:
                task.cancel()
            await asyncio.gather(*way.tasks, return_exceptions=True)
            await way.replica.close()

    asyncio.run(run())


def test_a_job_waits_for_all_that_it_wants_and_its_engine_hears_of_it_then():
    async def play(way):
        one = asked(sound=SOUND, fill=(0.2, 0.7), loras=(LORA,))
        await way.ask(one)
        told = await way.lacking(one)
        assert (told.place, [wanted.sha256 for wanted in told.uploads]) == ("here", [SOUND.sha256, LORA.sha256])
        sound, lora = told.uploads
        await way.put(sound.ticket, DATA[:1000])
        await way.put(lora.ticket, FILE)
        assert way.heard_nothing
        [status] = await way.replica.status()
        assert (status.queued, status.uploading) == (0, 1)
        await way.put(sound.ticket, DATA[1000:], 1000)
        render = way.rendered()
        # As at home: the sound's checksum is of what it is, whoever sent it.
        assert (render.sound.checksum, render.fill) == (SourceSound.of(AUDIO, 44100).checksum, (0.2, 0.7))
        np.testing.assert_array_equal(render.sound.audio, AUDIO)
        [played] = read_loras(render.loras)
        assert (played.name, played.strength, played.checksum) == ("dusty", 0.8, LORA.sha256)
        # What is there is not asked for again.
        again = asked(2, sound=SOUND)
        await way.ask(again)
        assert (await asyncio.to_thread(way.rendered)).sound.checksum == render.sound.checksum
        await way.until(lambda: way.told["ann", again.job])
        assert [type(message) for message in way.told["ann", again.job]] == [line.Queued]

    playing(play)


def test_another_token_is_asked_for_what_is_there_and_cannot_send_for_the_first():
    async def play(way):
        hers, his = asked(1, sound=SOUND), asked(1, sound=SOUND)
        await way.ask(hers)
        ticket = (await way.lacking(hers)).uploads[0].ticket
        await way.put(ticket, bytes(len(DATA)), owner="bob")
        await way.put(ticket, DATA)
        way.rendered()
        await way.ask(his, "bob")
        [wanted] = (await way.lacking(his, "bob")).uploads
        assert (wanted.have, wanted.ticket != ticket) == (0, True)

    playing(play)


def test_what_was_lost_on_its_way_is_asked_for_and_what_came_twice_is_left_out():
    async def play(way):
        one = asked(sound=SOUND)
        await way.ask(one)
        first = (await way.lacking(one)).uploads[0].ticket
        await way.put(first, DATA[:1000])
        await way.put(first, DATA[2000:3000], 2000)
        again = await way.until(lambda: [x for x in way.told["ann", one.job] if isinstance(x, line.Lacking)][1:])
        [wanted] = again[0].uploads
        assert (wanted.have, wanted.ticket != first) == (1000, True)
        # What is still on its way under the first ticket.
        await way.put(first, DATA[1000:], 1000)
        assert way.heard_nothing
        await way.put(wanted.ticket, DATA[500:2500], 500)
        await way.put(wanted.ticket, DATA[2000:], 2000)
        assert way.rendered().sound.seconds == 500 / 44100

    playing(play)


def test_after_a_cut_a_client_hears_where_to_go_on():
    async def play(way):
        one = asked(sound=SOUND)
        await way.ask(one)
        ticket = (await way.lacking(one)).uploads[0].ticket
        await way.put(ticket, DATA[:1234])
        way.tasks.pop().cancel()
        await way.ask(one)
        [wanted] = (await way.lacking(one)).uploads
        assert (wanted.ticket, wanted.have) == (ticket, 1234)

    playing(play)


def held_up(monkeypatch, place, name):
    """What ``name`` of ``place`` does is begun, and goes on when it may."""
    begun, go_on, work = threading.Event(), threading.Event(), getattr(place, name)

    def slow(*arguments):
        begun.set()
        assert go_on.wait(PATIENCE)
        return work(*arguments)

    monkeypatch.setattr(place, name, slow)
    return begun, go_on


def test_a_cut_while_the_last_piece_is_written_loses_nothing(monkeypatch):
    begun, go_on = held_up(monkeypatch, Kept, "write")

    async def play(way):
        one = asked(sound=SOUND)
        await way.ask(one)
        ticket = (await way.lacking(one)).uploads[0].ticket
        sending = asyncio.ensure_future(way.put(ticket, DATA))
        assert await asyncio.to_thread(begun.wait, PATIENCE)
        sending.cancel()
        # The next connection sends it once more, and waits until the first has been written.
        again = asyncio.ensure_future(way.put(ticket, DATA))
        await asyncio.sleep(0)
        go_on.set()
        await again
        assert (await asyncio.to_thread(way.rendered)).sound is not None

    playing(play)


def test_a_cut_while_a_sound_is_read_holds_its_job_up_no_longer(monkeypatch):
    begun, go_on = held_up(monkeypatch, module, "_sound")

    async def play(way):
        go_on.set()
        await way.ask(first := asked(1, sound=SOUND))
        await way.put((await way.lacking(first)).uploads[0].ticket, DATA)
        await asyncio.to_thread(way.rendered)
        begun.clear()
        go_on.clear()
        await way.ask(second := asked(2, sound=SOUND))
        assert await asyncio.to_thread(begun.wait, PATIENCE)
        way.tasks.pop().cancel()
        await way.ask(second)
        go_on.set()
        assert (await asyncio.to_thread(way.rendered)).sound is not None

    playing(play)


def test_a_sound_that_there_is_no_memory_for_fails_its_job(monkeypatch):
    def full(*_arguments):
        raise MemoryError

    monkeypatch.setattr(module, "_sound", full)

    async def play(way):
        one = asked(sound=SOUND)
        await way.ask(one)
        await way.put((await way.lacking(one)).uploads[0].ticket, DATA)
        assert (await way.end(one)).reason == "what it begins from cannot be read: MemoryError"
        assert way.replica.jobs.in_flight == 0

    playing(play)


def test_what_is_no_lora_fails_its_job_with_the_name_that_its_client_knows():
    async def play(way):
        bad = b"rubbish of no kind whatsoever"
        lora = LORA.model_copy(update={"sha256": hashlib.sha256(bad).hexdigest(), "size": len(bad)})
        one = asked(loras=(lora,))
        await way.ask(one)
        await way.put((await way.lacking(one)).uploads[0].ticket, bad)
        reason = (await way.end(one)).reason
        assert reason.startswith("LoRA dusty: it is")
        assert way.heard_nothing

    playing(play)


@pytest.mark.parametrize(
    ("wants", "told"),
    [
        ({"sound": SOUND.model_copy(update={"samples": 1 << 20})}, "this server takes"),
        ({"loras": (LORA.model_copy(update={"name": "x=1 from /etc/passwd; y"}),)}, "is no name of a LoRA"),
        ({"loras": (LORA.model_copy(update={"strength": 9.0}),)}, "strength 9 is not between"),
        ({"loras": (LORA, LORA.model_copy(update={"name": "b", "size": 7}))}, "one checksum has two sizes"),
    ],
)
def test_what_cannot_be_taken_fails_at_once(wants, told):
    async def play(way):
        one = asked(**wants)
        await way.ask(one)
        assert told in (await way.end(one)).reason
        assert way.replica.jobs.in_flight == 0

    playing(play, sound=100_000)


def test_a_sound_with_what_is_no_number_fails():
    async def play(way):
        data = np.full((1, 4), np.nan, np.float32).tobytes()
        sound = line.Sound(sha256=hashlib.sha256(data).hexdigest(), channels=1, samples=4, sample_rate=8000)
        one = asked(sound=sound)
        await way.ask(one)
        await way.put((await way.lacking(one)).uploads[0].ticket, data)
        assert "NaN or infinity" in (await way.end(one)).reason

    playing(play)


def test_jobs_of_a_token_begin_from_so_much_sound_at_once():
    async def play(way):
        sounds = [SOUND.model_copy(update={"sha256": f"{number:064}"}) for number in range(module.SOUNDS_AT_ONCE + 1)]
        for number, sound in enumerate(sounds, 1):
            await way.ask(asked(number, sound=sound))
        assert "are the most; wait" in (await way.end(asked(len(sounds)))).reason

    playing(play, sound=SOUND.size)


def test_jobs_of_all_tokens_together_begin_from_so_much_sound_at_once(monkeypatch):
    monkeypatch.setattr(module, "SOUNDS_IN_ALL", 3)

    async def play(way):
        sounds = [SOUND.model_copy(update={"sha256": f"{number:064}"}) for number in range(4)]
        for number, sound in enumerate(sounds, 1):
            await way.ask(asked(number, sound=sound), owner=f"performer {number}")
        assert "jobs in flight begin from" in (await way.end(asked(4), "performer 4")).reason

    playing(play, sound=SOUND.size)


def test_a_job_that_waits_can_be_cancelled_and_needs_nothing_any_more():
    async def play(way):
        one = asked(sound=SOUND)
        await way.ask(one)
        ticket = (await way.lacking(one)).uploads[0].ticket
        await way.replica.order("ann", line.Cancel(job=one.job))
        assert isinstance(await way.end(one), line.Cancelled)
        await way.put(ticket, DATA)
        assert way.heard_nothing
        assert way.replica.jobs.in_flight == 0

    playing(play)


def test_a_job_whose_uploads_do_not_come_does_not_wait_for_ever():
    async def play(way):
        first, second = asked(1, sound=SOUND), asked(2, loras=(LORA,))
        for one in (first, second):
            await way.ask(one)
        ticket = (await way.lacking(first)).uploads[0].ticket
        way.clock.time += module.KEEP_SECONDS - 1
        # As long as something comes, others have their turn after it.
        await way.put(ticket, DATA[:10])
        way.clock.time += 2
        way.replica._supply.expire()
        assert way.replica.jobs.in_flight == 2
        way.clock.time += module.KEEP_SECONDS
        way.replica._supply.expire()
        for one in (first, second):
            assert "did not come within 60 s" in (await way.end(one)).reason

    playing(play)


def test_what_is_told_of_a_take_names_no_place_of_the_server():
    async def play(way):
        for number, say in enumerate((take_of, failure_of), 1):
            one = asked(number, loras=(LORA,))
            await way.ask(one)
            if number == 1:
                await way.put((await way.lacking(one)).uploads[0].ticket, FILE)
            render = await asyncio.to_thread(way.rendered)
            way.puppet.say(say(render))
            assert "/sent-" not in (await way.end(one)).model_dump_json()

    def take_of(render):
        used = {"loras": render.loras, "seed": 1}
        note = f"{read_loras(render.loras)[0].place} is old"
        return engine.Rendered(render.job, np.zeros((1, 4), np.float32), 8000, used, 0.1, (note,))

    def failure_of(render):
        return engine.Failed(render.job, f"{read_loras(render.loras)[0].place} does not fit the model")

    playing(play)


def test_what_is_offered_is_asked_for_and_prepared_for_when_it_is_there():
    async def play(way):
        offer = line.Offer(wish=asked(loras=(LORA,), recorded=True).wish)
        lacking = await way.replica.offer("ann", offer)
        assert (lacking.job, lacking.place) == ("", "here")
        await way.put(lacking.uploads[0].ticket, FILE)
        while not (renders := (await asyncio.to_thread(way.puppet.next, engine.Warm)).renders):
            # The first one says nothing but that it is to be loaded.
            pass
        [render] = renders
        assert (read_loras(render.loras)[0].checksum, render.recorded) == (LORA.sha256, False)
        assert await way.replica.offer("ann", offer) is None
        assert await way.replica.offer("ann", line.Offer(model="other", wish=offer.wish)) is None

    playing(play)


def test_loras_that_there_is_no_room_for_together_are_not_asked_for_when_they_are_offered():
    async def play(way):
        other = LORA.model_copy(update={"name": "other", "sha256": "a" * 64})
        for loras, count in (((LORA, other), 0), ((LORA,), 1), ((other,), 1)):
            lacking = await way.replica.offer("ann", line.Offer(wish=asked(loras=loras).wish))
            assert (0 if lacking is None else len(lacking.uploads)) == count

    playing(play, kept=100_000)


def test_what_is_offered_waits_for_its_turn_and_there_is_not_more_and_more_of_it():
    async def play(way):
        for number in range(2 * line.MOST_WISHES):
            wish = line.Wish(prompt=f"bell {number}", seed=1, loras=(LORA,))
            lacking = await way.replica.offer("ann", line.Offer(wish=wish))
        one = asked(sound=SOUND)
        await way.ask(one)
        ticket = (await way.lacking(one)).uploads[0].ticket
        way.clock.time += module.KEEP_SECONDS + 1
        await way.put(ticket, DATA)
        way.replica._supply.expire()
        # The other one was long under way.
        await way.put(lacking.uploads[0].ticket, FILE)
        prompts = set()
        while len(prompts) < line.MOST_WISHES:
            prompts |= {one.prompt for one in (await asyncio.to_thread(way.puppet.next, engine.Warm)).renders}
        assert prompts == {f"bell {number}" for number in range(line.MOST_WISHES, 2 * line.MOST_WISHES)}
        way.clock.time += module.KEEP_SECONDS + 1
        way.replica._supply.expire()
        assert way.replica._supply._offers == {}

    playing(play)


def test_an_engine_that_died_hears_of_all_of_it_again():
    async def play(way):
        one = asked(sound=SOUND, loras=(LORA,))
        await way.ask(one)
        for wanted, data in zip((await way.lacking(one)).uploads, (DATA, FILE), strict=True):
            await way.put(wanted.ticket, data)
        first = await asyncio.to_thread(way.rendered)
        way.puppet.say(engine.Died("killed", (first.job,), restarting=True))
        again = await asyncio.to_thread(way.rendered)
        assert (again.loras, again.sound.checksum) == (first.loras, first.sound.checksum)

    playing(play)
