"""YAML files as they are read."""

import pytest

from midifrag.config.yaml_files import plain, read


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
    assert document.lc.key("b")[0] == 1
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
        ("a: 1\na: 2\n", "one.yaml:2: not valid YAML: found duplicate key"),
        ("{[[1]]: 2}", "one.yaml: not valid YAML: "),
        (b"\xff\xfe\xff", "cannot be read: "),
    ],
)
def test_what_cannot_be_is_told(written, text, line):
    document, (problem,) = written(text)
    assert document is None
    assert line in problem


def test_no_file_and_a_name_of_its_own(tmp_path):
    problems = []
    assert read(tmp_path / "none.yaml", problems) is None
    assert "no such file; `midifrag init FOLDER`" in problems[0].message
    (tmp_path / "one.yaml").write_text("- a")
    assert read(tmp_path / "one.yaml", problems, "presets/one.yaml") is None
    assert problems[1].file == "presets/one.yaml"


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
