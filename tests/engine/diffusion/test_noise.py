import torch

from midifrag.engine.diffusion.noise import Noise
from midifrag.engine.diffusion.worker import DiffusionWorker
from midifrag.engine.loading.model import Model
from tests.engine.presses import press
from tests.engine.stock import run

CPU = torch.device("cpu")


def test_the_stream_is_the_one_of_a_seeded_torch() -> None:
    noise = Noise(7, 3, 5, CPU)
    state = torch.get_rng_state()
    torch.manual_seed(7)
    expected = [torch.randn(1, 3, 5) for _ in range(3)]
    torch.set_rng_state(state)
    for each in expected:
        torch.testing.assert_close(noise.draw(), each, rtol=0, atol=0)


def test_streams_do_not_mix() -> None:
    one, other, again = Noise(1, 3, 5, CPU), Noise(2, 3, 5, CPU), Noise(1, 3, 5, CPU)
    first = one.draw()
    assert not torch.equal(first, other.draw())
    one.draw()
    assert torch.equal(first, again.draw())


def test_global_generator_is_left_alone(model: Model) -> None:
    worker = DiffusionWorker.from_model(model)
    before = torch.get_rng_state()
    run(worker, press(1, sampler="pingpong"))
    assert torch.equal(before, torch.get_rng_state())
