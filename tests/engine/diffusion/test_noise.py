from dataclasses import replace

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


def test_noise_of_the_cpu_is_brought_to_a_card_whose_own_would_be_another(monkeypatch) -> None:
    card, went = torch.device("meta"), []
    monkeypatch.setattr("midifrag.engine.diffusion.noise.brought", lambda drawn, device: went.append((drawn, device)))
    Noise(7, 3, 5, card, CPU).draw()
    [(drawn, device)] = went
    assert device == card
    assert torch.equal(drawn, Noise(7, 3, 5, CPU).draw())


def test_a_model_says_where_its_noise_is_drawn(model: Model) -> None:
    card = torch.device("cuda")
    assert replace(model, device=card).noise_device == card
    assert replace(model, device=card, noise="cpu").noise_device == CPU


def test_an_engine_says_what_draws_its_noise(model: Model) -> None:
    assert DiffusionWorker.from_model(model).info().noise == "cpu"


def test_global_generator_is_left_alone(model: Model) -> None:
    worker = DiffusionWorker.from_model(model)
    before = torch.get_rng_state()
    run(worker, press(1, sampler="pingpong"))
    assert torch.equal(before, torch.get_rng_state())


def test_an_engine_draws_noise_where_its_model_says(model: Model, monkeypatch) -> None:
    drawn = []

    class Told(Noise):
        def __init__(self, *sizes, **named) -> None:
            drawn.append(sizes[-1])
            super().__init__(*sizes, **named)

    monkeypatch.setattr("midifrag.engine.diffusion.request.Noise", Told)
    # Another name of the same place, so that it can be told apart.
    place = torch.device("cpu", 0)
    monkeypatch.setattr(Model, "noise_device", property(lambda _model: place))
    run(DiffusionWorker.from_model(model), press(1))
    assert drawn == [place]
    assert drawn[0] != model.device
