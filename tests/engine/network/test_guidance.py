"""What becomes of the outputs with a prompt and without one."""

import dataclasses
import math

import pytest
import torch

from midifrag.engine.network.call_rows import ModelInput, Row
from midifrag.engine.network.conditioning import Conditioning
from midifrag.engine.network.guidance import (
    apply_guidance,
    apply_projected_guidance,
    combine_guidance,
    index_tensor,
    valid_mask,
)
from tests.engine.stock import loaded

CPU = torch.device("cpu")


def test_guidance_moves_away_from_the_unconditional_output() -> None:
    conditional, unconditional = torch.full((2, 3, 4), 2.0), torch.full((2, 3, 4), 1.0)
    assert apply_guidance(conditional, unconditional, [1.0, 3.0])[:, 0, 0].tolist() == [2.0, 4.0]


@pytest.mark.parametrize(
    ("guided_rows", "unconditional", "expected"),
    [([], [], [10, 20, 30]), ([0, 1, 2], [2, 3, 4], [18, 37, 56]), ([2, 0], [3, 2], [18, 20, 57])],
)
def test_each_unconditional_output_guides_its_own_row(
    guided_rows: list[int], unconditional: list[float], expected: list[float]
) -> None:
    rows = [Row(ModelInput(torch.zeros(1, 1, 1), 0.5), Conditioning(), 2.0) for _ in range(3)]
    output = torch.tensor([10.0, 20.0, 30.0, *unconditional]).view(-1, 1, 1)
    assert combine_guidance(output, rows, guided_rows, "v").flatten().tolist() == expected


def test_numbers_of_rows_are_sent_to_a_device_once() -> None:
    assert index_tensor((2, 0), CPU) is index_tensor((2, 0), CPU)
    assert index_tensor((2, 0), CPU).tolist() == [2, 0]


def outputs(rows: int = 2, frames: int = 6) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Latents, and the outputs for them with a prompt and without one."""
    drawn = torch.randn(3, rows, 8, frames, generator=torch.Generator().manual_seed(2))
    return drawn[0], drawn[1], drawn[2]


def rows_of(x: torch.Tensor, valid: list[int | None], guidance: str = "apg", scale: float = 4.0) -> list[Row]:
    return [
        Row(ModelInput(x[index : index + 1], 0.7 - 0.2 * index), Conditioning(valid=valid[index]), scale, guidance)
        for index in range(len(x))
    ]


@pytest.mark.parametrize("objective", ["v", "rectified_flow"])
@pytest.mark.parametrize("valid", [[None, None], [6, 6], [4, 5]])
def test_projected_guidance_is_stock_s(objective: str, valid: list[int | None]) -> None:
    """Stock's own forward pass, in which the network is replaced by given outputs."""
    x, conditional, unconditional = outputs()
    stock = loaded(objective).module.model.model
    stock._forward = lambda *_args, **_kwargs: torch.cat([conditional, unconditional])
    rows = rows_of(x, valid)
    expected = stock(
        x,
        torch.tensor([row.model_input.t for row in rows]),
        cross_attn_cond=torch.zeros(2, 1, 32),
        padding_mask=valid_mask(valid, 6, CPU),
        cfg_scale=4.0,
        apg_scale=1.0,
    )
    ours = apply_projected_guidance(conditional, unconditional, rows, objective)
    torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-5)


def test_what_points_along_the_sound_is_left_out() -> None:
    """A prompt that makes the clean latents louder and nothing else changes nothing."""
    x, conditional, _ = outputs(rows=1)
    rows = rows_of(x, [None])
    t = rows[0].model_input.t
    clean = x - conditional * t
    louder = conditional - 0.5 * clean / t
    guided = apply_projected_guidance(conditional, louder, rows, "rectified_flow")
    torch.testing.assert_close(guided, conditional)
    plain = apply_guidance(conditional, louder, [4.0])
    assert (plain - conditional).norm() > 0.1 * conditional.norm()


def test_the_last_noise_is_not_divided_by() -> None:
    x, conditional, unconditional = outputs(rows=1)
    late = [dataclasses.replace(rows_of(x, [None])[0], model_input=ModelInput(x, 1e-5))]
    exact = [dataclasses.replace(late[0], model_input=ModelInput(x.double(), 1e-5))]
    ours = apply_projected_guidance(conditional, unconditional, late, "rectified_flow")
    expected = apply_projected_guidance(conditional.double(), unconditional.double(), exact, "rectified_flow")
    torch.testing.assert_close(ours, expected.float())


def test_rows_of_both_kinds_are_guided_each_in_its_own_way() -> None:
    x, conditional, unconditional = outputs(rows=3)
    apg, cfg = rows_of(x, [None] * 3), rows_of(x, [None] * 3, "cfg")
    mixed = [apg[0], cfg[1], apg[2]]
    together = combine_guidance(torch.cat([conditional, unconditional]), mixed, [0, 1, 2], "v")
    for index, row in enumerate(mixed):
        part = slice(index, index + 1)
        alone = combine_guidance(torch.cat([conditional[part], unconditional[part]]), [row], [0], "v")
        torch.testing.assert_close(together[part], alone)
    assert not torch.equal(
        together[1], combine_guidance(torch.cat([conditional, unconditional]), apg, [0, 1, 2], "v")[1]
    )


def test_at_scale_one_the_guided_output_is_the_prompt_s_to_the_bit() -> None:
    x, conditional, unconditional = outputs()
    for guidance in ("apg", "cfg"):
        rows = rows_of(x, [None, None], guidance, scale=1.0)
        assert torch.equal(combine_guidance(torch.cat([conditional, unconditional]), rows, [0, 1], "v"), conditional)


def test_which_frames_count() -> None:
    assert valid_mask([None, None], 3, CPU) is None
    assert valid_mask([2, None, 9], 3, CPU).tolist() == [[True, True, False], [True] * 3, [True] * 3]
    assert math.prod(valid_mask([3], 3, CPU).shape) == 3
