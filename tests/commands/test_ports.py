from click.testing import CliRunner

from midifrag.cli import app
from midifrag.commands import ports
from midifrag.midi.port_names import PortList

runner = CliRunner()


def test_ports_lists_what_there_is_in_both_directions(monkeypatch):
    monkeypatch.setattr(ports, "list_ports", lambda _backend: PortList("test", ["Pads MIDI 1"], []))
    result = runner.invoke(app, ["ports"])
    assert result.exit_code == 0
    assert "Pads MIDI 1" in result.output
    assert "none" in result.output
