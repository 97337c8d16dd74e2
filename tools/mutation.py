"""Which changes to a module its own tests do not notice: mutmut on each module, with the test files that mirror it.

    nice -n 19 uv run --with mutmut python -m tools.mutation midifrag/fragment/slots.py …

Without modules, those that tools/mutation.toml lists. Each is changed in a copy of the working tree, one small change
at a time: what mutmut knows (operators, arguments, constants, assignments, cases), and beside it statements that go and
conditions that turn over. Properties are changed too, which mutmut leaves out; constants of a module are not. Prints a
line a module and every change that no test noticed, and writes both to the file that ``--report`` names.
"""

from __future__ import annotations

import argparse
import ast
import json
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
LISTED = Path(__file__).with_suffix(".toml")
#: Exit codes of a mutant's tests, as mutmut writes them down; what is not here was killed, 1 by a failing test.
OUTCOMES = {0: "survived", 5: "untested", 33: "untested", 24: "timeout", 36: "timeout", -24: "timeout"}
#: What mutmut is told: the tests of one module, and generous times, as the machine may be busy.
CONFIGURATION = """[mutmut]
source_paths=midifrag
only_mutate={module}
also_copy=
    presets
    presets.yaml
    tools
pytest_add_cli_args=
    -q
    -x
    -p
    no:cacheprovider
    -n0
    --timeout=60
pytest_add_cli_args_test_selection=
    {tests}
timeout_constant=20.0
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a module's mutants; ``survivors`` are the changes that no test noticed, as diffs."""

    module: str
    counts: Counter[str]
    survivors: tuple[str, ...]

    def __str__(self) -> str:
        """A line of figures."""
        told = ", ".join(f"{self.counts[name]} {name}" for name in ("killed", "timeout", "survived", "untested"))
        return f"{self.module}: {self.counts.total()} mutants, {told}"


def listed() -> dict[str, Any]:
    """What tools/mutation.toml says."""
    return tomllib.loads(LISTED.read_text(encoding="utf-8"))


def mirrors_of(module: str) -> list[str]:
    """The test files of a module, all relative to the repository.

    They are those that mirror it, ``test_name.py`` and ``test_name_*.py``, and those that are listed for it besides.
    """
    path = Path(module)
    folder = Path("tests", *path.parts[1:-1])
    others = [one.stem for one in (ROOT / path.parent).glob(f"{path.stem}_*.py")]
    parts = [one for one in sorted((ROOT / folder).glob(f"test_{path.stem}_*.py")) if one.stem[5:] not in others]
    return [
        f"{folder}/test_{path.name}",
        *(f"{folder}/{part.name}" for part in parts),
        *listed()["also"].get(module, ()),
    ]


def undecorated(source: str) -> str:
    """The module with ``@property`` and ``@contextmanager`` written as calls, so that mutmut looks into them."""
    lines = source.splitlines()
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    for function in sorted(functions, key=lambda one: one.lineno, reverse=True):
        names = [one.id for one in function.decorator_list if isinstance(one, ast.Name)]
        if names not in (["property"], ["contextmanager"]) or function.end_lineno is None:
            continue
        indent = " " * function.col_offset
        lines.insert(function.end_lineno, f"{indent}{function.name} = {names[0]}(inner_{function.name})")
        lines[function.lineno - 1] = lines[function.lineno - 1].replace(
            f"def {function.name}(", f"def inner_{function.name}("
        )
        del lines[function.decorator_list[0].lineno - 1]
    return "\n".join(lines) + "\n"


def copy_of_tree(folder: Path, module: str) -> None:
    """Put the tracked and new files of the working tree into ``folder``, ready for mutmut on ``module``."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    (folder / module).write_text(undecorated((ROOT / module).read_text(encoding="utf-8")), encoding="utf-8")
    tests = "\n    ".join(mirrors_of(module))
    (folder / "setup.cfg").write_text(CONFIGURATION.format(module=module, tests=tests), encoding="utf-8")


def mutate(module: str) -> Outcome:
    """Run all mutants of a module. Raises RuntimeError with mutmut's last words if it cannot."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_of_tree(folder, module)
        command = [sys.executable, str(Path(__file__).with_name("mutmut_more.py"))]
        done = subprocess.run([*command, "run", "--max-children", "1"], cwd=folder, capture_output=True, text=True)
        results = folder / "mutants" / f"{module}.meta"
        if not results.exists():
            raise RuntimeError(f"{module}: {done.stderr[-2000:]}")
        codes = json.loads(results.read_text(encoding="utf-8"))["exit_code_by_key"]
        named = {mutant: OUTCOMES.get(code, "killed") for mutant, code in codes.items() if code is not None}
        left = [mutant for mutant, outcome in named.items() if outcome in ("survived", "untested")]
        return Outcome(module, Counter(named.values()), tuple(_diffs(folder, command, left)))


def _diffs(folder: Path, command: list[str], mutants: list[str]) -> Iterator[str]:
    for mutant in mutants:
        shown = subprocess.run([*command, "show", mutant], cwd=folder, capture_output=True, text=True, check=True)
        changed = [line for line in shown.stdout.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
        yield "\n".join((mutant.rpartition(".")[2], *changed))


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", help="files below midifrag; those in tools/mutation.toml if none")
    parser.add_argument("--report", type=Path, help="also write what is printed to this file")
    given = parser.parse_args()
    modules = given.modules or listed()["modules"]
    told: list[str] = []
    for module in modules:
        outcome = mutate(module)
        told += [*(f"{outcome.module} {diff}\n" for diff in outcome.survivors), str(outcome)]
        print(*told[-1 - len(outcome.survivors) :], sep="\n", flush=True)
        if given.report:
            given.report.write_text("\n".join(told) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
