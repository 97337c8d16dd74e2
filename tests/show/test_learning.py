"""What learning asks, and what it makes of answers."""

import pytest

from midifrag.config import loading
from midifrag.midi.messages import ControlChange, NoteOn, PitchBend
from midifrag.pad_key import PadKey
from midifrag.show.learning import Learning
from midifrag.show.learning_edits import Device, NewEntry, NewPort, NewPrompt, Undo
from midifrag.show.learning_touches import MOST_EVENTS
from tests.support.shows import on_disk

SHOW = """\
model: sketch
set_list: [one, two]
ports:
  keys: {in: Keys}
  desk: {in: Desk, out: Desk, surface: mackie}
controls:
  - {cc: 21, sets: steps, range: [1, 100]}
actions:
  - {cc: 119, does: panic}
  - {note: 97, does: next_bank, channel: 2}
"""
OTHER = Device("other", {"in": "Other"}, "Some Box (Other)")


@pytest.fixture
def loaded(tmp_path):
    two = "name: Two\npads:\n  36: {prompt: fog}\ncontrols:\n  - {cc: 74, sets: seconds, range: [1, 8]}\n"
    return on_disk(tmp_path, SHOW, one="name: One\npads:\n  36: {prompt: rain}\n", two=two)


@pytest.fixture
def learning(loaded):
    return Learning(loaded, {"Other": OTHER})


def touch(learning, *events):
    for event in events:
        learning.heard(event)
    return learning.quiet()


def turned(*values, cc=74, port="keys"):
    return [ControlChange(port, 1, cc, value, 0.0) for value in values]


def pressed(note=36, port="keys"):
    return NoteOn(port, 1, note, 100, 0.0)


def answered(learning, *answers):
    step = learning._dialogue.step
    for answer in answers:
        step = learning.answered(answer)
    return step


def knob(learning):
    return touch(learning, *turned(3, 4, 5, 6))


def test_a_knob_is_named_and_asked_what_it_does(learning):
    step = knob(learning)
    assert step.says[0] == "keys: cc 74, channel 1"
    assert step.asks.startswith("What does it do (a parameter or an action;")
    assert "cfg_scale" in step.choices
    assert learning.waits


@pytest.mark.parametrize(
    ("answers", "slug", "entry"),
    [
        (["steps", "", ""], None, {"sets": "steps", "range": [1, 150]}),
        (["ste", "4, 100", "all"], None, {"sets": "steps", "range": [4, 100]}),
        (["cfg", "[1.5 12]", "two"], "two", {"sets": "cfg_scale", "range": [1.5, 12]}),
        (["pan", "-1 1", "3", ""], None, {"sets": "pan", "range": [-1, 1], "slot": 3}),
    ],
)
def test_answers_make_a_control_for_all_banks_or_for_one(learning, answers, slug, entry):
    knob(learning)
    assert answered(learning, *answers).edit == NewEntry(
        slug, "controls", {"cc": 74, "channel": 1, "port": "keys"} | entry
    )
    assert not learning.waits


@pytest.mark.parametrize(
    ("answers", "entry"),
    [
        (["panic"], {"does": "panic"}),
        (["lock", "2"], {"does": "lock", "slot": 2}),
        (["star", "36"], {"does": "star", "pad": 36}),
        (["bank", "two"], {"does": "bank", "bank": "two"}),
    ],
)
def test_a_button_does_an_action_and_what_it_needs_is_asked(learning, answers, entry):
    touch(learning, *turned(127, 0, cc=20))
    step = answered(learning, *answers)
    assert step.edit == NewEntry(None, "actions", {"cc": 20, "channel": 1, "port": "keys"} | entry)


def test_a_pedal_that_rises_does_an_action_and_a_button_sets_a_parameter(learning):
    step = touch(learning, *turned(20, 60, 110, 127, cc=64))
    assert step.asks.startswith("What does it do (a parameter or an action;")
    assert answered(learning, "panic").edit.entry == {"cc": 64, "channel": 1, "port": "keys", "does": "panic"}
    touch(learning, *turned(127, 0, cc=20))
    step = answered(learning, "seconds", "1 8", "")
    assert step.edit.section == "controls"


def test_of_two_meanings_of_a_name_a_button_has_the_action_and_a_knob_the_parameter(learning):
    knob(learning)
    assert answered(learning, "mute", "", "2", "").edit.section == "controls"
    touch(learning, *turned(127, 0, cc=20))
    assert answered(learning, "mute", "2").edit.section == "actions"


def test_what_a_double_press_does(learning):
    touch(learning, pressed(60), pressed(60))
    assert answered(learning, "panic").edit.entry["press"] == "double"


