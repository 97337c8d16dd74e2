"""LoRAs beside layers: each row has its own strengths, and nothing changes for rows without any."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from midifrag.engine.loading.adapters import Adapter
from midifrag.engine.network.side_paths import SidePaths

CPU = torch.device("cpu")


def drawn(*size: int) -> Tensor:
    return torch.randn(*size, generator=torch.Generator().manual_seed(sum(size)))


def adapter(outputs: int, inputs: int, rank: int) -> Adapter:
    return Adapter("lora", drawn(outputs, rank), drawn(rank, inputs))


def test_each_row_has_what_it_asks_for_of_each_lora() -> None:
    linear, other = nn.Linear(5, 6), nn.Linear(5, 6)
    sides = SidePaths({linear: "a", other: "b"})
    layer = sides.beside(linear, linear, torch.float32)
    turned = sides.beside(other, lambda x: other(x).flip(-1), torch.float32, lambda rows: rows.flip(0))
    first, second = adapter(6, 5, 2), adapter(6, 5, 3)
    assert (sides.has(linear), sides.attach({"a": first}, CPU), sides.has(linear), sides.has(other)) == (
        False,
        0,
        True,
        False,
    )
    assert sides.attach({"a": second, "b": second, "elsewhere": first}, CPU) == 1
    rows = [sides.row(strengths, CPU) for strengths in ({0: 0.5}, {}, {1: -1.0, 0: 2.0}, {0: 0.0})]
    assert rows[1] is None
    assert rows[3] is None
    strengths = sides.gathered(rows, CPU)
    assert strengths is not None
    assert strengths.tolist() == [[0.5, 0.0], [0.0, 0.0], [2.0, -1.0], [0.0, 0.0]]
    x = drawn(4, 7, 5)
    sides.begin(strengths)
    for row, (one, two) in enumerate(strengths.tolist()):
        weight = linear.weight + one * first.up @ first.down + two * second.up @ second.down
        torch.testing.assert_close(layer(x)[row], functional.linear(x[row], weight, linear.bias))
        weight = other.weight + two * second.up @ second.down
        torch.testing.assert_close(turned(x)[row], functional.linear(x[row], weight, other.bias).flip(-1))
    torch.testing.assert_close(layer(x[:2]), layer(x)[:2])
    assert sides.memory == 4 * (11 * 5 + 11 * 3)
    sides.begin(None)
    torch.testing.assert_close(layer(x), linear(x))


def test_a_row_from_before_a_lora_came_has_none_of_it_and_flat_rows_are_of_one_request() -> None:
    linear = nn.Linear(5, 6)
    sides = SidePaths({linear: "a"})
    layer = sides.beside(linear, linear, torch.float32)
    assert sides.gathered([None], CPU) is None
    sides.attach({"a": adapter(6, 5, 1)}, CPU)
    early = sides.row({0: 1.0}, CPU)
    sides.attach({"a": adapter(6, 5, 1)}, CPU)
    gathered = sides.gathered([early], CPU)
    assert gathered is not None
    assert gathered.tolist() == [[1.0, 0.0]]
    sides.begin(gathered)
    x = drawn(3, 5)
    torch.testing.assert_close(layer(x), layer(x.unsqueeze(0))[0])


def test_one_that_memory_ran_out_for_on_the_way_is_attached_once() -> None:
    linear, other = nn.Linear(5, 6), nn.Linear(5, 6)
    sides = SidePaths({linear: "a", other: "b"})
    short = [MemoryError()]

    def rows(weight: Tensor) -> Tensor:
        if short:
            raise short.pop()
        return weight

    layer = sides.beside(linear, linear, torch.float32)
    sides.beside(other, other, torch.float32, rows)
    one = adapter(6, 5, 2)
    with pytest.raises(MemoryError):
        sides.attach({"a": one, "b": one}, CPU)
    assert (sides.count, sides.has(linear)) == (0, False)
    assert sides.attach({"a": one, "b": one}, CPU) == 0
    sides.begin(sides.gathered([sides.row({0: 0.5}, CPU)], CPU))
    x = drawn(1, 7, 5)
    torch.testing.assert_close(layer(x), functional.linear(x, linear.weight + 0.5 * one.up @ one.down, linear.bias))


def test_a_layer_without_a_name_has_nothing_beside_it() -> None:
    linear = nn.Linear(2, 2)
    assert SidePaths().beside(linear, linear, torch.float32) is linear


def test_one_that_is_taken_away_leaves_the_others_and_no_other_gets_its_index() -> None:
    linear, other = nn.Linear(5, 6), nn.Linear(5, 6)
    sides = SidePaths({linear: "a", other: "b"})
    layer = sides.beside(linear, linear, torch.float32)
    sides.beside(other, other, torch.float32)
    first, second, third = (adapter(6, 5, rank) for rank in (1, 2, 3))
    sides.attach({"a": first, "b": first}, CPU)
    sides.attach({"a": second}, CPU)
    sides.detach([0], CPU)
    assert (sides.has(linear), sides.has(other)) == (True, False)
    assert sides.memory == 4 * 2 * 11
    assert sides.attach({"a": third}, CPU) == 2
    sides.begin(sides.gathered([sides.row({1: 0.5, 2: -1.0}, CPU)], CPU))
    x = drawn(1, 7, 5)
    weight = linear.weight + 0.5 * second.up @ second.down - third.up @ third.down
    torch.testing.assert_close(layer(x), functional.linear(x, weight, linear.bias))
    sides.detach([1, 2], CPU)
    assert sides.memory == 0
    torch.testing.assert_close(layer(x), linear(x))
