"""What becomes of batches of rows, each with what was prepared of it."""

import pytest
import torch

from midifrag.engine.loading.model import Model
from midifrag.engine.network.conditioning import Conditioner
from midifrag.engine.network.transformer import FastDenoiser
from tests.engine.network.rows import FRAMES, rows_for
from tests.engine.stock import loaded


@pytest.fixture(scope="module")
def model() -> Model:
    return loaded("v")


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
