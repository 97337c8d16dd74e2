"""What a worker is told and when, in both hosts and step by step on this thread."""

from __future__ import annotations

import queue
from dataclasses import replace

import pytest

from midifrag.engine.border import Border
from midifrag.engine.hosting.command_queue import CommandQueue
from midifrag.engine.hosting.hang_watch import Activity
from midifrag.engine.hosting.process import ProcessHost
from midifrag.engine.hosting.supervision import Death
from midifrag.engine.hosting.thread import ThreadHost
from midifrag.engine.hosting.worker_loop import WorkerLoop, death_of, make_worker
from midifrag.engine.messages import (
    Cancel,
    Cancelled,
    Died,
    Failed,
    Progress,
    Promote,
    Ready,
    Rendered,
    Started,
    Warm,
    Warming,
)
from midifrag.engine.protocol import EngineChoice
from midifrag.errors import CaptureError, CheckpointError, ModelError
from tests.engine.far_engine import FarEngine
from tests.engine.odd_events import ODD_FIELDS
from tests.engine.toy_worker import CHOICE, Guest, Toy, press, running, wait


class Loop:
    """A loop that ends by itself: what it said, and the queue that it reads."""

    def __init__(self, choice=CHOICE, first=(), until=Rendered, worker=Toy):
        self.worker, self.commands, self.said, self.signs = worker(choice), CommandQueue(), [], []
        self.first, self.until = first, until

    def hear(self, event):
        self.said.append(event)
        if isinstance(event, self.until):
            self.commands.close()

    def run(self, *commands):
        for command in commands:
            self.commands.put(command)
        border = Border("toy", lambda event: self.hear(event))
        WorkerLoop(self.worker, self.commands, border, self.first, self.signs.append).run()
        return self.said


def test_a_device_that_is_gone_does_not_hide_why():
    class Gone(Toy):
        def close(self):
            raise RuntimeError("captures_underway.empty() INTERNAL ASSERT FAILED")

    with pytest.raises(CaptureError, match="could not be recorded") as raised:
        Loop(worker=Gone).run(press(1, "capture"))
    assert death_of(raised.value) == Death(
        "the work could not be recorded.", options={"graphs": False}, spends_process=True
    )


@pytest.mark.parametrize(
    ("error", "is_spent"),
    [
        (RuntimeError("CUDA error: an illegal memory access was encountered\nand more"), True),
        (RuntimeError("The size of tensor a must match the size of tensor b"), False),
    ],
)
def test_what_a_card_says_last_is_known(error, is_spent):
    death = death_of(error)
    assert (death.spends_process, death.final) == (is_spent, False)


def test_what_comes_first_is_done_before_what_waits():
    loop = Loop(first=(Warm((press(0, "a"),)),), until=Ready)
    said = loop.run(Warm((press(0, "b"),)))
    assert [event.what for event in said[1:-1]] == ["a", "b"]


def test_a_press_goes_before_the_warm_up_and_ready_follows_it():
    loop = Loop(until=Ready)
    said = loop.run(Warm((press(0, "a"),)), press(1, steps=2))
    assert [type(event) for event in said] == [Warming, Started, Progress, Rendered, Warming, Ready]


def test_a_spare_s_warm_up_is_not_told_but_what_came_of_it_is():
    class Growing(Toy):
        def info(self):
            return replace(super().info(), memory={"prompts": len(self.warmed)})

    loop = Loop(worker=Growing, until=())
    hear = loop.hear

    def hear_and_end(event):
        hear(event)
        if isinstance(event, Ready) and loop.worker.warmed:
            loop.commands.close()

    loop.hear = hear_and_end
    said = loop.run(Warm((press(0, "later", spare=True),)))
    assert [type(event) for event in said] == [Warming, Ready, Ready]
    assert [event.info.memory for event in said[1:]] == [{"prompts": 0}, {"prompts": 1}]


def test_a_sign_of_life_is_given_in_every_round():
    loop = Loop()
    loop.run(press(1, steps=5))
    assert loop.signs == [Activity.BUSY] * 5


def test_closing_while_it_loads_ends_the_loop_and_frees_the_worker(tmp_path):
    loop = Loop(EngineChoice("toy", options={"dies": ("close",), "mark": str(tmp_path / "closed")}), until=Warming)
    assert [type(event) for event in loop.run(press(1))] == [Warming]
    assert (tmp_path / "closed").exists()


def test_what_a_worker_raises_is_passed_on_and_the_worker_freed(tmp_path):
    options = {"dies": ("load", "close"), "mark": str(tmp_path / "closed")}
    with pytest.raises(CheckpointError):
        Loop(EngineChoice("toy", options=options)).run()
    assert (tmp_path / "closed").exists()


def test_a_cancelled_job_is_told_once_and_only_if_it_was_there():
    loop = Loop(until=Cancelled)
    said = loop.run(Cancel(9), press(1, steps=9), Cancel(1), Cancel(1))
    assert [event for event in said if isinstance(event, Cancelled)] == [Cancelled(1)]


