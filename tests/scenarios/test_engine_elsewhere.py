"""Whole shows whose engine is on another machine, over a line that is cut: each press lands once, whoever plays it.

``MIDIFRAG_CUTS=75`` has 300 presses and 75 cuts.
"""

import os
from collections import Counter
from contextlib import closing, contextmanager
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from midifrag.engine.messages import Render, Rendered, Started
from midifrag.engine.protocol import EngineChoice
from midifrag.engine.registry import create_engine
from midifrag.events import EngineChanged, JobChanged
from midifrag.fragment.archive_reader import ArchiveReader
from midifrag.states import EngineState, JobState
from tests.serving.puppet import INFO, TOKEN, Puppet, Server
from tests.serving.wire import Wire
from tests.support import forms
from tests.support.runtimes import landed, played_show
from tests.support.shows import bank, loaded

FAR = "studio/sketch"


@contextmanager
def show_elsewhere(folder, wire, *banks, **engine):
    token = folder / "token"
    token.write_text(TOKEN)
    servers = {"studio": {"url": wire.url, "token_file": str(token)}}
    engine = {"host": "thread", "spares": {"enabled": False}, **engine}
    fragments = folder / "fragments"
    played = loaded(
        *banks, model=FAR, servers=servers, engine=engine, queue={"size": 1000}, fragments={"folder": str(fragments)}
    )
    with played_show(fragments, played) as show:
        show.seen.wait_for_kind(EngineChanged, model=FAR, state=EngineState.READY)
        show.seen.wait_for_kind(EngineChanged, model="sketch", state=EngineState.READY)
        yield show


def sketch(model):
    return create_engine(EngineChoice(model), "thread")


def ready_again(show, times):
    def condition(changes):
        states = [one.state for one in changes if isinstance(one, EngineChanged) and one.model == FAR]
        downs = [number for number, one in enumerate(states) if one is EngineState.RESTARTING]
        return len(downs) >= times and states[downs[times - 1] :].count(EngineState.READY) > 0

    show.seen.wait_for(condition)


@pytest.mark.shortened
def test_twenty_presses_and_five_cuts_and_each_press_lands_once(tmp_path):
    cuts = int(os.environ.get("MIDIFRAG_CUTS") or forms.form(2, 5))
    with (
        Server(sketch) as server,
        Wire(server.port, delay=0.01, jitter=0.005) as wire,
        show_elsewhere(tmp_path, wire) as show,
    ):
        pressed = 0
        for cut in range(1, cuts + 1):
            for number in range(4):
                show.note(36 + number % 2)
                pressed += 1
                if number == 1:
                    # Two are on their way, and two come while nobody knows yet that it is cut.
                    wire.cut()
            show.seen.wait_for(landed(pressed))
            wire.mend()
            ready_again(show, cut)
        ends = Counter(
            one.job
            for one in show.seen.changes
            if isinstance(one, JobChanged) and one.state in (JobState.LANDED, JobState.FAILED, JobState.CANCELLED)
        )
        assert sorted(ends) == list(range(1, pressed + 1))
        assert set(ends.values()) == {1}
        # When the line is back, presses go there again.
        show.note(36)
        show.seen.wait_for(landed(pressed + 1))
    with closing(ArchiveReader(tmp_path / "fragments" / "archive")) as archive:
        models = [archive.get(number).model for number in range(1, archive.count() + 1)]
    assert len(models) == pressed + 1
    assert set(models) == {FAR, "sketch"}
    assert models[-1] == FAR


def test_a_short_break_is_nobodys_business(tmp_path):
    with Server(sketch) as server, Wire(server.port) as wire, show_elsewhere(tmp_path, wire) as show:
        for number in range(6):
            show.note(36)
            wire.drop()
            show.seen.wait_for(landed(number + 1))
    with closing(ArchiveReader(tmp_path / "fragments" / "archive")) as archive:
        assert archive.count() == 6


def noise(job):
    audio = np.random.default_rng(job).uniform(-0.5, 0.5, (1, 8000)).astype(np.float32)
    return Rendered(job, audio, 8000, {"seed": 1}, 0.5)


def test_a_server_that_ends_finishes_its_press_and_the_next_one_is_played_at_home(tmp_path):
    puppet = Puppet()
    with Server(lambda _model: puppet) as server, Wire(server.port) as wire, show_elsewhere(tmp_path, wire) as show:
        show.note(36)
        job = puppet.next(Render).job
        puppet.say(Started(job))
        show.seen.wait_for_kind(JobChanged, state=JobState.RENDERING)
        server.loop.call_soon_threadsafe(server.replica.jobs.drain, float("inf"))
        show.seen.wait_for_kind(EngineChanged, model=FAR, state=EngineState.RESTARTING)
        show.note(37)
        show.seen.wait_for(landed(1))
        puppet.say(noise(job))
        show.seen.wait_for(landed(2))
    with closing(ArchiveReader(tmp_path / "fragments" / "archive")) as archive:
        assert [archive.get(number).model for number in (1, 2)] == ["sketch", FAR]


def test_a_pad_that_begins_from_a_slot_has_what_lies_there_sent_and_that_is_told(tmp_path):
    puppet = Puppet(replace(INFO, begins_from=("sound",)))
    pads = {36: {"prompt": "rain", "slot": 1}, 37: {"prompt": "bell", "from": "slot 1", "slot": 2}}
    with (
        Server(lambda _model: puppet) as server,
        Wire(server.port) as wire,
        show_elsewhere(tmp_path, wire, bank(pads=pads)) as show,
    ):
        show.note(36)
        puppet.say(noise(puppet.next(Render).job))
        show.seen.wait_for(landed(1))
        show.note(37)
        render = puppet.next(Render)
        lies, rate = soundfile.read(tmp_path / "fragments" / "output01.wav", dtype="float32", always_2d=True)
        assert render.sound.sample_rate == rate
        # As the slot has it, to the file's own bits.
        np.testing.assert_array_equal(render.sound.audio, lies.T)
        puppet.say(noise(render.job))
        show.seen.wait_for(landed(2))
        show.seen.wait_for(sent_and_ready)


def sent_and_ready(changes):
    """Whether it was told that a sound goes out, and then that the model is ready."""
    told = [one for one in changes if isinstance(one, EngineChanged) and one.model == FAR]
    what = "uploading the sound that it begins from to studio"
    return any(one.text.startswith(what) for one in told) and told[-1].state is EngineState.READY
