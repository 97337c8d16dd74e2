from __future__ import annotations

import hashlib
import sys
import threading

import pytest

from midifrag.engine.loading import checksum as module
from midifrag.engine.loading.checksum import (
    CHUNK,
    checksum,
    checksum_of,
    computing,
    is_called,
    matches,
    wrong_checksum,
)
from tests.support import PATIENCE


def test_checksum(tmp_path):
    (tmp_path / "x").write_bytes(b"abc" * 1000)
    (tmp_path / "y").write_bytes(b"y")
    expected = hashlib.sha256(b"abc" * 1000).hexdigest()
    assert checksum(tmp_path / "x") == checksum(tmp_path / "x", None) == expected
    assert checksum(tmp_path / "x", tmp_path / "y") not in (expected, checksum(tmp_path / "y"))


def test_what_is_computed_beside_is_the_checksum(tmp_path):
    (tmp_path / "x").write_bytes(bytes(2 * CHUNK + 3))
    with computing(tmp_path / "x") as digest:
        assert digest.result(PATIENCE) == checksum(tmp_path / "x")


def test_who_is_refused_does_not_wait_for_the_rest_of_it(tmp_path, monkeypatch):
    (tmp_path / "x").write_bytes(bytes(64 * CHUNK))
    given_up, read = threading.Event(), []

    class Slow:
        """Takes its time over each part, until nobody wants it any more."""

        def __init__(self, _content=b""):
            pass

        def update(self, part):
            read.append(len(part))
            given_up.wait(PATIENCE)

        def hexdigest(self):
            return ""

    monkeypatch.setattr(module.hashlib, "sha256", Slow)
    with pytest.raises(KeyError), computing(tmp_path / "x", given_up=given_up):
        raise KeyError
    assert len(read) <= 1


def git_checksum(content):
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@pytest.mark.parametrize("checksum_by", [git_checksum, lambda content: hashlib.sha256(content).hexdigest()])
def test_a_file_is_compared_with_what_git_or_the_hub_calls_it(tmp_path, checksum_by):
    (tmp_path / "x").write_bytes(b"weights")
    assert matches(tmp_path / "x", checksum_by(b"weights"))
    assert not matches(tmp_path / "x", checksum_by(b"weight"))
    # What is no checksum says nothing against a file.
    assert matches(tmp_path / "x", "etag")


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_the_name_of_a_blob_speaks_for_the_link_to_it(tmp_path):
    name = hashlib.sha256(b"weights").hexdigest()
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs" / name).write_bytes(b"weights")
    (tmp_path / "model").symlink_to(tmp_path / "blobs" / name)
    assert checksum_of(tmp_path / "model") == name
    assert is_called(tmp_path / "model", name)
    assert not is_called(tmp_path / "model", "0" * 64)
    assert wrong_checksum(tmp_path / "model") is None
    (tmp_path / "blobs" / name).write_bytes(b"weigh")
    assert wrong_checksum(tmp_path / "model") == "its checksum is wrong"


def test_of_a_copy_nothing_is_known(tmp_path):
    (tmp_path / "x").write_bytes(b"weights")
    assert checksum_of(tmp_path / "x") is None
    assert is_called(tmp_path / "x", "0" * 64)
    assert wrong_checksum(tmp_path / "x") is None
