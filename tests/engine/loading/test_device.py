import gc
import sys
import weakref
from unittest.mock import MagicMock

import pytest
import torch

from midifrag.engine.loading.device import (
    HostCopy,
    add_up_in_fp16,
    device_name,
    first_line,
    fits_in_memory,
    free_bytes,
    free_cached,
    held_bytes,
    is_memory_error,
    memory_fraction,
    peak_bytes,
    reserved_bytes,
    set_up_device,
    to_device,
)

CPU = torch.device("cpu")


def caused(error, cause):
    """An error that came up while another was dealt with."""
    error.__context__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), True),
        (RuntimeError("CUBLAS_STATUS_ALLOC_FAILED when calling"), True),
        (RuntimeError("Unable to find an engine to execute this computation"), True),
        (caused(RuntimeError("capture failed"), torch.OutOfMemoryError("out of memory")), True),
        (RuntimeError("an illegal memory access was encountered"), False),
        (caused(ValueError("x"), RuntimeError("shape mismatch")), False),
        (OSError("out of memory"), False),
    ],
)
def test_running_out_of_memory_is_known_however_it_is_said(error, expected):
    assert is_memory_error(error) is expected


@pytest.mark.parametrize(
    ("error", "line"), [(RuntimeError("one\ntwo"), "one"), (MemoryError(), "MemoryError"), (ValueError("\n x\ny"), "x")]
)
def test_an_error_in_one_line(error, line):
    assert first_line(error) == line


def test_work_that_only_saves_time_later_may_run_out_of_memory(caplog):
    done = []
    assert fits_in_memory(CPU, lambda: done.append(1))
    assert done == [1]

    def short():
        raise torch.OutOfMemoryError("out of memory\nand more")

    assert not fits_in_memory(CPU, short)
    assert "going on without: out of memory" in caplog.text

    def broken():
        raise RuntimeError("an illegal memory access")

    with pytest.raises(RuntimeError, match="illegal"):
        fits_in_memory(CPU, broken)


def test_on_a_cpu_a_copy_is_there_at_once():
    tensor = torch.arange(3.0)
    copy = HostCopy(tensor)
    assert copy.immediate
    assert copy.arrived
    assert torch.equal(copy.wait(), tensor)


def test_numbers_come_to_a_device_as_they_are():
    assert to_device([1, 2], CPU).tolist() == [1, 2]
    assert to_device([0.5], CPU).dtype == torch.float32


def test_a_cpu_is_not_asked_for_what_only_cards_have():
    before = torch.backends.cuda.matmul.allow_tf32
    set_up_device(CPU)
    assert torch.backends.cuda.matmul.allow_tf32 == before
    assert reserved_bytes(CPU) == 0


@pytest.mark.parametrize(
    "words",
    [
        "CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`",
        "cuDNN error: CUDNN_STATUS_INTERNAL_ERROR",
        "cuDNN error: CUDNN_STATUS_EXECUTION_FAILED",
    ],
)
def test_what_libraries_say_of_a_full_card_counts_only_where_it_is_full(monkeypatch, words):
    def gone():
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    for free, expected in ((lambda: (8 << 20, 8 << 30), True), (lambda: (4 << 30, 8 << 30), False), (gone, False)):
        monkeypatch.setattr(torch.cuda, "mem_get_info", free)
        assert is_memory_error(RuntimeError(words)) is expected
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (0, 8 << 30))
    assert not is_memory_error(RuntimeError("CUDA error: an illegal memory access was encountered"))


#: What says how exactly a card computes.
FLAGS = [
    (torch.backends.cudnn, "allow_tf32"),
    (torch.backends.cuda.matmul, "allow_tf32"),
    (torch.backends.cuda.matmul, "allow_fp16_reduced_precision_reduction"),
    (torch.backends.cuda.matmul, "allow_bf16_reduced_precision_reduction"),
]


@pytest.fixture
def old_card(monkeypatch):
    """A card of Turing's time, on Linux; what is set up for it is undone."""
    monkeypatch.setattr(torch.cuda, "set_device", lambda _index: None)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _device: (7, 5))
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", False)
    monkeypatch.setattr(sys, "platform", "linux")
    before = torch.backends.cuda.cudnn_sdp_enabled()
    yield
    torch.backends.cuda.enable_cudnn_sdp(before)


@pytest.mark.usefixtures("old_card")
def test_a_card_s_convolutions_are_timed_and_not_guessed():
    before = [getattr(place, name) for place, name in FLAGS]
    set_up_device(CPU)
    assert not torch.backends.cudnn.benchmark
    try:
        set_up_device(torch.device("cuda"))
        assert torch.backends.cudnn.benchmark
    finally:
        for (place, name), value in zip(FLAGS, before, strict=True):
            setattr(place, name, value)


@pytest.mark.usefixtures("old_card")
def test_a_card_computes_as_exactly_as_stock_does(monkeypatch):
    chosen = []
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    before = [getattr(place, name) for place, name in FLAGS]
    try:
        for place, name in FLAGS:
            setattr(place, name, True)
        set_up_device(torch.device("cuda:1"))
        assert [getattr(place, name) for place, name in FLAGS] == [False] * 4
    finally:
        for (place, name), value in zip(FLAGS, before, strict=True):
            setattr(place, name, value)
    assert chosen == [1]


