import torch

from midifrag.engine.network.call_rows import ModelInput, Row
from midifrag.engine.network.conditioning import Conditioner
from midifrag.engine.network.transformer import FastDenoiser
from tests.engine.network.rows import FRAMES
from tests.engine.stock import loaded


def test_a_time_that_was_not_prepared_is_embedded_when_it_is_asked_for() -> None:
    model = loaded("v")
    fast = FastDenoiser(model.module, torch.float32)
    conditioning = Conditioner(model).encode("rain", "", 1.0)
    x = torch.randn(1, 8, FRAMES, generator=torch.Generator().manual_seed(1))
    prepared = fast.prepare(conditioning, [0.9, 0.5, 0.9], FRAMES)
    assert list(prepared.time_embeddings) == [0.9, 0.5]
    late = fast.evaluate([Row(ModelInput(x, 0.3), prepared, 1.0)])
    assert list(prepared.time_embeddings) == [0.9, 0.5, 0.3]
    early = fast.evaluate([Row(ModelInput(x, 0.3), fast.prepare(conditioning, [0.3], FRAMES), 1.0)])
    torch.testing.assert_close(late, early)
