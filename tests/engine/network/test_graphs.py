"""Which calls meet which captured graph, and that filling up changes nothing."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from unittest.mock import MagicMock

import pytest
import torch

from midifrag.engine.loading.model import Model
from midifrag.engine.network.conditioning import Conditioner, Conditioning
from midifrag.engine.network.denoiser import ModelInput, Row
from midifrag.engine.network.graphs import CudaGraph, DenoiserInputs, GraphCache, GraphShape, capture_stream
from midifrag.engine.network.transformer import FastDenoiser
from midifrag.errors import CaptureError, EngineError
from tests.engine.architectures import COVERED
from tests.engine.replayed import Replayed
from tests.engine.stock import loaded

FRAMES = 24


@pytest.fixture(scope="module", params=["plain", "all of pocket's"])
def model(request: pytest.FixtureRequest) -> Model:
    return loaded("rectified_flow", **COVERED[request.param])


def rows(denoiser: FastDenoiser, model: Model, *kinds: tuple[float, str]) -> list[Row]:
    conditioner, generator = Conditioner(model), torch.Generator().manual_seed(1)
    made = []
    for index, (scale, negative) in enumerate(kinds):
        model_input = ModelInput(torch.randn(1, 8, FRAMES, generator=generator), 0.8 - 0.1 * index)
        prepared = denoiser.prepare(conditioner.encode("rain", negative, 1.0 + index), [model_input.t], FRAMES)
        made.append(Row(model_input, prepared, scale))
    return made


@pytest.mark.parametrize(
    ("kinds", "replayed"),
    [
        ([(3.0, "")], 1),
        ([(3.0, ""), (4.0, ""), (5.0, "")], 1),
        ([(3.0, ""), (1.0, "")], 1),
        ([(1.0, ""), (1.0, "")], 1),
        ([(3.0, ""), (3.0, "hum"), (1.0, "")], 1),
        ([(3.0, ""), (1.0, "hum")], 1),
        ([(3.0, "")] * 5, 0),
    ],
)
@torch.inference_mode()
def test_a_replayed_call_equals_a_plain_one(model: Model, kinds: list[tuple[float, str]], replayed: int) -> None:
    plain, recorded = FastDenoiser(model.module, torch.float32), FastDenoiser(model.module, torch.float32)
    recorded.captures_graphs = True
    recorded._graphs = GraphCache(Replayed)
    rows(recorded, model, (1.0, ""))
    for guided, has_negative in ((False, False), (True, False), (True, True)):
        recorded.capture(FRAMES, (1, 4), guided=guided, has_negative=has_negative)
    assert recorded.captures == 6
    before = Replayed.count
    ours = recorded.evaluate(rows(recorded, model, *kinds))
    torch.testing.assert_close(ours, plain.evaluate(rows(plain, model, *kinds)), atol=1e-5, rtol=1e-4)
    assert Replayed.count - before == replayed
    assert {shape.batch for shape in recorded.release_largest()} == {4}
    assert recorded.captures == 3
    assert {shape.batch for shape in recorded.release_largest()} == {1}
    assert recorded.release_largest() == []


@torch.inference_mode()
def test_a_prompt_of_another_number_of_tokens_is_evaluated_without_a_recording(model: Model) -> None:
    plain, recorded = FastDenoiser(model.module, torch.float32), FastDenoiser(model.module, torch.float32)
    recorded.captures_graphs = True
    recorded._graphs = GraphCache(Replayed)
    rows(recorded, model, (1.0, ""))
    recorded.capture(FRAMES, (1,), guided=True, has_negative=False)
    whole = Conditioner(model).encode("rain", "", 1.0)
    assert whole.cross is not None
    shorter = replace(whole, cross=whole.cross[:, :-3])

    def outputs(denoiser: FastDenoiser, *conditionings: Conditioning) -> list[torch.Tensor]:
        model_input = ModelInput(torch.ones(1, 8, FRAMES), 0.8)
        prepared = (denoiser.prepare(each, [0.8], FRAMES) for each in conditionings)
        return [denoiser.evaluate([Row(model_input, each, 3.0)]) for each in prepared]

    before = Replayed.count
    torch.testing.assert_close(
        outputs(recorded, whole, shorter, whole), outputs(plain, whole, shorter, whole), atol=1e-5, rtol=1e-4
    )
    assert Replayed.count - before == 2


class Cuda:
    """Stands in for what capturing asks of `torch.cuda`; the capture fails with ``error``, its end with ``end``."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.error: BaseException | None = None
        self.end: BaseException | None = None
        self.streams: list[object] = []
        self.used: list[object] = []
        self.modes: list[object] = []
        monkeypatch.setattr(torch.cuda, "Stream", self.new_stream)
        for name in ("current_stream", "CUDAGraph", "stream", "graph"):
            monkeypatch.setattr(torch.cuda, name, getattr(self, name.lower()))
        monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)

    def current_stream(self) -> MagicMock:
        return MagicMock()

    def cudagraph(self) -> MagicMock:
        return MagicMock()

    def new_stream(self, *_of: object) -> MagicMock:
        made = MagicMock()
        self.streams.append(made)
        return made

    def stream(self, stream: object) -> contextlib.AbstractContextManager[None]:
        self.used.append(stream)
        return contextlib.nullcontext()

    @contextlib.contextmanager
    def graph(self, _graph: object, *, stream: object, capture_error_mode: str) -> Iterator[None]:
        self.used.append(stream)
        self.modes.append(capture_error_mode)
        try:
            yield
            if self.error is not None:
                raise self.error
        finally:
            if self.end is not None:
                raise self.end


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cuda]:
    capture_stream.cache_clear()
    yield Cuda(monkeypatch)
    capture_stream.cache_clear()


