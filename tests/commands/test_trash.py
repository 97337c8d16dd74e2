"""Takes are deleted, put back, and deleted for good by command."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from midifrag.cli import app
from midifrag.fragment.archive import Archive
from midifrag.fragment.record import TakeRecord

NOISE = np.random.default_rng(0).normal(size=(2, 441)).astype(np.float32) / 8


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The archive of a set whose pad begins from take 2."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets.yaml").write_text("model: sketch\nset_list: [opening]\n")
    (tmp_path / "presets" / "opening.yaml").write_text(
        "name: Opening\npads: {36: {prompt: rain, from: take 2}, 37: {prompt: bell, fallback: last}}\n"
    )
    archive = Archive(tmp_path / "fragments" / "archive")
    for prompt in ("rain", "wind", "bell"):
        archive.store(NOISE, 44100, TakeRecord(prompt, preset=prompt, bank="opening"))
    archive.star(2)
    archive.close()
    return tmp_path / "fragments" / "archive"


def call(*arguments, answer=None):
    result = CliRunner().invoke(app, ["takes", *arguments], input=answer)
    return result.exit_code, result.output


def listed(*flags):
    return [take["number"] for take in json.loads(call("--json", *flags)[1])]


def test_takes_are_deleted_with_what_has_to_do_with_them_and_put_back(folder):
    code, said = call("2", "3", "2", "--delete")
    assert code == 0
    assert said.splitlines() == [
        f"2 takes in the trash of {folder}; `midifrag takes 2 3 --restore` puts back.",
        "note: Opening: C1 “rain” begins from take 2; it does so until the trash is emptied",
        "note: Opening: C#1 “bell” falls back on take 3 where a press fails; from now on it is the one before it",
    ]
    assert (listed(), listed("--trash")) == ([1], [3, 2])
    assert "--restore` puts it back" in call("2")[1]
    assert call("3", "--restore") == (0, f"1 take back in {folder}.\n")
    assert (listed(), listed("--trash")) == ([3, 1], [2])


def test_a_set_is_not_needed(folder, tmp_path):
    (tmp_path / "presets.yaml").unlink()
    said = f"1 take in the trash of {folder}; `midifrag takes 2 --restore` puts back.\n"
    assert call("2", "--delete", "--fragments", str(folder.parent)) == (0, said)


def test_an_unknown_take_among_them_leaves_all_where_they_are(folder):
    code, said = call("1", "44", "--delete")
    assert (code, "no take 44" in said) == (1, True)
    assert listed() == [3, 2, 1]


@pytest.mark.parametrize("arguments", [["--delete"], ["rain", "--restore"], ["1", "--delete", "--restore"]])
def test_flags_that_mean_nothing_are_said(folder, arguments):
    code, said = call(*arguments)
    assert code == 2
    assert "say" in said


def test_the_trash_is_emptied_after_a_question(folder):
    assert call("--empty-trash") == (0, f"The trash of {folder} is empty.\n")
    call("2", "1", "--delete")
    code, said = call("--empty-trash", answer="n\n")
    assert code == 0
    assert "note: Opening: C1 “rain” begins from take 2, and will find nothing" in said
    assert (
        f"Delete 2 takes in the trash of {folder} (0.0 MB, 1 of them with a star) for good? Nothing brings them" in said
    )
    assert listed("--trash") == [2, 1]
    assert call("1", "--empty-trash")[0] == 2
    assert call("--empty-trash", answer="y\n")[1].endswith("2 takes deleted for good.\n")
    assert (listed("--trash"), list((folder / "trash").iterdir())) == ([], [])
    call("3", "--delete")
    assert call("--empty-trash", "--yes") == (0, "1 take deleted for good.\n")


def test_what_is_deleted_while_the_question_stands_was_not_asked_about(folder, monkeypatch):
    call("2", "--delete")

    def confirmed(*_):
        call("3", "--delete")
        return True

    monkeypatch.setattr("click.confirm", confirmed)
    assert call("--empty-trash")[1].endswith("1 take deleted for good.\n")
    assert (listed(), listed("--trash")) == ([1], [3])