def test_an_encoder_does_no_action(learning):
    step = touch(learning, *turned(1, 1, 127, 127, cc=16))
    assert "panic" not in step.choices


def test_a_wheel_is_a_control(learning):
    touch(learning, *[PitchBend("keys", 1, value, 0.0) for value in (1, 200, 900)])
    step = answered(learning, "seconds", "", "")
    assert step.edit.entry["pitch_bend"] is True


@pytest.mark.parametrize("text", ['"long drone"', "long drone", "“long drone”"])
def test_a_pad_gets_a_prompt_in_the_bank_that_is_named(learning, text):
    touch(learning, pressed(37))
    step = answered(learning, text)
    assert step.choices == ["one", "two"]
    assert answered(learning, "two").edit == NewPrompt("two", PadKey(37), "long drone")


def test_a_pad_does_an_action_too(learning):
    touch(learning, pressed(60))
    step = answered(learning, "panic")
    assert step.edit == NewEntry(None, "actions", {"note": 60, "channel": 1, "port": "keys", "does": "panic"})


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        (["nonsense"], "nonsense"),
        (["steps", "loud"], "no range"),
        (["steps", "1 2 3"], "no range"),
        (["steps", "", "three"], "three"),
        (["pan", "", "many"], "no slot"),
        (["pan", "", "9"], "There is no slot 9; there are 1 to 8"),
        (["pan", "", "1" * 4500], "no slot"),
        (["steps", "nan inf"], "no range"),
        (["steps", "1 " + "9" * 4500], "no range"),
        (["steps", "0 9000"], "is below 1"),
        (["st"], "'st' may be "),
        (["9" * 4500], "none of"),
    ],
)
def test_what_is_not_understood_is_asked_again_with_the_reason(learning, answers, says):
    knob(learning)
    answered(learning, *answers[:-1])
    asked = learning._dialogue.step.asks
    step = answered(learning, answers[-1])
    assert says in step.says[0]
    assert step.asks == asked
    assert learning.waits


def test_a_question_mark_lists_the_choices(learning):
    knob(learning)
    assert "cfg_scale" in answered(learning, "?").says[0]


@pytest.mark.parametrize("text", ["", "n", "NO"])
def test_nothing_is_an_answer(learning, text):
    knob(learning)
    step = answered(learning, text)
    assert (step.says, step.edit, learning.waits) == (("Left as it is.",), None, False)


def test_what_it_does_already_is_said(learning):
    told = [touch(learning, *turned(127, 0, cc=119)).says[1:], answered(learning, "")]
    assert told[0][0].startswith("It has the action panic already (presets.yaml)")
    assert "sets seconds already (presets/two.yaml)" in knob(learning).says[1]
    answered(learning, "")
    assert "steps" in touch(learning, *turned(3, 4, 5, 6, cc=21)).says[1]
    answered(learning, "")
    # On another channel.
    assert len(touch(learning, pressed(97)).says) == 1


def test_what_is_touched_while_an_answer_is_waited_for_means_nothing(learning):
    knob(learning)
    learning.heard(pressed())
    answered(learning, "")
    assert not learning.is_touched
    assert learning.quiet().asks is None


def test_a_touch_without_end_is_cut_and_still_known(learning):
    for number in range(MOST_EVENTS * 3):
        learning.heard(turned(number % 128)[0])
    assert learning.is_full
    assert learning.quiet().says[0] == "keys: cc 74, channel 1"


def test_an_encoder_that_was_turned_one_way_is_asked_for_the_other(learning):
    assert "other way" in touch(learning, *turned(1, 1, 1, cc=16)).says[0]
    assert not learning.waits
    assert "(twos)" in touch(learning, *turned(127, 127, cc=16)).says[0]


def test_the_coding_is_that_of_the_controller_at_the_port(learning):
    assert "(mackie)" in touch(learning, *turned(1, 1, 65, 65, port="desk")).says[0]
    answered(learning, "")
    assert "(signed)" in touch(learning, *turned(1, 1, 65, 65)).says[0]


def test_a_device_of_no_port_is_offered_as_one(learning):
    step = touch(learning, *turned(3, 4, 5, 6, port="Other"))
    assert step.says == ("Some Box (Other) is no port of the set yet.",)
    assert step.asks == "Add it as other? [yes, no, or another name]"
    assert answered(learning, "").edit == NewPort("other", {"in": "Other"})


