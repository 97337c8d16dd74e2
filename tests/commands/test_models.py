import json
from pathlib import Path

from click.testing import CliRunner

from midifrag.cli import app
from midifrag.engine.loading.inventory import presence, why_refused
from tests.engine.tiny_models import tiny_config, tiny_model_folder

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


def test_one_model_that_breaks_does_not_keep_the_others_from_being_listed(monkeypatch):
    def broken(name, source):
        if name == "small":
            raise RuntimeError("its drive is gone")
        return presence(name, source)

    monkeypatch.setattr("midifrag.commands.models.presence", broken)
    result = runner.invoke(app, ["models"], env={"COLUMNS": "40"})
    assert result.exit_code == 0
    assert "willnotplay:itsdriveisgone" in "".join(result.output.split())
    assert "pingpong" in result.output
    assert "sketch" in result.output


def test_a_tokenizer_that_is_nowhere_is_told_with_the_other_models(tmp_path, no_hub):
    folder = tiny_model_folder(tmp_path / "m")
    config = folder / "model_config.json"
    config.write_text(json.dumps(tiny_config(tokenizer="/nowhere/tok")))
    runner.invoke(app, ["init", "."])
    show = Path("presets.yaml")
    show.write_text(show.read_text("utf-8").replace("models:\n", f"models:\n  mine: {{folder: {folder}}}\n"), "utf-8")
    told = why_refused("mine", {"folder": str(folder)})
    assert told.startswith(f"{config} takes its tokenizer from /nowhere/tok")
    listed = runner.invoke(app, ["models"], env={"COLUMNS": "40"})
    assert listed.exit_code == 0
    assert "".join(told.split()) in "".join(listed.output.split())
    assert "pingpong" in listed.output
