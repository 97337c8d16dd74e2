from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from midifrag.engine.diffusion.memory import SHARE, MemoryLimit, fitting, most_at_once

MB, GB = 1 << 20, 1 << 30


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


@pytest.mark.parametrize(
    ("free", "requests", "latents"),
    [
        # Stable Audio Open 1.0, by what is free beside its weights: 137 MB a guided request, 4.2 MB a latent.
        (12 * GB, 16, 1024),
        (4 * GB, 16, 731),
        (2 * GB, 11, 365),
        (100 * MB, 1, 17),
        (0, 1, 1),
        (-GB, 1, 1),
        (None, 16, 1024),
    ],
)
def test_a_call_takes_no_more_than_there_is_room_for(free, requests, latents):
    assert fitting(free, 137 * MB, 16) == requests
    assert fitting(free, int(4.2 * MB), 1024) == latents
    if free is not None and free > GB:
        assert requests * 137 * MB <= free * SHARE


@pytest.mark.parametrize(
    ("kind", "options", "most"),
    [
        ("cpu", {}, 8),
        ("cuda", {}, 16),
        ("xpu", {}, 4),
        ("cuda", {"max_in_flight": 3}, 3),
        ("cpu", {"max_in_flight": 0}, 1),
    ],
)
def test_how_many_are_rendered_at_once_by_device_unless_it_is_said(kind, options, most):
    assert most_at_once(torch.device(kind), options) == most


def test_what_was_not_measured_is_not_bounded():
    assert fitting(GB, 0, 16) == 16


def test_what_there_is_room_for_outlives_a_shortage_and_never_grows():
    limit = MemoryLimit(16)
    limit.bound(11)
    assert (limit.most, limit.batch) == (11, 11)
    limit.bound(14)
    assert limit.most == 11
    limit.batch = 2
    limit.bound(5)
    assert limit.batch == 2
    limit.forget()
    assert limit.batch == 5