@pytest.mark.usefixtures("old_card")
@pytest.mark.parametrize(
    ("capability", "has_flash", "cudnn"),
    [((8, 0), True, False), ((9, 0), True, False), ((7, 5), True, True), ((9, 0), False, True)],
)
def test_attention_is_flash_s_where_that_is_to_be_had_and_cudnn_s_plans_are_not_waited_for(
    monkeypatch, capability, has_flash, cudnn
):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _device: capability)
    monkeypatch.setattr(torch.backends.cuda, "is_flash_attention_available", lambda: has_flash)
    torch.backends.cuda.enable_cudnn_sdp(True)
    before = [getattr(place, name) for place, name in FLAGS]
    try:
        set_up_device(torch.device("cuda"))
        assert torch.backends.cuda.cudnn_sdp_enabled() is cudnn
    finally:
        for (place, name), value in zip(FLAGS, before, strict=True):
            setattr(place, name, value)


GB = 1 << 30


@pytest.mark.parametrize(
    ("free", "held", "share"),
    [(8 * GB, 0, 1 - 1 / 32), (4 * GB, 0, 0.5 - 1 / 32), (2 * GB, 2 * GB, 0.5 - 1 / 32), (0, 0, 0.05), (9 * GB, 0, 1)],
)
def test_torch_may_take_what_is_free_and_what_it_has(free, held, share):
    assert memory_fraction(free, held, 8 * GB) == share


@pytest.mark.usefixtures("old_card")
@pytest.mark.parametrize("platform", ["win32", "linux"])
def test_on_windows_memory_runs_out_where_the_card_s_does(monkeypatch, platform):
    shares = []
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _device: (4 * GB, 8 * GB))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _device: 0)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _device: 0)
    monkeypatch.setattr(torch.cuda, "set_per_process_memory_fraction", lambda share, _device: shares.append(share))
    monkeypatch.setattr(torch.cuda, "get_per_process_memory_fraction", lambda _device: shares[-1])
    before = [getattr(place, name) for place, name in FLAGS]
    try:
        set_up_device(torch.device("cuda"))
    finally:
        for (place, name), value in zip(FLAGS, before, strict=True):
            setattr(place, name, value)
    assert shares == ([0.5 - 1 / 32] if platform == "win32" else [])
    # What may not be taken cannot be had.
    assert free_bytes(torch.device("cuda")) == (4 * GB - GB // 4 if platform == "win32" else 4 * GB)


def test_what_work_takes_at_most_is_counted_beside_what_is_there(monkeypatch):
    counts = {"now": 100, "peak": 900}
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _device: counts["now"])
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda _device: counts["peak"])
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda _device: counts.update(peak=counts["now"]))
    assert peak_bytes(torch.device("cuda"), lambda: counts.update(peak=350)) == 250
    done = []
    assert peak_bytes(CPU, lambda: done.append(1)) == 0
    assert done == [1]


def test_what_is_held_is_counted_without_what_is_kept_for_later(monkeypatch):
    counts = {"reserved": 500}
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _device: counts["reserved"])
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: counts.update(reserved=200))
    assert held_bytes(torch.device("cuda")) == 200
    assert held_bytes(CPU) == 0


@pytest.mark.usefixtures("old_card")
def test_what_torch_keeps_for_later_can_be_had_too(monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _device: (100, 1000))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _device: 50)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _device: 20)
    assert free_bytes(torch.device("cuda")) == 130
    assert free_bytes(CPU) is None


def test_a_card_is_called_by_its_name(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"Card {device.index}")
    assert device_name(torch.device("cuda:1")) == "Card 1"
    assert device_name(CPU) == "cpu"


class OnCard:
    """As much of a tensor on a card as a copy to the host asks for."""

    device, shape, dtype, nbytes = torch.device("cuda"), (2,), torch.float32, 8


def test_a_copy_from_a_card_is_waited_for_without_a_core_that_turns(monkeypatch):
    events = []

    def event(**options):
        events.append((options, MagicMock(query=lambda: False)))
        return events[-1][1]

    monkeypatch.setattr(torch.cuda, "Event", event)
    monkeypatch.setattr(torch, "empty", lambda *_shape, **_options: MagicMock())
    copy = HostCopy(OnCard())
    assert (copy.immediate, copy.arrived) == (False, False)
    copy.wait()
    [(options, done)] = events
    assert options == {"blocking": True}
    done.synchronize.assert_called_once_with()


def test_freeing_collects_what_only_circles_hold():
    class Node:
        def __init__(self):
            self.me = self

    gc.disable()
    try:
        node = weakref.ref(Node())
        assert node() is not None
        free_cached(CPU)
        assert node() is None
    finally:
        gc.enable()


class Matmul:
    """PyTorch's switches for products; an older one lacks the one for sums in fp16."""

    def __init__(self, has_it: bool) -> None:
        self.set: list[bool] = []
        self._has_it = has_it

    @property
    def allow_fp16_accumulation(self) -> bool:
        return bool(self.set) and self.set[-1]

    @allow_fp16_accumulation.setter
    def allow_fp16_accumulation(self, value: bool) -> None:
        if not self._has_it:
            raise AttributeError("Unknown attribute allow_fp16_accumulation")
        self.set.append(value)


@pytest.mark.parametrize(("has_it", "wanted", "told"), [(True, True, ""), (False, False, ""), (False, True, "has no")])
def test_sums_in_fp16_are_for_cards_and_for_a_pytorch_that_has_them(monkeypatch, caplog, has_it, wanted, told):
    matmul = Matmul(has_it)
    monkeypatch.setattr(torch.backends.cuda, "matmul", matmul)
    add_up_in_fp16(torch.device("cpu"), wanted)
    assert matmul.set == []
    add_up_in_fp16(torch.device("cuda"), wanted)
    assert matmul.set == ([wanted] if has_it else [])
    assert told in caplog.text
    assert bool(caplog.text) is bool(told)
