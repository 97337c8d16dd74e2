"""Scalars of plain YAML, one at a time; files of them are in test_plain_yaml.py."""

import math

import pytest

from midifrag.config.plain_scalars import (
    CORE,
    MAX_DIGITS,
    StopReadingError,
    is_number,
    plain_value,
    tagged,
    unknown_tag,
    whole_characters,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("-1_000", -1000),
        ("+3", 3),
        ("0o17", 15),
        ("0xFF", 255),
        ("0b101", 5),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-.inf", -math.inf),
        ("", None),
        ("~", None),
        ("Null", None),
        ("true", True),
        ("FALSE", False),
        ("yes", "yes"),
        ("off", "off"),
        ("1.2.3", "1.2.3"),
        ("2001-12-14", "2001-12-14"),
        ("-", "-"),
        ("12 bars", "12 bars"),
    ],
)
def test_a_scalar_without_quotes_means_what_the_core_schema_says(text, value):
    meant = plain_value(text)
    assert meant == value
    assert type(meant) is type(value)


def test_not_a_number_is_one_all_the_same():
    assert math.isnan(plain_value(".nan"))
    assert is_number(".NaN")


@pytest.mark.parametrize(("text", "expected"), [("12", True), ("1e5", True), ("rain", False), ("true", False)])
def test_numbers_are_told_from_text(text, expected):
    assert is_number(text) is expected


def test_a_number_has_an_end():
    assert plain_value("1" * MAX_DIGITS) == int("1" * MAX_DIGITS)
    with pytest.raises(StopReadingError, match="a number of 41 characters; put it in quotes"):
        plain_value("1" * (MAX_DIGITS + 1))


@pytest.mark.parametrize(
    ("text", "tag", "value"),
    [
        ("5", None, "5"),
        ("5", "!", "5"),
        ("5", f"{CORE}str", "5"),
        ("5", f"{CORE}int", 5),
        ("5", f"{CORE}float", 5.0),
        ("true", f"{CORE}bool", True),
        ("", f"{CORE}null", None),
    ],
)
def test_a_tag_of_the_core_schema_is_kept_to(text, tag, value):
    meant = tagged(text, tag)
    assert meant == value
    assert type(meant) is type(value)


@pytest.mark.parametrize(("text", "name"), [("abc", "float"), ("5", "bool"), ("1.5", "int"), ("true", "int")])
def test_a_value_that_its_tag_does_not_mean_is_refused(text, name):
    with pytest.raises(StopReadingError, match=f"is none of what !!{name} means; remove !!{name}"):
        tagged(text, f"{CORE}{name}")


@pytest.mark.parametrize(("tag", "words"), [("!mine", "!mine is no part of a set"), (f"{CORE}omap", "!!omap is no")])
def test_other_tags_are_no_part_of_a_set(tag, words):
    with pytest.raises(StopReadingError, match=words):
        tagged("x", tag)
    assert unknown_tag(tag).startswith(words)


def test_halves_of_a_character_are_put_together():
    assert whole_characters("a \ud83c\udfb9 b") == "a 🎹 b"
    assert whole_characters("ü") == "ü"
    with pytest.raises(StopReadingError, match="half a character"):
        whole_characters("a \ud83c b")
