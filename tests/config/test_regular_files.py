"""Files of a set as they are opened."""

from __future__ import annotations

import os

import pytest

from midifrag.config.regular_files import read_regular


def test_a_file_is_read_whole_up_to_its_limit(tmp_path):
    file = tmp_path / "presets.yaml"
    file.write_bytes(b"x" * 1000)
    assert read_regular(file, 1000) == b"x" * 1000
    with pytest.raises(OSError, match="it has more than 999 bytes"):
        read_regular(file, 999)


def test_a_limit_is_told_readably(tmp_path):
    (tmp_path / "bank.yaml").write_bytes(b"x" * 1235)
    with pytest.raises(OSError, match="more than 1,234 bytes"):
        read_regular(tmp_path / "bank.yaml", 1234)


def test_what_is_no_file_is_refused_before_it_is_opened(tmp_path):
    with pytest.raises(OSError, match="it is no file"):
        read_regular(tmp_path, 10)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        # To open it would wait for ever.
        with pytest.raises(OSError, match="it is no file"):
            read_regular(tmp_path / "pipe", 10)


def test_what_is_not_there_and_what_no_file_is_called_is_told(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "gone", 10)
    with pytest.raises(ValueError, match="null"):
        read_regular(tmp_path / "a\0b", 10)
