"""Processes under ill treatment: kills, exits, Ctrl-C, dying parents."""

from __future__ import annotations

import math
import os
import queue
import signal
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from midifrag.engine.hosting import hang_watch, supervision
from midifrag.engine.hosting import process as process_host
from midifrag.engine.hosting.child import NICENESS
from midifrag.engine.hosting.hang_watch import Activity
from midifrag.engine.hosting.process import ProcessHost
from midifrag.engine.messages import Cancel, Cancelled, Died, Progress, Ready, Rendered, Resumed, Stalled
from tests.engine.toy_worker import CHOICE, PATIENCE, Toy, press, process_id, running, wait


def test_the_worker_is_in_another_process():
    with running(ProcessHost) as (_, events):
        assert process_id(events) != os.getpid()


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
    monkeypatch.setattr(process_host, "CLOSE_SECONDS", 0.2)
    with running(ProcessHost) as (engine, events):
        child = process_id(events)
        engine.send(press(1, "stuck", steps=3))
        wait(events, Progress)
        engine.close()
        assert is_gone(child)
        assert events.empty()


class Patience:
    """How long silence is borne: for ever, until a test says that it was too long."""

    def __init__(self, monkeypatch):
        self.set = monkeypatch.setattr
        self.set(process_host, "CLOSE_SECONDS", 0.2)
        self.set(hang_watch, "HUNG_STEPS", 0)
        self.set(hang_watch, "STALLED_STEPS", 0)
        self.set(hang_watch, "STALLED_SECONDS", math.inf)
        self.keep()

    def keep(self):
        for limit in ("HUNG_SECONDS", "FIRST_SECONDS", "LOADING_SECONDS"):
            self.set(hang_watch, limit, math.inf)

    def lose(self, limit="HUNG_SECONDS"):
        self.set(hang_watch, limit, 0.5)


@pytest.fixture
def patience(monkeypatch):
    return Patience(monkeypatch)


#: A host that looks often at its child.
QUICK = {"look": 0.01}


def test_a_child_that_hangs_is_replaced(patience):
    with running(ProcessHost, **QUICK) as (engine, events):
        first = process_id(events)
        wait(events, Ready)
        engine.send(press(1, "stuck", steps=3))
        wait(events, Progress)
        patience.lose()
        death = wait(events, Died)[0]
        patience.keep()
        assert death.reason.startswith("The engine was stuck")
        assert (death.jobs, death.restarting) == ((1,), True)
        assert is_gone(first)
        engine.send(press(2))
        assert wait(events, Rendered)[0].job == 2


def test_a_child_that_hangs_again_and_again_is_given_up(patience, monkeypatch):
    # A hang takes its time, which does not make a life a steady one.
    monkeypatch.setattr(supervision, "STEADY_SECONDS", 0.0)
    with running(ProcessHost, back_off=(0.0,), **QUICK) as (engine, events):
        for restarting in (True, False):
            wait(events, Ready)
            engine.send(press(1, "stuck", steps=3))
            wait(events, Progress)
            patience.lose()
            assert wait(events, Died)[0].restarting is restarting
            patience.keep()


def test_a_child_that_freezes_in_the_middle_of_a_message_is_replaced(patience, monkeypatch):
    receive, is_half = process_host.receive, threading.Event()

    def wanting_more(pipe):
        message = receive(pipe)
        if isinstance(message, Progress):
            is_half.set()
            return receive(pipe)
        return message

    monkeypatch.setattr(process_host, "receive", wanting_more)
    with running(ProcessHost, **QUICK) as (engine, events):
        engine.send(press(1, "stuck", steps=3))
        assert is_half.wait(PATIENCE)
        patience.lose()
        assert wait(events, Died)[0].reason.startswith("The engine was stuck")
        patience.keep()
        engine.send(press(2))
        assert wait(events, Rendered)[0].job == 2


