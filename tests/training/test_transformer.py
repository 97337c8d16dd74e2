import pytest
import torch

from midifrag.engine.loading.light_imports import light_imports
from training.diffusion import Balance, optimisers, times
from training.presets import PRESETS
from training.transformer import Conditions, build, plain_attention, sample, velocity

with light_imports():
    from stable_audio_tools.inference.sampling import LogSNRShift, build_schedule, sample_discrete_euler


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    torch.manual_seed(0)
    model = build(tmp_path_factory.mktemp("run"), PRESETS["tiny"]).eval()
    for value in model.model.parameters():
        if not value.any():
            torch.nn.init.normal_(value, 0, 0.05)
    return model


@pytest.fixture
def given(model):
    with torch.no_grad():
        return Conditions(model)(["short kick", "long pad"], [1.0, 2.0], torch.device("cpu"))


def test_sampling_is_the_stock_euler_sampler(model, given):
    noise = torch.randn(2, 64, 20)
    ours = sample(model, given, 20, 5, 2.5, noise.clone())
    inputs = {"cross_attn_cond": given["cross_attn_cond"], "global_embed": given["global_embed"]}
    with torch.no_grad():
        sigmas = build_schedule(5, dist_shift=LogSNRShift(rate=0, anchor_logsnr=-6.0), fallback_seq_len=20)
        ways = {"cfg_scale": 2.5, "apg_scale": 0.0, "disable_tqdm": True}
        stock = sample_discrete_euler(model.model.model, noise, sigmas, **ways, **inputs)
    assert torch.allclose(ours, stock, atol=1e-4)


def test_prompt_seconds_and_time_all_matter(model, given):
    x, t = torch.randn(2, 64, 20), torch.full((2,), 0.5)
    with torch.no_grad():
        usual = velocity(model, x, t, given)
        for prompts, seconds in ((["short snare", "long pad"], [1.0, 2.0]), (["short kick", "long pad"], [3.0, 2.0])):
            other = Conditions(model)(prompts, seconds, torch.device("cpu"))
            assert not torch.allclose(velocity(model, x, t, other)[0], usual[0], atol=1e-5)
        assert not torch.allclose(velocity(model, x, t + 0.3, given), usual, atol=1e-5)


def test_the_spelled_out_attention_is_the_same(tmp_path, model, given):
    x, t = torch.randn(2, 64, 20), torch.full((2,), 0.5)
    twin = build(tmp_path, PRESETS["tiny"]).eval()
    twin.load_state_dict(model.state_dict())
    plain_attention(twin)
    with torch.no_grad():
        assert torch.allclose(velocity(twin, x, t, given), velocity(model, x, t, given), atol=1e-5)


def test_conditions_are_the_stock_ones(model):
    rows = [{"prompt": text, "seconds_start": 0, "seconds_total": 2.5} for text in ("short dark kick", "", "zzz organ")]
    with torch.no_grad():
        stock = model.get_conditioning_inputs(model.conditioner(rows, "cpu"))
        ours = Conditions(model)([row["prompt"] for row in rows], [2.5] * 3, torch.device("cpu"))
    assert torch.allclose(ours["cross_attn_cond"], stock["cross_attn_cond"])
    assert torch.allclose(ours["global_embed"], stock["global_cond"])


def test_every_parameter_is_trained_by_exactly_one_optimiser(model):
    groups = [group for optimiser in optimisers(model, 1e-3) for group in optimiser.param_groups]
    trained = [id(value) for group in groups for value in group["params"]]
    assert len(trained) == len(set(trained))
    assert set(trained) == {
        id(value) for value in (*model.model.parameters(), *model.conditioner.parameters()) if value.requires_grad
    }


def test_most_times_lie_near_pure_noise():
    torch.manual_seed(0)
    drawn = times(4000)
    assert 0 <= float(drawn.min()) < 0.05
    assert 0.95 < float(drawn.max()) <= 1
    assert float((drawn > 0.8).float().mean()) > 0.4


def test_families_that_are_hard_to_predict_do_not_take_over():
    torch.manual_seed(0)
    balance = Balance()
    families = torch.tensor([0, 1])
    for _ in range(300):
        balance(torch.tensor([1.8, 0.6]), families)
    hard = balance(torch.tensor([1.8, 0.0]), families)
    easy = balance(torch.tensor([0.0, 0.6]), families)
    assert float(hard) == pytest.approx(float(easy), rel=0.1)
