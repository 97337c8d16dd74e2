import dataclasses
import pickle
from typing import get_args

import numpy as np
import pytest

from midifrag.engine import messages
from midifrag.engine.messages import Command, EngineEvent, EngineInfo, Render, Rendered, Warm

INFO = EngineInfo("e", "m", "c", "cpu", "fp32", 8000, 2, 9.0, ("euler",), memory={"model": 3})
EXAMPLES = [
    Render(1, "rain", None, 7, steps=3),
    Warm((Render(1, "rain", 1.0, 7, spare=True),)),
    messages.Cancel(1),
    messages.Promote(1),
    messages.Warming(1, 2, "x"),
    messages.Ready(INFO),
    messages.Started(1),
    messages.Progress(1, 2, 3),
    Rendered(1, np.ones((2, 3), np.float32), 8000, {"seed": 7}, 0.5, ("a note",)),
    messages.Failed(1, "why", not_finite=True),
    messages.Cancelled(1),
    messages.Stalled(5.0),
    messages.Resumed(),
    messages.Died("why", (1, 2), restarting=True),
]


def test_every_command_and_event_has_its_example():
    assert {type(each) for each in EXAMPLES} == {*get_args(Command), *get_args(EngineEvent)}


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: type(message).__name__)
def test_messages_survive_the_way_to_another_process(message):
    back = pickle.loads(pickle.dumps(message, protocol=5))
    for field in dataclasses.fields(message):
        assert np.array_equal(getattr(back, field.name), getattr(message, field.name))


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: type(message).__name__)
def test_nobody_changes_a_message(message):
    # Of a message without fields, Python says it in another way.
    with pytest.raises((dataclasses.FrozenInstanceError, TypeError)):
        setattr(message, next((field.name for field in dataclasses.fields(message)), "anything"), 9)


def test_a_render_that_was_asked_for_before_can_be_found_again():
    """Hosts keep what they have warmed in a table."""
    assert {Render(1, "rain", 1.0, 7): "known"}[Render(1, "rain", 1.0, 7)] == "known"
    assert Render(1, "rain", 1.0, 7) != Render(1, "rain", 1.0, 8)
