"""Learning over ports in memory: what is touched and typed stands in the files."""

import queue

import mido
import pytest

from midifrag.commands import learn as learning
from midifrag.config import loading
from midifrag.midi.listening import Listening
from midifrag.midi.memory import MemoryBackend

SHOW = "model: sketch\nset_list: [one]   # in order\nports:\n  keys: {in: Keys}\n"
BANK = "name: One\npads:\n  36: {prompt: rain}   # drops\n"


@pytest.fixture
def loaded(tmp_path):
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets.yaml").write_text(SHOW)
    (tmp_path / "presets" / "one.yaml").write_text(BANK)
    return loading.load(tmp_path / "presets.yaml", environment={})


@pytest.fixture
def teach(loaded):
    """Plays messages on a port, then types answers."""
    backend, arrived = MemoryBackend(["Keys", "Other"]), queue.Queue()
    listening = Listening(backend, loaded.settings, arrived.put)
    teaching = learning.Teaching(loaded, listening)

    def taught(port, messages, *answers):
        for message in messages:
            backend.play(port, message)
        while not arrived.empty():
            teaching.learning.heard(arrived.get_nowait())
        teaching.take(teaching.learning.quiet())
        for answer in answers:
            teaching.take(teaching.learning.answered(answer))

    yield taught
    listening.close()


def knob(*values, cc=74):
    return [mido.Message("control_change", control=cc, value=value) for value in values]


def test_a_knob_a_button_and_a_pad_are_written_and_taken_back(loaded, teach, capsys):
    bank = loading.bank_path(loaded.path, "one")
    teach("Keys", knob(3, 4, 5, 6), "ste", "4 100", "")
    line = "  - {cc: 74, channel: 1, port: keys, sets: steps, range: [4, 100]}\n"
    assert loaded.path.read_text() == SHOW + "controls:\n" + line
    teach("Keys", knob(127, 0, cc=20), "panic")
    assert "  - {cc: 20, channel: 1, port: keys, does: panic}\n" in loaded.path.read_text()
    teach("Keys", [mido.Message("note_on", note=37)], '"long drone"')
    assert bank.read_text() == BANK + '  37: {prompt: "long drone"}\n'
    teach("Keys", [], "u", "u", "u", "u")
    assert (loaded.path.read_text(), bank.read_text()) == (SHOW, BANK)
    assert "nothing to take back" in capsys.readouterr().out


def test_an_encoder_is_asked_to_turn_both_ways(loaded, teach, capsys):
    teach("Keys", knob(1, 1, 1))
    assert "other way" in capsys.readouterr().out
    teach("Keys", knob(127, 127), "steps", "", "one")
    assert "relative: twos" in loading.bank_path(loaded.path, "one").read_text()


def test_what_check_would_refuse_is_told_with_its_line_and_not_written(loaded, teach, capsys):
    teach("Keys", knob(3, 4, 5, 6), "steps", "4 100000", "")
    assert loaded.path.read_text() == SHOW
    told = capsys.readouterr().out
    assert "presets.yaml:6: controls.0" in told
    assert "Nothing was written" in told


def test_a_device_of_no_port_becomes_one(loaded, teach):
    teach("Other", knob(3, 4, 5, 6), "yes")
    assert loaded.path.read_text() == SHOW + '  other: {in: "Other", out: "Other"}\n'
    teach("Other", knob(3, 4, 5, 6), "steps", "", "")
    assert "port: other" in loaded.path.read_text()
