import pytest
from click.testing import CliRunner

from midifrag.cli import app
from midifrag.commands import check
from midifrag.config import loading
from midifrag.config.settings import PortSettings
from midifrag.config.shipped import shipped_path
from midifrag.errors import NoMidiError
from midifrag.midi.port_names import PortList

runner = CliRunner()


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
    monkeypatch.setattr(check, "list_ports", lambda _backend: PortList("test", names, names))
    loaded = loading.load(shipped_path(), environment={})
    ports = {"pads": PortSettings.model_validate({"in": "Launchpad"})}
    show = loaded.settings.model_copy(update={"ports": ports})
    found = check.missing_ports(loading.Loaded(show, loaded.banks, loaded.path))
    assert (line is None and found == []) or line in found[0]


def test_check_on_a_machine_without_midi_says_so_in_one_line(monkeypatch):
    def none(_backend):
        raise NoMidiError("No MIDI system found")

    monkeypatch.setattr(check, "list_ports", none)
    loaded = loading.load(shipped_path(), environment={})
    assert check.missing_ports(loaded) == ["No MIDI system found"]


def test_check_does_not_look_for_ports_that_are_made(monkeypatch):
    monkeypatch.setattr(check, "list_ports", lambda _backend: PortList("test", [], []))
    assert check.missing_ports(loading.load(shipped_path(), environment={})) == []
