"""What each kind of file is called is in the table of layouts; here is how kinds are told apart."""

import json
import struct
import sys

import pytest
import torch
from safetensors.torch import save_file

from midifrag.engine.loading.file_kinds import FileKind, kind_of, stranger
from midifrag.errors import CheckpointError
from tests.engine.layout_table import INDEX, POINTER


@pytest.mark.parametrize("name", ["a.ckpt", "a.safetensors", "a.gguf", "a"])
def test_the_name_says_nothing(tmp_path, name):
    file = tmp_path / name
    save_file({"a": torch.ones(2)}, str(file))
    assert kind_of(file) is FileKind.SAFETENSORS
    torch.save({"a": torch.ones(2)}, file)
    assert kind_of(file) is FileKind.ZIPPED
    torch.save({"a": torch.ones(2)}, file, _use_new_zipfile_serialization=False)
    assert kind_of(file) is FileKind.PICKLED


def test_a_header_that_cannot_be_read(tmp_path):
    for header in (b"{]", b"[]", json.dumps({"a": {"dtype": "F32"}}).encode()):
        (tmp_path / "x").write_bytes(struct.pack("<Q", len(header)) + header)
        if header[:1] == b"{":
            with pytest.raises(CheckpointError, match=r"damaged: its list of weights"):
                kind_of(tmp_path / "x")


def test_bytes_behind_the_last_weight_are_refused_as_safetensors_does(tmp_path):
    save_file({"a": torch.ones(2)}, str(tmp_path / "x"))
    with (tmp_path / "x").open("ab") as stream:
        stream.write(b"more")
    with pytest.raises(CheckpointError, match="is damaged: it has 76 bytes in place of 72"):
        kind_of(tmp_path / "x")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "x").write_bytes(b"x")
    monkeypatch.setattr(type(tmp_path), "open", refuse)
    with pytest.raises(CheckpointError, match=r"cannot be read: Permission denied\. Check its permissions"):
        kind_of(tmp_path / "x")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (POINTER, "Git LFS pointer"),
        (b"\xef\xbb\xbf<html>", "web page"),
        (b"PK\3\4", None),
        (b"{}", None),
        (INDEX, None),
    ],
)
def test_what_lies_in_place_of_a_text(tmp_path, content, what):
    (tmp_path / "x").write_bytes(content)
    found = stranger(tmp_path / "x")
    assert (found is None) if what is None else (found is not None and what in found.what)
    assert stranger(tmp_path / "gone") is None


def test_a_long_line_is_cut(tmp_path):
    (tmp_path / "x").write_text("no " * 400)
    with pytest.raises(CheckpointError, match=r"it says: (no ){26}no…\. Download"):
        kind_of(tmp_path / "x")
