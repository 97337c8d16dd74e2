from contextlib import closing

import pytest

from midifrag.doors.instruments.written import Folder
from midifrag.errors import StorageError


@pytest.fixture
def folder(tmp_path):
    with closing(Folder(tmp_path / "sfz")) as folder:
        yield folder


def test_a_file_appears_whole_and_is_not_touched_where_it_is_the_same(folder):
    assert folder.names() == []
    assert folder.write("samples/a.wav", b"one")
    before = (folder.path / "samples/a.wav").stat()
    assert not folder.write("samples/a.wav", b"one")
    assert (folder.path / "samples/a.wav").stat() == before
    assert folder.write("samples/a.wav", b"two")
    assert folder.text("samples/a.wav") == "two"
    assert folder.holds("samples/a.wav", b"two")
    assert not folder.holds("samples/a.wav", b"TWO")
    assert folder.names("samples") == ["a.wav"]
    assert folder.text("none") == ""


def test_no_work_in_progress_is_left(tmp_path):
    folder = Folder(tmp_path / "sfz")
    folder.write("a", b"one")
    folder.close()
    assert list((folder.path / ".midifrag").glob("work-*")) == []


def test_a_folder_that_is_gone_is_not_made_elsewhere(tmp_path):
    folder = Folder(tmp_path / "drive" / "sfz")
    with pytest.raises(StorageError, match="connect its drive again"):
        folder.write("a", b"one")
    assert not (tmp_path / "drive").exists()
    folder.close()


def test_a_file_in_the_place_of_a_folder_is_told(folder):
    folder.write("samples", b"no folder")
    with pytest.raises(StorageError, match="samples"):
        folder.write("samples/a.wav", b"one")
