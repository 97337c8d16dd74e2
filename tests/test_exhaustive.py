"""A message that somebody forgets to answer is an error of the type checker's.

A copy of the package gets, for each case of each match over a closed family, a second version of its function from
which that case is gone: with `--thorough` for each case of a match, else for one of each, which notices that nobody
looks for what is left over. One run of mypy must find that something is left over in every one of them, and nowhere
else.
The copy has the types of the package and these functions, none of what others do, and no libraries: what mypy says of
them takes it a third of the time. Both stay in pytest's cache, so that the next run looks at what has changed alone.
"""

from __future__ import annotations

import ast
import copy
import functools
import itertools
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import filelock
import pytest

from tests.support.forms import form

ROOT = Path(__file__).parent.parent

#: Matches that are over no closed family, by function: why what is left over needs no answer.
OPEN = {
    "bridge/inbox.py:_move_key": "anything may be put; what is no position is kept whole",
    "commands/demo.py:__call__": "the demo tells some of the changes",
    "config/plain_yaml.py:take": "a library's events; those of a document's frame mean nothing",
    "config/problems.py:_sentence": "pydantic's kinds of mistakes, which grow with it",
    "doors/instruments/hydrogen.py:_hear": "a door takes what it needs of all that is told",
    "doors/instruments/slot_files.py:_told_of": "the same, of what befalls slots",
    "engine/api.py:_start": "an engine that loads says more than a caller waits for",
    "engine/api.py:_outcome": "the same, of a render",
    "engine/border.py:_take_odd": "anything may be said; what ends no job and no engine is told",
    "engine/remote/calling.py:_look": "a server says more than who looks waits for",
    "engine/remote/talk.py:heard": "the same, of what is about no job and no model of this talk",
    "serving/session.py:take": "whatever else comes is no message for a server, and is refused",
    "serving/session.py:_tell": "what is neither a job's place nor its end is passed on as it is",
    "engine/hosting/process.py:_listen": "what is nothing of the host's own is the engine's event",
    "show/thinning.py:_is_news": "anything may be logged; what does not come many times over is news",
    "show/thinning.py:_place": "the same: what has a place of its own is named",
    "midi/echo.py:normal": "mido's kinds of messages",
    "midi/jack_process.py:_answer": "what is asked is text from outside of the process",
    "midi/lanes.py:led_key": "mido's kinds of messages",
}


#: All that the package's types need of a library: that a message is no `Any`.
PYDANTIC = """
from typing import Any
class BaseModel:
    def __init__(self, **values: Any) -> None: ...
    def __getattr__(self, name: str) -> Any: ...
def __getattr__(name: str) -> Any: ...
"""


@dataclass(frozen=True)
class Variant:
    """A function without one of its cases: where it stands in the copy, and what went."""

    file: Path
    name: str
    gone: str


def matches(function: ast.AST) -> list[ast.Match]:
    return [node for node in ast.walk(function) if isinstance(node, ast.Match)]


def is_default(case: ast.match_case) -> bool:
    return isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None and case.guard is None


def is_closed(match: ast.Match) -> bool:
    """Whether nothing may be left over: its last case says so to the type checker."""
    last = match.cases[-1]
    return is_default(last) and "assert_never" in ast.unparse(last)


def is_whole(pattern: ast.pattern) -> bool:
    """Whether a pattern takes all of its kind: one that takes some leaves the rest to a later case."""
    if isinstance(pattern, ast.MatchOr):
        return all(map(is_whole, pattern.patterns))
    if isinstance(pattern, ast.MatchClass):
        return all(
            isinstance(one, ast.MatchAs) and one.pattern is None for one in (*pattern.patterns, *pattern.kwd_patterns)
        )
    return isinstance(pattern, ast.MatchValue)


def shortened(match: ast.Match) -> Iterator[tuple[str, list[ast.match_case]]]:
    """The cases of ``match`` without one of them, or without one of its alternatives."""
    for at, case in enumerate(match.cases):
        if is_default(case) or case.guard is not None or not is_whole(case.pattern):
            continue
        others = [*match.cases[:at], *match.cases[at + 1 :]]
        yield ast.unparse(case.pattern), others
        if isinstance(case.pattern, ast.MatchOr):
            for gone in case.pattern.patterns:
                kept = copy.deepcopy(case)
                assert isinstance(kept.pattern, ast.MatchOr)
                kept.pattern.patterns = [one for one in kept.pattern.patterns if ast.dump(one) != ast.dump(gone)]
                yield ast.unparse(gone), [*match.cases[:at], kept, *match.cases[at + 1 :]]