def captured() -> CudaGraph:
    inputs = DenoiserInputs(torch.zeros(1), torch.zeros(1), None, None)
    return CudaGraph(lambda inputs, _guided: inputs.latents, inputs, False)


def test_all_captures_of_a_card_share_one_stream_and_heed_their_own_thread_alone(cuda: Cuda) -> None:
    captured()
    captured()
    assert len(cuda.streams) == 1
    assert cuda.used == cuda.streams * 4
    assert cuda.modes == ["thread_local"] * 2


def test_what_cannot_be_captured_is_told_as_the_end_of_this_life(cuda: Cuda) -> None:
    captured()
    cuda.error = RuntimeError("CUDA error: operation not permitted when stream is capturing\nmore")
    with pytest.raises(CaptureError, match=r"is capturing\. The engine begins anew without") as raised:
        captured()
    assert not isinstance(raised.value, EngineError)


def test_memory_that_is_short_in_a_capture_is_told_as_such_unless_the_capture_cannot_be_ended(cuda: Cuda) -> None:
    cuda.error = torch.OutOfMemoryError("CUDA out of memory")
    with pytest.raises(torch.OutOfMemoryError):
        captured()
    cuda.end = RuntimeError("operation failed due to a previous error during capture")
    with pytest.raises(CaptureError, match="previous error"):
        captured()


def test_the_smallest_fitting_shape_is_used() -> None:
    graphs = GraphCache(Replayed)
    inputs = DenoiserInputs(torch.zeros(1, 1, 1), torch.zeros(1), None, None)
    for shape in (GraphShape(8, 16, True, False), GraphShape(4, 16, True, False), GraphShape(2, 32, True, False)):
        graphs.capture(lambda inputs, _guided: inputs.latents, shape, inputs)
    assert graphs.fitting(3, 16, guided=True, has_negative=False) == GraphShape(4, 16, True, False)
    assert graphs.fitting(5, 16, guided=True, has_negative=False) == GraphShape(8, 16, True, False)
    assert graphs.fitting(9, 16, guided=True, has_negative=False) is None
    assert graphs.fitting(1, 16, guided=False, has_negative=False) is None
