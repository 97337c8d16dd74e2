"""Learning over ports in memory: what is touched and typed stands in the files."""

import queue

import mido
import pytest

from midifrag.commands import learn as learning
from midifrag.config import loading
from midifrag.errors import PortError
from midifrag.midi.listening import Listening
from midifrag.midi.memory import MemoryBackend
from midifrag.midi.messages import ControlChange
from midifrag.show.learning_touches import MOST_EVENTS
from tests.support.shows import on_disk

SHOW = "model: sketch\nset_list: [one]   # in order\nports:\n  keys: {in: Keys}\n"
BANK = "name: One\npads:\n  36: {prompt: rain}   # drops\n"


@pytest.fixture
def loaded(tmp_path):
    return on_disk(tmp_path, SHOW, one=BANK)


class Rig:
    """Plays messages on a port, then types answers."""

    def __init__(self, loaded):
        self.backend, self.arrived = MemoryBackend(["Keys", "Other"]), queue.Queue()
        self.listening = Listening(self.backend, loaded.settings, self.arrived.put)
        self.teaching = learning.Teaching(loaded, self.listening)

    def __call__(self, port, messages, *answers):
        for message in messages:
            self.backend.play(port, message)
        while not self.arrived.empty():
            self.teaching.learning.heard(self.arrived.get_nowait())
        self.teaching.take(self.teaching.learning.quiet())
        for answer in answers:
            self.teaching.take(self.teaching.learning.answered(answer))


@pytest.fixture
def rig(loaded):
    made = Rig(loaded)
    yield made
    made.listening.close()


@pytest.fixture
def teach(rig):
    return rig


def knob(*values, cc=74):
    return [mido.Message("control_change", control=cc, value=value) for value in values]


def test_it_goes_on_while_clocks_run_and_ends_where_nothing_more_is_typed(loaded, capsys):
    """A clock, and a knob that trembles, are no reason to wait for silence for ever."""
    backend, arriving = MemoryBackend(["Keys"]), queue.Queue()
    for value in range(MOST_EVENTS):
        arriving.put(ControlChange("keys", 1, 74, value % 128, 0.0))
    for line in ("steps", "", None):
        arriving.put(line)
    learning.learn(loaded, backend, arriving)
    assert "sets: steps" in loaded.path.read_text()
    assert backend._ports == []


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
    teach("Keys", knob(127, 127), "steps", "", "")
    assert "relative: twos" in loaded.path.read_text()


def test_what_is_refused_is_told_and_not_written(loaded, teach, capsys):
    teach("Keys", knob(3, 4, 5, 6), "steps", "")
    before = loaded.path.read_text()
    teach("Keys", knob(3, 4, 5, 6), "steps", "")
    assert loaded.path.read_text() == before
    told = capsys.readouterr().out
    assert "presets.yaml: controls.0" in told
    assert "Nothing was written" in told


def test_a_value_that_cannot_be_is_asked_for_again(loaded, teach, capsys):
    teach("Keys", knob(3, 4, 5, 6), "steps", "4 100000", "4 100")
    assert "range: [4, 100]" in loaded.path.read_text()
    assert "100000 is above" in capsys.readouterr().out


def test_a_device_of_no_port_becomes_one(loaded, teach):
    teach("Other", knob(3, 4, 5, 6), "yes", "steps", "", "")
    line = "  - {cc: 74, channel: 1, port: other, sets: steps, range: [1, 150]}\n"
    assert loaded.path.read_text() == SHOW + '  other: {in: "Other", out: "Other"}\ncontrols:\n' + line


def test_what_is_plugged_in_meanwhile_is_heard_and_what_is_pulled_is_told(loaded, rig, capsys):
    rig.backend.plug("Late 24:0")
    rig.teaching.look()
    assert "Late 24:0: no port of the set, a controller that is not known" in capsys.readouterr().out
    rig("Late 24:0", knob(3, 4, 5, 6), "", "")
    assert 'late: {in: "Late", out: "Late"}' in loaded.path.read_text()
    rig.backend.unplug("Late 24:0")
    rig.teaching.look()
    assert "Late 24:0 was pulled" in capsys.readouterr().out
    rig.backend.plug("Late 28:0")
    rig.teaching.look()
    assert "port late of the set" in capsys.readouterr().out
    rig("Late 28:0", knob(3, 4, 5, 6), "steps", "", "")
    assert "port: late" in loaded.path.read_text()


