import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import skips

ROOT = Path(__file__).parent.parent.parent


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


@pytest.mark.parametrize(("machine", "fails"), [("x86_64", True), ("aarch64", False)])
def test_packages_without_wheels_are_missed_where_there_are_some(monkeypatch, machine, fails):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setenv("CI", "true")
    one = report("there are no wheels of miniaudio for this machine")
    skips.judge(one)
    assert one.failed == fails


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere skips are skips")
@pytest.mark.parametrize(("ci", "code"), [("true", pytest.ExitCode.INTERRUPTED), ("", pytest.ExitCode.OK)])
def test_a_run_fails_where_a_test_or_a_whole_file_is_skipped(tmp_path, ci, code):
    (tmp_path / "test_one.py").write_text("import pytest\n\ndef test_one():\n    pytest.skip('no drum')\n")
    (tmp_path / "test_file.py").write_text("import pytest\n\npytest.importorskip('no_drum_at_all')\n")
    command = [sys.executable, "-m", "pytest", "-n0", "-p", "tests.conftest", "-p", "no:cacheprovider"]
    command += ["--rootdir", str(ROOT), "-c", str(ROOT / "pyproject.toml"), str(tmp_path)]
    environment = os.environ | {"CI": ci}
    both = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert both.returncode == code, both.stdout
    if ci:
        assert "could not import 'no_drum_at_all'" in both.stdout
        assert "in CI this must run" in both.stdout
        command[-1] += "/test_one.py"
        one = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert one.returncode == pytest.ExitCode.TESTS_FAILED, one.stdout
        assert "no drum; in CI this must run" in one.stdout


def test_what_was_expected_to_fail_is_no_skip(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("CI", "true")
    one = report("a known fault")
    one.wasxfail = "a known fault"
    skips.judge(one)
    assert one.skipped
