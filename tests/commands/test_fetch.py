from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from midifrag.cli import app
from midifrag.commands.console import out
from midifrag.commands.fetch import size_text
from tests.engine.hub_caches import safetensors_of
from tests.engine.hub_server import COMMIT, Repository
from tests.engine.tiny_models import tiny_config

runner = CliRunner()
WEIGHTS = safetensors_of(bytes(range(256)) * 1000)
CONFIG = json.dumps(tiny_config(tokenizer="someone/words")).encode()


@pytest.fixture
def own_set(tmp_path, monkeypatch, server):
    """A set with a model of the hub, in the current folder."""
    server.repositories["someone/words"] = Repository({"tokenizer.json": b"{}", "config.json": b"{}"})
    server.repositories["someone/model"] = Repository({"model_config.json": CONFIG, "model.safetensors": WEIGHTS})
    monkeypatch.chdir(tmp_path)
    Path("presets").mkdir()
    Path("presets/opening.yaml").write_text("name: Opening\npads: {36: {prompt: rain}}\n")
    Path("presets.yaml").write_text("model: mine\nset_list: [opening]\nmodels: {mine: {hub: someone/model}}\n")
    return server


def listed():
    """What `midifrag models` says, on a terminal that is wide enough for a line each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(out, "_width", 200)
        return runner.invoke(app, ["models"]).output


def test_what_is_here_in_part_says_what_is_missing(own_set, cache_folder):
    runner.invoke(app, ["fetch", "mine"])
    (cache_folder / "models--someone--model" / "snapshots" / COMMIT / "model.safetensors").unlink()
    assert "in part, without model.safetensors; midifrag fetch mine" in listed()


def test_all_that_a_set_plays_is_brought_here_and_then_plays_without_a_network(own_set):
    assert "no; midifrag fetch mine" in listed()
    result = runner.invoke(app, ["fetch"])
    assert result.exit_code == 0, result.output
    assert "mine: whole and checked, 0.3 MB" in result.output
    assert "sketch: built in" in result.output
    own_set.log.clear()
    assert "mine: whole and checked" in runner.invoke(app, ["fetch", "mine"]).output
    assert own_set.log == []
    assert "yes, 0.3 MB" in listed()


def test_a_damaged_file_is_found_and_fetched_again(own_set, cache_folder, monkeypatch):
    from midifrag.engine.loading import cache

    runner.invoke(app, ["fetch", "mine"])
    monkeypatch.setattr(cache, "SMALL", 1000)
    file = cache_folder / "models--someone--model" / "snapshots" / COMMIT / "model.safetensors"
    file.resolve().write_bytes(WEIGHTS[:-1] + b"?")
    own_set.log.clear()
    assert runner.invoke(app, ["fetch", "mine"]).exit_code == 0
    assert [path for kind, path in own_set.log if kind == "GET"] == [
        f"/someone/model/resolve/{COMMIT}/model.safetensors"
    ]
    assert file.read_bytes() == WEIGHTS


def test_what_cannot_be_played_is_not_fetched(own_set):
    wrong = json.dumps(tiny_config() | {"model_type": "lm"}).encode()
    own_set.repositories["someone/model"].files["model_config.json"] = wrong
    result = runner.invoke(app, ["fetch", "mine"])
    assert result.exit_code == 1
    assert "model of type 'lm'" in result.output
    assert not any("model.safetensors" in path for _, path in own_set.log)


def test_the_others_are_fetched_where_one_cannot_be(own_set):
    result = runner.invoke(app, ["fetch", "small", "mine", "nobody"])
    assert result.exit_code == 1
    assert "mine: whole and checked" in result.output
    assert "knows no model stabilityai/stable-audio-open-small" in result.output
    assert "'nobody' is none of mine, open, pocket, pocket-1, sa3, sa3-base" in result.output
    assert "models: {mine: {hub: owner/name}}" in result.output


def test_check_says_that_a_model_is_not_here(own_set):
    said = "mine is not on this machine; run fetches it, and so does `midifrag fetch mine`"
    assert said in runner.invoke(app, ["check"]).output
    runner.invoke(app, ["fetch"])
    assert "on this machine; run fetches" not in runner.invoke(app, ["check"]).output


def test_an_engine_of_others_needs_nothing(own_set):
    text = Path("presets.yaml").read_text().replace("mine: {hub: someone/model}", "bells: {engine: sketch}")
    Path("presets.yaml").write_text(text.replace("model: mine", "model: bells"))
    assert "bells: its engine brings what it needs" in runner.invoke(app, ["fetch"]).output


@pytest.mark.parametrize(("count", "text"), [(0, "0.0 MB"), (1_500_000, "1.5 MB"), (4_850_000_000, "4.8 GB")])
def test_sizes(count, text):
    assert size_text(count) == text
