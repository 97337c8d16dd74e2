"""Own forward pass against stock's, for every option of the architecture that it covers."""

import pytest
import torch

from midifrag.engine.network.architecture import unsupported
from midifrag.engine.network.conditioning import Conditioner
from midifrag.engine.network.denoiser import StockDenoiser
from midifrag.engine.network.transformer import FastDenoiser
from tests.engine.architectures import COVERED
from tests.engine.network.rows import relative_error, rows_for
from tests.engine.stock import loaded


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
