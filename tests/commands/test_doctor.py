"""What the doctor says on machines that were made up."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from midifrag.cli import app
from midifrag.commands import doctor
from midifrag.engine.loading import precision
from midifrag.engine.loading.cards import Card, TorchBuild
from midifrag.engine.loading.precision import ChosenDevice

runner = CliRunner()
CODE = ("sm_75", "sm_86")
LAPTOP = Card("NVIDIA GeForce RTX 4060 Laptop GPU", "566.03", 8 << 30, (8, 9))


@pytest.fixture
def machine(monkeypatch):
    """Sets what is found: cards, a build, and the device that models then play on."""

    def become(cards, build, device="cpu"):
        monkeypatch.setattr(doctor, "find_cards", lambda: tuple(cards))
        monkeypatch.setattr(doctor, "torch_build", build if callable(build) else lambda: build)
        monkeypatch.setattr(precision, "resolve_device", lambda _name: ChosenDevice(precision.torch.device(device)))
        return runner.invoke(app, ["doctor"])

    return become


def test_a_machine_that_is_well(machine):
    result = machine([LAPTOP], TorchBuild("2.11.0+cu126", "12.6", CODE, 1), "cuda:0")
    lines = [line.strip() for line in result.output.splitlines()]
    assert result.exit_code == 0
    assert lines[0].startswith("midifrag ")
    assert lines[1:] == [
        "PyTorch 2.11.0+cu126 for CUDA 12.6: sm_75, sm_86",
        "NVIDIA GeForce RTX 4060 Laptop GPU: 8 GB, compute capability 8.9, driver 566.03",
        "models play on cuda:0, NVIDIA GeForce RTX 4060 Laptop GPU",
    ]


def test_what_is_wrong_ends_with_1_and_has_one_command_and_how_to_keep_it(machine):
    result = machine([LAPTOP], TorchBuild("2.11.0", "13.0", CODE, 0))
    assert result.exit_code == 1
    assert (
        "! NVIDIA GeForce RTX 4060 Laptop GPU (compute capability 8.9): the driver 566.03 is too old" in result.output
    )
    commands = [line for line in result.output.splitlines() if "uv pip install" in line]
    assert len(commands) == 1
    assert "--torch-backend=cu126" in commands[0]
    assert "uv run --no-sync midifrag" in result.output
    assert "models play on cpu" in result.output


def test_a_new_driver_is_no_command(machine):
    result = machine([Card("Old", "390.10", 0)], TorchBuild("2.11.0", "13.0", CODE, 0))
    assert result.exit_code == 1
    assert "Old: shared memory, driver 390.10" in result.output
    assert "Install NVIDIA's driver 580 or newer" in result.output
    assert "--no-sync" not in result.output


def test_without_a_card_a_smaller_build_is_offered_and_nothing_is_wrong(machine):
    result = machine([], TorchBuild("2.11.0", "13.0", CODE, 0))
    assert result.exit_code == 0
    assert "--torch-backend=cpu" in result.output
    result = machine([], TorchBuild("2.11.0+cpu", None))
    assert "uv pip install" not in result.output
    assert "PyTorch 2.11.0+cpu, without CUDA" in result.output


def test_a_torch_that_cannot_be_loaded_is_told_with_what_installs_it(machine):
    def broken():
        raise OSError("libcudart.so.13: cannot open shared object file")

    result = machine([], broken)
    assert result.exit_code == 1
    assert "libcudart.so.13" in result.output
    assert "uv sync --reinstall-package torch" in result.output


def test_it_runs_on_this_machine():
    result = runner.invoke(app, ["doctor"])
    assert result.exit_code in (0, 1)
    assert "PyTorch" in result.output
