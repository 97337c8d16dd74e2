"""YAML files as they are read."""

import os
import socket

import pytest

from midifrag.config import yaml_files
from midifrag.config.yaml_files import plain, read
from midifrag.errors import Problem


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "one.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        problems = []
        return read(path, problems), [str(problem) for problem in problems]

    return write


def test_keys_and_values_with_their_lines(written):
    document, problems = written("a: 1\nb:\n  36: x\n")
    assert problems == []
    assert document.lines["b"] == 2
    assert plain(document) == {"a": 1, "b": {"36": "x"}}


@pytest.mark.parametrize("text", ["", "# nothing\n"])
def test_an_empty_file_says_nothing(written, text):
    assert written(text) == ({}, [])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("- a\n", "one.yaml:1: must be keys and values, such as `model: sketch`"),
        ("just words", "one.yaml:1: must be keys and values"),
        ("a: [", "one.yaml:1: not valid YAML: "),
        ("a: 1\na: 2\n", "one.yaml:2: a: stands here twice; remove one of the two"),
        ("{[[1]]: 2}", "one.yaml:1: a key is a word or a number, and no list and no mapping"),
        (b"a: 1\nb: \xff\xfe", "one.yaml:2: byte 0xff is no UTF-8; save the file as UTF-8"),
    ],
)
def test_what_cannot_be_is_told(written, text, line):
    _, (problem,) = written(text)
    assert line in problem


def test_no_file_and_a_name_of_its_own(tmp_path):
    problems = []
    assert read(tmp_path / "none.yaml", problems) is None
    assert "no such file; `midifrag init FOLDER`" in problems[0].message
    (tmp_path / "one.yaml").write_text("- a")
    assert read(tmp_path / "one.yaml", problems, "presets/one.yaml") is None
    assert problems[1].file == "presets/one.yaml"


def placed_fifo(path):
    os.mkfifo(path)


def placed_socket(path):
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))


@pytest.mark.parametrize(
    "place",
    [placed_fifo, placed_socket, lambda path: path.symlink_to("/dev/zero"), lambda path: path.mkdir()],
    ids=["fifo", "socket", "device", "folder"],
)
def test_what_is_no_file_is_never_opened(tmp_path, monkeypatch, place):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "one.yaml"
    place(path.relative_to(tmp_path) if place is placed_socket else path)
    problems = []
    assert read(path, problems) is None
    assert read(path, problems, "presets/one.yaml", Problem("presets.yaml", 3, "set_list.0", "")) is None
    what = "cannot be read: it is no file (a folder, device, pipe or socket)"
    assert [str(problem) for problem in problems] == [
        f"{path}: {what}",
        f"presets.yaml:3: set_list.0: presets/one.yaml {what}",
    ]


def test_a_file_that_is_too_large_is_not_read_to_its_end(tmp_path):
    path = tmp_path / "one.yaml"
    path.write_bytes(b"#" * (yaml_files.MAX_BYTES + 1))
    problems = []
    assert read(path, problems) is None
    assert problems[0].message == "cannot be read: it has more than 1,048,576 bytes"
    path.write_bytes(b"#" * yaml_files.MAX_BYTES)
    assert read(path, []) == {}


def test_a_key_with_and_without_quotes_is_one_key(written):
    document, problems = written("pads:\n  36: a\n  '36': b\nlist:\n  - {1: a, '1': b}\n")
    assert document is not None
    assert problems == [
        "one.yaml:3: pads.36: stands here twice, with and without quotes; remove one of the two",
        "one.yaml:5: list.0.1: stands here twice, with and without quotes; remove one of the two",
    ]


def test_what_is_merged_in_gives_way_whatever_its_quotes(written):
    document, problems = written("base: &base {36: merged, 37: merged}\npads:\n  '36': own\n  <<: *base\n")
    assert problems == []
    assert plain(document)["pads"] == {"36": "own", "37": "merged"}


def test_scalars_become_plain_ones(written):
    document, _ = written("a: 0x10\nb: 1.50\nc: 'x'\nd: true\ne: [1, {2: 3}]\nf:\n")
    values = plain(document)
    assert values == {"a": 16, "b": 1.5, "c": "x", "d": True, "e": [1, {"2": 3}], "f": None}
    assert [type(values[key]) for key in "abcd"] == [int, float, str, bool]