def test_a_child_that_hangs_while_it_loads_is_ended(patience):
    choice = replace(CHOICE, options={"dies": ("load by hanging",)})
    with running(ProcessHost, choice, back_off=(), **QUICK) as (engine, events):
        child = process_id(events)
        engine.send(press(1))
        patience.lose("LOADING_SECONDS")
        deaths = [wait(events, Died)[0]]
        if not deaths[0].jobs:
            deaths.append(wait(events, Died)[0])
        assert deaths[0].reason.startswith("The engine was stuck")
        assert (deaths[-1].jobs, deaths[-1].restarting) == ((1,), False)
        assert is_gone(child)


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="processes cannot be stopped here")
@pytest.mark.parametrize("when", ["idle", "rendering"])
def test_a_child_that_is_stopped_is_told_to_have_stalled_and_replaced(patience, when):
    with running(ProcessHost, **QUICK) as (engine, events):
        child = process_id(events)
        wait(events, Ready)
        if when == "rendering":
            engine.send(press(1, steps=1_000_000_000))
            wait(events, Progress)
        os.kill(child, signal.SIGSTOP)
        if when == "idle":
            engine.send(press(1))
        patience.lose("STALLED_SECONDS")
        assert wait(events, Stalled)[0].seconds >= 0.5
        patience.lose()
        death = wait(events, Died)[0]
        patience.keep()
        assert death.reason.startswith("The engine was stuck")
        assert (death.jobs, death.restarting) == ((1,), True)
        assert is_gone(child)
        engine.send(press(2))
        assert wait(events, Rendered)[0].job == 2


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="processes cannot be stopped here")
def test_a_child_that_goes_on_after_it_had_stalled_is_told(patience):
    with running(ProcessHost, **QUICK) as (engine, events):
        child = process_id(events)
        wait(events, Ready)
        os.kill(child, signal.SIGSTOP)
        patience.lose("STALLED_SECONDS")
        wait(events, Stalled)
        patience.set(hang_watch, "STALLED_SECONDS", math.inf)
        os.kill(child, signal.SIGCONT)
        wait(events, Resumed)
        engine.send(press(1))
        assert wait(events, Rendered)[0].used["pid"] == child


def test_what_a_child_logs_beside_its_work_is_no_sign_that_the_work_goes_on(patience):
    with running(ProcessHost, **QUICK) as (engine, events):
        child = process_id(events)
        wait(events, Ready)
        engine.send(press(1, "stuck and talking", steps=3))
        wait(events, Progress)
        patience.lose()
        assert wait(events, Died)[0].jobs == (1,)
        patience.keep()
        assert is_gone(child)


def test_a_child_that_only_steps_or_waits_gives_signs_of_life(monkeypatch):
    signs, heard = queue.Queue(), hang_watch.HangWatch.heard

    def hear(watch, activity=None, *, news=False):
        heard(watch, activity, news=news)
        signs.put(activity)

    monkeypatch.setattr(hang_watch.HangWatch, "heard", hear)

    def wait_for_signs(activity, count):
        while count:
            count -= signs.get(timeout=PATIENCE) is activity

    with running(ProcessHost, **QUICK) as (engine, events):
        wait(events, Ready)
        wait_for_signs(Activity.IDLE, 2)
        engine.send(press(1, "quiet", steps=1_000_000_000))
        wait_for_signs(Activity.BUSY, 2)
        engine.send(Cancel(1))
        _, before = wait(events, Cancelled)
        assert before == [Cancelled(1)]


def test_closing_while_a_child_loads_ends_it(monkeypatch):
    monkeypatch.setattr(process_host, "CLOSE_SECONDS", 0.2)
    choice = replace(CHOICE, options={"dies": ("load by hanging",)})
    with running(ProcessHost, choice) as (engine, events):
        child = process_id(events)
        engine.close()
        assert is_gone(child)


def test_a_fault_around_a_child_ends_it_and_starts_the_next(monkeypatch):
    receive, faults = process_host.receive, [MemoryError("no room for a take")]

    def unlucky(pipe):
        message = receive(pipe)
        if faults and isinstance(message, Rendered):
            raise faults.pop()
        return message

    monkeypatch.setattr(process_host, "receive", unlucky)
    with running(ProcessHost) as (engine, events):
        first = process_id(events)
        engine.send(press(1))
        death = wait(events, Died)[0]
        assert death.reason == "Looking after the engine failed: MemoryError: no room for a take."
        assert death.restarting
        assert is_gone(first)
        engine.send(press(2))
        wait(events, Rendered)


def test_ctrl_c_is_left_to_the_parent():
    with running(ProcessHost) as (engine, events):
        child = process_id(events)
        wait(events, Ready)
        os.kill(child, signal.SIGINT)
        engine.send(press(1))
        assert wait(events, Rendered)[0].used["pid"] == child


@pytest.mark.skipif(sys.platform == "win32", reason="no signals can be sent to one process there")
def test_ctrl_c_while_a_child_is_being_started_is_left_to_the_parent_too(monkeypatch, capfd):
    begin = process_host.children.start

    def start(process):
        begin(process)
        os.kill(process.pid, signal.SIGINT)

    monkeypatch.setattr(process_host.children, "start", start)
    with running(ProcessHost) as (engine, events):
        engine.send(press(1))
        _, before = wait(events, Rendered)
        assert not any(isinstance(event, Died) for event in before)
    assert capfd.readouterr().err == ""


def test_the_child_lets_the_bridge_go_first():
    with running(ProcessHost) as (_, events):
        child = process_id(events)
        wait(events, Ready)
        assert psutil.Process(child).nice() == min(psutil.Process().nice() + NICENESS, 19)


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
    from midifrag.engine.hosting.process import ProcessHost
    from tests.engine.toy_worker import CHOICE, Toy

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
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
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
