from __future__ import annotations

import hashlib
import threading

import pytest

from midifrag.engine.loading import checksum as module
from midifrag.engine.loading.checksum import CHUNK, checksum, computing
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
