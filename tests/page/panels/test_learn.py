"""Learn on the page: what is touched is asked about, and written as the command writes it."""

import pytest

from midifrag.midi.messages import ControlChange, NoteOn, Nrpn, PortChanged, TransportChange
from midifrag.page.panels import learn
from midifrag.page.panels.learn import LINES, LearnPanel
from midifrag.page.wire import MidiSeen, ReadAgain, configuration
from midifrag.show.learning_touches import QUIET_SECONDS


@pytest.fixture
def now(monkeypatch):
    """The time, which a test moves."""
    moment = [100.0]
    monkeypatch.setattr(learn, "monotonic", lambda: moment[0])
    return moment


class Learner:
    """One browser that learns."""

    def __init__(self, page, now):
        self.page, self._now = page, now
        self.panel = page.show(LearnPanel)

    def begin(self):
        self.page.click(self.panel._begin)

    def touch(self, *events):
        self.page.take(*(MidiSeen(0.0, "something", event) for event in events))
        self._now[0] += QUIET_SECONDS
        self.page.refresh()

    def answers(self, *texts):
        for text in texts:
            self.page.enter(self.panel._answer, text)
            self.page.fire(self.panel._answer, "keydown.enter")

    @property
    def question(self):
        return self.panel._question.text

    @property
    def said(self):
        return self.panel._said.text.splitlines()


@pytest.fixture
def page(headless, on_disk):
    return headless(of=on_disk.load())


@pytest.fixture
def learner(page, now):
    return Learner(page, now)


def knob(*values, cc=74):
    return [ControlChange("grid", 1, cc, value, 0.0) for value in values]


def test_a_knob_is_asked_about_and_written_and_taken_back(learner, on_disk):
    before = on_disk.path.read_text()
    learner.begin()
    learner.touch(*knob(3, 4, 5, 6))
    assert learner.said == ["grid: cc 74, channel 1"]
    assert learner.question.startswith("What does it do")
    learner.answers("steps", "4 100", "")
    line = "controls:\n  - {cc: 74, channel: 1, port: grid, sets: steps, range: [4, 100]}\n"
    assert on_disk.path.read_text() == before + line
    assert learner.said[-1] == "Written: presets.yaml:5: controls.0"
    assert learner.page.sent == [ReadAgain()]
    learner.page.take(configuration(on_disk.load()))
    learner.page.click(learner.panel._undo)
    assert on_disk.path.read_text() == before
    assert learner.said[-1] == "Undone."
    assert not learner.panel._undo.enabled


def test_an_answer_of_u_takes_the_last_change_back_too(learner, on_disk):
    before = on_disk.path.read_text()
    learner.begin()
    learner.touch(*knob(3, 4, 5, 6))
    learner.answers("steps", "", "")
    learner.touch(*knob(3, 4, 5, 6, cc=75))
    learner.answers("u")
    assert on_disk.path.read_text() == before


def test_a_pad_gets_a_prompt_in_its_bank(learner, on_disk):
    learner.begin()
    learner.touch(NoteOn("grid", 1, 60, 90, 0.0))
    learner.answers("rain on a roof", "second")
    assert 'prompt: "rain on a roof"' in on_disk.bank("second").read_text()
    assert learner.said[-1] == "Written: presets/second.yaml: pads.60"


def test_what_the_show_reads_as_pairs_and_parameters_is_known(learner):
    learner.begin()
    learner.touch(*(ControlChange("grid", 1, 2, 5, 0.0, fine) for fine in (1, 2, 3)))
    assert "cc 2 of 14 bits" in learner.said[-1]
    learner.answers("")
    learner.touch(*(Nrpn("grid", 1, 300, value, 0.0) for value in (5, 9, 30)))
    assert "nrpn 300" in learner.said[-1]


def test_nothing_is_asked_before_it_begins_after_it_ends_or_while_it_goes_on(learner):
    learner.touch(*knob(3, 4, 5, 6))
    assert (learner.said, learner.question) == ([], "")
    learner.begin()
    assert learner.question == "Press or turn something."
    learner.page.take(MidiSeen(0.0, "cc", knob(3)[0]))
    assert learner.said == []
    learner.touch(TransportChange("grid", "start", 0.0))
    learner.begin()
    learner.touch(*knob(3, 4, 5, 6))
    assert learner.question == ""


def test_what_is_refused_is_said_and_asked_again(learner, on_disk):
    before = on_disk.path.read_text()
    learner.begin()
    learner.touch(*knob(3, 4, 5, 6))
    learner.answers("steps", "4 100000")
    assert "100000 is above" in learner.said[-1]
    assert learner.question.startswith("From and to?")
    assert on_disk.path.read_text() == before
    assert learner.page.sent == []


def test_undo_keeps_what_a_hand_has_changed_since(learner, on_disk):
    learner.begin()
    learner.touch(NoteOn("grid", 1, 60, 90, 0.0))
    learner.answers("rain on a roof", "second")
    path = on_disk.bank("second")
    path.write_text(path.read_text().replace("rain on a roof", "hail on a roof"))
    by_hand = path.read_text()
    learner.page.click(learner.panel._undo)
    assert path.read_text() == by_hand
    assert learner.said[-1] == "Nothing was written."
    assert "changed" in learner.said[-2]


def test_an_encoder_that_is_turned_one_way_is_asked_once_and_given_up(learner):
    learner.begin()
    learner.touch(*knob(1, 1, 1, 1))
    for _ in range(3):
        learner.touch()
    assert sum("other way" in line for line in learner.said) == 1
    assert learner.question.startswith("Turn it the other way")
    learner.answers("")
    assert learner.question == "Press or turn something."
    learner.touch(*knob(3, 4, 5, 6))
    assert learner.said[-1] == "grid: cc 74, channel 1"


def test_it_goes_on_when_the_controller_is_gone(learner, on_disk):
    learner.begin()
    learner.touch(*knob(3, 4, 5, 6))
    learner.page.take(PortChanged("grid", "in", "lost", "grid: Grid is gone"))
    assert learner.panel._ports.text == "grid: Grid is gone"
    learner.answers("steps", "", "")
    assert "sets: steps" in on_disk.path.read_text()
    assert learner.question == "Press or turn something."


def test_two_browsers_learn_at_once_and_the_same_is_written_once(page, now, on_disk):
    one, other = Learner(page, now), Learner(page, now)
    one.begin()
    other.begin()
    one.touch(*knob(3, 4, 5, 6))
    assert one.question == other.question != ""
    one.answers("steps", "", "")
    other.answers("steps", "", "")
    assert other.said[-1] == "Nothing was written."
    assert on_disk.path.read_text().count("cc: 74") == 1
    one.touch(*knob(3, 4, 5, 6, cc=75))
    one.answers("steps", "", "")
    other.answers("cfg_scale", "", "")
    text = on_disk.path.read_text()
    assert "cc: 75, channel: 1, port: grid, sets: steps" in text
    assert "cc: 75, channel: 1, port: grid, sets: cfg_scale" in text


def test_a_conversation_is_as_long_as_there_is_room(learner):
    learner.begin()
    for _ in range(LINES):
        learner.touch(*knob(3, 4, 5, 6))
        learner.answers("")
    assert len(learner.said) == LINES
