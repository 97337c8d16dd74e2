"""Two readings of now, from one clock for all."""

from __future__ import annotations

import ast
import time
from pathlib import Path

import pytest

import midifrag
from midifrag import clock as module
from midifrag.clock import ManualClock, SystemClock, fine_clock, monotonic

PACKAGE = Path(midifrag.__file__).parent
#: Clocks of which Windows has several, without an epoch in common.
OTHERS = {"monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"}
#: Who may read them, and why.
READERS = {
    "clock.py": "says which one everybody reads",
    "doors/live/script/surface.py": "runs in Live, without the package; its moments stay there",
}


def test_the_clock_is_the_fine_one_on_windows_and_everywhere():
    assert fine_clock("win32") is time.perf_counter
    assert fine_clock("linux") is fine_clock("darwin") is time.monotonic
    assert time.get_clock_info(monotonic.__name__).resolution <= 1e-6
    assert time.get_clock_info(monotonic.__name__).monotonic


def reads_another_clock(file: Path) -> list[int]:
    """The lines of a file that take a clock from the module ``time``."""
    text = file.read_text(encoding="utf-8")
    # What has none of these words need not be understood: most of the package.
    if not any(f"time.{name}" in text for name in OTHERS) and "from time import" not in text:
        return []
    lines = []
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Attribute(value=ast.Name(id="time"), attr=name) if name in OTHERS:
                lines.append(node.lineno)
            case ast.ImportFrom(module="time", names=names) if OTHERS & {name.name for name in names}:
                lines.append(node.lineno)
    return lines


def test_everybody_in_the_package_reads_the_one_clock():
    found = {file.relative_to(PACKAGE).as_posix(): reads_another_clock(file) for file in PACKAGE.rglob("*.py")}
    assert {file for file, lines in found.items() if lines} == set(READERS)


@pytest.mark.parametrize("text", ["import time\nx = time.monotonic()\n", "\nfrom time import perf_counter\n"])
def test_one_who_reads_another_is_found(tmp_path, text):
    file = tmp_path / "late.py"
    file.write_text(text)
    assert reads_another_clock(file) == [2]


class Moments:
    """The readings of two clocks."""

    wall, since_start = 1_700_000_000.0, 50.0

    def time(self):
        return self.wall

    def monotonic(self):
        return self.since_start


def test_times_of_a_session_never_jump_though_the_machine_s_clock_is_set(monkeypatch):
    moments = Moments()
    monkeypatch.setattr(module, "time", moments)
    monkeypatch.setattr(module, "monotonic", moments.monotonic)
    clock = SystemClock()
    moments.wall, moments.since_start = 5.0, 52.5
    assert clock.now() == 52.5
    assert clock.wall(clock.now()) == 1_700_000_002.5
    assert clock.wall(50.0) == 1_700_000_000.0


def test_a_clock_that_is_moved_by_hand_stands_still_else():
    clock = ManualClock()
    assert (clock.now(), clock.wall(7.0)) == (1000.0, 7.0)
    clock.time += 2
    assert clock.now() == 1002.0
    assert ManualClock(3.0).now() == 3.0
