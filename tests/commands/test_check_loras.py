"""LoRAs as check, models and fetch see them: without what plays models."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import save_file

from midifrag.cli import app
from midifrag.commands.check_loras import fetch_loras, missing_loras
from midifrag.config.loading import load
from tests.engine.hub_caches import safetensors_of
from tests.engine.hub_server import Repository

runner = CliRunner()
BANK = """
name: One
pads:
  36: {prompt: rain, loras: [{name: dusty, strength: 0.3}]}
  37: {prompt: hum, model: sketch}
"""


def write_set(folder: Path, bank: str = BANK, controls: str = "[{cc: 24, sets: lora.dusty}]", file: str = "") -> Path:
    named = file or "file: loras/dusty.safetensors"
    (folder / "presets").mkdir()
    (folder / "presets" / "one.yaml").write_text(bank)
    (folder / "presets.yaml").write_text(
        "model: pocket\nset_list: [one]\npage: {enabled: false}\nports: {p: {in: {virtual: x}}}\n"
        f"models: {{mine: {{hub: me/mine, loras: [{{{named}, strength: 0.8}}]}}}}\n"
        f"defaults: {{model: mine}}\ncontrols: {controls}\n"
    )
    return folder / "presets.yaml"


def save(folder: Path) -> Path:
    (folder / "loras").mkdir()
    file = folder / "loras" / "dusty.safetensors"
    save_file({"model.a.parametrizations.weight.0.lora_A": torch.ones(2, 2)}, file)
    return file


@pytest.fixture(autouse=True)
def in_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def checked(command: str = "check") -> tuple[int, str]:
    result = runner.invoke(app, [command], env={"COLUMNS": "300"})
    return result.exit_code, result.output


def test_check_and_models_list_them(tmp_path: Path, no_hub: None) -> None:
    write_set(tmp_path)
    file = save(tmp_path)
    code, told = checked()
    assert f"LoRA dusty 0.3 of mine, in one: {file}" in told, told
    assert code == 0
    _, told = checked("models")
    row = next(line for line in told.splitlines() if str(file) in line)
    assert row.split() == ["dusty", "yes", "0.3", "of", "mine", str(file)]


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "There is no LoRA"), (b"<html></html>", "is a web page"), (b"", "is empty")],
)
def test_a_file_that_is_gone_or_no_lora_is_a_mistake(
    tmp_path: Path, no_hub: None, content: bytes | None, said: str
) -> None:
    write_set(tmp_path)
    if content is not None:
        save(tmp_path).write_bytes(content)
    code, told = checked()
    assert code == 2
    assert "presets/one.yaml: loras:" in told
    assert said in told
    assert f"will not play: {tmp_path}" in checked("models")[1] or content is None


def test_pads_and_controls_that_loras_cannot_be_for_are_told(tmp_path: Path, no_hub: None) -> None:
    save(tmp_path)
    bank = BANK.replace("model: sketch", "model: sketch, loras: [loras/dusty.safetensors]").replace(
        "{name: dusty, strength: 0.3}", "{name: lost}"
    )
    write_set(tmp_path, bank)
    code, told = checked()
    assert code == 2
    assert "sketch plays no LoRAs (dusty); they are for models of Stable Audio" in told
    assert "lost has no file, here or farther up" in told


def test_a_control_of_a_lora_that_no_pad_plays_is_noted(tmp_path: Path, no_hub: None) -> None:
    save(tmp_path)
    write_set(tmp_path, controls="[{cc: 24, sets: lora.dsty}]")
    code, told = checked()
    assert code == 0
    assert "controls.0.sets: 'lora.dsty' is none of lora.dusty; did you mean lora.dusty?" in told


def test_one_of_the_hub_is_fetched_with_its_model(tmp_path: Path, server) -> None:
    server.repositories["me/loras"] = Repository({"dusty.safetensors": safetensors_of(bytes(64))})
    loaded = load(write_set(tmp_path, file="hub: me/loras, file: dusty.safetensors"))
    assert "LoRA dusty is not on this machine" in next(missing_loras(loaded))
    assert fetch_loras(loaded, "pocket") == []
    assert fetch_loras(loaded, "mine") == ["dusty"]
    assert list(missing_loras(loaded)) == []
