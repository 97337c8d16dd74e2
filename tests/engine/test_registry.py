from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from midifrag.config import catalogue
from midifrag.engine import registry
from midifrag.engine.conformance import EngineConformance
from midifrag.engine.hosting.process import ProcessHost
from midifrag.engine.hosting.thread import ThreadHost
from midifrag.engine.protocol import EngineChoice
from midifrag.engine.registry import create_engine, engine_choice, factory_for
from midifrag.engine.sketch.worker import SketchWorker
from midifrag.errors import ModelError
from tests.engine.far_engine import FarEngine
from tests.support.shows import loaded


@pytest.fixture
def plugins(monkeypatch):
    """Plug-ins as installed packages would register them; some are wrong in their own way."""
    named = {
        "bells": "midifrag.engine.sketch.worker:SketchWorker",
        "broken": "no_such_package:factory",
        "far": "tests.engine.far_engine:far",
        "nothing": "tests.engine.far_engine:RATE",
        "hollow": "tests.engine.far_engine:no_engine",
    }
    found = [EntryPoint(name, value, catalogue.GROUP) for name, value in named.items()]
    catalogue.plugins.cache_clear()
    monkeypatch.setattr(catalogue, "entry_points", lambda group: found if group == catalogue.GROUP else [])
    yield
    catalogue.plugins.cache_clear()


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (EngineChoice("sketch"), registry.sketch_worker),
        (EngineChoice("pocket"), registry.stable_audio_worker),
        (EngineChoice("sketch", {"hub": "a/b"}), registry.stable_audio_worker),
        (EngineChoice("mine", {"engine": "sketch"}), registry.sketch_worker),
        (EngineChoice("bells"), SketchWorker),
        (EngineChoice("mine", {"engine": "bells"}), SketchWorker),
    ],
)
def test_which_engine_plays_a_model(plugins, choice, expected):
    assert factory_for(choice) is expected


def test_the_built_in_engines_are_those_of_the_catalogue():
    assert tuple(registry.BUILT_IN) == catalogue.BUILT_IN_ENGINES


def test_a_show_says_what_to_load_and_how(tmp_path):
    show = loaded(
        models={"mine": {"config": "mine.json", "checkpoint": str(tmp_path / "mine.ckpt"), "short_latents": True}},
        engine={"device": "cpu", "max_in_flight": 3, "graphs": False, "noise": "cpu"},
        precision="bf16",
    )
    source = {
        "config": str(Path("mine.json").absolute()),
        "checkpoint": str(tmp_path / "mine.ckpt"),
        "short_latents": True,
    }
    assert engine_choice(show, "mine") == EngineChoice(
        "mine", source, "cpu", "bf16", {"max_in_flight": 3, "graphs": False, "noise": "cpu"}
    )
    assert engine_choice(loaded(), "sketch") == EngineChoice("sketch")


def test_an_engine_is_told_of_what_is_not_as_usual():
    changed = {
        "graphs": False,
        "kernels": False,
        "fp16_accumulation": True,
        "guidance_interval": (0.1, 0.7),
        "step_caching": 2,
    }
    assert engine_choice(loaded(engine=changed), "sketch").options == changed


def test_an_engine_that_is_not_there(plugins):
    with pytest.raises(ModelError, match=r"no engine 'organ'\. There are sketch, stable-audio, bells"):
        factory_for(EngineChoice("mine", {"engine": "organ"}))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("broken", r"'broken' \(no_such_package:factory\) cannot be imported: ModuleNotFound"),
        ("nothing", r"'nothing' \(.*:RATE\) is a int, and neither a factory of workers nor an EngineFactory"),
        ("hollow", r"'hollow' made a object that is no engine: it lacks start, send, close\."),
    ],
)
def test_a_plug_in_that_is_none(plugins, name, message):
    with pytest.raises(ModelError, match=message):
        create_engine(EngineChoice(name))


@pytest.mark.parametrize(("host", "kind"), [("process", ProcessHost), ("thread", ThreadHost)])
def test_the_host_is_chosen(host, kind):
    assert type(create_engine(EngineChoice("sketch"), host)) is kind


@pytest.mark.parametrize("host", ["process", "thread"])
def test_a_whole_engine_is_used_as_it_is(plugins, host):
    engine = create_engine(EngineChoice("mine", {"engine": "far"}), host)
    assert type(engine) is FarEngine
    assert engine.info.model == "mine"


@pytest.mark.usefixtures("plugins")
class TestAWholeEngineOfAPlugIn(EngineConformance):
    def make_engine(self):
        return create_engine(EngineChoice("far"))


def test_torch_is_not_imported_before_it_is_needed():
    script = (
        "import sys, midifrag\n"
        "from midifrag.engine.registry import create_engine, factory_for\n"
        "from midifrag.engine.protocol import EngineChoice\n"
        "create_engine(EngineChoice('sketch')), factory_for(EngineChoice('pocket'))\n"
        "list(factory_for(EngineChoice('sketch'))(EngineChoice('sketch')).load())\n"
        "assert 'torch' not in sys.modules and 'transformers' not in sys.modules\n"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
