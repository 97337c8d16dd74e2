"""What an engine tells of itself."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from midifrag.engine.diffusion import info
from midifrag.engine.diffusion.info import engine_info, warmed_in_words
from midifrag.engine.diffusion.model_runner import ModelRunner
from midifrag.engine.loading.model import Model


class Recordings:
    """So many recordings."""

    def __init__(self, count: int, *, are_left_out: bool = False) -> None:
        self.count, self.are_left_out = count, are_left_out

    def __len__(self) -> int:
        return self.count


@pytest.mark.parametrize(
    ("recordings", "at_once", "told"),
    [
        (Recordings(0), None, "warm in 3.2 s: steps; windows"),
        (Recordings(7), None, "warm in 3.2 s, 7 graphs: steps; windows"),
        (Recordings(0, are_left_out=True), None, "warm in 3.2 s, without CUDA graphs: steps; windows"),
        (Recordings(7), 5, "warm in 3.2 s, 7 graphs, memory for 5 at once: steps; windows"),
    ],
)
def test_what_warm_up_has_come_to_is_told(recordings: Recordings, at_once: int | None, told: str) -> None:
    parts = SimpleNamespace(descriptions=("steps", "windows"))
    runner: Any = SimpleNamespace(recordings=recordings, parts=parts)
    assert warmed_in_words(runner, 3.21, at_once) == told


def test_what_a_request_holds_is_told_once_it_is_known(model: Model) -> None:
    runner = ModelRunner(model)
    assert "one request in flight" not in engine_info(runner, "", 0, {}).memory
    told = engine_info(runner, "warm", 700, {})
    assert told.memory["one request in flight"] == 700
    assert (told.warmed, told.device, told.noise, told.precision) == ("warm", "cpu", "cpu", "fp32")


def test_a_card_is_told_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(info, "device_name", lambda _device: "Some Card")
    assert info._device_in_words(torch.device("cuda:1")) == "cuda:1 (Some Card)"


@pytest.mark.parametrize(
    ("device", "options", "told"),
    [
        ("cuda", {"fp16_accumulation": True}, "fp16, sums in fp16"),
        ("cuda", {}, "fp16"),
        ("cpu", {"fp16_accumulation": True}, "fp16"),
    ],
)
def test_the_number_format_is_told_with_what_sums_up_more_roughly(
    device: str, options: dict[str, Any], told: str
) -> None:
    model = SimpleNamespace(device=torch.device(device), precision="fp16")
    assert info._precision_in_words(SimpleNamespace(model=model, shortcuts=""), options) == told
