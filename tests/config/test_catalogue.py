"""What models and engines there are to choose from."""

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from midifrag.config import catalogue
from midifrag.config.settings import Settings


@pytest.fixture
def plugins(monkeypatch):
    """A plug-in as an installed package would register it."""
    found = [EntryPoint("bells", "midifrag.engine.sketch.worker:SketchWorker", catalogue.GROUP)]
    catalogue.plugins.cache_clear()
    monkeypatch.setattr(catalogue, "entry_points", lambda group: found if group == catalogue.GROUP else [])
    yield
    catalogue.plugins.cache_clear()


def test_all_engines_are_listed_built_in_first(plugins):
    assert catalogue.engine_names() == ("sketch", "stable-audio", "bells")


def test_a_plug_in_s_name_is_a_model_s_name_in_a_set(plugins):
    assert "bells" in Settings(model="bells").known_models
    assert "bells" not in Settings().models


def test_models_are_found_by_name():
    assert catalogue.known("small").source == {"hub": "stabilityai/stable-audio-open-small"}
    assert catalogue.known("none such") is None


def test_what_was_called_so_before_is_known_and_plays_by_a_name_of_its_own():
    assert catalogue.once_called("pocket") == ("pocket-1",)
    assert catalogue.once_called("") == catalogue.once_called("pocket-1") == ()
    assert (Path(catalogue.known("pocket-1").source["folder"]) / "model.safetensors").is_file()


def test_what_needs_a_download_is_not_installed():
    assert {model.name: model.installed for model in catalogue.CATALOGUE} == {
        "pocket": True,
        "pocket-1": True,
        "sketch": True,
        "small": False,
        "open": False,
        **dict.fromkeys(("sa3", "sa3-base", "sa3-sfx", "sa3-sfx-base", "sa3-medium", "sa3-medium-base"), False),
    }


def test_without_the_built_in_model_sketch_plays(monkeypatch, tmp_path):
    assert catalogue.default_model() == "pocket"
    monkeypatch.setattr(catalogue, "POCKET_FOLDER", tmp_path)
    assert catalogue.default_model() == "sketch"
    assert not catalogue.known("pocket").installed


@pytest.mark.parametrize(
    "text", ["{", '{"sample_size": 1}', '{"sample_size": 1, "sample_rate": 0}', "[]", "[" * 9999, '{"sample_size": []}']
)
def test_a_length_that_no_file_tells_is_not_too_long(tmp_path, text):
    (tmp_path / "model_config.json").write_text(text)
    assert catalogue.longest_of(catalogue.model_config("mine", {"folder": str(tmp_path)})) is None
    assert catalogue.longest_of(catalogue.model_config("mine", {"folder": str(tmp_path / "nowhere")})) is None
    assert catalogue.longest_of(catalogue.model_config("open", {"hub": "a/b"})) is None
    assert catalogue.too_long(9.0, "mine", None) is None


def test_a_length_beyond_the_model_is_told(tmp_path):
    (tmp_path / "model_config.json").write_text('{"sample_size": 100, "sample_rate": 10}')
    longest = catalogue.longest_of(catalogue.model_config("mine", {"folder": str(tmp_path)}))
    assert catalogue.too_long(10.0, "mine", longest) is None
    assert catalogue.too_long(10.5, "mine", longest) == "10.5 s is more than mine renders, 10.0 s"
