"""The rules of the house: which room may import which. Imports for type checkers and inside functions count too."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent

#: For each package its rooms from the top down: a room imports rooms of lower rows only, and none of its own row.
ROOMS: Mapping[str, Sequence[tuple[str, ...]]] = {
    "midifrag": (
        ("__main__", "__init__"),
        ("cli",),
        ("commands",),
        ("page",),
        ("show",),
        ("doors",),
        ("bridge", "serving"),
        ("events",),
        ("midi", "engine", "playback"),
        ("config",),
        ("intents",),
        ("surface", "fragment"),
        ("pad_key", "boundary"),
        ("states", "notes", "clock", "audio", "errors", "children", "scheduling", "timeline", "machine_code"),
        ("legible",),
    ),
    "midifrag.engine": (
        ("__init__", "api", "conformance"),
        ("pool", "registry"),
        ("hosting", "diffusion", "sketch", "remote"),
        ("network",),
        ("loading",),
        ("border", "line"),
        ("protocol", "limits", "event_checks"),
        ("messages", "stop_words"),
    ),
    "midifrag.page": (
        ("__init__",),
        ("host",),
        ("web",),
        ("screen",),
        ("panels",),
        ("model",),
        ("failures",),
        ("edits", "pad_looks", "picture", "reveal", "versions", "wire"),
        ("set_texts", "texts"),
    ),
}
#: A folder that has another name where it runs, so its modules import each other relatively.
RENAMED = "midifrag/doors/live/script"
#: What a folder's files never import, whatever lies between.
NEVER: Mapping[str, tuple[str, ...]] = {
    "midifrag": ("tests", "tools", "benchmarks", "training", "examples"),
    "midifrag/config": ("torch", "midifrag.engine", "midifrag.midi"),
    "midifrag/fragment": ("torch", "midifrag.engine", "midifrag.midi"),
    "midifrag/surface": ("midifrag.config",),
    "midifrag/midi": ("torch",),
    "midifrag/bridge": ("torch", "numpy"),
    "midifrag/engine/sketch": ("torch",),
    "midifrag/engine/hosting": ("torch",),
    "benchmarks": ("tests",),
    "examples": ("tests", "tools"),
    "tools": ("tests", "benchmarks"),
    "training": ("tests", "tools", "benchmarks"),
}


class Import(NamedTuple):
    """``module`` is what the import names, as far as it is a module."""

    file: Path
    line: int
    module: str


def statements(file: Path) -> Iterator[ast.AST]:
    """All of a file's, however deep; imports are nowhere else."""
    left: list[ast.AST] = [ast.parse(file.read_text(encoding="utf-8"))]
    while left:
        node = left.pop()
        yield node
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            inner = getattr(node, name, None)
            left += inner if isinstance(inner, list) else []


@functools.cache
def imports(file: Path, root: Path) -> tuple[Import, ...]:
    found = []
    for node in statements(file):
        match node:
            case ast.Import(names=names):
                found += [Import(file, node.lineno, name.name) for name in names]
            case ast.ImportFrom(module=module, names=names, level=level):
                origin = "." * level + (module or "")
                found += [
                    Import(file, node.lineno, f"{origin}.{name.name}" if is_module(root, origin, name.name) else origin)
                    for name in names
                ]
    return tuple(found)


@functools.cache
def is_module(root: Path, origin: str, name: str) -> bool:
    inside = root.joinpath(*origin.split("."), name)
    return inside.with_suffix(".py").exists() or inside.is_dir()


def module_of(file: Path, root: Path) -> str:
    return ".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def violations(root: Path) -> Iterator[str]:
    """Each as file, line and the rule that it breaks."""
    for folder in {path.split("/")[0] for path in NEVER}:
        for file in sorted((root / folder).rglob("*.py")):
            for found in imports(file, root):
                for rule in (*broken_rows(found, root), *broken_bans(found, root)):
                    yield f"{file.relative_to(root).as_posix()}:{found.line}: {rule}"


def broken_rows(found: Import, root: Path) -> Iterator[str]:
    if found.module.startswith(".") and not found.file.is_relative_to(root / RENAMED):
        yield f"imports {found.module}: imports are absolute"
    for package, rows in ROOMS.items():
        mine, other = (room_in(package, name) for name in (module_of(found.file, root), found.module))
        if mine is None or other is None or mine == other:
            continue
        place = {room: number for number, row in enumerate(rows) for room in row}
        unknown = {mine, other} - set(place)
        if unknown:
            yield f"{package} has no row for {', '.join(sorted(unknown))}: give it one in {Path(__file__).name}"
        elif place[mine] >= place[other]:
            yield f"{package}.{mine} imports {package}.{other}, which does not stand below it"


