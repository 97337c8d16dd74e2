"""Hosts under ill treatment, with workers of a few lines: kills, crashes, failing loads, dying parents."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from midifrag.engine.messages import (
    Cancel,
    Cancelled,
    Died,
    EngineInfo,
    Failed,
    Progress,
    Promote,
    Ready,
    Render,
    Rendered,
    Started,
    Warm,
    Warming,
)
from midifrag.engine.process_host import ProcessHost
from midifrag.engine.protocol import EngineChoice
from midifrag.engine.thread_host import ThreadHost
from midifrag.errors import CheckpointError, RequestError

CHOICE = EngineChoice("toy", options={"dies": ()})
HOSTS = [ThreadHost, ProcessHost]
PATIENCE = 60


class Toy:
    """Renders a constant, one step a tick. The prompt says what else happens."""

    def __init__(self, choice):
        self.choice = choice
        self.jobs = {}
        self.warmed = []
        self.promoted = []

    def load(self):
        yield Warming(0, 1, f"pid {os.getpid()}")
        if "load" in self.choice.options["dies"]:
            raise CheckpointError("toy.ckpt is damaged.")
        if "load by crash" in self.choice.options["dies"]:
            raise MemoryError("no room")

    def info(self):
        return EngineInfo("toy", "toy", "", "cpu", "fp32", 100, 2, 9.0, ())

    def warm(self, renders):
        for render in renders:
            if render.prompt == "impossible":
                raise RequestError("impossible to warm")
            self.warmed.append(render.prompt)
            yield Warming(len(self.warmed), len(renders), render.prompt)

    def submit(self, render):
        if render.prompt == "refuse":
            raise RequestError("never.")
        self.jobs[render.job] = [render, 0]

    def cancel(self, job):
        return self.jobs.pop(job, None) is not None

    def promote(self, job):
        self.promoted.append(job)

    @property
    def busy(self):
        return bool(self.jobs)

    def close(self):
        if "close" in self.choice.options["dies"]:
            Path(self.choice.options["mark"]).touch()

    def tick(self):
        job, (render, step) = next(iter(self.jobs.items()))
        self.jobs[job][1] = step = step + 1
        events = [Started(job)] if step == 1 else []
        match render.prompt:
            case "crash":
                raise ZeroDivisionError("a bug")
            case "exit":
                os._exit(3)
            case "stuck" if step == 2:
                threading_event_that_never_comes().wait()
            case "print":
                print("a package talks")
        if step >= (render.steps or 1):
            del self.jobs[job]
            audio = np.full((2, 300_000), render.seed, dtype=np.float32)
            used = {"warmed": ",".join(self.warmed), "promoted": str(self.promoted), "pid": os.getpid()}
            return [*events, Rendered(job, audio, 100, used, 0.0)]
        return [*events, Progress(job, step, render.steps)]


def threading_event_that_never_comes():
    import threading

    return threading.Event()


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@contextlib.contextmanager
def running(host, choice=CHOICE, **options):
    engine = host(Toy, choice, **{"back_off": (0.0, 0.0, 0.0), **options})
    events = queue.Queue()
    engine.start(events.put)
    try:
        yield engine, events
    finally:
        engine.close()


def wait(events, *kinds):
    """The next event of these kinds, and all that came before it."""
    seen = []
    while True:
        seen.append(events.get(timeout=PATIENCE))
        if isinstance(seen[-1], kinds):
            return seen[-1], seen


def press(job, prompt="tone", **parameters):
    return Render(job, prompt, 1.0, job, **parameters)


def process_id(events):
    return int(wait(events, Warming)[0].what.split()[1])


@pytest.fixture(params=HOSTS, ids=["thread", "process"])
def host(request):
    return request.param


def test_audio_crosses_whole_and_may_be_written_to(host):
    with running(host) as (engine, events):
        engine.send(press(7))
        take, seen = wait(events, Rendered)
        assert [type(event) for event in seen] == [Warming, Ready, Started, Rendered]
        assert take.audio.shape == (2, 300_000)
        assert (take.audio == 7).all()
        assert take.audio.flags.writeable


def test_the_worker_is_where_the_host_says(host):
    with running(host) as (_, events):
        assert (process_id(events) == os.getpid()) == (host is ThreadHost)


def test_a_cancel_takes_effect_between_steps(host):
    with running(host) as (engine, events):
        engine.send(press(1, steps=1_000_000_000))
        wait(events, Progress)
        engine.send(Cancel(1))
        wait(events, Cancelled)
        engine.send(press(2))
        _, seen = wait(events, Rendered)
        assert [event.job for event in seen] == [2, 2]


def test_a_refused_request_fails_and_the_rest_goes_on(host):
    with running(host) as (engine, events):
        engine.send(press(1, "refuse"))
        assert wait(events, Failed)[0] == Failed(1, "never.")
        engine.send(press(2))
        wait(events, Rendered)


def test_promotions_arrive(host):
    with running(host) as (engine, events):
        engine.send(Promote(5))
        engine.send(press(1))
        assert wait(events, Rendered)[0].used["promoted"] == "[5]"


def test_warming_ends_with_ready_and_waits_for_presses(host):
    with running(host) as (engine, events):
        wait(events, Ready)
        engine.send(press(1, steps=500))
        wait(events, Started)
        engine.send(Warm((press(0, "a"), press(0, "b"))))
        _, seen = wait(events, Rendered, Warming)
        assert isinstance(seen[-1], Rendered)
        _, seen = wait(events, Ready)
        assert [event.what for event in seen[:-1]] == ["a", "b"]


def test_a_warm_up_that_cannot_be_is_only_skipped(host, caplog):
    with running(host) as (engine, events):
        wait(events, Ready)
        engine.send(Warm((press(0, "impossible"),)))
        wait(events, Ready)
        assert "impossible to warm" in caplog.text


def test_a_crash_loses_its_jobs_and_the_next_press_works(host):
    with running(host) as (engine, events):
        engine.send(Warm((press(0, "a"), press(0, "b"))))
        wait(events, Ready)
        engine.send(press(1, "crash"))
        death, _ = wait(events, Died)
        assert (death.jobs, death.restarting) == ((1,), True)
        assert "ZeroDivisionError: a bug" in death.reason
        engine.send(press(2))
        take, _ = wait(events, Rendered)
        if take.used["warmed"] != "a,b":  # a press goes before the warm-up
            wait(events, Ready)
            engine.send(press(3))
            take, _ = wait(events, Rendered)
        assert take.used["warmed"] == "a,b"


def test_a_failing_load_is_told_and_not_tried_again(host):
    with running(host, EngineChoice("toy", options={"dies": ("load",)})) as (engine, events):
        engine.send(press(1))
        death, _ = wait(events, Died)
        assert (death.reason, death.restarting) == ("toy.ckpt is damaged.", False)
        if not death.jobs:
            death, _ = wait(events, Died)
        assert death.jobs == (1,)
        engine.send(press(2))
        assert wait(events, Died)[0] == Died("toy.ckpt is damaged.", (2,), restarting=False)


def test_quick_deaths_in_a_row_end_in_giving_up(host):
    with running(host, EngineChoice("toy", options={"dies": ("load by crash",)})) as (_, events):
        deaths = [wait(events, Died)[0] for _ in range(4)]
        assert [death.restarting for death in deaths] == [True, True, True, False]
        assert "4 times in a row" in deaths[-1].reason
        assert "MemoryError: no room" in deaths[-1].reason


def test_a_render_breaks_the_row_of_deaths(host):
    with running(host, back_off=(0.0,)) as (engine, events):
        for job in range(0, 6, 2):
            engine.send(press(job))
            wait(events, Rendered)
            engine.send(press(job + 1, "crash"))
            assert wait(events, Died)[0].restarting


def test_a_long_steady_life_breaks_the_row_of_deaths():
    clock = Clock()
    with running(ThreadHost, back_off=(0.0,), clock=clock) as (engine, events):
        for job in range(3):
            wait(events, Ready)
            clock.now += 100
            engine.send(press(job, "crash"))
            assert wait(events, Died)[0].restarting


def test_a_listener_that_fails_stops_nothing(host, caplog):
    engine = host(Toy, CHOICE)
    events = queue.Queue()

    def listener(event):
        events.put(event)
        raise RuntimeError("a bad listener")

    engine.start(listener)
    engine.send(press(1))
    wait(events, Rendered)
    engine.close()
    assert "a bad listener" in caplog.text


def test_closing_frees_the_worker(host, tmp_path):
    mark = tmp_path / "closed"
    with running(host, EngineChoice("toy", options={"dies": ("close",), "mark": str(mark)})) as (_, events):
        wait(events, Ready)
    assert mark.exists()


def test_closing_twice_or_before_anything_happened(host):
    engine = host(Toy, CHOICE)
    engine.close()
    engine.close()
    engine.send(press(1))


def test_a_killed_child_is_replaced():
    with running(ProcessHost) as (engine, events):
        first = process_id(events)
        engine.send(press(1, steps=1_000_000_000))
        engine.send(press(2, steps=1_000_000_000))
        wait(events, Progress)
        os.kill(first, signal.SIGKILL)
        death, _ = wait(events, Died)
        assert death == Died("The engine's process was killed by SIGKILL.", (1, 2), restarting=True)
        second = process_id(events)
        assert second != first
        engine.send(press(3))
        assert wait(events, Rendered)[0].used["pid"] == second


def test_a_child_that_exits_is_replaced():
    with running(ProcessHost) as (engine, events):
        engine.send(press(1, "exit"))
        assert wait(events, Died)[0].reason == "The engine's process ended with exit code 3."
        engine.send(press(2))
        wait(events, Rendered)


def test_closing_ends_a_child_that_is_stuck(monkeypatch):
    monkeypatch.setattr("midifrag.engine.process_host.CLOSE_SECONDS", 0.2)
    with running(ProcessHost) as (engine, events):
        child = process_id(events)
        engine.send(press(1, "stuck", steps=3))
        wait(events, Progress)
        engine.close()
        assert is_gone(child)
        assert events.empty()


def test_ctrl_c_is_left_to_the_parent():
    with running(ProcessHost) as (engine, events):
        child = process_id(events)
        wait(events, Ready)
        os.kill(child, signal.SIGINT)
        engine.send(press(1))
        assert wait(events, Rendered)[0].used["pid"] == child


def test_what_packages_print_does_not_reach_the_terminal(capfd):
    with running(ProcessHost) as (engine, events):
        engine.send(press(1, "print"))
        wait(events, Rendered)
    assert capfd.readouterr() == ("", "")


def test_what_cannot_be_sent_is_told_at_once():
    with pytest.raises(Exception, match=r"(?i)pickle|local object"):
        ProcessHost(lambda choice: Toy(choice), CHOICE)


PARENT = """
    import sys, threading
    from midifrag.engine.messages import Progress, Render, Warming
    from midifrag.engine.process_host import ProcessHost
    from tests.engine.test_hosts import CHOICE, Toy

    def listener(event):
        if isinstance(event, Warming):
            print(event.what.split()[1], flush=True)
        if isinstance(event, Progress) and event.step == 1:
            print("rendering", flush=True)

    if __name__ == "__main__":
        engine = ProcessHost(Toy, CHOICE)
        engine.start(listener)
        engine.send(Render(1, "stuck", 1.0, 1, steps=9))
        sys.stdin.readline()
"""


@pytest.mark.parametrize("ending", ["killed", "returning"])
def test_the_child_ends_with_its_parent(tmp_path, ending):
    script = tmp_path / "parent.py"
    script.write_text(textwrap.dedent(PARENT))
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    parent = subprocess.Popen(
        [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )
    with parent:
        child = int(parent.stdout.readline())
        assert parent.stdout.readline() == "rendering\n"
        if ending == "killed":
            parent.kill()
        else:
            parent.stdin.write("\n")
            parent.stdin.flush()
        # The child holds the other end of this pipe: it is read to its end once both are gone.
        parent.stdout.read()
    assert is_gone(child)


def is_gone(process):
    """Whether a process ends, looked at until it does."""
    for _ in range(1000):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{process}/stat").exists() and " Z " in Path(f"/proc/{process}/stat").read_text():
            return True
        time.sleep(0.01)
    return False
