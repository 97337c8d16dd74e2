import pytest
import torch

from midifrag.engine.network.architecture import mlp_in_fp32, prefix_tokens, projections, unsupported
from tests.engine.architectures import COVERED, NOT_COVERED
from tests.engine.tiny_models import tiny_model


@pytest.mark.parametrize("option", COVERED)
def test_what_is_covered_is_not_refused(option: str) -> None:
    assert unsupported(tiny_model("v", **COVERED[option])[0]) is None


@pytest.mark.parametrize("option", NOT_COVERED)
def test_what_is_not_covered_is_named(option: str) -> None:
    assert unsupported(tiny_model("v", **NOT_COVERED[option])[0]) == option


@pytest.mark.parametrize(
    ("options", "tokens"),
    [({}, 1), ({"num_memory_tokens": 4}, 5), ({"global_cond_type": "adaLN", "num_memory_tokens": 4}, 4)],
)
def test_tokens_that_stand_before_the_latents(options: dict[str, object], tokens: int) -> None:
    assert prefix_tokens(tiny_model("v", **options)[0].model.model) == tokens


@pytest.mark.parametrize("patch_size", [1, 2])
@torch.no_grad()
def test_folded_projections_are_the_convolutions_and_what_is_beside_them(patch_size: int) -> None:
    dit = tiny_model("v", patch_size=patch_size)[0].model.model
    inward, outward = projections(dit)
    latents = torch.randn(1, 8, 4 * patch_size, generator=torch.Generator().manual_seed(1))
    tokens = latents.unflatten(-1, (-1, patch_size)).transpose(1, 2).flatten(2)
    before = (dit.preprocess_conv(latents) + latents).unflatten(-1, (-1, patch_size)).transpose(1, 2).flatten(2)
    torch.testing.assert_close(tokens @ inward.T, dit.transformer.project_in(before), atol=1e-5, rtol=1e-4)
    x = torch.randn(1, 4, 64, generator=torch.Generator().manual_seed(2))
    after = dit.transformer.project_out(x).unflatten(-1, (-1, patch_size)).permute(0, 2, 1, 3).flatten(2)
    folded = (x @ outward.T).unflatten(-1, (-1, patch_size)).permute(0, 2, 1, 3).flatten(2)
    torch.testing.assert_close(folded, dit.postprocess_conv(after) + after, atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_two_layers_are_multiplied_in_fp32_whatever_they_are_kept_in() -> None:
    torch.manual_seed(1)
    for bias in (True, False):
        layers = torch.nn.Sequential(torch.nn.Linear(8, 16, bias=bias), torch.nn.SiLU(), torch.nn.Linear(16, 4))
        x = torch.randn(3, 8)
        half = layers.half()
        output = mlp_in_fp32(half, x)
        assert output.dtype == torch.float32
        torch.testing.assert_close(output, half.float()(x), atol=1e-6, rtol=1e-5)
