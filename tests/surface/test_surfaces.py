"""Which surfaces there are, built in and from other packages."""

import sys

import pytest

from midifrag import surface
from midifrag.config.ports import PortSettings
from midifrag.errors import SurfaceError
from midifrag.surface import SURFACES, factory_for, make_surface, surfaces
from midifrag.surface.described import Described
from tests.support.packages import forget, install

PROJECT = """
[project]
name = "lamps"
version = "1.0"
[project.entry-points."midifrag.surfaces"]
echo = "lamps:Lamp"
lamp = "lamps:Lamp"
broken = "lamps_that_are_not_there:Lamp"
number = "lamps:NUMBER"
"""
MODULE = """
NUMBER = 3
class Lamp:
    def __init__(self, device):
        self.device = device
"""


@pytest.fixture
def lamps(tmp_path, monkeypatch):
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text(PROJECT)
    (project / "lamps.py").write_text(MODULE)
    install(project, tmp_path / "site", monkeypatch)
    yield
    sys.modules.pop("lamps", None)
    monkeypatch.undo()
    forget()


@pytest.mark.parametrize("name", SURFACES)
def test_every_built_in_surface_is_made(name):
    made = make_surface(name, "a device")
    assert all(callable(getattr(made, method)) for method in ("init", "leave", "show", "clear"))


@pytest.mark.usefixtures("lamps")
def test_plug_ins_are_listed_after_those_built_in():
    assert surfaces() == (*SURFACES, "broken", "lamp", "number")


@pytest.mark.usefixtures("lamps")
def test_a_plug_in_is_imported_when_it_is_chosen_and_told_its_device():
    assert isinstance(make_surface("echo"), Described)
    assert "lamps" not in sys.modules
    assert make_surface("lamp", "Lamp 3").device == "Lamp 3"


@pytest.mark.usefixtures("lamps")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nope", r"'nope' is none of echo, .*, lamp, number"),
        (
            "broken",
            r"'broken' \(lamps_that_are_not_there:Lamp\) cannot be imported: ModuleNotFoundError",
        ),
        ("number", r"'number' \(lamps:NUMBER\) is no class or function that makes a surface"),
    ],
)
def test_what_is_no_surface_is_said(name, words):
    with pytest.raises(SurfaceError, match=words):
        factory_for(name)
    with pytest.raises(ValueError, match=words):
        PortSettings.model_validate({"surface": name})


@pytest.mark.usefixtures("lamps")
def test_a_port_may_name_a_plug_in():
    assert PortSettings.model_validate({"surface": "lamp"}).surface == "lamp"


def test_built_in_surfaces_are_found_without_looking_for_plug_ins(monkeypatch):
    monkeypatch.setattr(surface, "entry_points", lambda **_: pytest.fail("looked for plug-ins"))
    for name in SURFACES:
        assert factory_for(name)
