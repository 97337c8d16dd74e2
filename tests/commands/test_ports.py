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


def test_no_part_of_a_name_is_left_out_on_a_narrow_terminal(monkeypatch):
    name = "Launchpad_Mini_MK3_LPMiniMK3_MI_with_a_name_without_end"
    monkeypatch.setattr(ports, "list_ports", lambda _backend: PortList("test", [name], ["two\nlines\x1b[2J"]))
    output = runner.invoke(app, ["ports"], env={"COLUMNS": "40"}).output
    assert name in "".join(line[10:].strip() for line in output.splitlines())
    assert "two lines?[2J" in output
    assert max(map(len, output.splitlines())) <= 40