def test_a_device_gets_the_name_that_is_typed_and_what_was_touched_is_asked_about(learning):
    touch(learning, *turned(3, 4, 5, 6, port="Other"))
    assert "no name" in answered(learning, "my box!").says[0]
    assert answered(learning, "box").edit == NewPort("box", {"in": "Other"})
    assert learning.goes_on().says[0] == "box: cc 74, channel 1"
    assert answered(learning, "seconds", "", "").edit.entry["cc"] == 74
    assert learning.goes_on().asks is None


def test_one_that_is_declined_is_not_offered_again_and_its_entries_name_no_port(learning):
    touch(learning, *turned(3, 4, 5, 6, port="Other"))
    assert answered(learning, "no").asks.startswith("What does it do")
    step = answered(learning, "steps", "", "")
    assert "port" not in step.edit.entry
    assert touch(learning, *turned(3, 4, 5, 6, port="Other")).asks.startswith("What does it do")


def test_the_last_change_is_taken_back_also_while_something_is_asked(learning):
    knob(learning)
    assert answered(learning, "u").edit == Undo()
    assert not learning.waits


def test_what_is_typed_when_nothing_is_asked_says_what_to_do(learning):
    assert "Press a pad" in answered(learning, "hello").says[0]
    assert answered(learning, "").says == ()


def test_a_place_that_no_pad_can_have_is_told(loaded, learning):
    text = loaded.path.read_text().replace("{in: Keys}", "{in: Keys, surface: launchpad}")
    loaded.path.write_text(text)
    learning.loaded = loading.load(loaded.path, environment={})
    touch(learning, pressed(88))
    assert "no place there" in answered(learning, '"rain"', "one").says[0]


@pytest.mark.parametrize(
    ("answers", "says", "right", "entry"),
    [
        (["land", "3 bars"], "2 bars", "2 bars", {"to": "2 bars"}),
        (["star", "99"], "No bank has pad 99; there are 36", "C1", {"pad": 36}),
        (["star", "9" * 4500], "no note", "36", {"pad": 36}),
        (["bank", "9"], "none of one, two", "two", {"bank": "two"}),
        (["lock", "0"], "no slot 0", "1", {"slot": 1}),
    ],
)
def test_what_an_action_cannot_be_about_is_refused_with_what_there_is(learning, answers, says, right, entry):
    touch(learning, *turned(127, 0, cc=20))
    step = answered(learning, *answers)
    assert says in step.says[0]
    assert len(step.says[0]) < 300
    assert entry.items() <= answered(learning, right).edit.entry.items()


def test_where_fragments_may_land_is_listed_whole(learning):
    touch(learning, *turned(127, 0, cc=20))
    assert answered(learning, "land").asks == "To what? (now, beat, bar, 2 bars, 4 bars, presets)"


def test_a_name_that_is_cut_too_short_is_told_with_all_that_it_may_be(learning):
    touch(learning, *turned(127, 0, cc=20))
    said = answered(learning, "st").says[0]
    assert all(name in said for name in ("star", "stop", "stop_all", "steps"))


def test_an_encoder_that_was_turned_one_way_is_told_once_and_given_up(learning):
    touch(learning, *turned(1, 1, 1, cc=16))
    assert learning.question.startswith("Turn it the other way")
    assert not learning.is_touched
    assert touch(learning, *turned(1, 1, cc=16)).says == ()
    assert answered(learning, "q").says == ("Left as it is.",)
    assert learning.question is None
    assert touch(learning, *turned(127, 127, 127, cc=16)).says[0].startswith("An endless encoder")


def test_old_clicks_are_no_part_of_what_is_touched_next(learning):
    touch(learning, *turned(1, 1, 1, cc=16))
    assert touch(learning, *turned(3, 4, 5, 6)).says[0] == "keys: cc 74, channel 1"
    answered(learning, "")
    assert learning.question is None


def test_a_prompt_for_a_double_press_is_for_a_single_one_where_that_is_wanted(learning):
    touch(learning, pressed(60), pressed(60))
    step = answered(learning, '"long drone"')
    assert step.asks.startswith("A pad is played by a single press")
    assert answered(learning, "no").asks.startswith("What does it do")
    step = answered(learning, '"long drone"', "yes", "one")
    assert step.edit == NewPrompt("one", PadKey(60), "long drone")


def test_a_prompt_that_a_pad_has_is_replaced_where_that_is_wanted(learning):
    touch(learning, pressed(36))
    step = answered(learning, '"long drone"', "two")
    assert (step.asks, step.edit) == ("It plays 'fog' in two; replace it? [yes, no]", None)
    assert "neither yes nor no" in answered(learning, "perhaps").says[0]
    assert answered(learning, "yes").edit == NewPrompt("two", PadKey(36), "long drone")
