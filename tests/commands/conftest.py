import numpy as np
import pytest
from click.testing import CliRunner

from midifrag.fragment.archive import Archive
from midifrag.fragment.record import TakeRecord
from tests.engine.hub_fixtures import cache_folder, no_hub, server

__all__ = ["cache_folder", "no_hub", "server"]

# Consoles keep the width that rich finds in the environment when they are made, and a worker of xdist has one there.
with pytest.MonkeyPatch.context() as environment:
    environment.delenv("COLUMNS", raising=False)
    from midifrag.cli import app
    from midifrag.commands import check, console  # noqa: F401 — they make consoles
    from midifrag.midi.port_names import PortList


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Commands look into the current folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def own_set(monkeypatch, tmp_path):
    """A set of one bank in the current folder; returns what check says of it once lines are added to its files."""
    monkeypatch.setattr(check, "list_ports", lambda _backend: PortList("test", [], []))
    (tmp_path / "presets").mkdir()

    def checked(show="", bank="pads: {36: {prompt: rain}}\n", **environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        (tmp_path / "presets.yaml").write_text(f"model: sketch\nset_list: [opening]\n{show}", encoding="utf-8")
        (tmp_path / "presets" / "opening.yaml").write_text(f"name: Opening\n{bank}", encoding="utf-8")
        return CliRunner().invoke(app, ["check", str(tmp_path / "presets.yaml")])

    return checked


@pytest.fixture
def archive(tmp_path):
    """An archive of three takes in the current folder."""
    one = Archive(tmp_path / "fragments" / "archive")
    noise = np.random.default_rng(0).normal(size=(2, 4410)).astype(np.float32) / 8
    for prompt in ("glass bell", "rain", "low bell"):
        one.store(
            noise, 44100, TakeRecord(prompt=prompt, bank="opening", model="sketch", seed=5, parameters={"seed": 5})
        )
    yield one
    one.close()
