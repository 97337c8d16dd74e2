"""The script as a folder that Live loads: what Python it needs, what it imports, and whether it runs on its own."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import midifrag
from tests.doors.live.lives import simpler_track, sound
from tests.support import unmeasured

SCRIPT = Path(midifrag.__file__).parent / "doors" / "live" / "script"
FAKE = Path(__file__).parent / "fake"
FILES = sorted([*SCRIPT.rglob("*.py"), *FAKE.rglob("*.py")])
#: What Live brings beside Python's own library.
OF_LIVE = ("Live", "_Framework.ControlSurface")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_its_syntax_is_that_of_python_3_7(file):
    assert ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 7)).body


def test_a_newer_syntax_would_be_seen():
    with pytest.raises(SyntaxError):
        ast.parse("if (n := 3): pass", feature_version=(3, 7))


def least_python(path):
    command = [sys.executable, "-c", "import vermin; vermin.main()", "-t=3.7-", "--no-tips", str(path)]
    return subprocess.run(command, env=unmeasured(), capture_output=True, text=True, check=False)


def test_its_library_is_that_of_python_3_7(tmp_path):
    for folder in (SCRIPT, FAKE):
        done = least_python(folder)
        assert done.returncode == 0, done.stdout
    (tmp_path / "newer.py").write_text("print('ab'.removeprefix('a'))\n")
    assert least_python(tmp_path).returncode == 1


def imports(file):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, 0) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", node.level


@pytest.mark.parametrize("file", sorted(SCRIPT.rglob("*.py")), ids=lambda file: file.stem)
def test_it_imports_itself_lives_and_pythons_own_and_nothing_else(file):
    modules = {path.stem for path in SCRIPT.glob("*.py")} | {""}
    for name, level in imports(file):
        own = level == 1 and name in modules
        lives = level == 0 and (name in OF_LIVE or name.startswith("Live."))
        pythons = level == 0 and name.partition(".")[0] in sys.stdlib_module_names
        assert own or lives or pythons, f"{file.name} imports {name}"


def test_it_is_one_flat_folder():
    assert {path.name for path in SCRIPT.iterdir()} - {"__pycache__"} == {path.name for path in SCRIPT.glob("*.py")}


def run_on_its_own(start, show, folder, python=sys.executable):
    """Copied as it is installed, under another name, where our package is not to be had."""
    shutil.copytree(SCRIPT, folder / "midifrag", ignore=shutil.ignore_patterns("__pycache__"))
    live = start("--on", str(folder), "--script", "midifrag", python=python)
    live.tell("open", tracks=[simpler_track(1), {"name": "midifrag 2", "audio": True}])
    show.join(live, 2)
    for slot, way in ((1, "simpler"), (2, "clip")):
        show.land(slot, slot, sound(folder, f"000{slot} rain"), loop=True, bpm=92.5)
        assert show.wait(live, "landed", serial=slot)["way"] == way
    live.do("select", track="midifrag 2")
    show.wait(live, "selected", track="midifrag 2")
    assert live.tell("log") == ["midifrag: connected to midifrag"]


def test_it_runs_without_the_rest_of_midifrag(start, show, tmp_path):
    run_on_its_own(start, show, tmp_path / "Remote Scripts")


def python_3_7():
    """An interpreter as old as Live's, on the path or among pyenv's; None where there is none."""
    places = [
        shutil.which("python3.7"),
        *Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob("versions/3.7*/bin/python"),
    ]
    for place in places:
        if place and subprocess.run([place, "-V"], capture_output=True, check=False).returncode == 0:
            return str(place)
    return None


def test_it_runs_on_python_3_7(start, show, tmp_path):
    python = python_3_7()
    if python is None:
        pytest.skip("there is no Python 3.7 here")
    run_on_its_own(start, show, tmp_path / "Remote Scripts", python)
