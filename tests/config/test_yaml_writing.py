"""Values written into a file that people write too; whole edits of banks are in test_pad_editing.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midifrag.config.plain_yaml import parse
from midifrag.config.yaml_writing import dump, in_one_line, load_editable, set_values

TEXT = """\
# before
name: One   # after
date: 2001-12-14
pads:
  36: {prompt: 'rain', steps: 8}  # the first
"""


def test_what_is_not_changed_keeps_its_bytes():
    assert dump(load_editable(TEXT)) == TEXT


def test_a_value_is_replaced_in_the_form_that_it_has():
    document = load_editable(TEXT)
    set_values(document["pads"][36], {"prompt": "snow", "steps": 9})
    assert dump(document) == TEXT.replace("'rain'", "'snow'").replace("steps: 8", "steps: 9")


def test_none_removes_a_key_and_a_new_one_is_added():
    document = load_editable(TEXT)
    set_values(document["pads"][36], {"steps": None, "name": None, "colour": "blue"})
    assert dump(document) == TEXT.replace("steps: 8}  #", "colour: blue} #")


def test_a_value_that_is_alike_keeps_its_form():
    document = load_editable("steps: 0x10\nseed: 1_000\n")
    set_values(document, {"steps": 16, "seed": 1000})
    assert dump(document) == "steps: 0x10\nseed: 1_000\n"


def test_true_is_not_taken_for_the_one_that_stands_there():
    document = load_editable("slot: true\n")
    set_values(document, {"slot": 1})
    assert dump(document) == "slot: 1\n"


@pytest.mark.parametrize(
    ("text", "written"), [("rain", "rain"), ("off", '"off"'), ("yes", '"yes"'), ("12", '"12"'), ("C#", '"C#"')]
)
def test_words_alone_need_no_quotes(text, written):
    assert dump(in_one_line({"prompt": text})).strip() == f"{{prompt: {written}}}"


@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_any_text_is_read_back_as_it_was_written(text):
    document = load_editable("pads: {}\n")
    document["pads"]["36"] = in_one_line({"prompt": text})
    assert parse(dump(document))[0]["pads"]["36"]["prompt"] == text