def broken_bans(found: Import, root: Path) -> Iterator[str]:
    for folder, banned in NEVER.items():
        if found.file.is_relative_to(root / folder):
            for name in banned:
                if f"{found.module}.".startswith(f"{name}."):
                    yield f"{folder} never imports {name}"


def room_in(package: str, module: str) -> str | None:
    """The room of ``package`` that ``module`` is or lies in; None if it is not of the package."""
    if module == package:
        return "__init__"
    return module.removeprefix(f"{package}.").partition(".")[0] if module.startswith(f"{package}.") else None


def test_no_import_runs_back_up():
    broken = list(violations(ROOT))
    assert not broken, "\n".join(broken)


def test_no_modules_import_each_other_in_a_circle():
    files = {module_of(file, ROOT): file for file in (ROOT / "midifrag").rglob("*.py")}
    graph = {name: {found.module for found in imports(file, ROOT)} & set(files) for name, file in files.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {' -> '.join(error.args[1])}")


def users(root: Path) -> Mapping[str, set[str]]:
    """For each module that lies beside the rooms, but the entrances, which rooms and other such modules import it."""
    entrances = {"__main__", "__init__", "cli"}
    found: dict[str, set[str]] = {
        file.stem: set() for file in (root / "midifrag").glob("*.py") if file.stem not in entrances
    }
    for file in (root / "midifrag").rglob("*.py"):
        mine = room_in("midifrag", module_of(file, root))
        for name in {room_in("midifrag", each.module) for each in imports(file, root)} & found.keys() - {mine}:
            found[name].add(str(mine))
    return found


def test_what_lies_beside_the_rooms_is_no_single_room_s():
    assert {name: rooms for name, rooms in users(ROOT).items() if len(rooms) < 2} == {}


def test_who_uses_what_lies_beside_the_rooms_is_found(tmp_path):
    for file, text in {
        "clock.py": "",
        "errors.py": "from midifrag.clock import monotonic\n",
        "bridge/jobs.py": "from midifrag import clock\n",
        "bridge/renders.py": "import midifrag.clock\nfrom midifrag.bridge import jobs\n",
        "cli.py": "from midifrag.errors import Problem\n",
    }.items():
        (tmp_path / "midifrag" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "midifrag" / file).write_text(text)
    assert users(tmp_path) == {"clock": {"errors", "bridge"}, "errors": {"cli"}}


@pytest.mark.parametrize(
    ("file", "text", "line"),
    [
        (
            "midifrag/bridge/jobs.py",
            "\nfrom midifrag.show import runtime\n",
            "2: midifrag.bridge imports midifrag.show",
        ),
        ("midifrag/midi/ports.py", "import midifrag.engine.messages", "1: midifrag.midi imports midifrag.engine"),
        (
            "midifrag/fragment/archive.py",
            "def f():\n    from midifrag.engine.messages import Audio\n",
            "2: midifrag/fragment never imports midifrag.engine",
        ),
        (
            "midifrag/config/banks.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch\n",
            "3: midifrag/config never imports torch",
        ),
        (
            "midifrag/surface/apc.py",
            "from midifrag.config.settings import Settings",
            "1: midifrag/surface never imports",
        ),
        (
            "midifrag/engine/loading/load.py",
            "from midifrag.engine import diffusion",
            "1: midifrag.engine.loading imports midifrag.engine.diffusion, which does not stand below it",
        ),
        ("midifrag/cellar/rats.py", "from midifrag import errors", "1: midifrag has no row for cellar"),
        ("midifrag/show/lights.py", "from . import runtime", "1: imports .: imports are absolute"),
        ("benchmarks/latency.py", "from tests.jack import Peer", "1: benchmarks never imports tests"),
    ],
)
def test_a_broken_rule_is_told_with_file_and_line(tmp_path, file, text, line):
    for made in (file, "midifrag/engine/diffusion/__init__.py", "midifrag/errors.py", "midifrag/show/runtime.py"):
        (tmp_path / made).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / made).touch()
    (tmp_path / file).write_text(text)
    assert any(told.startswith(f"{file}:{line}") for told in violations(tmp_path)), list(violations(tmp_path))
