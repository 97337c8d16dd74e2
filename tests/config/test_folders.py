"""Where takes are is read without the rest of a set, and is the same as with it."""

import pytest

from midifrag.config.folders import archive_folder_of
from midifrag.config.loading import load

SETS = [
    "",
    "fragments: {count: 4}",
    "fragments: {folder: elsewhere}",
    "fragments: {folder: ~/mine}\narchive: {bits: 16}",
    "archive: {folder: vault}",
    "archive: {folder: null}",
    "fragments: {folder: '12'}",
]


@pytest.mark.parametrize("text", SETS)
def test_it_is_what_the_whole_set_says(tmp_path, text):
    show = tmp_path / "presets.yaml"
    show.write_text(f"{text}\nset_list: [one]\n")
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "one.yaml").write_text("name: One\npads: {36: {prompt: rain}}\n")
    assert archive_folder_of(show, {}) == load(show, environment={}).archive_folder


@pytest.mark.parametrize(
    "text",
    ["fragments: 3", "fragments: {folder: 3}", "fragments: null", "archive: {folder: [a]}", "fragments: {", "- a list"],
)
def test_mistakes_are_left_to_those_who_tell_them(tmp_path, text):
    show = tmp_path / "presets.yaml"
    show.write_text(text)
    assert archive_folder_of(show, {}) is None


@pytest.mark.parametrize("name", ["MIDIFRAG_FRAGMENTS__FOLDER", "midifrag_archive", "MIDIFRAG_FRAGMENTS"])
def test_variables_are_left_to_those_who_know_them(tmp_path, name):
    show = tmp_path / "presets.yaml"
    show.write_text("")
    assert archive_folder_of(show, {name: "x"}) is None
    assert archive_folder_of(show, {"MIDIFRAG_MODEL": "sketch"}) is not None
