"""In CI on Linux every tool is there: a skip has failed, but for what a machine does not grant."""

from __future__ import annotations

import os
import sys

import pytest

#: How the reasons begin that hold there too.
GRANTED = ("needs root", "there is no Python 3.7")


def is_failure(reason: str) -> bool:
    """Whether what is skipped for ``reason`` has failed here."""
    # Elsewhere much is left out by intent: links, signals, Linux's own programs.
    on_linux_in_ci = os.environ.get("CI") == "true" and sys.platform == "linux"
    return on_linux_in_ci and not reason.removeprefix("Skipped: ").startswith(GRANTED)


def judge(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Change a skip that is none into a failure."""
    if not report.skipped or hasattr(report, "wasxfail") or not isinstance(report.longrepr, tuple):
        return
    file, line, reason = report.longrepr
    if is_failure(reason):
        report.outcome = "failed"
        report.longrepr = f"{file}:{line}: {reason}; in CI this must run"
