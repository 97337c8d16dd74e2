import pytest
from click.testing import CliRunner

from midifrag.cli import app
from midifrag.commands import ports
from midifrag.errors import NoMidiError, PlaybackError
from midifrag.midi.port_names import PortList
from midifrag.playback.inputs import Input
from midifrag.playback.outputs import Output

runner = CliRunner()


@pytest.fixture(autouse=True)
def outputs(monkeypatch):
    """The audio outputs that are found, or why none is."""
    there = [Output(0, "Speakers", "ALSA", 2, 48000, is_default=True), Output(1, "Desk", "ALSA", 8, 44100)]

    def listed():
        if isinstance(there[0], Exception):
            raise there[0]
        return there

    monkeypatch.setattr(ports, "list_outputs", listed)
    monkeypatch.setattr(ports, "list_inputs", list)
    return there


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


def test_audio_outputs_are_listed_too_with_the_one_that_is_meant(monkeypatch):
    monkeypatch.setattr(ports, "list_ports", lambda _backend: PortList("test", [], []))
    monkeypatch.setattr(ports, "list_inputs", lambda: [Input(3, "Mic", "ALSA", 1, 48000, True)])
    lines = [line.split() for line in runner.invoke(app, ["ports"]).output.splitlines()]
    first = lines.index(["Speakers", "ALSA", "2", "48000", "default"])
    assert lines[first + 1] == ["Desk", "ALSA", "8", "44100"]
    assert lines[-1] == ["Mic", "ALSA", "1", "48000", "default"]


def test_where_inputs_cannot_be_listed_that_is_said_and_all_else_is_there(monkeypatch):
    def none():
        raise PlaybackError("PortAudio is not there")

    monkeypatch.setattr(ports, "list_ports", lambda _backend: PortList("test", [], []))
    for there, words in ((none, "PortAudio is not there"), (list, "none")):
        monkeypatch.setattr(ports, "list_inputs", there)
        result = runner.invoke(app, ["ports"])
        assert (result.exit_code, words in result.output, "Speakers" in result.output) == (0, True, True)


def test_without_any_midi_there_still_are_outputs(monkeypatch):
    def none(_backend):
        raise NoMidiError("No MIDI system found.")

    monkeypatch.setattr(ports, "list_ports", none)
    result = runner.invoke(app, ["ports"])
    assert result.exit_code == 1
    assert "Speakers" in result.output


def test_why_there_are_no_outputs_is_told(monkeypatch, outputs):
    monkeypatch.setattr(ports, "list_ports", lambda _backend: PortList("test", [], []))
    outputs[0] = PlaybackError("PortAudio is missing")
    result = runner.invoke(app, ["ports"])
    assert (result.exit_code, "PortAudio is missing" in result.output) == (0, True)
    outputs.clear()
    outputs.append(Output(0, "x", "y", 2, 44100))
    monkeypatch.setattr(ports, "list_outputs", list)
    assert runner.invoke(app, ["ports"]).output.splitlines()[-1].split() == ["none"]
