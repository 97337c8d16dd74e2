"""What reading a set needs, and what it must not wait for."""

import json
import subprocess
import sys


def imported(script):
    told = f"{script}\nimport sys, json; print(json.dumps(sorted(sys.modules)))"
    return set(json.loads(subprocess.run([sys.executable, "-c", told], capture_output=True, check=True).stdout))


def test_the_table_of_parameters_needs_nothing_but_python():
    modules = imported("import midifrag.config.parameters")
    ours = {name for name in modules if name.partition(".")[0] == "midifrag"}
    assert ours == {
        "midifrag",
        "midifrag.config",
        "midifrag.config.parameters",
        "midifrag.config.conditioning",
        "midifrag.config.morphing",
    }
    assert not modules & {"pydantic", "numpy", "click", "torch", "ruamel"}


def test_a_set_is_read_without_any_engine_and_without_samples():
    modules = imported(
        "import importlib, pkgutil, midifrag.config as config\n"
        "for found in pkgutil.iter_modules(config.__path__): importlib.import_module(f'midifrag.config.{found.name}')"
    )
    rooms = {".".join(name.split(".")[:2]) for name in modules if name.startswith("midifrag.")}
    assert not rooms & {f"midifrag.{room}" for room in ("engine", "bridge", "midi", "show", "page", "commands")}
    assert not modules & {"numpy", "torch"}
