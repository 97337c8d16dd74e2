from __future__ import annotations

import pytest
import torch

from midifrag.engine.loading import precision
from midifrag.engine.loading.precision import resolve_device, resolve_precision
from midifrag.errors import ModelError
from tests.engine.tiny_models import tiny_model


@pytest.mark.parametrize(
    ("name", "device", "fast_bf16", "expected"),
    [
        ("auto", "cuda", True, "fp16"),
        ("auto", "cpu", True, "bf16"),
        ("auto", "cpu", False, "fp32"),
        ("auto", "mps", True, "fp32"),
        ("bf16", "cuda", False, "bf16"),
        ("fp16", "cpu", False, "fp16"),
    ],
)
def test_precision(monkeypatch, name, device, fast_bf16, expected):
    monkeypatch.setattr(precision, "cpu_multiplies_bf16", lambda: fast_bf16)
    assert resolve_precision(name, torch.device(device)) == expected


@pytest.mark.parametrize(("capability", "expected"), [("amx_bf16", True), ("avx512_bf16", True), ("avx2", False)])
def test_bf16_wants_its_own_instructions(monkeypatch, capability, expected):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {capability: True})
    assert precision.cpu_multiplies_bf16() is expected


def test_an_unknown_precision():
    with pytest.raises(ModelError, match="no precision 'fp8'"):
        resolve_precision("fp8", torch.device("cpu"))


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"), [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_the_best_device_is_taken(monkeypatch, cuda, mps, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert resolve_device("auto").type == expected


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gpu", "no device 'gpu'"),
        ("cuda:1", "sees 1 CUDA"),
        ("mps", "this machine or torch build"),
        ("meta", "not run"),
    ],
)
def test_devices_that_are_not_there(monkeypatch, name, message):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(ModelError, match=message):
        resolve_device(name)


@pytest.mark.parametrize("number_format", ["fp32", "bf16"])
def test_text_encoders_outside_the_module_tree_are_found_and_stay_in_fp32_on_a_cpu(number_format):
    module, _ = tiny_model("v")
    encoder = torch.nn.Linear(3, 4).half()
    module.conditioner.__dict__["model"] = encoder
    assert precision.frozen_text_encoders(module.conditioner) == [encoder]
    precision.move_model(module, torch.device("cpu"), number_format)
    assert encoder.weight.dtype == torch.float32
    assert module.model.model.preprocess_conv.weight.dtype == precision.DTYPES[number_format]
    assert module.model.model.to_timestep_embed[0].weight.dtype == torch.float32
