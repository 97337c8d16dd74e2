"""Tokens: made for their owner's eyes alone, read line by line, and compared without telling anything."""

import os

import pytest

from midifrag.errors import ConfigurationError
from midifrag.serving.tokens import Tokens, read_tokens

GOOD = "abcdefghijklmnopqrst"


def write(path, text):
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_one_is_made_where_there_is_none(tmp_path):
    path = tmp_path / "new" / "token"
    made = read_tokens(path)
    assert read_tokens(path) == made
    [token] = made.by_name.values()
    assert len(token) >= 40
    assert made.owner(token) == "performer"
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600


def test_each_line_is_a_token_with_the_name_of_who_has_it(tmp_path):
    path = write(tmp_path / "token", f"# of the festival\nann: {GOOD}1\n\n{GOOD}2  # the spare laptop\n")
    tokens = read_tokens(path)
    assert tokens.owner(f"{GOOD}1") == "ann"
    assert tokens.owner(f"{GOOD}2") == "performer-4"


@pytest.mark.parametrize("token", ["", GOOD, f"{GOOD}12", f" {GOOD}1", "ü", "\ud800"])
def test_no_other_token_is_anybodys(token):
    assert Tokens({"ann": f"{GOOD}1"}).owner(token) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [("short\n", "token:1: is no token"), ("# none\n", "holds no token"),
     (f"a: {GOOD}\na: {GOOD}x\n", "stands there twice")],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_told_with_its_line(tmp_path, text, told):
    with pytest.raises(ConfigurationError, match=told):
        read_tokens(write(tmp_path / "token", text))


def test_what_is_no_text_is_told(tmp_path):
    path = tmp_path / "token"
    path.write_bytes(b"\xff\xfe")
    path.chmod(0o600)
    with pytest.raises(ConfigurationError, match="holds no tokens"):
        read_tokens(path)


@pytest.mark.skipif(os.name != "posix", reason="permissions as Linux and macOS have them")
def test_a_file_that_others_may_read_is_refused(tmp_path):
    path = write(tmp_path / "token", GOOD)
    path.chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        read_tokens(path)


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"file/token|file\\token"):
        read_tokens(tmp_path / "file" / "token")


@pytest.mark.skipif(os.name != "posix", reason="modes as Linux and macOS have them")
def test_a_secret_that_a_cluster_puts_there_may_be_read_by_its_group_and_by_nobody_else(tmp_path):
    path = tmp_path / "tokens"
    path.write_text("a" * 32)
    path.chmod(0o440)
    assert read_tokens(path, may_group=True).by_name == {"performer": "a" * 32}
    with pytest.raises(ConfigurationError, match="others may read it"):
        read_tokens(path)
    path.chmod(0o444)
    with pytest.raises(ConfigurationError, match="others may read it"):
        read_tokens(path, may_group=True)
