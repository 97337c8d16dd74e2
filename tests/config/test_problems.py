"""Where a mistake stands, and the sentence it gets."""

import pytest
from pydantic import ValidationError

from midifrag.config.banks import Bank
from midifrag.config.names import none_of
from midifrag.config.plain_yaml import parse
from midifrag.config.problems import Sources, problem_at, problems_in, unknown_variables
from midifrag.errors import Problem

TEXT = """\
name: O
pads:
  C1: {prompt: rain}
  37/10:
    prompt: hum
controls:
  - {cc: 1}
  - {cc: 2, sets: steps}
"""


def sources(text=TEXT, **more):
    return Sources("one.yaml", parse(text)[0], **more)


@pytest.mark.parametrize(
    ("loc", "line", "key"),
    [
        (("name",), 1, "name"),
        (("pads", "36", "prompt"), 3, "pads.C1.prompt"),
        (("pads", "C1", "prompt"), 3, "pads.C1.prompt"),
        (("pads", "37/10", "prompt"), 5, "pads.37/10.prompt"),
        (("pads", "37/10", "steps"), 4, "pads.37/10.steps"),
        (("pads", "99", "prompt"), 2, "pads.prompt"),
        (("controls", "1", "sets"), 8, "controls.1.sets"),
        (("controls", "7"), 6, "controls"),
        (("name", "VirtualPort", "virtual"), 1, "name"),
        (("pads", "36", "literal['random']"), 3, "pads.C1"),
        ((), 1, ""),
    ],
)
def test_a_place_is_named_as_the_file_writes_it(loc, line, key):
    assert problem_at(sources(), loc, "words") == Problem("one.yaml", line, key, "words")


def test_a_document_without_lines_still_has_keys():
    assert problem_at(Sources("", {"a": [{"b": 1}]}), ("a", "0", "b"), "x") == Problem("", None, "a.0.b", "x")


@pytest.mark.parametrize(
    ("loc", "flags", "environment", "place"),
    [
        (("page", "port"), {"page": {"port": 1}}, {}, ("command line", "--page-port")),
        (("fragments", "fade_ms"), {"fragments": {"fade_ms": 1}}, {}, ("command line", "--fade-ms")),
        (("page", "port"), {"page": {"host": "x"}}, {}, ("one.yaml", "port")),
        (("queue", "size"), {}, {"midifrag_queue__size": "0"}, ("environment", "MIDIFRAG_QUEUE__SIZE")),
        (("ports", "a", "in"), {}, {"MIDIFRAG_PORTS": "{}"}, ("environment", "MIDIFRAG_PORTS")),
        (("page", "port"), {"page": {"port": 1}}, {"MIDIFRAG_PAGE": "{}"}, ("command line", "--page-port")),
    ],
)
def test_flags_come_before_variables_and_these_before_the_file(loc, flags, environment, place):
    problem = problem_at(sources(flags=flags, environment=environment), loc, "words")
    assert (problem.file, problem.key) == place


def test_one_mistake_is_told_once():
    with pytest.raises(ValidationError) as caught:
        Bank.model_validate({"name": "O", "pads": {"36": {"prompt": "x", "steps": 0, "seed": -2, "sead": 4}}})
    text = "name: O\npads:\n  36: {prompt: x, steps: 0, seed: -2, sead: 4}\n"
    assert [str(problem) for problem in problems_in(caught.value, Bank, sources(text))] == [
        "one.yaml:3: pads.36.steps: 0 is below 1",
        "one.yaml:3: pads.36.seed: -2 is below 0",
        "one.yaml:3: pads.36.sead: unknown key; did you mean seed?",
    ]


def test_variables_that_set_nothing():
    environment = {"MIDIFRAG_MODLE": "x", "midifrag_fragments__count": "3", "HOME": "y", "MIDIFRAG_ZZZ__A": ""}
    keys = {problem.key: problem.message for problem in unknown_variables(environment)}
    assert list(keys) == ["MIDIFRAG_MODLE", "MIDIFRAG_ZZZ__A"]
    assert keys["MIDIFRAG_MODLE"].startswith("unknown; did you mean mode")
    assert keys["MIDIFRAG_ZZZ__A"].startswith("unknown; allowed: model, models")


def test_what_there_is_and_what_was_meant():
    assert none_of("openin", ["opening", "drift"]) == "'openin' is none of opening, drift; did you mean opening?"
    assert none_of("x", []) == "'x' is none of none that there are"
