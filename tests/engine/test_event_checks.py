"""What is odd about an event is found, and what is right about it stays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from midifrag.engine.event_checks import LINE, checked, checked_info
from midifrag.engine.messages import (
    Cancelled,
    Died,
    Failed,
    Progress,
    Ready,
    Resumed,
    Stalled,
    Started,
    Warming,
)
from midifrag.errors import OddEventError
from tests.engine.odd_events import AUDIO, INFO, ODD_FIELDS, RATE, Unreadable, take

RIGHT = [
    Started(1),
    Progress(1, 0, 0),
    Progress(1, 2, 3),
    Failed(1, "out of memory"),
    Cancelled(1),
    Warming(1, 2, "weights"),
    Ready(INFO),
    Died("killed", (1, 2), restarting=True),
    Died("it ends", (), restarting=True, finishing=True),
    Stalled(5.0),
    Resumed(),
]


@pytest.mark.parametrize("event", RIGHT, ids=lambda event: type(event).__name__)
def test_what_is_right_stays_as_it_is(event):
    assert checked(event, INFO) == event


def test_a_take_that_is_right_keeps_its_audio_uncopied():
    right = take(used={"seed": None, "steps": 3, "loop": True, "cfg_scale": 1.5}, notes=("one", "two"))
    passed = checked(right, INFO)
    assert passed.audio is AUDIO
    assert (passed.used, passed.notes, passed.sample_rate) == (right.used, right.notes, RATE)


@pytest.mark.parametrize(("fields", "why"), ODD_FIELDS, ids=lambda value: value if isinstance(value, str) else "")
def test_what_is_odd_about_a_take_is_told(fields, why):
    with pytest.raises(OddEventError) as told:
        checked(take(**fields), INFO)
    assert why in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (None, "None is no event"),
        ("done", "'done' is no event"),
        (Unreadable(), "is no event"),
        (Started(None), "job is None"),
        (Started(1.0), "job is 1.0"),
        (Cancelled(float("nan")), "job is nan"),
        (Progress(1, None, 3), "step is None"),
        (Progress(1, 4, 3), "step 4 is more than 3"),
        (Progress(1, -1, 3), "step is -1"),
        (Warming(1, None, "x"), "total is None"),
        (Warming(1, 2, None), "what is None"),
        (Ready(None), "info is None"),
        (Stalled(None), "seconds is None"),
        (Died(None, (), False), "reason is None"),
        (Died("x", None, False), "cannot be read: TypeError"),
        (Died("x", ("1",), False), "job is '1'"),
        (Failed("1", "x"), "job is '1'"),
    ],
)
def test_what_is_odd_about_an_event_is_told(said, why):
    with pytest.raises(OddEventError) as told:
        checked(said, INFO)
    assert why in str(told.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"sample_rate": 0},
        {"sample_rate": 44100.0},
        {"channels": 0},
        {"channels": None},
        {"max_seconds": 0},
        {"max_seconds": float("nan")},
        {"max_seconds": None},
        {"min_seconds": None},
        {"min_seconds": -1.0},
        {"min_seconds": float("nan")},
        {"samplers": None},
        {"samplers": (1,)},
        {"memory": None},
        {"memory": {"model": "much"}},
        {"device": None},
        {"model": 3},
    ],
)
def test_what_is_odd_about_what_an_engine_says_of_itself_is_told(fields):
    with pytest.raises(OddEventError):
        checked(Ready(replace(INFO, **fields)))


def test_numbers_of_numpy_become_plain_ones():
    odd = take(
        np.int64(1),
        sample_rate=np.int32(RATE),
        engine_seconds=np.float32(0.5),
        used={"seed": np.uint32(7), "cfg_scale": np.float32(1.5)},
        notes=["a list"],
    )
    passed = checked(odd, INFO)
    plain = (passed.job, passed.sample_rate, passed.engine_seconds, *passed.used.values())
    assert [type(value) for value in plain] == [int, int, float, int, float]
    assert (plain, passed.notes) == ((1, RATE, 0.5, 7, 1.5), ("a list",))


def test_texts_become_one_line_that_can_be_written_anywhere():
    passed = checked(take(notes=("one\n two\x00\ud800",), used={"prompt": "\ud800 rain\n"}), INFO)
    assert passed.notes == ("one two\x00?",)
    assert passed.used == {"prompt": "? rain\n"}
    assert len(checked(Failed(1, "x" * 10_000)).reason) == LINE


def test_a_failure_stays_one_whatever_is_odd_about_it():
    assert checked(Failed(1, None, AUDIO, RATE, not_finite=None), INFO) == Failed(
        1, "it failed without a reason (None)", AUDIO, RATE
    )
    for audio, rate in ((AUDIO[0], RATE), (AUDIO, None), (AUDIO, 0.5), (AUDIO.T, RATE), ("loud", RATE)):
        assert checked(Failed(1, "why", audio, rate), INFO) == Failed(1, "why")


def test_an_engine_may_have_no_longest_take():
    assert checked_info(replace(INFO, max_seconds=float("inf"))).max_seconds == float("inf")
