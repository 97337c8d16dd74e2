"""One question at a time, and what becomes of answers."""

import pytest

from midifrag.show.learning_answers import AnswerError
from midifrag.show.learning_dialogue import Dialogue
from midifrag.show.learning_edits import Step


def said(text):
    return Step((f"heard {text}",))


def number(text):
    if not text.isdigit():
        raise AnswerError(f"{text} is no number")
    return int(text)


def test_an_answer_is_for_what_was_asked_last_and_is_given_once():
    dialogue = Dialogue()
    assert (dialogue.waits, dialogue.answer("early")) == (False, None)
    dialogue.ask(("A knob.",), "What?", ("a", "b"), lambda _text: Step(("the first",)))
    assert dialogue.ask((), "Which?", ("c",), said) == dialogue.step == Step((), "Which?", ("c",))
    assert dialogue.waits
    assert dialogue.answer("c") == said("c")
    assert (dialogue.waits, dialogue.answer("c")) == (False, None)


def test_a_question_that_is_dropped_waits_for_nothing():
    dialogue = Dialogue()
    dialogue.ask((), "Which?", (), said)
    dialogue.drop()
    assert (dialogue.waits, dialogue.answer("c")) == (False, None)


def test_what_cannot_be_read_is_asked_again_with_the_reason_and_the_choices():
    dialogue = Dialogue()
    dialogue.ask((), "How many?", ("1", "2"), dialogue.reading(number, lambda value: said(value + 1)))
    for text in ("many", "more"):
        assert dialogue.answer(text) == Step((f"{text} is no number",), "How many?", ("1", "2"))
        assert dialogue.waits
    assert dialogue.answer("2") == said(3)


@pytest.mark.parametrize(
    ("answer", "becomes"), [("y", "on"), ("YES", "on"), ("", "left"), ("No", "left"), ("n", "left")]
)
def test_yes_goes_on_and_no_or_nothing_leaves_it(answer, becomes):
    dialogue = Dialogue()
    asked = dialogue.yes("Replace it?", lambda: said("on"), lambda: said("left"))
    assert (asked.asks, asked.choices) == ("Replace it? [yes, no]", ("yes", "no"))
    assert dialogue.answer(answer) == said(becomes)


def test_what_is_neither_yes_nor_no_is_asked_again():
    dialogue = Dialogue()
    dialogue.yes("Replace it?", lambda: said("on"), lambda: said("left"))
    assert dialogue.answer("perhaps") == Step(
        ("'perhaps' is neither yes nor no",), "Replace it? [yes, no]", ("yes", "no")
    )
    assert dialogue.answer("yes") == said("on")
