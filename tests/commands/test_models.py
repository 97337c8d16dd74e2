from pathlib import Path

from click.testing import CliRunner

from midifrag.cli import app

runner = CliRunner()


def test_models_lists_models_samplers_and_engines():
    result = runner.invoke(app, ["models"])
    assert result.exit_code == 0
    for word in ("sketch", "pocket", "stabilityai/", "dpmpp-3m-sde", "pingpong", "engines: sketch, stable-audio"):
        assert word in result.output


def test_models_can_be_read_on_a_narrow_terminal():
    output = runner.invoke(app, ["models"], env={"COLUMNS": "40"}).output
    lines = [line.rstrip() for line in output.splitlines()]
    assert max(map(len, lines)) <= 40
    at = lines.index("name  sketch")
    assert lines[at + 1 : at + 4] == [
        "here  yes",
        "what  the built-in synthesiser: no model",
        "      at all, for rehearsal and as last",
    ]


def test_models_names_those_of_the_set(tmp_path):
    runner.invoke(app, ["init", "."])
    show = Path("presets.yaml")
    text = show.read_text(encoding="utf-8").replace("models:\n", "models:\n  mine: {folder: models/mine}\n")
    show.write_text(text, encoding="utf-8")
    assert "folder: models/mine" in runner.invoke(app, ["models"]).output
