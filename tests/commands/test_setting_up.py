from pathlib import Path

import pytest
from typer.testing import CliRunner

from midifrag.cli import app
from midifrag.commands import setting_up
from midifrag.config import loading
from midifrag.config.settings import PortSettings
from midifrag.midi.port_names import PortList

runner = CliRunner()


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_init_writes_a_set_that_check_finds_right(tmp_path):
    assert runner.invoke(app, ["init", "mine"]).exit_code == 0
    assert (tmp_path / "mine/presets/opening.yaml").exists()
    result = runner.invoke(app, ["check", "mine/presets.yaml"])
    assert result.exit_code == 0
    assert "presets.yaml is right" in result.output
    assert "Machines: 16 pads, program 3" in result.output


def test_init_overwrites_nothing(tmp_path):
    (tmp_path / "presets.yaml").write_text("mine", encoding="utf-8")
    result = runner.invoke(app, ["init", "."])
    assert result.exit_code == 2
    assert "nothing was written" in result.output
    assert (tmp_path / "presets.yaml").read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "presets").exists()


def test_check_ends_with_2_and_a_line_per_mistake(tmp_path):
    runner.invoke(app, ["init", "."])
    bank = tmp_path / "presets/opening.yaml"
    bank.write_text(bank.read_text(encoding="utf-8").replace("seconds: 6,", "seconds: 0,", 1), encoding="utf-8")
    result = runner.invoke(app, ["check"])
    assert result.exit_code == 2
    assert "presets/opening.yaml:13: pads.38.seconds: 0 is below 0.1" in result.output


def test_check_without_a_set_says_how_to_get_one():
    result = runner.invoke(app, ["check"])
    assert result.exit_code == 2
    assert "midifrag init FOLDER" in result.output


@pytest.mark.parametrize(
    ("names", "line"),
    [
        ([], "ports.pads.in: 'Launchpad' is not plugged in; run waits for it"),
        (["Launchpad"], None),
        (["Launchpad 1", "Launchpad 2"], "matches several ports"),
    ],
)
def test_check_compares_patterns_with_the_ports_there_are(monkeypatch, names, line):
    monkeypatch.setattr(setting_up, "list_ports", lambda _backend: PortList("test", names, names))
    loaded = loading.load(loading.shipped_path(), environment={})
    ports = {"pads": PortSettings.model_validate({"in": "Launchpad"})}
    show = loaded.show.model_copy(update={"ports": ports})
    found = setting_up.missing_ports(loading.Loaded(show, loaded.banks, loaded.path))
    assert (line is None and found == []) or line in found[0]


def test_ports_lists_what_there_is_in_both_directions(monkeypatch):
    monkeypatch.setattr(setting_up, "list_ports", lambda _backend: PortList("test", ["Pads MIDI 1"], []))
    result = runner.invoke(app, ["ports"])
    assert result.exit_code == 0
    assert "Pads MIDI 1" in result.output
    assert "none" in result.output


def test_models_lists_models_samplers_and_engines():
    result = runner.invoke(app, ["models"])
    assert result.exit_code == 0
    for word in ("sketch", "pocket", "stabilityai/", "dpmpp-3m-sde", "pingpong", "engines: sketch, stable-audio"):
        assert word in result.output


def test_models_names_those_of_the_set(tmp_path):
    runner.invoke(app, ["init", "."])
    show = Path("presets.yaml")
    text = show.read_text(encoding="utf-8").replace("models:\n", "models:\n  mine: {folder: models/mine}\n")
    show.write_text(text, encoding="utf-8")
    assert "folder: models/mine" in runner.invoke(app, ["models"]).output