def vary(module: Path, file: Path) -> list[Variant]:
    """Write ``module`` into ``file``, each function with a closed match followed by its variants, others empty."""
    tree, variants = ast.parse(module.read_text(encoding="utf-8")), []
    for holder in ast.walk(tree):
        if not isinstance(holder, ast.Module | ast.ClassDef):
            continue
        for function in [node for node in holder.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]:
            if not matches(function):
                # What attributes there are is said where they are made.
                if function.name != "__init__":
                    function.body = ast.parse("raise NotImplementedError").body
                continue
            if f"{module.relative_to(ROOT / 'midifrag').as_posix()}:{function.name}" in OPEN:
                continue
            for at, match in enumerate(matches(function)):
                for gone, cases in itertools.islice(shortened(match), form(1, None)):
                    variant = copy.deepcopy(function)
                    variant.name = f"{function.name}_variant_{len(variants)}"
                    matches(variant)[at].cases = copy.deepcopy(cases)
                    holder.body.append(variant)
                    variants.append(Variant(file, variant.name, f"{function.name} without {gone}"))
    text = ast.unparse(ast.fix_missing_locations(tree))
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        file.write_text(text, encoding="utf-8")
    return variants


@functools.cache
def functions_of(file: Path) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def lines_of(variant: Variant) -> range:
    function = functions_of(variant.file)[variant.name]
    return range(function.lineno, (function.end_lineno or function.lineno) + 1)


@pytest.fixture(scope="module")
def folder(pytestconfig: pytest.Config) -> Iterator[Path]:
    """Where the copy lies; no other run writes there meanwhile."""
    assert pytestconfig.cache is not None
    made = pytestconfig.cache.mkdir("exhaustive")
    with filelock.FileLock(made / "lock"):
        yield made


@pytest.fixture(scope="module")
def checked(folder: Path) -> tuple[list[Variant], dict[Path, set[int]]]:
    """All variants, and the lines of each file in which mypy finds something left over."""
    modules = sorted((ROOT / "midifrag").rglob("*.py"))
    for gone in {*(folder / "midifrag").rglob("*.py")} - {folder / module.relative_to(ROOT) for module in modules}:
        gone.unlink()
    variants = [variant for module in modules for variant in vary(module, folder / module.relative_to(ROOT))]
    (folder / "pydantic.pyi").write_text(PYDANTIC, encoding="utf-8")
    # Of the machinery only: a word that no longer stands there would leave nothing to check.
    known = form({"act without Press()"}, {"act without StarTake()", "act without CancelJob(number)"})
    assert {variant.gone for variant in variants} >= known
    plain = ["--hide-error-context", "--no-error-summary", "--python-version", "3.11", "--config-file="]
    # What none of these imports need not be looked at.
    files = sorted({variant.file.relative_to(folder).as_posix() for variant in variants})
    command = [sys.executable, "-m", "mypy", *plain, "--no-site-packages", "--ignore-missing-imports", *files]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert run.returncode == 1, run.stdout + run.stderr
    # To `assert_never`, or to whoever is given what is left over.
    left = r"^([^:\n]+):(\d+): error: Argument 1 .*\[arg-type\]$"
    faults: dict[Path, set[int]] = {}
    for path, line in re.findall(left, run.stdout, flags=re.MULTILINE):
        faults.setdefault(folder / path, set()).add(int(line))
    return variants, faults


@pytest.mark.shortened
def test_every_case_that_goes_is_missed(checked: tuple[list[Variant], dict[Path, set[int]]]) -> None:
    variants, faults = checked
    unnoticed = [one.gone for one in variants if not faults.get(one.file, set()).intersection(lines_of(one))]
    assert not unnoticed, "\n".join(unnoticed)
    varied = {(one.file, line) for one in variants for line in lines_of(one)}
    elsewhere = [f"{file}:{line}" for file, lines in faults.items() for line in lines if (file, line) not in varied]
    assert not elsewhere, "\n".join(elsewhere)


def test_what_is_left_open_is_still_there() -> None:
    for place in OPEN:
        file, name = place.split(":")
        tree = ast.parse((ROOT / "midifrag" / file).read_text(encoding="utf-8"))
        kinds = ast.FunctionDef | ast.AsyncFunctionDef
        functions = [node for node in ast.walk(tree) if isinstance(node, kinds) and node.name == name]
        found = [match for function in functions for match in matches(function)]
        # One that has each of its cases by now is looked at like all others.
        assert not all(map(is_closed, found)), place
