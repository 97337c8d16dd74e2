"""Which form of a function is played, and that nothing a compiler does stops a start or a press."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest
import torch

from midifrag.engine.network import kernels, pointwise
from midifrag.engine.network.conditioning import Conditioner
from midifrag.engine.network.decoder import OobleckDecoder
from midifrag.engine.network.kernels import PLAIN, Guarded, Kernels, kernels_for
from midifrag.engine.network.transformer import FastDenoiser
from tests.engine.architectures import COVERED
from tests.engine.network.rows import rows_for
from tests.engine.stock import loaded

CPU = torch.device("cpu")
NAMES = [field.name for field in fields(Kernels) if field.name != "made"]


class Cuda:
    """A device that says that it is a card, and computes on the CPU."""

    type = "cuda"


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Kernels are made as for a card, and tried on the CPU."""
    samples = kernels._samples
    monkeypatch.setattr(kernels, "_samples", lambda name, _device, dtype: samples(name, CPU, dtype))
    return Cuda()


def right(name: str, plain: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *given: plain(*given)


def wrong(name: str, plain: Callable[..., Any]) -> Callable[..., Any]:
    def play(*given: Any) -> Any:
        result = plain(*given)
        return (result[0], result[1] * 1.5) if isinstance(result, tuple) else result * 1.1

    return play


def broken(name: str, plain: Callable[..., Any]) -> Callable[..., Any]:
    raise OSError("gcc: command not found")


def nothing(name: str, plain: Callable[..., Any]) -> None:
    return None


def is_plain(made: Kernels) -> list[str]:
    return [name for name in NAMES if getattr(made, name) is getattr(PLAIN, name)]


def test_off_a_card_and_where_nobody_wants_them_there_are_none(card: Any) -> None:
    assert kernels_for(CPU, torch.float32, fused=True, makers=[right]) is PLAIN
    assert kernels_for(card, torch.float32, fused=False, makers=[right]) is PLAIN


def test_the_first_maker_that_has_one_makes_it(card: Any, caplog: pytest.LogCaptureFixture) -> None:
    made = kernels_for(card, torch.float16, fused=True, makers=[nothing, right, wrong])
    assert is_plain(made) == []
    assert made.made == "snake, gate, rotate, head norm, rounded rows right"
    assert caplog.text == ""


@pytest.mark.parametrize(("maker", "words"), [(broken, "gcc: command not found"), (wrong, "it is off by")])
def test_a_maker_that_fails_or_is_wrong_is_told_and_what_is_plain_is_played(
    card: Any, caplog: pytest.LogCaptureFixture, maker: Any, words: str
) -> None:
    made = kernels_for(card, torch.float16, fused=True, makers=[maker])
    assert is_plain(made) == NAMES
    assert made.made == ""
    assert caplog.text.count(words) == len(NAMES)


def test_a_start_does_not_wait_for_a_slow_compiler(
    card: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(kernels, "monotonic", lambda: now[0])

    def slow(name: str, plain: Callable[..., Any]) -> Callable[..., Any]:
        now[0] += kernels.MOST_SECONDS * 0.6
        return plain

    made = kernels_for(card, torch.float16, fused=True, makers=[slow])
    assert made.made == "snake, gate slow"
    assert caplog.text.count("those before took 144 s") == len(NAMES) - 2


def test_a_kernel_that_fails_later_is_given_up_but_for_want_of_memory(caplog: pytest.LogCaptureFixture) -> None:
    errors: list[Exception] = [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("no kernel image")]
    tries: list[int] = []

    def made(x: int) -> int:
        tries.append(x)
        raise errors.pop(0)

    guarded = Guarded("gate", made, lambda x: x + 1)
    with pytest.raises(torch.OutOfMemoryError):
        guarded(1)
    assert [guarded(2), guarded(3)] == [3, 4]
    assert tries == [1, 2]
    assert "the kernel for gate failed; going on without: no kernel image" in caplog.text


class Counted:
    """Plain functions that count how often they are called."""

    def __init__(self) -> None:
        self.calls: dict[str, int] = dict.fromkeys(NAMES, 0)

    def kernels(self) -> Kernels:
        return Kernels(**{name: self._counting(name) for name in NAMES}, made="all of them counted")

    def _counting(self, name: str) -> Callable[..., Any]:
        def play(*given: Any) -> Any:
            self.calls[name] += 1
            return getattr(pointwise, name)(*given)

        return play


@torch.inference_mode()
def test_networks_play_what_they_are_given() -> None:
    counted = Counted()
    model = loaded("rectified_flow", **COVERED["qk_norm ln"])
    conditionings = [Conditioner(model).encode("rain", "", 1.0)]
    exact = FastDenoiser(model.module, torch.float32)
    ours = FastDenoiser(model.module, torch.float32, kernels=counted.kernels(), fp8=True)
    outputs = [each.evaluate(rows_for(each, conditionings, [3.0])) for each in (exact, ours)]
    assert 0.001 < float((outputs[0] - outputs[1]).norm() / outputs[0].norm()) < 0.1
    assert "fp8" in ours.description
    decoder = OobleckDecoder(model.module, torch.float32, CPU, kernels=counted.kernels())
    assert decoder.description == "midifrag's own decoder in float32; kernels: all of them counted"
    decoder.decode(torch.randn(1, 8, 20), decoder.window_at(0, 64, 20))
    assert all(counted.calls.values()), counted.calls
