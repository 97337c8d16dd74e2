"""Shows whose engine is killed or stopped: somebody plays meanwhile, and each press has an outcome."""

from __future__ import annotations

import os
import signal
from contextlib import closing, contextmanager

import pytest

from midifrag.clock import ManualClock
from midifrag.engine.hosting.process import ProcessHost
from midifrag.engine.protocol import EngineChoice
from midifrag.engine.registry import create_engine
from midifrag.events import EngineChanged, JobChanged
from midifrag.fragment.archive import Archive
from midifrag.intents import Panic, Press
from midifrag.show.playing import ClipPorts
from midifrag.show.runtime import Runtime
from midifrag.states import JobState
from tests.engine.toy_worker import OneLife
from tests.support.runtimes import Seen, in_its_own_time
from tests.support.shows import loaded


class Pair:
    """A show whose model dies with its first life and takes for ever to come back, beside sketch."""

    def __init__(self, folder, **engine):
        self.clock = ManualClock()
        self.mark = folder / "has lived"
        settings = {"spares": {"enabled": False}, **engine}
        show = loaded(fragments={"folder": str(folder / "fragments")}, model="pocket", engine=settings)
        self.runtime = Runtime(show, ClipPorts("midifrag"), self.make, self.clock)
        self.seen = Seen()

    def make(self, choice, _host):
        if choice.model == "pocket":
            return ProcessHost(OneLife, EngineChoice("pocket", options={"dies": (), "mark": str(self.mark)}))
        return create_engine(choice, "thread")

    @contextmanager
    def running(self):
        with in_its_own_time(), closing(self.runtime):
            self.runtime.start()
            self.runtime.watch(self.seen, "test")
            ready = self.seen.wait_for_kind(EngineChanged, model="pocket", state="ready")
            yield int(ready.info.device)

    def press(self, note):
        self.runtime.put(Press(note, 1, "midifrag", 0.8, self.clock.now()))


def test_another_engine_plays_while_one_that_was_killed_comes_back(tmp_path):
    pair = Pair(tmp_path)
    with pair.running() as process:
        os.kill(process, signal.SIGKILL)
        pair.seen.wait_for_kind(EngineChanged, model="pocket", state="restarting")
        pair.press(36)
        pair.seen.wait_for_kind(JobChanged, state=JobState.QUEUED)
        pair.clock.time += 2.0
        job = pair.seen.wait_for_kind(JobChanged, state=JobState.LANDED)
    assert job.text == "sketch stood in for pocket"
    assert Archive(tmp_path / "fragments" / "archive").get(job.take).model == "sketch"


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="processes cannot be stopped here")
def test_panic_ends_every_press_while_the_engine_is_stopped(tmp_path):
    pair = Pair(tmp_path, stand_in="none")
    with pair.running() as process:
        os.kill(process, signal.SIGSTOP)
        pair.press(36)
        pair.press(37)
        pair.runtime.put(Panic())
        pair.seen.wait_for(
            lambda changes: [c.job for c in changes if isinstance(c, JobChanged) and c.state.ended] == [1, 2]
        )
        ends = [c.state for c in pair.seen.changes if isinstance(c, JobChanged) and c.state.ended]
        assert ends == [JobState.CANCELLED] * 2
