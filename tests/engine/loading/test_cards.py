"""Cards that were made up, and what is said of each: the table is what owners of such machines read first."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from midifrag.engine.loading import cards
from midifrag.engine.loading.cards import (
    Card,
    TorchBuild,
    card_of_torch,
    find_cards,
    install_command,
    run_tool,
    runs_on,
    torch_build,
    trouble_with,
)

CODE = ("sm_75", "sm_80", "sm_86", "sm_90", "sm_100", "sm_120")
CUDA_13 = TorchBuild("2.11.0", "13.0", CODE, 1)
CUDA_12 = TorchBuild("2.11.0+cu126", "12.6", ("sm_50", "sm_60", "sm_70", "sm_80", "sm_90"), 1)
CPU_ONLY = TorchBuild("2.11.0+cpu", None)
UNSEEN = TorchBuild("2.11.0", "13.0", CODE, 0)


def card(capability, driver):
    return Card("Card", driver, 8 << 30, capability)


@pytest.mark.parametrize(
    ("capability", "driver", "build", "system", "what", "does"),
    [
        # A laptop with Windows, where the usual build has no CUDA.
        ((8, 9), "581.29", CPU_ONLY, "win32", "without CUDA", "cu130"),
        ((8, 9), "566.03", CPU_ONLY, "win32", "without CUDA", "cu126"),
        ((6, 1), "581.29", CPU_ONLY, "win32", "without CUDA", "cu126"),
        ((8, 9), "526.00", CPU_ONLY, "win32", "without CUDA", "driver 580 or newer"),
        ((8, 9), "526.00", CPU_ONLY, "linux", "without CUDA", "cu126"),
        # A driver of two years.
        (
            (8, 6),
            "535.183.01",
            CUDA_13,
            "linux",
            "driver 535.183.01 is too old for CUDA 13.0",
            "cu126",
        ),
        ((12, 0), "570.86", CUDA_13, "linux", "too old for CUDA 13.0", "cu128"),
        ((12, 1), "570.86", CUDA_13, "linux", "too old for CUDA 13.0", "driver 580 or newer"),
        ((8, 6), "470.82", CUDA_13, "linux", "too old for CUDA 13.0", "driver 580 or newer"),
        ((6, 1), "470.82", CUDA_13, "linux", "too old for CUDA 13.0", "driver 525 or newer"),
        (None, "460.10", CUDA_13, "linux", "too old for CUDA 13.0", "driver 580 or newer"),
        # Cards that CUDA 13 left behind, and one that no build has code for.
        ((6, 1), "580.65", CUDA_13, "linux", "compute capability 6.1): PyTorch 2.11.0 has no code for it", "cu126"),
        ((7, 0), "580.65", CUDA_13, "linux", "has no code for it", "cu126"),
        ((3, 5), "470.82", CUDA_13, "linux", "too old for CUDA 13.0", "older than any build"),
        ((13, 0), "600.10", CUDA_13, "linux", "has no code for it", "newer than any build"),
        # A new card on a build from before it.
        ((12, 0), "580.65", CUDA_12, "linux", "has no code for it", "cu130"),
        # Everything is there, and hidden.
        ((8, 6), "580.65", UNSEEN, "linux", "sees no card", "CUDA_VISIBLE_DEVICES"),
    ],
)
def test_what_is_wrong_and_the_one_thing_that_mends_it(capability, driver, build, system, what, does):
    trouble = trouble_with(card(capability, driver), build, system)
    assert trouble is not None
    assert what in trouble.what
    if does.startswith("cu"):
        assert f"--torch-backend={does} " in trouble.command
        assert str(trouble).endswith(trouble.command)
    else:
        assert does in trouble.remedy
        assert trouble.command == ""
        assert str(trouble).endswith(f"{trouble.remedy}.")


@pytest.mark.parametrize(
    ("capability", "driver", "build"),
    [
        ((7, 5), "580.65", CUDA_13),
        ((8, 9), "580.65", CUDA_13),
        ((9, 0), "590.10", CUDA_13),
        ((12, 1), "580.65", CUDA_13),
        ((8, 6), "535.10", CUDA_12),
        ((6, 1), "525.60", CUDA_12),
        ((8, 6), "", CUDA_13),
        (None, "580.65", CUDA_13),
        ((8, 6), "580.65", TorchBuild("2.11.0", "13.0", (), 1)),
    ],
)
def test_cards_that_play(capability, driver, build):
    assert trouble_with(card(capability, driver), build, "linux") is None


@pytest.mark.parametrize(
    ("capability", "architectures", "expected"),
    [
        ((8, 9), ("sm_86",), True),
        ((8, 0), ("sm_86",), False),
        ((9, 0), ("sm_86",), False),
        ((9, 0), ("compute_86",), True),
        ((12, 1), ("sm_120",), True),
        ((9, 0), ("sm_90a",), True),
        ((10, 3), ("sm_100a",), False),
        ((10, 3), ("sm_100f",), True),
        ((8, 6), ("gfx942", "sm_"), False),
    ],
)
def test_machine_code_runs_within_its_generation(capability, architectures, expected):
    assert runs_on(capability, architectures) is expected


def test_cards_are_found_by_the_drivers_own_tool():
    asked = []

    def run(command):
        asked.append(command)
        return "GeForce RTX 3060, 550.54.14, 12288, 8.6\nTesla V100, 550.54.14, 16384, 7.0\nOdd, 1, [N/A], [N/A]\n"

    assert find_cards(run) == (
        Card("GeForce RTX 3060", "550.54.14", 12 << 30, (8, 6)),
        Card("Tesla V100", "550.54.14", 16 << 30, (7, 0)),
        Card("Odd", "1", 0, None),
    )
    assert len(asked) == 1


def test_an_old_driver_that_does_not_know_what_is_asked_is_asked_for_less():
    def run(command):
        if "compute_cap" in command[1]:
            raise subprocess.CalledProcessError(2, command)
        return "GTX 1080, 391.35, 8192\n"

    assert find_cards(run) == (Card("GTX 1080", "391.35", 8 << 30),)


@pytest.mark.parametrize(
    "trouble",
    [FileNotFoundError(), subprocess.TimeoutExpired("nvidia-smi", 10), subprocess.CalledProcessError(9, "nvidia-smi")],
)
def test_without_the_tool_or_with_one_that_hangs_there_are_no_cards(trouble):
    def run(_command):
        raise trouble

    assert find_cards(run) == ()


def test_what_else_the_tool_prints_is_no_card():
    assert find_cards(lambda _command: "No devices were found\n") == ()


def test_a_tool_is_run():
    assert run_tool([sys.executable, "-c", "print('card')"]).strip() == "card"
    with pytest.raises(subprocess.CalledProcessError):
        run_tool([sys.executable, "-c", "raise SystemExit(3)"])


def test_the_build_that_is_here():
    build = torch_build()
    assert (build.version, build.cuda) == (torch.__version__, torch.version.cuda)
    assert bool(build.architectures) is (build.cuda is not None)


def test_a_card_that_torch_sees(monkeypatch):
    class Properties:
        name, total_memory, major, minor = "Card", 5, 8, 6

    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _index: Properties)
    assert card_of_torch(0) == Card("Card", "", 5, (8, 6))


def test_the_command_takes_all_packages_of_a_build_anew(monkeypatch):
    versions = {"torch": "2.11.0+cpu", "torchaudio": "2.11.0"}
    monkeypatch.setattr(cards, "installed", versions.get)
    assert install_command("cu130") == (
        "uv pip install --torch-backend=cu130 --reinstall-package torch --reinstall-package torchaudio "
        "torch==2.11.0 torchaudio==2.11.0"
    )
