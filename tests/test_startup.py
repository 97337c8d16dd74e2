"""What commands import before they do anything: modules are counted, as seconds depend on the machine."""

import json
import subprocess
import sys

import pytest

from tests.support import unmeasured

#: What none of these commands needs, though the program as a whole does.
HEAVY = {"numpy", "torch", "librosa", "nicegui", "scipy", "soundfile", "pydantic", "stable_audio_tools", "transformers"}
HEAVY |= {"reportlab"}
#: Most modules of other packages that a command may import: what it is and a quarter. Numpy alone has over a hundred.
MOST = {"--version": 25, "--help": 25, "init": 80, "ports": 115, "takes": 115, "takes of a set": 120}
WATCH = """
import json, sys
from midifrag.__main__ import main
try:
    main()
except SystemExit as ended:
    code = ended.code
foreign = [name for name in sys.modules if name.partition(".")[0] not in sys.stdlib_module_names | {"midifrag"}]
print(json.dumps({"code": code, "foreign": foreign}), file=sys.stderr)
"""


def imported(folder, *arguments):
    """The modules of other packages that are there when the command has ended."""
    command = [sys.executable, "-c", WATCH, *arguments]
    done = subprocess.run(command, cwd=folder, env=unmeasured(), capture_output=True, text=True, check=True)
    told = json.loads(done.stderr.splitlines()[-1])
    assert told["code"] in ((0, 1) if arguments == ("ports",) else (0, None)), done.stderr
    return told["foreign"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with an empty archive."""
    made = tmp_path_factory.mktemp("empty")
    (made / "fragments" / "archive").mkdir(parents=True)
    return made


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("--version", ["--version"]),
        ("--help", ["--help"]),
        ("init", ["init", "mine"]),
        # Where there is no MIDI system it says so and ends with 1.
        ("ports", ["ports"]),
        ("takes", ["takes"]),
    ],
)
def test_a_command_imports_no_more_than_it_needs(folder, name, arguments):
    told = imported(folder, *arguments)
    assert not HEAVY & set(told)
    assert len(told) <= MOST[name], sorted(told)


def test_takes_of_a_set_are_listed_without_reading_all_of_it(folder):
    (folder / "set" / "fragments" / "archive").mkdir(parents=True)
    (folder / "set" / "presets.yaml").write_text("model: sketch\n")
    told = imported(folder / "set", "takes")
    assert not HEAVY & set(told)
    assert len(told) <= MOST["takes of a set"], sorted(told)


def test_the_package_itself_imports_nothing():
    code = "import sys; before = set(sys.modules); import midifrag; print(sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], env=unmeasured(), capture_output=True, text=True, check=True)
    told = done.stdout
    assert "midifrag" in told
    assert not HEAVY & {name.strip("'[] \n").partition(".")[0] for name in told.split(",")}
