import sys

import pytest

from tests.support import skips


def report(reason, outcome="skipped"):
    return pytest.TestReport("a", ("a", 1, "a"), {}, outcome, ("tests/a.py", 7, f"Skipped: {reason}"), "setup")


@pytest.mark.parametrize("reason", ["jackd is not installed", "could not import 'grpc'", "needs the extra serve"])
def test_what_is_skipped_for_a_tool_has_failed_in_ci_and_says_which(monkeypatch, reason):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("CI", "true")
    one = report(reason)
    skips.judge(one)
    assert one.failed
    assert one.longrepr == f"tests/a.py:7: Skipped: {reason}; in CI this must run"


@pytest.mark.parametrize(
    ("ci", "platform", "reason"),
    [
        ("true", "linux", "needs root: a disk is mounted, on Linux"),
        ("true", "darwin", "only Linux tells"),
        ("", "linux", "jackd is not installed"),
    ],
)
def test_what_a_machine_does_not_grant_or_is_no_ci_s_stays_skipped(monkeypatch, ci, platform, reason):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv("CI", ci)
    one = report(reason)
    skips.judge(one)
    assert one.skipped


def test_what_was_expected_to_fail_is_no_skip(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("CI", "true")
    one = report("a known fault")
    one.wasxfail = "a known fault"
    skips.judge(one)
    assert one.skipped
