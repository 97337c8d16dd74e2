import pytest
from click.testing import CliRunner

from midifrag.cli import app
from tools.max_device import DEVICE

runner = CliRunner()


@pytest.mark.parametrize(
    ("before", "arguments"), [(None, []), (b"an older one", ["--force"]), (DEVICE.read_bytes(), [])]
)
def test_the_device_is_copied_whole_and_over_another_one_where_that_is_asked_for(tmp_path, before, arguments):
    if before is not None:
        (tmp_path / "midifrag.amxd").write_bytes(before)
    result = runner.invoke(app, ["max", str(tmp_path), *arguments])
    assert result.exit_code == 0
    assert "drag it onto a MIDI track" in result.output
    assert "osc: {send: 7401}" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["midifrag.amxd"]
    assert (tmp_path / "midifrag.amxd").read_bytes() == DEVICE.read_bytes()


def test_without_a_folder_it_is_this_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert runner.invoke(app, ["max"]).exit_code == 0
    assert (tmp_path / "midifrag.amxd").is_file()


def test_a_folder_that_there_is_not_is_told(tmp_path):
    result = runner.invoke(app, ["max", str(tmp_path / "none")])
    assert result.exit_code == 1
    assert "is no folder: make it" in result.output


def test_another_device_is_not_replaced_without_a_word(tmp_path):
    (tmp_path / "midifrag.amxd").write_bytes(b"mine, changed in Max")
    result = runner.invoke(app, ["max", str(tmp_path)])
    assert result.exit_code == 1
    assert "is there, and is another one" in result.output
    assert "replace it with --force" in result.output
    assert (tmp_path / "midifrag.amxd").read_bytes() == b"mine, changed in Max"


@pytest.mark.parametrize("arguments", [[], ["--force"]])
def test_a_folder_in_its_place_is_left_alone(tmp_path, arguments):
    (tmp_path / "midifrag.amxd").mkdir()
    result = runner.invoke(app, ["max", str(tmp_path), *arguments])
    assert result.exit_code == 1
    assert "is a folder: move it away, or name another folder" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["midifrag.amxd"]
