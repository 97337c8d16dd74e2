"""The token lies with the set."""

import os
import stat
from pathlib import Path

import pytest

from midifrag.config.loading import load
from midifrag.config.shipped import shipped_path
from midifrag.page.web.token import FILE, lasting_token


@pytest.fixture
def show(on_disk):
    return on_disk.load()


@pytest.fixture
def place(show):
    return show.folder / ".midifrag" / FILE


def test_a_token_lasts_with_its_set(show, place):
    token, told = lasting_token(show)
    assert len(token) >= 20
    assert told == ""
    assert place.read_text().strip() == token
    assert lasting_token(show) == (token, "")
    assert [path.name for path in place.parent.iterdir()] == [FILE]


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_only_its_owner_may_read_it(show, place):
    lasting_token(show)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600


def test_a_new_token_takes_the_place_of_the_old_one(show):
    old = lasting_token(show)[0]
    new = lasting_token(show, new=True)[0]
    assert new != old
    assert lasting_token(show)[0] == new


def test_a_new_token_that_an_old_one_hides_is_told(show, place, monkeypatch):
    old = lasting_token(show)[0]
    real = os.open

    def refuse(path, *rest):
        if place.parent in Path(path).parents:
            raise PermissionError(13, "Permission denied")
        return real(path, *rest)

    monkeypatch.setattr(os, "open", refuse)
    _, told = lasting_token(show, new=True)
    assert "Permission denied" in told
    assert lasting_token(show)[0] == old


def test_without_its_file_there_is_a_new_one(show, place):
    old = lasting_token(show)[0]
    place.unlink()
    assert lasting_token(show)[0] != old


@pytest.mark.parametrize("content", [b"", b"short", b"with spaces " * 5, b"\xff" * 30, b"x" * 5000])
def test_what_is_no_token_is_none(show, place, content):
    place.parent.mkdir()
    place.write_bytes(content)
    token, told = lasting_token(show)
    assert token.encode() not in content
    assert told == ""
    assert lasting_token(show)[0] == token


def test_where_the_set_may_not_be_written_it_lies_with_the_fragments(show, place):
    place.parent.write_text("a file where the folder should be")
    token, told = lasting_token(show)
    assert told == ""
    assert (show.fragments_folder / ".midifrag" / FILE).read_text().strip() == token
    assert lasting_token(show)[0] == token
    # Once the set takes it, nothing of the old one is left.
    place.parent.unlink()
    renewed = lasting_token(show, new=True)[0]
    assert lasting_token(show)[0] == renewed
    assert not (show.fragments_folder / ".midifrag" / FILE).exists()


def test_a_token_that_cannot_be_kept_works_until_the_end_and_that_is_told(show, place):
    place.parent.write_text("")
    show.fragments_folder.write_text("")
    token, told = lasting_token(show)
    assert len(token) >= 20
    assert "could not be kept" in told
    assert lasting_token(show)[0] != token


def test_the_set_that_comes_with_midifrag_keeps_no_token_of_its_own(tmp_path):
    shipped = load(shipped_path(), {"fragments": {"folder": str(tmp_path / "mine")}}, environment={})
    token = lasting_token(shipped)[0]
    assert (tmp_path / "mine" / ".midifrag" / FILE).read_text().strip() == token
    assert not (shipped_path().parent / ".midifrag" / FILE).exists()
