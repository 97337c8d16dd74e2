import gzip

import pytest
from click.testing import CliRunner

from midifrag.cli import app
from midifrag.commands import ableton_copies
from midifrag.doors.live.answers import Used
from midifrag.doors.live.copies import Copies
from midifrag.doors.live.copy_record import Facts
from tests.doors.live.fragments import put


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The copies of a set in the current folder: three, of which the last lies in a slot."""
    monkeypatch.setenv("MIDIFRAG_HOME", str(tmp_path / "home"))
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets.yaml").write_text("model: sketch\nset_list: [opening]\nableton: {}\n")
    (tmp_path / "presets" / "opening.yaml").write_text("name: Opening\npads: {36: {prompt: rain}}\n")
    (tmp_path / "sets").mkdir()
    folder = tmp_path / "fragments" / "ableton"
    folder.parent.mkdir()
    copies = Copies(folder)
    for job in (1, 2, 3):
        copies.of_landing(1, put(folder.parent, 1, job=job, landing=job), job, Facts(name=f"rain {job}"))
    copies.close()
    return folder


def tidy(*arguments, answer=None):
    return CliRunner().invoke(app, ["ableton", "tidy", *arguments], input=answer)


def left(folder):
    return [path.name for path in sorted(folder.glob("*.wav"))]


def test_what_no_set_uses_is_named_and_deleted_when_asked(folder, tmp_path):
    (tmp_path / "sets" / "a.als").write_bytes(gzip.compress(b'<a><Path Value="/x/0001 rain 1.wav"/></a>'))
    result = tidy("--folder", "sets", answer="n\n")
    assert (result.exit_code, len(left(folder))) == (0, 3)
    assert "3 copies in " in result.output
    assert "asked were no Live (none is connected to a running midifrag), and one file of Live's" in result.output
    assert "Nothing refers to:\n  0002 rain 2.wav\n" in result.output
    assert "Collect All and Save" in result.output
    assert "Delete 1 copy (0.0 MB) for good?" in result.output
    assert "1 copy deleted." in tidy("--folder", "sets", answer="y\n").output
    assert left(folder) == ["0001 rain 1.wav", "0003 rain 3.wav"]
    assert "Each is used, lies in a slot" in tidy("--folder", "sets").output


def test_without_a_folder_and_without_live_nothing_is_deleted(folder):
    result = tidy("--yes")
    assert result.exit_code == 1
    assert "Nothing is deleted: no Live is connected to a running midifrag" in result.output
    assert len(left(folder)) == 3


def test_live_that_says_what_its_set_uses_is_enough(folder, monkeypatch):
    used = Used(files=("/x/0001 rain 1.wav",), set="", unread=0, in_slots=())
    monkeypatch.setattr(ableton_copies, "ask_used", lambda _path: used)
    assert "the Set that is loaded in Live, and 0 files" in tidy("--yes").output
    assert left(folder) == ["0001 rain 1.wav", "0003 rain 3.wav"]


def test_what_is_used_since_the_question_was_asked_stays(folder, monkeypatch):
    answers = [Used(files=files, set="", unread=0, in_slots=()) for files in ((), ("/x/0001 rain 1.wav",))]
    monkeypatch.setattr(ableton_copies, "ask_used", lambda _path: answers.pop(0))
    assert "1 copy deleted." in tidy(answer="y\n").output
    assert left(folder) == ["0001 rain 1.wav", "0003 rain 3.wav"]


@pytest.mark.parametrize("second", [{"files": None}, {"files": (), "unread": 1}, {"files": (), "complete": False}])
def test_where_nobody_says_any_more_what_is_used_when_the_question_is_answered_all_stays(folder, monkeypatch, second):
    none = {"files": (), "set": "", "unread": 0, "in_slots": ()}
    answers = [Used(**none), Used(**{**none, **second})]
    monkeypatch.setattr(ableton_copies, "ask_used", lambda _path: answers.pop(0))
    result = tidy(answer="y\n")
    assert result.exit_code == 1
    assert "Nothing is deleted: " in result.output
    assert len(left(folder)) == 3


def test_a_set_that_cannot_be_read_ends_it(folder, tmp_path):
    (tmp_path / "sets" / "a.als").write_bytes(b"rubbish")
    result = tidy("--folder", "sets", "--yes")
    assert result.exit_code == 1
    assert "a.als is damaged" in result.output
    assert len(left(folder)) == 3


def test_what_cannot_be_deleted_is_told(folder, tmp_path):
    (tmp_path / "sets" / "a.als").write_bytes(gzip.compress(b"<a></a>", mtime=0))
    (folder / "0001 rain 1.wav.asd").mkdir()
    result = tidy("--folder", "sets", "--yes")
    assert result.exit_code == 1
    assert "cannot delete " in result.output
    assert "1 copy deleted." in result.output


@pytest.mark.parametrize(
    ("named", "said"),
    [("", "--folder is empty"), ("sets/a.als", "is a file: name the folder that your Sets are in, such as ")],
)
def test_a_folder_that_is_none_deletes_nothing(folder, tmp_path, named, said):
    (tmp_path / "sets" / "a.als").write_bytes(gzip.compress(b"<a/>"))
    result = tidy("--yes", "--folder", named)
    assert (result.exit_code, len(left(folder))) == (1, 3)
    assert said in result.output
