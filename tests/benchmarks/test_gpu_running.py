"""Parts that end well, fail, or never end."""

import subprocess
import sys

from benchmarks.gpu_running import Reading, card_memory, command_for
from tests.support import PATIENCE


def reading(code: str, limit: float = PATIENCE) -> Reading:
    return Reading([sys.executable, "-u", "-c", code], limit, lambda: None)


def test_lines_come_as_they_are_said() -> None:
    part = reading("print('one'); print('zwei \\u00d7')")
    assert list(part.lines()) == ["one", "zwei ×"]
    assert part.outcome.trouble == ""
    assert part.outcome.seconds > 0


def test_a_part_that_fails_is_told_by_its_last_word_and_what_it_said_before_counts() -> None:
    part = reading("print('half'); raise ValueError('no such card')")
    assert list(part.lines()) == ["half"]
    assert part.outcome.trouble == "failed with 1: ValueError: no such card"


def test_a_part_that_never_ends_is_killed_at_its_limit() -> None:
    part = reading("import time\nprint('begun')\nwhile True: time.sleep(1)", limit=3.0)
    assert list(part.lines()) in (["begun"], [])
    assert part.outcome.trouble == "out of time after 3 s; what stands above it holds"


def test_the_most_memory_that_was_seen_is_kept() -> None:
    seen = iter([3, 9, 4, *[5] * 10_000])
    part = Reading([sys.executable, "-u", "-c", "for each in range(5): print(each)"], PATIENCE, lambda: next(seen))
    assert len(list(part.lines())) == 5
    assert part.outcome.memory == 9


def test_the_card_s_memory_is_asked_of_the_driver_s_tool_until_it_fails() -> None:
    answers: list[object] = ["1024\n2048\n", subprocess.SubprocessError(), "7\n"]

    def run(command: object) -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return str(answer)

    probe = card_memory(run)
    assert [probe(), probe(), probe()] == [1024 << 20, None, None]
    assert len(answers) == 1


def test_a_part_is_this_very_program() -> None:
    command = command_for("checks", ["--device", "cpu"])
    assert command == [sys.executable, "-m", "benchmarks.gpu", "--part", "checks", "--device", "cpu"]


def test_who_says_nothing_is_told_so() -> None:
    part = reading("import sys; sys.exit(3)")
    assert list(part.lines()) == []
    assert part.outcome.trouble == "failed with 3: it said nothing"
