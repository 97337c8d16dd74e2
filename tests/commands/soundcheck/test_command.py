"""The whole command on a set of two pads."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from pypdf import PdfReader

from midifrag.cli import app
from midifrag.commands.soundcheck import checks
from midifrag.commands.soundcheck.checks import Check, fault, ok

runner = CliRunner()


@pytest.fixture
def a_set(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(checks, "CHECKS", (Check("disk", lambda _loaded: iter([ok("quick")])),))
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets.yaml").write_text("model: sketch\nset_list: [one]\nengine: {host: thread}\n")
    (tmp_path / "presets" / "one.yaml").write_text(
        "name: One\npads:\n  36: {prompt: rain, seconds: 1, seed: 5}\n  37: {prompt: rain, seconds: 1, seed: 5}\n"
    )
    return tmp_path


def test_every_pad_is_told_with_its_times_and_the_cue_sheet_is_written(a_set):
    result = runner.invoke(app, ["soundcheck", "--yes"])
    assert result.exit_code == 0, result.output
    assert "one 36" in result.output
    assert "one 36 and one 37 sound the same (1.00)" in result.output
    assert "Ready: 0 faults, " in result.output
    assert "! heard" not in result.output
    assert "heard     not measured: playback is off" in result.output
    assert "rain" in (a_set / "cue-sheet.html").read_text(encoding="utf-8")
    page = PdfReader(a_set / "cue-sheet.pdf").pages[0].extract_text()
    assert f"Cue sheet of {a_set.name[:20]}" in page
    assert page.count("rain") == 2
    assert "cue-sheet.pdf is the cue sheet" in result.output
    assert not (a_set / "fragments").exists()


def test_a_cue_sheet_that_cannot_be_written_is_a_note_and_the_verdict_stands(a_set):
    result = runner.invoke(app, ["soundcheck", "--yes", "--cue-sheet", "nowhere/sheet.html"])
    assert result.exit_code == 0, result.output
    assert "- cue sheet" in result.output
    assert "Ready: 0 faults" in result.output


def test_a_cue_sheet_named_pdf_is_written_alone(a_set):
    result = runner.invoke(app, ["soundcheck", "--yes", "--cue-sheet", "show.pdf"])
    assert result.exit_code == 0, result.output
    assert (a_set / "show.pdf").read_bytes().startswith(b"%PDF-")
    assert not list(a_set.glob("*.html"))


def test_where_one_of_two_cannot_be_written_the_other_one_is(a_set):
    (a_set / "cue-sheet.html").mkdir()
    result = runner.invoke(app, ["soundcheck", "--yes"])
    assert "- cue sheet" in result.output
    assert (a_set / "cue-sheet.pdf").is_file()


def test_a_fault_ends_with_1_and_quick_renders_nothing(a_set, monkeypatch):
    monkeypatch.setattr(checks, "CHECKS", (Check("disk", lambda _loaded: iter([fault("full")])),))
    result = runner.invoke(app, ["soundcheck", "--yes", "--quick"])
    assert result.exit_code == 1
    assert "! disk      full" in result.output
    assert not list(a_set.glob("cue-sheet*"))
