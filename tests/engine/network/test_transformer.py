"""Own forward pass against stock's, for every option of the architecture that it covers."""

import pytest
import torch

from midifrag.engine.loading.model import Model
from midifrag.engine.network.architecture import unsupported
from midifrag.engine.network.call_rows import ModelInput, Row
from midifrag.engine.network.conditioning import Conditioner
from midifrag.engine.network.denoiser import StockDenoiser
from midifrag.engine.network.transformer import FastDenoiser
from tests.engine.architectures import COVERED
from tests.engine.network.rows import FRAMES, relative_error, rows_for
from tests.engine.stock import loaded


@pytest.fixture(scope="module")
def model() -> Model:
    return loaded("v")


@pytest.mark.parametrize("option", COVERED)
def test_same_output_as_stock(option: str) -> None:
    model = loaded("rectified_flow", **COVERED[option])
    assert unsupported(model.module) is None
    encode = Conditioner(model).encode
    conditionings = [
        encode("rain", "", 1.0),
        encode("bell", "hum", 0.5),
        encode("wind", "", 1.5),
        encode("sea", "", 2.0),
    ]
    scales = [1.0, 3.0, 4.0, -2.0]
    fast, stock = FastDenoiser(model.module, torch.float32), StockDenoiser(model.module)
    ours = fast.evaluate(rows_for(fast, conditionings, scales))
    assert relative_error(ours, stock.evaluate(rows_for(stock, conditionings, scales))) < 2e-5


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_close(dtype: torch.dtype) -> None:
    model = loaded("v", num_memory_tokens=4, attn_kwargs={"qk_norm": "ln"})
    conditionings = [Conditioner(model).encode("rain", "", 1.0)]
    half, full = FastDenoiser(model.module, dtype), FastDenoiser(model.module, torch.float32)
    ours = half.evaluate(rows_for(half, conditionings, [3.0]))
    error = relative_error(ours, full.evaluate(rows_for(full, conditionings, [3.0])))
    assert 1e-5 < error < {torch.bfloat16: 0.05, torch.float16: 0.008}[dtype]


def test_a_batch_that_changes_is_gathered_anew(model: Model) -> None:
    """Keys and values are kept while a batch stays the same; another one must not get them."""
    encode = Conditioner(model).encode
    first = [encode("rain", "", 1.0), encode("bell", "hum", 1.0)]
    second = [encode("wind", "hum", 1.0), encode("bell", "", 1.0)]
    fast, scales = FastDenoiser(model.module, torch.float32), [3.0, 4.0]
    for conditionings in (first, second, first):
        fresh = FastDenoiser(model.module, torch.float32)
        rows = rows_for(fast, conditionings, scales)
        expected = fresh.evaluate(rows_for(fresh, conditionings, scales))
        for _ in range(2):
            assert torch.equal(fast.evaluate(rows), expected)
    fast.release_batch()
    assert not fast._batch_context.is_held


def test_a_time_that_was_not_prepared_is_embedded_when_it_is_asked_for(model: Model) -> None:
    fast = FastDenoiser(model.module, torch.float32)
    conditioning = Conditioner(model).encode("rain", "", 1.0)
    x = torch.randn(1, 8, FRAMES, generator=torch.Generator().manual_seed(1))
    prepared = fast.prepare(conditioning, [0.9, 0.5, 0.9], FRAMES)
    assert list(prepared.time_embeddings) == [0.9, 0.5]
    late = fast.evaluate([Row(ModelInput(x, 0.3), prepared, 1.0)])
    assert list(prepared.time_embeddings) == [0.9, 0.5, 0.3]
    early = fast.evaluate([Row(ModelInput(x, 0.3), fast.prepare(conditioning, [0.3], FRAMES), 1.0)])
    torch.testing.assert_close(late, early)


def test_what_a_request_holds_is_counted(model: Model) -> None:
    fast, encode = FastDenoiser(model.module, torch.float32), Conditioner(model).encode
    plain = fast.prepare(encode("rain", "", 1.0), [0.9], FRAMES)
    negative = fast.prepare(encode("rain", "hum", 1.0), [0.9], FRAMES)
    times = fast.prepare(encode("rain", "", 1.0), [0.9, 0.5], FRAMES)
    context, embedding = plain.context.nbytes, plain.time_embeddings[0.9].nbytes
    assert fast.bytes_held(plain) == context + embedding
    assert fast.bytes_held(negative) == 2 * context + embedding
    assert fast.bytes_held(times) == context + 2 * embedding


def test_on_a_cpu_nothing_is_captured(model: Model) -> None:
    fast = FastDenoiser(model.module, torch.float32)
    fast.capture(FRAMES, (1, 2), guided=True, has_negative=False)
    assert fast.captures == 0
