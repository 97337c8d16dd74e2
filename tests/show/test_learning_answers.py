"""What typed answers mean while learning."""

import pytest

from midifrag.config.targets import TARGETS
from midifrag.show.learning_answers import AnswerError, completed, range_of, short, slot_of, usual_way
from tests.support.shows import loaded

NAMES = ("steps", "stop", "star", "stop_all")


@pytest.mark.parametrize(("text", "name"), [("stop", "stop"), ("ste", "steps"), ("stop_", "stop_all")])
def test_a_name_may_be_cut_short(text, name):
    assert completed(text, NAMES) == name


@pytest.mark.parametrize(
    ("text", "says"), [("st", "may be steps, stop, star or stop_all"), ("", "none of"), ("x" * 5000, "x…")]
)
def test_one_that_means_none_or_several_is_told(text, says):
    with pytest.raises(AnswerError, match=says) as refused:
        completed(text, NAMES)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(("text", "way"), [("", [1, 150]), ("[4, 9]", [4, 9]), ("9 4", [9, 4])])
def test_a_range_is_two_numbers_or_the_usual_one(text, way):
    assert range_of(text, TARGETS["steps"], (1, 150)) == way


@pytest.mark.parametrize(
    ("model", "target", "way"),
    [("pocket", "cfg_scale", (1, 7)), ("pocket-1", "cfg_scale", (0, 15)), ("pocket", "steps", (1, 150))],
)
def test_the_usual_range_is_what_a_model_hears_of_its_guidance_or_that_of_the_slider(model, target, way):
    assert usual_way(loaded(model=model), TARGETS[target]) == way


@pytest.mark.parametrize("text", ["nan 4", "4 inf", "4", "1 2 3", "9" * 5000 + " 4", "-1 4"])
def test_no_other_range_is_taken(text):
    with pytest.raises(AnswerError):
        range_of(text, TARGETS["steps"], (1, 150))


def test_a_slot_is_one_that_is_there():
    assert slot_of("8", 8) == 8
    for text in ("0", "9", "-1", "1.5", "", "9" * 5000):
        with pytest.raises(AnswerError):
            slot_of(text, 8)


def test_what_is_repeated_is_short():
    assert (short("rain"), len(short("x" * 5000))) == ("rain", 41)
