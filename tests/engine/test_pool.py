import threading
import time

import pytest

from midifrag.engine.messages import Cancel, Died, EngineInfo, Ready, Render, Warm
from midifrag.engine.pool import EnginePool
from midifrag.errors import ModelError
from tests.support import PATIENCE

INFO = EngineInfo("sketch", "sketch", "", "cpu", "fp32", 44100, 2, 190.0, ())


class FakeEngine:
    """A guest, so it is started and told things on a thread of its own."""

    def __init__(self):
        self.sent = []
        self.started = threading.Event()
        self.closed = False

    def start(self, listener):
        self.listener = listener
        self.started.set()

    def say(self, event):
        assert self.started.wait(PATIENCE)
        self.listener(event)

    def send(self, command):
        self.sent.append(command)

    def close(self):
        self.closed = True


class House:
    """A pool whose owner takes events in when a test says so."""

    def __init__(self):
        self.engines, self.heard = {}, []
        self.pool = EnginePool(self.create, lambda model, event: self.heard.append((model, event)), stand_in="sketch")
        self.taken = 0

    def create(self, model):
        if model == "broken":
            raise ModelError("no such engine")
        if model == "odd":
            raise TypeError("cannot pickle a plug-in")
        return self.engines.setdefault(model, FakeEngine())

    def take_in(self):
        for model, event in self.heard[self.taken :]:
            self.pool.note(model, event)
        self.taken = len(self.heard)

    def say(self, model, event):
        self.engines[model].say(event)
        self.take_in()

    def is_told(self, model, command):
        deadline = time.monotonic() + PATIENCE
        while not self.engines[model].sent:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        assert self.engines[model].sent == [command]


@pytest.fixture
def house():
    return House()


def test_every_model_is_started_and_warmed_and_known_once_it_is_ready(house):
    render = Render(0, "rain", 1.0, 0)
    house.pool.start({"a": (render,), "b": ()})
    house.is_told("a", Warm((render,)))
    assert house.pool.waiting() == ["a", "b"]
    house.say("a", Ready(INFO))
    assert house.pool.waiting() == ["b"]
    assert house.pool.info("a") is INFO
    assert house.heard == [("a", Ready(INFO))]


def test_nothing_changes_before_the_owner_takes_it_in(house):
    house.pool.start({"a": (), "b": ()})
    house.engines["a"].say(Ready(INFO))
    house.engines["b"].say(Died("killed", (), restarting=False))
    assert house.pool.waiting() == ["a", "b"]
    assert house.pool.info("a") is None
    assert house.pool.effective("b") == "b"
    house.take_in()
    assert house.pool.waiting() == []
    assert house.pool.info("a") is INFO
    assert house.pool.effective("b") == "sketch"


def test_a_lost_engine_is_replaced_until_it_is_back(house):
    house.pool.start({"a": ()})
    house.say("a", Died("killed", (), restarting=True))
    assert house.pool.effective("a") == "a"
    assert house.pool.waiting() == ["a"]
    house.say("a", Died("killed", (), restarting=False))
    assert house.pool.effective("a") == "sketch"
    house.say("a", Ready(INFO))
    assert house.pool.effective("a") == "a"


def test_without_a_stand_in_a_lost_model_stays_itself(house):
    pool = EnginePool(house.create, lambda _model, _event: None)
    pool.start({"a": ()})
    pool.note("a", Died("killed", (), restarting=False))
    assert pool.effective("a") == "a"


def test_the_stand_in_is_started_when_it_is_first_needed(house):
    house.pool.start({"a": ()})
    assert "sketch" not in house.engines
    house.pool.send("sketch", Render(1, "rain", 1.0, 0))
    house.is_told("sketch", Render(1, "rain", 1.0, 0))
    # Nobody waits for it at the start.
    assert house.pool.waiting() == ["a"]


@pytest.mark.parametrize(
    ("model", "reason"),
    [("broken", "no such engine"), ("odd", "odd cannot be started: TypeError('cannot pickle a plug-in')")],
)
def test_an_engine_that_cannot_be_made_answers_every_render(house, model, reason):
    house.pool.start({model: ()})
    house.pool.send(model, Render(7, "rain", 1.0, 0))
    house.pool.send(model, Cancel(7))
    assert house.heard == [
        (model, Died(reason, (), restarting=False)),
        (model, Died(f"there is no engine for {model}", (7,), restarting=False)),
    ]
    assert house.pool.waiting() == []
    house.take_in()
    assert house.pool.effective(model) == "sketch"


def test_after_closing_nothing_is_started(house):
    house.pool.close()
    house.pool.send("sketch", Render(1, "rain", 1.0, 0))
    assert house.engines == {}


def test_closing_closes_all(house):
    house.pool.start({"a": (), "b": ()})
    house.pool.close()
    assert all(engine.closed for engine in house.engines.values())


def test_one_that_was_dropped_is_begun_anew_by_the_next_command(house):
    house.pool.start({"a": ()})
    house.say("a", Ready(INFO))
    first = house.engines.pop("a")
    assert house.pool.drop("a") is not None
    assert (house.pool.info("a"), house.pool.drop("a")) == (None, None)
    house.pool.send("a", Render(1, "rain", 1.0, 0))
    house.is_told("a", Render(1, "rain", 1.0, 0))
    assert house.engines["a"] is not first
    # Nor is one for ever none that could not be made.
    house.pool.send("broken", Render(2, "rain", 1.0, 0))
    house.pool.drop("broken")
    house.pool.send("broken", Render(3, "rain", 1.0, 0))
    assert [event.reason for model, event in house.heard if model == "broken"] == [
        "no such engine", "there is no engine for broken",
    ] * 2  # fmt: skip
