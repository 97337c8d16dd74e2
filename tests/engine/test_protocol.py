import pytest

from midifrag.engine.hosting.thread import ThreadHost
from midifrag.engine.pool import EnginePool
from midifrag.engine.protocol import Engine, EngineChoice, EngineFactory, Engines, Worker, missing_from
from midifrag.engine.sketch.worker import SketchWorker
from tests.engine.far_engine import FarEngine, far
from tests.support.bridges import RecordingEngines

CHOICE = EngineChoice("toy")


@pytest.mark.parametrize(
    ("made", "protocol"),
    [
        (SketchWorker(CHOICE), Worker),
        (ThreadHost(SketchWorker, CHOICE), Engine),
        (FarEngine(CHOICE), Engine),
        (EnginePool(lambda _model: FarEngine(CHOICE), lambda _model, _event: None), Engines),
        (RecordingEngines(), Engines),
    ],
    ids=lambda value: type(value).__name__,
)
def test_nothing_is_missing_from_what_is_whole(made, protocol):
    assert missing_from(made, protocol) == ()


def test_what_is_missing_is_named_in_order():
    class Half:
        def start(self, listener): ...

    assert missing_from(Half(), Engine) == ("send", "close")
    assert missing_from(object(), Worker)[:3] == ("load", "info", "warm")


def test_a_property_is_there_before_it_has_a_value():
    class Unloaded(SketchWorker):
        @property
        def busy(self):
            raise RuntimeError("not loaded yet")

    assert missing_from(Unloaded(CHOICE), Worker) == ()


def test_an_engine_factory_makes_engines():
    assert type(far) is EngineFactory
    assert type(far.create(CHOICE)) is FarEngine
