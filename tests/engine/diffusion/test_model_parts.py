import gc
import weakref

import pytest
import torch

from midifrag.engine.diffusion import model_parts
from midifrag.engine.diffusion.model_runner import ModelRunner
from midifrag.engine.diffusion.parameters import resolve_parameters
from midifrag.engine.diffusion.request import Request
from midifrag.engine.loading.model import Model
from midifrag.engine.network.decoder import OobleckDecoder
from midifrag.engine.network.kernels import Kernels
from midifrag.engine.network.windows import MOST_LATENTS
from tests.engine.presses import press
from tests.engine.stock import loaded


def test_kernels_are_made_once_for_the_model_s_own_numbers_and_for_no_others(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[torch.dtype, bool]] = []

    def make(_device: torch.device, dtype: torch.dtype, *, fused: bool) -> Kernels:
        made.append((dtype, fused))
        return Kernels(made="here")

    monkeypatch.setattr(model_parts, "kernels_for", make)
    runner = ModelRunner(model, kernels=True)
    assert runner.parts.decoder().description.endswith("kernels: here")
    assert "kernels" not in runner.parts.decoder("bf16").description
    runner.parts.denoiser("bf16")
    ModelRunner(model, kernels=False)
    assert made == [(torch.float32, True), (torch.float32, False)]


def test_copies_that_are_dropped_are_gone_at_once() -> None:
    """On a card they take gigabytes, and nobody collects what holds each other while it plays."""
    runner = ModelRunner(loaded("v", precision="bf16"))
    request = Request(press(1), resolve_parameters(press(1), runner.model), 1, spare=False)
    request.precision = "fp32"
    runner.begin(request)
    runner.denoise([request])
    runner.window(request, alone=True)
    copies = [weakref.ref(runner.parts._denoisers["fp32"]), weakref.ref(runner.parts._decoders["fp32"])]
    gc.collect()
    gc.disable()
    try:
        assert [copy() is None for copy in copies] == [False, False]
        runner.on_idle()
        assert [copy() is None for copy in copies] == [True, True]
    finally:
        gc.enable()


def test_parts_in_fp32_are_made_when_they_are_needed_and_dropped_when_nobody_is_left() -> None:
    runner = ModelRunner(loaded("v", precision="bf16"))
    assert runner.counters.models_built == 2
    request = Request(press(1), resolve_parameters(press(1), runner.model), 1, spare=False)
    request.precision = "fp32"
    runner.begin(request)
    runner.denoise([request])
    assert runner.counters.models_built == 3
    runner.on_idle()
    runner.begin(request)
    assert runner.counters.models_built == 4
    assert runner.parts.descriptions == (
        "midifrag's own forward pass in bfloat16",
        "midifrag's own decoder in bfloat16",
    )


def test_a_copy_in_fp32_decodes_half_as_much_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    bounds: dict[str, int] = {}
    monkeypatch.setattr(
        OobleckDecoder, "bound", lambda self, latents: bounds.update({self.description.split()[-1]: latents})
    )
    runner = ModelRunner(loaded("v", precision="bf16"))
    assert bounds == {"bfloat16": MOST_LATENTS}
    runner.parts.bound(256)
    request = Request(press(1), resolve_parameters(press(1), runner.model), 1, spare=False)
    request.precision = "fp32"
    runner.window(request, alone=True)
    assert bounds == {"bfloat16": 256, "float32": 128}
