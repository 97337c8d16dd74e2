import dataclasses

import torch

from midifrag.engine.network.call_rows import ModelInput, Row, is_guided
from midifrag.engine.network.conditioning import Conditioning


def test_who_is_guided() -> None:
    prompted = Row(ModelInput(torch.zeros(1, 1, 1), 0.5), Conditioning(cross=torch.zeros(1, 1, 1)), 3.0)
    assert is_guided(prompted)
    assert not is_guided(dataclasses.replace(prompted, cfg_scale=1.0))
    assert not is_guided(dataclasses.replace(prompted, prepared=Conditioning()))
