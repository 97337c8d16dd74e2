import pytest
import torch

from midifrag.engine.network.morphing import between, padded_to


def tokens(seed: int, scale: float = 1.0) -> torch.Tensor:
    return torch.randn(1, 5, 16, generator=torch.Generator().manual_seed(seed)) * scale


def test_at_its_ends_it_is_exactly_one_of_the_two() -> None:
    one, other = tokens(1), tokens(2)
    assert between(one, other, 0.0) is one
    assert between(one, other, 1.0) is other


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_each_token_goes_along_the_arc_and_its_length_from_one_to_the_other(share: float) -> None:
    one, other = tokens(1), tokens(2, 3.0)
    made = between(one, other, share)
    lengths = torch.lerp(one.norm(dim=-1), other.norm(dim=-1), share)
    assert torch.allclose(made.norm(dim=-1), lengths, atol=1e-4)

    def angle(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        return torch.acos(torch.cosine_similarity(first, second, dim=-1))

    whole = angle(one, other)
    assert torch.allclose(angle(one, made), share * whole, atol=1e-3)
    assert torch.allclose(angle(made, other), (1 - share) * whole, atol=1e-3)


def test_what_is_alike_stays_and_what_has_no_direction_goes_straight() -> None:
    one = tokens(1)
    assert torch.equal(between(one, one.clone(), 0.3), one)
    assert torch.allclose(between(one, torch.zeros_like(one), 0.25), 0.75 * one)
    assert torch.allclose(between(one, -one, 0.25), 0.5 * one, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_it_keeps_the_number_format(dtype: torch.dtype) -> None:
    made = between(tokens(1).to(dtype), tokens(2).to(dtype), 0.5)
    assert made.dtype == dtype
    assert torch.isfinite(made).all()


def test_fewer_tokens_get_more() -> None:
    one = tokens(1)
    assert padded_to(one, 5) is one
    longer = padded_to(one, 7)
    assert torch.equal(longer[:, :5], one)
    assert not longer[:, 5:].any()