def test_a_question_stands_again_below_what_came(rig, capsys):
    rig("Keys", knob(3, 4, 5, 6))
    capsys.readouterr()
    rig.backend.plug("Late")
    rig.teaching.look()
    assert capsys.readouterr().out.rstrip().splitlines()[-1].startswith("What does it do")


def test_what_is_pulled_while_a_question_is_open_stands_on_its_own_line_above_the_question(rig, capsys):
    rig("Keys", knob(3, 4, 5, 6))
    rig.teaching.look()
    rig.teaching.look()
    rig.backend.unplug("Other")
    asked = len(rig.backend.sent)
    capsys.readouterr()
    rig.teaching.look()
    above, pulled, question = capsys.readouterr().out.splitlines()
    assert (above, pulled) == ("", "Other was pulled.")
    assert question.startswith("What does it do")
    assert len(rig.backend.sent) == asked


def test_a_prompt_takes_the_note_of_an_action_where_that_is_wanted_and_both_are_taken_back(loaded, teach, capsys):
    bank = loading.bank_path(loaded.path, "one")
    teach("Keys", [mido.Message("note_on", note=60)], "panic")
    before = loaded.path.read_text()
    teach("Keys", [mido.Message("note_on", note=60)], '"long drone"')
    assert "Note 60 is taken by action panic (presets.yaml). Replace it?" in capsys.readouterr().out
    assert (loaded.path.read_text(), bank.read_text()) == (before, BANK)
    teach("Keys", [], "no", '"long drone"', "yes")
    assert "panic" not in loaded.path.read_text()
    assert "long drone" in bank.read_text()
    teach("Keys", [], "u")
    assert (loaded.path.read_text(), bank.read_text()) == (before, BANK)


def test_an_action_takes_the_note_of_a_pad_where_that_is_wanted(loaded, teach, capsys):
    bank = loading.bank_path(loaded.path, "one")
    bank.write_text(BANK + "  37: {prompt: fog}\n")
    teach.teaching._reload()
    teach("Keys", [mido.Message("note_on", note=36)], "panic")
    assert 'Note 36 is taken by pad "rain" of one. Replace it?' in capsys.readouterr().out
    assert loaded.path.read_text() == SHOW
    teach("Keys", [], "yes")
    assert "note: 36" in loaded.path.read_text()
    assert "rain" not in bank.read_text()


def test_where_a_pad_cannot_go_nothing_is_written(loaded, teach, capsys):
    """It is the only one of its bank."""
    teach("Keys", [mido.Message("note_on", note=36)], "panic", "yes")
    assert "Nothing was written" in capsys.readouterr().out
    assert loaded.path.read_text() == SHOW
    assert loading.bank_path(loaded.path, "one").read_text() == BANK


def test_of_two_that_are_called_alike_each_has_its_address(loaded, rig):
    rig.backend.plug("Twin 20:0")
    rig.backend.plug("Twin 24:0")
    rig.teaching.look()
    rig("Twin 24:0", knob(3, 4, 5, 6), "", "")
    assert 'in: "Twin 24:0"' in loaded.path.read_text()


def test_a_system_that_is_gone_is_told_once_and_so_that_it_is_back(rig, capsys, monkeypatch):
    names = rig.backend.names

    def gone(_direction):
        raise PortError("JACK is gone")

    monkeypatch.setattr(rig.backend, "names", gone)
    rig.teaching.look()
    rig.teaching.look()
    assert capsys.readouterr().out.count("JACK is gone") == 1
    monkeypatch.setattr(rig.backend, "names", names)
    rig.teaching.look()
    assert "MIDI is back" in capsys.readouterr().out


def test_what_was_written_is_said_so_while_somebody_breaks_another_file(loaded, rig, capsys):
    bank = loading.bank_path(loaded.path, "one")
    bank.write_text("name: One\npads: {36: {prompt: rain, stepz: 3}}\n")
    rig("Keys", knob(3, 4, 5, 6), "steps", "", "")
    told = capsys.readouterr().out
    assert "Written: presets.yaml:6: controls.0" in told
    assert "presets/one.yaml:2: pads.36.stepz" in told
    assert "Nothing was written" not in told
    rig("Keys", [], "u")
    assert loaded.path.read_text() == SHOW
