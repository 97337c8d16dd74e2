"""The tests mirror the package: each module has the file of its tests, at the same place under ``tests/``.

The large rooms say in their docstrings which module is about what; these name every module too.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import midifrag
import midifrag.bridge
import midifrag.fragment

PACKAGE = Path(midifrag.__file__).parent
TESTS = Path(__file__).parent

#: Modules without a file of their own, and why.
ELSEWHERE = {
    "__main__": "two lines; tests/test_cli.py runs it",
    "bridge/items": "data without a behaviour",
    "commands/offline": "flags; tests/commands/test_render.py, test_clean.py and test_takes.py run its commands",
    "doors/door": "an interface",
    "doors/live/host": "an interface",
    "engine/diffusion/counters": "data without a behaviour",
    "errors": "classes and their words; whoever raises one is tested for them",
    "fragment/slot_state": "data without a behaviour",
    "fragment/writer_commands": "data without a behaviour",
    "fragment/writer_events": "data without a behaviour",
    "intents": "data without a behaviour",
    "engine/remote/said": "data without a behaviour",
    "midi/messages": "data without a behaviour",
    "midi/protocol": "an interface",
    "playback/barrier": "a fence; tests/playback/test_native.py compiles what has it, and memory's tests run it",
    "playback/driver": "one open output; tests/playback/test_deck.py plays on it, and test_player.py in a process",
    "playback/limiter": "a part of the callback; tests/playback/test_mixing.py runs both",
    "playback/messages": "data without a behaviour",
    "serving/desk": "an interface",
    "serving/ray_app": "tests/serving/test_ray_build.py builds it, and test_on_ray.py runs it on Ray",
    "states": "enums; each is told by whoever shows it",
    "surface/driver": "an interface, and one helper that every driver's test uses",
    "surface/palette": "a table of colours; tests/surface/test_drivers.py lights them",
    "surface/described": "tests/surface/test_drivers.py has all controllers side by side",
    "config/own_surfaces": "one variable; tests/config/test_surface_files.py reads what it holds",
}


def modules() -> set[str]:
    files = (file for file in PACKAGE.rglob("*.py") if file.name != "__init__.py")
    return {file.relative_to(PACKAGE).with_suffix("").as_posix() for file in files}


def has_tests(module: str) -> bool:
    place = Path(module)
    return (TESTS / place.parent / f"test_{place.name}.py").is_file()


def test_each_module_has_the_file_of_its_tests() -> None:
    assert sorted(module for module in modules() - ELSEWHERE.keys() if not has_tests(module)) == []


def test_no_exception_has_outlived_its_reason() -> None:
    assert sorted(module for module in ELSEWHERE if module not in modules() or has_tests(module)) == []


@pytest.mark.parametrize("room", [midifrag.bridge, midifrag.fragment], ids=lambda room: room.__name__)
def test_the_map_of_a_large_room_names_each_of_its_modules_once(room) -> None:
    folder = Path(room.__file__).parent
    found = sorted(file.stem for file in folder.glob("*.py") if file.name != "__init__.py")
    assert sorted(re.findall(r"`(\w+)`", room.__doc__)) == found
