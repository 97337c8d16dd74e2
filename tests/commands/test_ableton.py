import pytest
from click.testing import CliRunner

from midifrag.cli import app
from midifrag.commands import ableton_copies, ableton_script


@pytest.mark.parametrize(
    ("arguments", "module", "name", "given"),
    [
        (["install"], ableton_script, "install", (None,)),
        (["status", "--user-library", "x"], ableton_script, "status", ("x",)),
        (["remove", "--user-library", "x"], ableton_script, "remove", ("x",)),
        (["tidy"], ableton_copies, "tidy", (None, (), False)),
        (["tidy", "set", "--folder", "a", "--folder", "b", "--yes"], ableton_copies, "tidy", ("set", ("a", "b"), True)),
    ],
)
def test_a_command_is_called_as_it_is_written(monkeypatch, arguments, module, name, given):
    called = []
    monkeypatch.setattr(module, name, lambda *values: called.append(values))
    result = CliRunner().invoke(app, ["ableton", *arguments])
    assert result.exit_code == 0, result.output
    (values,) = called
    assert tuple(_plain(value) for value in values) == given


def _plain(value):
    if isinstance(value, tuple):
        return tuple(map(str, value))
    return value if value is None or isinstance(value, bool) else str(value)
