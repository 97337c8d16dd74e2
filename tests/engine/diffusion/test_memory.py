from __future__ import annotations

from types import SimpleNamespace

import torch

from midifrag.engine.diffusion.memory import MemoryLimit


class Runner:
    """Counts how often it was asked to free memory."""

    def __init__(self):
        self.model, self.freed = SimpleNamespace(device=torch.device("cpu")), []

    def free_memory(self, tries):
        self.freed.append(tries)
        return tries < 2


def request():
    return SimpleNamespace(tries_for_memory=0, parameters=SimpleNamespace(seconds=3.0))


def test_calls_become_smaller_until_the_limit_is_forgotten():
    limit, runner = MemoryLimit(8), Runner()
    for left in (4, 2, 1):
        assert limit.give_way([request()] * (2 * left), MemoryError(), runner) is None
        assert limit.batch == left
    limit.forget()
    assert (limit.batch, runner.freed) == (8, [])


def test_one_alone_is_tried_as_long_as_something_can_be_freed_and_then_given_up():
    limit, runner, alone = MemoryLimit(8), Runner(), request()
    for _ in range(2):
        assert limit.give_way([alone], MemoryError(), runner) is None
    assert (alone.tries_for_memory, runner.freed) == (2, [0, 1])
    reason = limit.give_way([alone], MemoryError("no room\nat all"), runner)
    assert str(reason).startswith("cpu is out of memory even for one request of 3 s.")
    assert str(reason).endswith("(no room)")
    assert (alone.tries_for_memory, runner.freed) == (2, [0, 1, 2])
