"""Words that YAML takes for comments and names are told, with the way to write them; what is meant so is not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from midifrag.config.lost_words import LONGEST, WORDS, lost_words


def told(text):
    return [str(problem) for problem in lost_words(text, "a.yaml")]


@pytest.mark.parametrize(
    ("text", "lost", "whole"),
    [
        ("prompt: C# pad # dark", "# dark", '"C# pad # dark"'),
        ("prompt: rain   #close", "#close", '"rain   #close"'),
        ("prompt: &drum loop", "&drum", '"&drum loop"'),
        ("prompt: &drum loop # dry", "&drum and # dry", '"&drum loop # dry"'),
        ("negative_prompt: #1 voice", "#1 voice", '"#1 voice"'),
        ("negative_prompt: # voice", "# voice", '"# voice"'),
        ("name: Side A #2", "#2", '"Side A #2"'),
        ('prompt: say "now" # loud', "# loud", '"say \\"now\\" # loud"'),
        ("prompt: two\n  lines # here", "# here", '"two lines # here"'),
        ("prompt:\n  rain # here", "# here", '"rain # here"'),
        ("colour: #ff0000", "#ff0000", '"#ff0000"'),
    ],
)
def test_lost_words_are_told_with_the_way_to_write_them(text, lost, whole):
    (line,) = told(text)
    key = text.partition(":")[0]
    assert line.endswith(f": {key}: YAML does not take {lost} for text; if it is, write {whole}")
    assert YAML(typ="safe").load(f"{key}: {whole}")[key] == YAML(typ="safe").load(whole)


def test_the_line_and_the_keys_are_those_of_the_file():
    bank = """
name: Opening
controls:
  - {cc: 21, sets: steps}
  - {cc: 22, name: fine #2
    }
pads:
  36: {prompt: "rain", colour: blue}
  C#1:
    fragment: {loop: true}
    prompt: C# pad # dark
"""
    assert [line.partition(": YAML")[0] for line in told(bank)] == [
        "a.yaml:5: controls.1.name",
        "a.yaml:11: pads.C#1.prompt",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "prompt: C# pad",
        'prompt: "C# pad # dark"   # the bridge',
        "prompt: 'rain'   # the bridge",
        "prompt: |\n  rain # on tin",
        "choke: drones   # a press cancels it",
        "program: 1 # a program change",
        "pads: # by note\n  36: {prompt: rain}",
        "controls: # none yet\nname: x",
        "a: {prompt: &rain rain}\nb: {prompt: *rain}",
        "seconds: &long 9",
        "? [a, b]\n: x # y",
        "*a : b # c",
        "prompt: [a, b] # c",
        "not: [closed",
        "",
        "# rain",
        "prompt: !!binary x",
    ],
)
def test_what_is_meant_so_is_not_told(text):
    assert told(text) == []


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_lines_end_where_yaml_ends_them(newline):
    (line,) = told(newline.join(['name: "a"', "a: b", "prompt: C# pad # dark", ""]))
    assert line.startswith("a.yaml:3: prompt: YAML does not take # dark for text")


def test_of_an_endless_text_a_part_is_repeated():
    (line,) = told(f"prompt: {'x' * 9999} # {'y' * 9999}")
    assert len(line) < 4 * LONGEST


@given(st.sampled_from(sorted(WORDS)), st.text(max_size=30))
def test_no_text_that_was_quoted_lost_a_word(key, text):
    assert told(f"{key}: {json.dumps(text)}") == []


@given(st.text(alphabet="ab #&*!:-{}[]'\"|\n", max_size=40))
def test_any_text_can_be_looked_at(text):
    told(text)
