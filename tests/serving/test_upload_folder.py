"""Where replicas keep uploads: folders of lives that are over go, and those of others are counted."""

import os
import tempfile

import pytest

from midifrag.serving import upload_folder as module
from midifrag.serving.upload_folder import make_folder, sharing


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(module.psutil, "pid_exists", lambda number: number != 99)
    for name in ("midifrag-uploads-99-x", "midifrag-uploads-98-x", "midifrag-uploads-x", "other"):
        (tmp_path / name).mkdir()
    return tmp_path


def test_lives_that_were_cut_short_leave_nothing(folders):
    made = make_folder()
    names = {one.name for one in folders.iterdir()}
    assert names == {"midifrag-uploads-98-x", "midifrag-uploads-x", "other", made.name}


def test_those_that_live_share_the_disk():
    assert sharing() == 1
    make_folder()
    assert sharing() == 2


@pytest.mark.skipif(os.name != "posix", reason="on Windows, each user has a folder for temporary files")
def test_what_is_another_users_does_not_count(monkeypatch):
    monkeypatch.setattr(module.os, "getuid", lambda: -1)
    assert sharing() == 0
    assert make_folder().is_dir()
