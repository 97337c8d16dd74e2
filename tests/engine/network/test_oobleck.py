from typing import Any

import pytest
import torch
from torch import nn

from midifrag.engine.network import oobleck, pointwise
from midifrag.engine.network.convolutions import measuring
from midifrag.engine.network.oobleck import NotOobleckError, Operation, operations, receptive_field_of, run_chain
from tests.engine.tiny_models import tiny_model


def decoder_layers() -> Any:
    return tiny_model("v")[0].pretransform.model.decoder.layers


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def test_the_operations_are_the_layers() -> None:
    layers, x = decoder_layers(), drawn(2, 8, 30)
    ours = run_chain(operations(layers, torch.float32), x.unsqueeze(2).clone()).squeeze(2)
    torch.testing.assert_close(ours, layers(x), atol=1e-4, rtol=1e-4)


LAYERS: dict[str, nn.Module] = {
    "wide": nn.Conv1d(4, 4, 7, padding=3),
    "dilated": nn.Conv1d(4, 4, 7, padding=9, dilation=3),
    "pointwise": nn.Conv1d(4, 4, 1),
    "upsampling": nn.ConvTranspose1d(4, 4, 8, stride=4, padding=2),
    "tanh": nn.Tanh(),
}


@pytest.mark.parametrize("name", LAYERS)
@torch.no_grad()
def test_outputs_depend_on_the_receptive_field_and_on_nothing_else(name: str) -> None:
    chain: tuple[Operation, ...] = operations([LAYERS[name]], torch.float32)
    x = drawn(1, 4, 1, 30)
    whole = run_chain(chain, x)
    ratio = whole.shape[-1] // x.shape[-1]
    span = (10 * ratio, 11 * ratio + ratio // 2)
    span = (span[0], max(span[1], span[0] + 1))
    first, last = receptive_field_of(chain, span)
    touched = set()
    for position in range(30):
        other = x.clone()
        other[..., position] += 1
        if not torch.equal(run_chain(chain, other)[..., span[0] : span[1]], whole[..., span[0] : span[1]]):
            touched.add(position)
    assert (min(touched), max(touched) + 1) == (first, last)


@torch.no_grad()
def test_snake_in_tiles_is_snake_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    snake = next(layer for layer in decoder_layers().modules() if type(layer).__name__ == "SnakeBeta")
    (ours,) = operations([snake], torch.float32, keeps_input=True)
    x = drawn(2, len(snake.alpha), 50)
    given = x.unsqueeze(2).contiguous(memory_format=torch.channels_last)
    whole = ours(given)
    torch.testing.assert_close(whole.squeeze(2), snake(x), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(given.squeeze(2), x, atol=0, rtol=0)
    monkeypatch.setitem(pointwise.SNAKE_TILES, "cpu", 7 * len(snake.alpha))
    assert torch.equal(ours(given), whole)


@torch.no_grad()
@pytest.mark.parametrize("way", ["columns", "taps", "halves", "library"])
@pytest.mark.parametrize("batch", [1, 3])
def test_a_decoder_by_products_is_the_decoder(monkeypatch: pytest.MonkeyPatch, way: str, batch: int) -> None:
    """What a card computes, whichever way it chooses; the way that is asked for is the quickest wherever it exists."""
    taken: list[str] = []

    def chosen(make: Any) -> Any:
        def made(*given: Any) -> Any:
            layer = make(*given)
            name = way if way in layer._ways else next(iter(layer._ways))
            taken.append(name)
            layer._stopwatch = lambda work: 1.0 if work.func is layer._ways[name] else 2.0
            return layer

        return made

    layers, x = decoder_layers(), drawn(batch, 8, 30)
    for name in ("quickest_convolution", "quickest_upsampling"):
        monkeypatch.setattr(oobleck, name, chosen(getattr(oobleck, name)))
    monkeypatch.setattr(oobleck, "_lies_on_card", lambda _weight: True)
    chain = operations(layers, torch.float32)
    with measuring():
        ours = run_chain(chain, x.unsqueeze(2).contiguous(memory_format=torch.channels_last)).squeeze(2)
    assert way in taken
    torch.testing.assert_close(ours, layers(x), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ("layer", "what"),
    [
        (nn.Conv1d(4, 4, 4, stride=2), "a convolution that changes the length"),
        (nn.Conv1d(4, 4, 3, padding=1, groups=2), "a convolution that changes the length"),
        (nn.ConvTranspose1d(4, 4, 5, stride=2, padding=2), "an odd stride"),
        (nn.Dropout(), "Dropout"),
    ],
)
def test_what_is_computed_otherwise_is_refused(layer: nn.Module, what: str) -> None:
    with pytest.raises(NotOobleckError, match=what):
        operations([layer], torch.float32)
