import json
from contextlib import closing

import numpy as np
import pytest
from click.testing import CliRunner

from midifrag.cli import app
from midifrag.fragment.archive import Archive
from midifrag.fragment.record import TakeRecord

runner = CliRunner()


def test_takes_lists_newest_first_and_finds_by_words(archive):
    output = runner.invoke(app, ["takes"]).output
    assert output.index("low bell") < output.index("rain") < output.index("glass bell")
    output = runner.invoke(app, ["takes", "bell", "--json"]).output
    assert [take["number"] for take in json.loads(output)] == [3, 1]


def test_a_take_can_be_marked_and_annotated(archive):
    assert runner.invoke(app, ["takes", "2", "--star", "--note", "for the end"]).exit_code == 0
    assert archive.get(2).starred
    output = runner.invoke(app, ["takes", "--starred", "--json"]).output
    assert [take["note"] for take in json.loads(output)] == ["for the end"]


def test_an_unknown_take_and_a_flag_without_a_take_are_said(archive):
    assert "there is no take 99" in runner.invoke(app, ["takes", "99"]).output
    result = runner.invoke(app, ["takes", "bell", "--again"])
    assert result.exit_code == 2
    assert "which take" in result.output


def test_the_index_can_be_built_anew(archive, tmp_path):
    for file in (tmp_path / "fragments" / "archive").glob("*.sqlite*"):
        file.unlink()
    assert "holds 3 takes" in runner.invoke(app, ["takes", "--rebuild"]).output


def test_looking_for_takes_makes_no_folder(tmp_path):
    for arguments in (["takes"], ["takes", "3"], ["takes", "--rebuild"]):
        result = runner.invoke(app, arguments)
        assert result.exit_code == 1
        assert "There are no takes yet" in " ".join(result.output.split())
    assert list(tmp_path.iterdir()) == []


def test_an_analysis_says_the_tempo_and_where_sounds_begin(tmp_path):
    clicks = np.zeros((2, 4 * 44100), np.float32)
    clicks[:, 22050::22050] = 0.9
    with closing(Archive(tmp_path / "fragments" / "archive")) as archive:
        archive.store(clicks, 44100, TakeRecord(prompt="clicks"))
        output = runner.invoke(app, ["takes", "1", "--analyse"]).output
        assert archive.get(1).tempo == pytest.approx(120, rel=0.05)
    assert "sounds begin at 0.499, 0.998" in output


def test_what_is_not_found_and_what_is_left_out_is_said(archive):
    assert "No takes in" in (output := runner.invoke(app, ["takes", "thunder"]).output)
    assert "with 'thunder'" in " ".join(output.split())
    output = runner.invoke(app, ["takes", "--limit", "2"]).output
    assert "2 of 3; --limit shows more" in output
    assert "glass bell" not in output
