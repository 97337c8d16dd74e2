"""Which calls meet which captured graph, and that filling up changes nothing."""

import contextlib
import gc
import weakref
from collections.abc import Iterator
from dataclasses import replace
from unittest.mock import MagicMock

import pytest
import torch

from midifrag.engine.loading.model import Model
from midifrag.engine.network.call_rows import ModelInput, Row
from midifrag.engine.network.conditioning import Conditioner, Conditioning
from midifrag.engine.network.graphs import (
    MOST_GRAPHS,
    CudaGraph,
    DenoiserInputs,
    GraphCache,
    GraphShape,
    capture_stream,
)
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
        self.pools: list[object] = []
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
    def graph(self, _graph: object, *, pool: object, stream: object, capture_error_mode: str) -> Iterator[None]:
        self.pools.append(pool)
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
    with pytest.raises(CaptureError, match=r"is capturing\. `engine: \{graphs: false\}`") as raised:
        captured()
    assert not isinstance(raised.value, EngineError)


def test_memory_that_is_short_in_a_capture_is_told_as_such_unless_the_capture_cannot_be_ended(cuda: Cuda) -> None:
    cuda.error = torch.OutOfMemoryError("CUDA out of memory")
    with pytest.raises(torch.OutOfMemoryError):
        captured()
    cuda.end = RuntimeError("operation failed due to a previous error during capture")
    with pytest.raises(CaptureError, match="previous error"):
        captured()


def shapes(*batches: int, frames: int = 16) -> list[GraphShape]:
    return [GraphShape(batch, frames, True, False) for batch in batches]


def latents_of(batch: int, frames: int) -> DenoiserInputs:
    return DenoiserInputs(torch.ones(batch, 8, frames), torch.ones(batch, 4), None, None)


def not_called(_inputs: DenoiserInputs, _guided: bool) -> torch.Tensor:
    raise AssertionError("evaluated plainly what was recorded")


def cache_of(*wanted: GraphShape) -> GraphCache:
    graphs = GraphCache(Replayed)
    for shape in wanted:
        graphs.capture(lambda inputs, _guided: inputs.latents * 2, shape, latents_of(shape.batch, shape.frames))
    return graphs


def test_all_of_a_batch_size_work_in_the_same_memory_and_read_from_the_same_place() -> None:
    graphs = cache_of(*shapes(4), *shapes(4, frames=8), *shapes(2))
    one, short, other = graphs._captured.values()
    assert (one.beside, short.beside, other.beside) == (None, one, None)
    places = [call.inputs.latents.untyped_storage().data_ptr() for call in (one, short, other)]
    assert places[0] == places[1] != places[2]
    for shape in shapes(4), shapes(4, frames=8), shapes(4):
        inputs = latents_of(4, shape[0].frames)
        assert torch.equal(graphs.run(shape[0], inputs, not_called), inputs.latents * 2)


def test_one_that_is_longer_than_all_before_leaves_them_theirs() -> None:
    graphs = cache_of(*shapes(4, frames=8), *shapes(4))
    for frames in (8, 16):
        inputs = latents_of(4, frames)
        assert torch.equal(graphs.run(shapes(4, frames=frames)[0], inputs, not_called), inputs.latents * 2)


def test_with_the_last_of_a_batch_size_its_memory_goes() -> None:
    graphs = cache_of(*shapes(8, 4), *shapes(8, frames=8))
    inputs = weakref.ref(graphs._captured[shapes(8)[0]].inputs.latents)
    gone = weakref.ref(graphs._memory[8])
    assert graphs.drop_largest() == [*shapes(8), *shapes(8, frames=8)]
    gc.collect()
    assert (inputs(), gone()) == (None, None)
    assert len(graphs) == 1


def test_no_more_are_kept_than_a_card_should_hold_and_the_least_used_goes() -> None:
    every = [GraphShape(1, frames, True, False) for frames in range(1, MOST_GRAPHS + 1)]
    graphs = cache_of(*every)
    graphs.run(every[0], latents_of(1, 1), not_called)
    new = GraphShape(1, MOST_GRAPHS + 1, True, False)
    assert graphs.capture(lambda inputs, _guided: inputs.latents, new, latents_of(1, new.frames)) == [every[1]]
    assert len(graphs) == MOST_GRAPHS
    assert every[0] in graphs
    assert every[1] not in graphs


def test_what_could_not_be_captured_holds_no_memory() -> None:
    def full(*_call: object) -> Replayed:
        raise torch.OutOfMemoryError("out of memory")

    graphs = GraphCache(full)
    with pytest.raises(torch.OutOfMemoryError):
        graphs.capture(lambda inputs, _guided: inputs.latents, shapes(4)[0], latents_of(4, 16))
    assert (len(graphs), graphs._memory) == (0, {})


def test_a_second_graph_works_in_the_memory_of_the_first(cuda: Cuda) -> None:
    first = captured()
    inputs = DenoiserInputs(torch.zeros(1), torch.zeros(1), None, None)
    CudaGraph(lambda inputs, _guided: inputs.latents, inputs, False, first)
    assert cuda.pools == [None, first._graph.pool()]


@torch.inference_mode()
def test_a_batch_in_pieces_equals_one_at_once(model: Model) -> None:
    plain, recorded = FastDenoiser(model.module, torch.float32), FastDenoiser(model.module, torch.float32)
    recorded.captures_graphs, recorded._graphs = True, GraphCache(Replayed)
    rows(recorded, model, (1.0, ""))
    for guided in (False, True):
        recorded.capture(FRAMES, (1, 2), guided=guided, has_negative=False)
    for evaluations in (1, 2, 4, 8):
        recorded.costs.note_plain(FRAMES, evaluations, 1.0 * evaluations)
    for shape in recorded._graphs._captured:
        recorded.costs.note_recorded(shape, 0.4 * shape.batch * (1 + shape.guided))
    kinds = [(1.0, ""), (3.0, ""), (1.0, ""), (4.0, ""), (5.0, "")]
    before = Replayed.count
    ours = recorded.evaluate(rows(recorded, model, *kinds))
    torch.testing.assert_close(ours, plain.evaluate(rows(plain, model, *kinds)), atol=1e-5, rtol=1e-4)
    # The two without guidance, and three with it as two and one.
    assert Replayed.count - before == 3
