"""Controllers that a set describes itself; the file in docs/extending.md is tried as it stands there."""

import pickle
import re
from pathlib import Path

import pytest

from midifrag.config.loading import load
from midifrag.config.places_on_ports import readings
from midifrag.errors import ConfigurationError
from midifrag.midi.endpoints import endpoints_of
from midifrag.midi.finding import find
from midifrag.states import PadState
from midifrag.surface.driver import Look, PadLight
from midifrag.surface.grid import Button

EXTENDING = Path(__file__).parent.parent.parent / "docs" / "extending.md"
(EXAMPLE,) = re.findall(r"```yaml\n(# surfaces/my-pad\.yaml\n.*?)```", EXTENDING.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def own(tmp_path):
    """A set with a surface of its own; returns it read."""
    (tmp_path / "presets").mkdir()
    (tmp_path / "surfaces").mkdir()
    (tmp_path / "presets" / "opening.yaml").write_text("name: A\npads: {36: {prompt: rain}}\n")

    def read(text=EXAMPLE, name="my-pad", surface="my-pad", show=""):
        (tmp_path / "surfaces" / f"{name}.yaml").write_text(text, encoding="utf-8")
        (tmp_path / "presets.yaml").write_text(f"model: sketch\nports:\n  pads: {{surface: {surface}}}\n{show}")
        return load(tmp_path / "presets.yaml", environment={})

    return read


def hexes(messages):
    return [message.hex() for message in messages]


def test_the_example_of_the_documentation_is_a_surface(own):
    loaded = own()
    port = loaded.settings.ports["pads"]
    surface = port.make_surface("My Pad 1")
    assert hexes(surface.init()) == ["B0 00 7F"]
    assert hexes(surface.leave()) == ["B0 00 00"]
    assert hexes(surface.show(PadLight(36, 1, PadState.LANDED))) == ["90 24 01"]
    assert hexes(surface.show(PadLight(36, 1, PadState.HELD))) == ["91 24 05"]
    assert hexes(surface.light(Button("cc", 20), Look("green"))) == ["B0 14 7F"]
    assert hexes(surface.light(Button("cc", 20), Look("off"))) == ["B0 14 00"]
    assert surface.show(PadLight(35, 1, PadState.LANDED)) == []
    assert list(readings(loaded)) == ["pads: my-pad, 4 × 4: banks lie by place, from [1, 1]"]
    assert find(endpoints_of("pads", port, "x")[0], ["Keys", "My Pad MIDI 1"]) == "My Pad MIDI 1"
    assert loaded.surfaces == (loaded.folder / "surfaces" / "my-pad.yaml",)
    assert set(loaded.surfaces) < set(loaded.files)


def test_it_goes_to_the_page_s_process_as_it_is(own):
    port = own().settings.ports["pads"]
    assert pickle.loads(pickle.dumps(port)) == port
    assert pickle.loads(pickle.dumps(port)).grids == port.grids


def test_a_changed_surface_is_another_port(own):
    before = own().settings.ports
    assert own(EXAMPLE.replace("48, 49", "49, 48")).settings.ports != before
    assert own().settings.ports == before


def test_one_of_the_set_s_own_stands_in_for_one_that_is_built_in(own):
    loaded = own(name="launchpad", surface="launchpad")
    assert loaded.settings.ports["pads"].grids[0].rows == 4


def test_a_mistake_in_it_is_told_with_its_line_and_once(own):
    with pytest.raises(ConfigurationError) as error:
        own(EXAMPLE.replace("{number} {state}", "{nunber} {state}"), show="  more: {surface: my-pad}\n")
    (problem,) = error.value.problems
    assert str(problem).startswith("surfaces/my-pad.yaml:17: buttons.still")
    assert "{nunber} is none of" in str(problem)


@pytest.mark.parametrize("text", ["a: [", "", "- 1", "\x00"])
def test_a_file_that_is_none_is_told(own, text):
    with pytest.raises(ConfigurationError, match=r"surfaces/my-pad\.yaml"):
        own(text)


@pytest.mark.parametrize("surface", ["your-pad", "../presets/opening", "my-pad.yaml"])
def test_a_surface_that_is_nowhere_is_told(own, surface):
    with pytest.raises(ConfigurationError, match=rf"none of echo, .*, and there is no surfaces/{surface}"):
        own(surface=surface)
