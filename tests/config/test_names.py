"""What is said of a name that stands for nothing."""

from __future__ import annotations

import pytest

from midifrag.config.names import closest, none_of

KNOWN = ["launchpad", "echo", "none"]


@pytest.mark.parametrize(
    ("found", "meant"), [("launchpd", "launchpad"), ("ecko", "echo"), ("tuba", None), (7, None), ("echo" * 26, None)]
)
def test_the_name_that_was_probably_meant(found, meant):
    assert closest(found, KNOWN) == meant


def test_only_the_same_name_is_like_itself_in_full():
    assert closest("ecko", KNOWN, 1.0) is None
    assert closest("echo", KNOWN, 1.0) == "echo"


def test_a_name_as_long_as_may_be_is_compared_and_a_longer_one_is_not():
    known = ["a" * 100, "a" * 101]
    assert closest("a" * 100, known) == "a" * 100
    assert closest("a" * 101, known) is None


def test_a_wrong_name_is_told_with_those_that_there_are_and_the_nearest():
    assert none_of("ecko", KNOWN) == "'ecko' is none of launchpad, echo, none; did you mean echo?"
    assert none_of("tuba", KNOWN) == "'tuba' is none of launchpad, echo, none"
    assert none_of("tuba", []) == "'tuba' is none of none that there are"


def test_of_very_many_names_some_are_told():
    assert none_of("x", [f"n{number}" for number in range(40)]).endswith("n38, n39")
    assert none_of("x", [f"n{number}" for number in range(41)]).endswith("n39, …")