def test_what_is_no_worker_is_said_to_be_none():
    assert type(make_worker(Toy, CHOICE)) is Toy
    with pytest.raises(ModelError, match=r"'toy' made a object that is no worker: it lacks load, info, warm"):
        make_worker(lambda _choice: object(), CHOICE)


@pytest.mark.parametrize("host", [ThreadHost, ProcessHost], ids=["thread", "process"])
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


def test_what_is_warmed_for_spares_waits_until_all_else_is_done(host):
    with running(host) as (engine, events):
        wait(events, Ready)
        engine.send(Warm((press(0, "later", spare=True), press(0, "first"))))
        _, before = wait(events, Ready)
        assert [event.what for event in before if isinstance(event, Warming)][-1] == "first"
        warmed = "first"
        for job in range(1, 50):
            engine.send(press(job))
            rendered, before = wait(events, Rendered)
            assert not any(isinstance(event, Ready | Warming) for event in before)
            warmed = rendered.used["warmed"]
            if warmed != "first":
                break
        assert warmed == "first,later"


def test_a_warm_up_that_cannot_be_is_only_skipped(host, caplog):
    with running(host) as (engine, events):
        wait(events, Ready)
        engine.send(Warm((press(0, "impossible"),)))
        wait(events, Ready)
        assert "impossible to warm" in caplog.text


@pytest.mark.parametrize("host", [ThreadHost, ProcessHost], ids=["thread", "process"])
def test_closing_frees_the_worker(host, tmp_path):
    mark = tmp_path / "closed"
    with running(host, EngineChoice("toy", options={"dies": ("close",), "mark": str(mark)})) as (_, events):
        wait(events, Ready)
    assert mark.exists()


def test_a_factory_that_makes_whole_engines_is_told_where_it_belongs(host):
    engine, events = host(FarEngine, CHOICE), queue.Queue()
    engine.start(events.put)
    try:
        death, _ = wait(events, Died)
    finally:
        engine.close()
    assert "FarEngine that is no worker: it lacks load, warm, submit, cancel, promote, tick, busy." in death.reason
    assert "EngineFactory" in death.reason
    assert not death.restarting


def test_whatever_a_guest_says_each_press_has_one_outcome_and_the_worker_goes_on(host, caplog):
    with running(host, factory=Guest) as (engine, events):
        for number, (_, why) in enumerate(ODD_FIELDS):
            engine.send(press(number, f"odd {number}"))
            failed, _ = wait(events, Failed, Rendered, Died)
            assert isinstance(failed, Failed), failed
            assert failed.job == number
            assert failed.reason.startswith("the engine toy: ")
            assert why in failed.reason
        for job, (prompt, why) in enumerate(
            [("unpicklable", "used['function'] is"), ("forgotten", "never said"), ("other", "never said")], 100
        ):
            engine.send(press(job, prompt))
            failed, _ = wait(events, Failed, Rendered, Died)
            assert failed.job == job
            assert why in failed.reason
        engine.send(press(200, "slow"))
        engine.send(Cancel(200))
        assert wait(events, Cancelled, Died)[0] == Cancelled(200)
        engine.send(press(201, "twice"))
        engine.send(press(202, "right"))
        assert [wait(events, Rendered, Died)[0].job for _ in range(2)] == [201, 202]
    assert [record.exc_info for record in caplog.records if record.exc_info] == []
    assert "\n" not in "".join(record.getMessage() for record in caplog.records)


def test_a_guest_that_says_nonsense_of_itself_is_not_loaded(host):
    with running(host, EngineChoice("toy", options={"dies": (), "info": "no rate"}), factory=Guest) as (_, events):
        death = wait(events, Died)[0]
    assert death == Died(
        "the engine toy: sample_rate is None and no whole number; its author has to mend that.", (), restarting=False
    )


class Gradual(Toy):
    """Single presses can go before all is warm."""

    def warm(self, renders):
        yield Warming(0, 3, f"{len(renders)} single")
        yield Warming(1, 3, "chords", playable=True)
        for done in (1, 2):
            self.warmed.append(f"chord {done}")
            yield Warming(done, 3, "chords")

    def info(self):
        return replace(super().info(), warmed=" and ".join(self.warmed))


def test_presses_go_as_soon_as_single_ones_are_warm_and_the_rest_is_put_off_for_them():
    loop = Loop(worker=Gradual, until=())
    hear, ready = loop.hear, []

    def hear_and_press(event):
        hear(event)
        if isinstance(event, Ready):
            ready.append(event.info.warmed)
            if len(ready) == 1:
                loop.commands.put(press(1, steps=3))
            else:
                loop.commands.close()
        if isinstance(event, Rendered):
            # Nothing of what is left was done while it was rendered.
            ready.append(" and ".join(loop.worker.warmed))

    loop.hear = hear_and_press
    said = loop.run(Warm((press(0, "a"),)))
    assert [type(event) for event in said] == [*[Warming] * 3, Ready, Started, Progress, Progress, Rendered, Ready]
    assert ready == ["", "", "chord 1 and chord 2"]
