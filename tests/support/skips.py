"""In CI on Linux every tool is there: a skip has failed, but for what a machine does not grant."""

from __future__ import annotations

import os
import platform
import sys

import pytest

#: How the reasons begin that hold there too, and one that does where pyproject.toml leaves packages out.
GRANTED = ("needs root", "there is no Python 3.7")
NO_WHEELS = "there are no wheels of"


def is_failure(reason: str) -> bool:
    """Whether what is skipped for ``reason`` has failed here."""
    # Elsewhere much is left out by intent: links, signals, Linux's own programs.
    if os.environ.get("CI") != "true" or sys.platform != "linux":
        return False
    granted = GRANTED if platform.machine() == "x86_64" else (*GRANTED, NO_WHEELS)
    return not reason.removeprefix("Skipped: ").startswith(granted)


def judge(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Change a skip that is none into a failure."""
    if not report.skipped or hasattr(report, "wasxfail") or not isinstance(report.longrepr, tuple):
        return
    file, line, reason = report.longrepr
    if is_failure(reason):
        report.outcome = "failed"
        report.longrepr = f"{file}:{line}: {reason}; in CI this must run"
