from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from midifrag.engine.loading import precision
from midifrag.engine.loading.cards import Card, TorchBuild
from midifrag.engine.loading.precision import next_precision, resolve_device, resolve_precision
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


@pytest.mark.parametrize(
    ("device", "capability", "words"),
    [
        ("cpu", None, "and this is cpu. Use precision: auto"),
        ("mps", None, "and this is mps"),
        ("cuda", (8, 6), "and this is GeForce RTX 3060, compute capability 8.6"),
        ("cuda", (8, 9), None),
        ("cuda", (9, 0), None),
    ],
)
def test_fp8_is_for_cards_that_have_it(monkeypatch, device, capability, words):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _device: capability)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _device: "GeForce RTX 3060")
    if words is None:
        assert resolve_precision("fp8", torch.device(device)) == "fp8"
        assert next_precision("fp8", torch.device(device)) == "fp16"
        return
    with pytest.raises(ModelError, match=words):
        resolve_precision("fp8", torch.device(device))


@pytest.mark.parametrize(("capability", "expected"), [("amx_bf16", True), ("avx512_bf16", True), ("avx2", False)])
def test_bf16_wants_its_own_instructions(monkeypatch, capability, expected):
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {capability: True})
    assert precision.cpu_multiplies_bf16() is expected


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("ONEDNN_MAX_CPU_ISA", "AVX2", False),
        ("ONEDNN_MAX_CPU_ISA", "avx512_core", False),
        ("DNNL_MAX_CPU_ISA", "AVX512_CORE_VNNI", False),
        ("ONEDNN_MAX_CPU_ISA", "AVX512_CORE_BF16", True),
        ("ONEDNN_MAX_CPU_ISA", "ALL", True),
        ("ONEDNN_MAX_CPU_ISA", "", True),
    ],
)
def test_bf16_is_not_taken_where_the_library_may_not_use_its_instructions(monkeypatch, name, value, expected):
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    monkeypatch.setattr(precision.torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    monkeypatch.setenv(name, value)
    assert precision.cpu_multiplies_bf16() is expected


@pytest.mark.parametrize(
    ("failed", "device", "capability", "expected"),
    [
        ("fp16", "cuda", (8, 6), "bf16"),
        ("fp16", "cuda", (7, 5), "fp32"),
        ("bf16", "cuda", (8, 6), "fp32"),
        ("fp32", "cuda", (8, 6), None),
        ("fp16", "cpu", None, "fp32"),
        ("bf16", "cpu", None, "fp32"),
        ("fp32", "cpu", None, None),
    ],
)
def test_what_to_render_again_in(monkeypatch, failed, device, capability, expected):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _device: capability)
    assert next_precision(failed, torch.device(device)) == expected


def test_an_unknown_precision():
    with pytest.raises(ModelError, match="no precision 'fp4'"):
        resolve_precision("fp4", torch.device("cpu"))


class Machine:
    """The cards that PyTorch sees, and those that the driver lists."""

    def __init__(self, monkeypatch):
        self.mps, self.seen, self.listed = False, [], []
        self.cuda: str | None = "13.0"
        monkeypatch.setattr(torch.cuda, "is_available", lambda: bool(self.seen))
        monkeypatch.setattr(torch.cuda, "device_count", lambda: len(self.seen))
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: self.mps)
        monkeypatch.setattr(precision, "card_of_torch", lambda index: self.seen[index])
        monkeypatch.setattr(precision, "find_cards", lambda: tuple(self.listed))
        monkeypatch.setattr(precision, "torch_build", self.build)

    def build(self):
        return TorchBuild("2.11.0", self.cuda, ("sm_75", "sm_86"), len(self.seen))


@pytest.fixture
def machine(monkeypatch):
    return Machine(monkeypatch)


NEW, OLD = Card("New", "", 8 << 30, (8, 9)), Card("Old", "", 8 << 30, (6, 1))


@pytest.mark.parametrize(
    ("seen", "mps", "expected"),
    [
        ([NEW], True, "cuda"),
        ([], True, "mps"),
        ([], False, "cpu"),
        ([OLD], False, "cpu"),
        ([OLD], True, "mps"),
        ([OLD, NEW], False, "cuda:1"),
    ],
)
def test_the_best_device_is_taken(machine, seen, mps, expected):
    machine.seen, machine.mps = seen, mps
    chosen = resolve_device("auto")
    assert str(chosen.device) == expected
    # A card that is left alone for a better one needs no word.
    assert ("Old" in chosen.remark) is (seen == [OLD])


def test_a_card_that_the_driver_lists_and_torch_does_not_use_is_told(machine):
    machine.listed = [Card("RTX 3060", "550.54", 12 << 30, (8, 6))]
    device, remark = resolve_device("auto")
    assert device.type == "cpu"
    assert "RTX 3060" in remark
    assert "driver 550.54 is too old for CUDA 13.0" in remark
    assert "midifrag doctor" in remark


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gpu", "no device 'gpu'"),
        ("cuda:1", "sees 1 CUDA"),
        ("mps", "this machine or torch build"),
        ("meta", "not run"),
    ],
)
def test_devices_that_are_not_there(machine, name, message):
    machine.seen = [NEW]
    with pytest.raises(ModelError, match=message):
        resolve_device(name)


def test_a_card_that_is_asked_for_and_cannot_be_used_is_refused_with_the_command_that_mends_it(machine):
    machine.seen = [OLD]
    with pytest.raises(ModelError, match=r"has no code for it.*--torch-backend=cu126"):
        resolve_device("cuda")
    machine.seen, machine.listed, machine.cuda = [], [Card("RTX 4070", "581.2", 8 << 30, (8, 9))], None
    with pytest.raises(ModelError, match=r"without CUDA.*--torch-backend=cu130"):
        resolve_device("cuda:0")
    machine.seen, machine.cuda = [NEW], "13.0"
    assert resolve_device("cuda").device.type == "cuda"


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


@pytest.mark.parametrize(
    ("name", "there", "expected"),
    [("auto", True, True), ("cuda", True, True), ("cpu", True, False), ("cuda", False, False), ("abacus", True, False)],
)
def test_a_card_is_known_before_anything_is_loaded(monkeypatch, name, there, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    properties = SimpleNamespace(name="Card", total_memory=8 << 30, major=9, minor=0)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _index: properties)
    monkeypatch.setattr(precision, "torch_build", lambda: TorchBuild("2.11.0", "13.0", ("sm_90",), 1))
    assert precision.is_card(name) is expected
