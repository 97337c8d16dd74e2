import pytest

from midifrag.engine.messages import Cancel, Died, EngineInfo, Ready, Render, Warm
from midifrag.engine.pool import EnginePool
from midifrag.errors import ModelError

INFO = EngineInfo("sketch", "sketch", "", "cpu", "fp32", 44100, 2, 190.0, ())


class FakeEngine:
    def __init__(self):
        self.sent = []
        self.closed = False

    def start(self, listener):
        self.say = listener

    def send(self, command):
        self.sent.append(command)

    def close(self):
        self.closed = True


@pytest.fixture
def house():
    engines, heard = {}, []

    def create(model):
        if model == "broken":
            raise ModelError("no such engine")
        return engines.setdefault(model, FakeEngine())

    return EnginePool(create, lambda model, event: heard.append((model, event)), fallback="sketch"), engines, heard


def test_every_model_is_started_and_warmed_and_known_once_it_is_ready(house):
    pool, engines, heard = house
    render = Render(0, "rain", 1.0, 0)
    pool.start({"a": (render,), "b": ()})
    assert engines["a"].sent == [Warm((render,))]
    assert pool.waiting() == ["a", "b"]
    engines["a"].say(Ready(INFO))
    assert pool.waiting() == ["b"]
    assert pool.info("a") is INFO
    assert heard == [("a", Ready(INFO))]


def test_a_lost_engine_is_replaced_until_it_is_back(house):
    pool, engines, _ = house
    pool.start({"a": ()})
    engines["a"].say(Died("killed", (), restarting=True))
    assert pool.effective("a") == "a"
    engines["a"].say(Died("killed", (), restarting=False))
    assert pool.effective("a") == "sketch"
    engines["a"].say(Ready(INFO))
    assert pool.effective("a") == "a"


def test_the_fallback_is_started_when_it_is_first_needed(house):
    pool, engines, _ = house
    pool.start({"a": ()})
    assert "sketch" not in engines
    pool.send("sketch", Render(1, "rain", 1.0, 0))
    assert engines["sketch"].sent == [Render(1, "rain", 1.0, 0)]


def test_an_engine_that_cannot_be_made_answers_every_render(house):
    pool, _, heard = house
    pool.start({"broken": ()})
    pool.send("broken", Render(7, "rain", 1.0, 0))
    pool.send("broken", Cancel(7))
    assert [event.jobs for _, event in heard] == [(), (7,)]
    assert "no such engine" in heard[0][1].reason
    assert pool.effective("broken") == "sketch"
    assert pool.waiting() == []


def test_an_engine_that_fails_in_any_way_while_it_is_made_answers_too():
    heard = []

    def create(_model):
        raise TypeError("cannot pickle a plug-in")

    pool = EnginePool(create, lambda model, event: heard.append((model, event)))
    pool.send("odd", Render(7, "rain", 1.0, 0))
    assert [event.jobs for _, event in heard] == [(), (7,)]
    assert "cannot pickle a plug-in" in heard[0][1].reason


def test_after_closing_nothing_is_started(house):
    pool, engines, _ = house
    pool.close()
    pool.send("sketch", Render(1, "rain", 1.0, 0))
    assert engines == {}


def test_closing_closes_all(house):
    pool, engines, _ = house
    pool.start({"a": (), "b": ()})
    pool.close()
    assert all(engine.closed for engine in engines.values())
