"""Plain YAML, and what says more than that."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midifrag.config import plain_yaml
from midifrag.config.plain_scalars import MAX_DIGITS
from midifrag.config.plain_yaml import MAX_DEPTH, MAX_NODES, NotPlainError, parse
from tests.support.forms import examples


def mistake(text):
    with pytest.raises(NotPlainError) as wrong:
        parse(text)
    return wrong.value.mistakes[-1]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("", None),
        ("~", None),
        ("Null", None),
        ("true", True),
        ("FALSE", False),
        ("yes", "yes"),
        ("0", 0),
        ("-12", -12),
        ("+12", 12),
        ("010", 10),
        ("1_000", 1000),
        ("0o17", 15),
        ("0x1F", 31),
        ("0b101", 5),
        ("1.5", 1.5),
        ("1.", 1.0),
        (".5", 0.5),
        ("-1e3", -1000.0),
        ("1e400", math.inf),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("-_", "-_"),
        ("0x_", "0x_"),
        ("1e", "1e"),
        ("1:30", "1:30"),
        ("2001-12-14", "2001-12-14"),
        ("2001-13-45", "2001-13-45"),
        ("C# pad", "C# pad"),
        ("'36'", "36"),
        ('"a\\tb"', "a\tb"),
        ('"\\ud83c\\udf27"', "\N{CLOUD WITH RAIN}"),
        ("|\n  two\n  lines\n", "two\nlines\n"),
        (">-\n  folded\n  lines\n", "folded lines"),
        ("!!str 36", "36"),
        ("! 36", "36"),
        ("!!int '36'", 36),
        ("!!float 36", 36.0),
        ("!!bool true", True),
        ("!!null ''", None),
        ("!!seq [1, [a, b], {c: d}]", [1, ["a", "b"], {"c": "d"}]),
        ("!!map {a: {b: [c]}}", {"a": {"b": ["c"]}}),
    ],
)
def test_what_a_value_means(written, value):
    document, mistakes = parse(f"key: {written}")
    assert mistakes == []
    assert document == {"key": value}
    assert type(document["key"]) in (type(value), plain_yaml.YamlMap, plain_yaml.YamlList)


def test_not_a_number_is_a_number_of_yaml():
    assert math.isnan(parse("a: .nan")[0]["a"])


def test_keys_are_text_as_they_are_written():
    assert parse("36: a\n0x25: b\nC1: c\n'38': d\ntrue: e\n1.50: f\n~: g\n? C2\n: h\n")[0] == {
        "36": "a",
        "37": "b",
        "C1": "c",
        "38": "d",
        "true": "e",
        "1.50": "f",
        "~": "g",
        "C2": "h",
    }


def test_every_key_and_item_has_its_line():
    document, _ = parse("# first\na:\n  b: 1\n\n  c:\n    - 2\n    - {d: 3}\n    -\n      - 4\n")
    assert document.lines == {"a": 2}
    assert document["a"].lines == {"b": 3, "c": 5}
    assert document["a"]["c"].lines == [6, 7, 9]
    assert document["a"]["c"][1].lines == {"d": 7}


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "---\n...\n"])
def test_nothing_is_none(text):
    assert parse(text) == (None, [])


def test_names_and_what_is_merged_in():
    text = "x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz:\n  <<: [*x, *y]\n  a: 0\nlist: &l [*x, *x]\nagain: *l\n*k : v\n"
    document, mistakes = parse("k: &k name\n" + text)
    assert mistakes == []
    assert document["z"] == {"a": 0, "b": 2, "c": 4}
    assert document["z"].lines == {"a": 6, "b": 2, "c": 3}
    assert document["again"] == [{"a": 1, "b": 2}] * 2
    assert document["name"] == "v"
    assert parse('"<<": {a: 1}')[0] == {"<<": {"a": 1}}


def test_keys_that_stand_there_twice_are_all_told_and_the_first_counts():
    document, mistakes = parse("a: 1\nb: {c: 1, c: 2}\n'a': 3\nd:\n  - {1: x, '1': y, 0x1: z}\n")
    assert document == {"a": 1, "b": {"c": 1}, "d": [{"1": "x"}]}
    assert [(one.line, ".".join(one.keys), one.sentence.partition(";")[0]) for one in mistakes] == [
        (2, "b.c", "stands here twice"),
        (3, "a", "stands here twice"),
        (5, "d.0.1", "stands here twice, with and without quotes"),
        (5, "d.0.1", "stands here twice, with and without quotes"),
    ]


@pytest.mark.parametrize(
    ("text", "line", "keys", "sentence"),
    [
        ("a:\n  b: !!float abc", 2, "a.b", "'abc' is none of what !!float means; remove !!float"),
        ("a: !!bool 5", 1, "a", "'5' is none of what !!bool means"),
        ("a: !!int 1.5", 1, "a", "'1.5' is none of what !!int means"),
        ("a:\n- !!timestamp 2001-13-45", 2, "a.0", "!!timestamp is no part of a set; remove it"),
        ("a: !!omap [b: 1]", 1, "a", "!!omap is no part of a set"),
        ("a: !!set {b}", 1, "a", "!!set is no part of a set"),
        ("a: !!binary aGk=", 1, "a", "!!binary is no part of a set"),
        ("a: !!python/object:os.system {}", 1, "a", "!!python/object:os.system is no part of a set"),
        ("a: !rain drum", 1, "a", "!rain is no part of a set; remove it, or put the text in quotes"),
        ("%TAG !e! tag:example.com,2000:\n---\na: !e!x 1", 3, "a", "tag:example.com,2000:x is no part of a set"),
        ("a: *b", 1, "a", "*b refers to nothing; &b must stand above it"),
        ("a: &a\n  b: *a", 2, "a.b", "*a stands within what it refers to"),
        ("a: &a\n  x: 1\n  <<: *a", 3, "a.<<", "*a stands within what it refers to"),
        ("a: 1\nb: {<<: 5}", 2, "b", "<< takes in keys and values"),
        ("x: &x [1]\nb: {<<: [*x]}", 2, "b", "<< takes in keys and values"),
        ("a: {[1]: 2}", 1, "a", "a key is a word or a number"),
        ("x: &x [1]\n*x : 2", 2, "", "a key is a word or a number"),
        ("a: 1\n---\nb: 2", 2, "", "a second document begins here"),
        ("a: [", 1, "", "not valid YAML: "),
        ("a: 1\n\tb: 2", 2, "", "not valid YAML: "),
        ("a: 'open\nb: 1", 2, "", "not valid YAML: "),
        ("%YAML 3.0\n---\na: 1", 1, "", "not valid YAML: "),
        ('a: 1\nb: "\\UFFFFFFFF"', 2, "", "not valid YAML in or below this line"),
        ('a: 1\nb: "\\uD800"', 2, "b", "half a character"),
        ("a: 1\nb: x\x01", 2, "", "the character U+0001 cannot stand here; remove it"),
        (f"a: {'1' * (MAX_DIGITS + 1)}", 1, "a", f"a number of {MAX_DIGITS + 1} characters; put it in quotes"),
        (f"a: {'1' * 5000}", 1, "a", "a number of 5,000 characters; put it in quotes if it is text"),
    ],
)
def test_what_is_not_plain_is_told_with_its_place(text, line, keys, sentence):
    found = mistake(text)
    assert (found.line, ".".join(found.keys)) == (line, keys)
    assert found.sentence.startswith(sentence)


def test_depth_has_a_limit_and_names_do_not_get_around_it():
    deep = "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1)
    assert parse(f"a: {deep}")[1] == []
    assert f"more than {MAX_DEPTH} deep" in mistake(f"a: [{deep}]").sentence
    assert f"more than {MAX_DEPTH} deep" in mistake(f"a: &a {deep}\nb: [*a]").sentence
    assert parse(f"a: &a {deep}\nb: *a")[1] == []


def test_a_hundred_thousand_brackets_are_not_read_to_their_end(monkeypatch):
    taken = []
    take = plain_yaml._Builder.take
    monkeypatch.setattr(plain_yaml._Builder, "take", lambda self, *about: (taken.append(1), take(self, *about)))
    assert "deep" in mistake("a: " + "[" * 100_000).sentence
    assert len(taken) < 2 * MAX_DEPTH


@pytest.mark.parametrize("kind", [("[", "]"), ("{<<: [", "]}")])
def test_names_that_multiply_are_counted_and_not_built(kind):
    begin, end = kind
    lines = ["a: &a {x: 1, y: 2}"]
    for before, name in zip("abcdefghijklmno", "bcdefghijklmnop", strict=True):
        lines.append(f"{name}: &{name} {begin}{', '.join([f'*{before}'] * 9)}{end}")
    assert f"more than {MAX_NODES:,} keys and values" in mistake("\n".join(lines)).sentence


def test_a_long_text_counts_each_time_it_is_named():
    names = ", ".join(["*a"] * 1000)
    assert f"more than {MAX_NODES:,}" in mistake(f"a: &a {'x' * 50_000}\nb: [{names}]").sentence
    assert parse(f"a: &a {'x' * 5_000}\nb: [{names}]")[1] == []


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(), values, max_size=3),
    max_leaves=8,
)


@settings(max_examples=examples(60))
@given(value=VALUES)
def test_json_is_plain_yaml(value):
    text = json.dumps({"a key": value})
    assert parse(text) == ({"a key": value}, [])
