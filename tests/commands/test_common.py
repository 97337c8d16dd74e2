"""What commands begin and end with."""

import logging
import signal
from pathlib import Path

import pytest
from click.exceptions import Exit

from midifrag.commands.common import archive_folder, explained, nested, set_up_logging, stopping
from midifrag.errors import ConfigurationError, PortError, Problem


def test_our_errors_are_their_text_and_their_exit_code(capsys):
    with pytest.raises(Exit) as ended, explained():
        raise PortError("no such port [/tmp]")
    assert ended.value.exit_code == 1
    assert capsys.readouterr().err == "no such port [/tmp]\n"


def test_mistakes_are_a_line_each(capsys):
    problems = [Problem("a.yaml", 3, "pads", "is missing"), Problem("b.yaml", None, "", "cannot be read")]
    with pytest.raises(Exit) as ended, explained():
        raise ConfigurationError(problems)
    assert ended.value.exit_code == 2
    assert capsys.readouterr().err.splitlines() == ["a.yaml:3: pads: is missing", "b.yaml: cannot be read"]


def test_other_errors_are_no_business_of_a_performer():
    with pytest.raises(ZeroDivisionError), explained():
        raise ZeroDivisionError


@pytest.mark.parametrize(("verbose", "told"), [(False, ["ours", "theirs"]), (True, ["ours, more", "ours", "theirs"])])
def test_warnings_are_told_and_more_of_our_own_if_that_is_wanted(capsys, verbose, told):
    set_up_logging(verbose)
    for logger, level, text in (
        ("midifrag.show", logging.DEBUG, "ours, more"),
        ("midifrag.show", logging.WARNING, "ours"),
        ("elsewhere", logging.INFO, "theirs, more"),
        ("elsewhere", logging.WARNING, "theirs"),
    ):
        logging.getLogger(logger).log(level, text)
    # The time stands before the first.
    lines = [line.rstrip() for line in capsys.readouterr().err.splitlines()]
    assert len(lines) == len(told)
    assert all(line.endswith(f" {text}") for line, text in zip(lines, told, strict=True))


def test_what_others_wrote_cannot_control_the_terminal(capsys):
    set_up_logging(False)
    with pytest.raises(Exit), explained():
        raise PortError("no such port rain\x1b[2J\nof these:\n  one")
    logging.getLogger("midifrag").warning("prompt %s", "rain\non\x1b[2J")
    lines = capsys.readouterr().err.splitlines()
    assert lines[:3] == ["no such port rain?[2J", "of these:", "  one"]
    assert [line.rstrip()[-len("prompt rain on?[2J") :] for line in lines[3:]] == ["prompt rain on?[2J"]


def test_flags_are_nested_as_the_configuration_is():
    assert nested(model="sketch", page__port=0, page__host=None, engine__spares__enabled=False) == {
        "model": "sketch",
        "page": {"port": 0},
        "engine": {"spares": {"enabled": False}},
    }


def test_takes_are_where_the_flag_says_else_the_set_else_in_fragments(tmp_path, monkeypatch):
    assert archive_folder(None) == tmp_path / "fragments" / "archive"
    (tmp_path / "presets.yaml").write_text("archive: {folder: vault}\n")
    assert archive_folder(None) == tmp_path / "vault"
    assert archive_folder(Path("mine")) == tmp_path / "mine" / "archive"
    monkeypatch.setenv("MIDIFRAG_ARCHIVE__FOLDER", "told")
    (tmp_path / "presets.yaml").write_text("set_list: [one]\n")
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "one.yaml").write_text("name: One\npads: {36: {prompt: rain}}\n")
    assert archive_folder(None) == tmp_path / "told"


def test_a_mistake_in_where_takes_are_is_told(tmp_path):
    (tmp_path / "presets.yaml").write_text("fragments: {folder: 3}\n")
    with pytest.raises(ConfigurationError, match="fragments"):
        archive_folder(None)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_would_end_the_program_is_noticed_instead(number):
    before = signal.getsignal(number)
    with stopping() as stopped:
        assert not stopped.is_set()
        signal.raise_signal(number)
        assert stopped.is_set()
    assert signal.getsignal(number) is before
