from click.testing import CliRunner

from midifrag.cli import app

runner = CliRunner()


def test_init_writes_a_set_that_check_finds_right(tmp_path):
    assert runner.invoke(app, ["init", "mine"]).exit_code == 0
    assert (tmp_path / "mine/presets/opening.yaml").exists()
    result = runner.invoke(app, ["check", "mine/presets.yaml"])
    assert result.exit_code == 0
    assert "presets.yaml is right" in result.output
    assert "Machines: 16 pads, program 3" in result.output


def test_init_overwrites_nothing(tmp_path):
    (tmp_path / "presets.yaml").write_text("mine", encoding="utf-8")
    result = runner.invoke(app, ["init", "."])
    assert result.exit_code == 2
    assert "nothing was written" in result.output
    assert (tmp_path / "presets.yaml").read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "presets").exists()


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("in the way")
    result = runner.invoke(app, ["init", "file/mine"])
    assert result.exit_code == 1
    assert "cannot write file/mine" in " ".join(result.output.split()).replace("\\", "/")
