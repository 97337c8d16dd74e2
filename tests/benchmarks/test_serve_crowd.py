"""A small crowd in virtual time: nothing is lost, and what a server of more replicas gains."""

import json
import random
from itertools import islice

import pytest

from benchmarks import serve_crowd
from benchmarks.crowd.picture import Curve, Panel, picture
from benchmarks.crowd.presses import Performance, Press, played_by, read_presses, recorded
from benchmarks.crowd.simulation import Crowd, Simulation
from benchmarks.crowd.step_times import StepTimes
from benchmarks.crowd.timed_engine import TimedBatch
from midifrag.engine.messages import Progress, Render, Rendered, Started
from midifrag.errors import ClipError

#: Four steps of 0.1 s alone, of 0.2 s for four; half a second of stereo.
TIMES = StepTimes("t", "made up", 4, 0.01, {1: 0.1, 4: 0.2}, {1: 0.05}, 4, 176_400)
PERFORMANCE = Performance((Press(0.0, "rain"), Press(1.0, "bell")), 4.0)


def played(performers, replicas, **crowd):
    return Simulation(Crowd(performers, replicas, 20.0, 2.0, **crowd), TIMES, [PERFORMANCE]).run()


def test_a_performer_alone_waits_for_the_render_and_the_line():
    counted = played(1, 1, trip=0.05)
    alone = TIMES.alone() + 2 * 0.05 + TIMES.take_bytes / (50e6 / 8)
    assert counted.pressed == pytest.approx(10, abs=1)
    assert counted.outcomes == {"landed": counted.pressed}
    # Two presses in a second of which each takes half: none waits for the other.
    assert counted.wait(0.5) == pytest.approx(alone, abs=0.001)
    assert counted.busy_seconds == pytest.approx(counted.landed * TIMES.alone(), rel=0.15)


def test_more_replicas_make_a_crowd_wait_less_and_each_press_has_one_outcome():
    found = list(serve_crowd.scaling(TIMES, [PERFORMANCE], 6.0, performers=20, replicas=(1, 4, 16)))
    one, four, many = (counted for _, counted in found)
    assert one.is_overrun
    assert not four.is_overrun
    assert four.wait(0.95) > many.wait(0.95)
    assert many.outcomes == {"landed": many.pressed}
    assert serve_crowd.bend(found) in (4, 16)
    assert "overrun" in serve_crowd.table(found, TIMES)
    drawn = picture([serve_crowd.panel(found, TIMES)])
    assert drawn.count("<polyline") == 4


def test_what_a_set_s_queue_has_no_room_for_is_refused_at_home():
    counted = played(12, 1, queue=1)
    assert counted.outcomes["queue full"] > 0


def test_a_slow_line_keeps_audio_waiting_for_its_credits():
    assert played(1, 1, rate=100_000).wait(0.5) > 176_400 / 100_000


def test_what_a_batch_does_in_a_tick():
    batch = TimedBatch(TIMES, audio=None)
    batch.submit(Render(1, "a", seed=1, spare=True))
    batch.submit(Render(2, "b", seed=1))
    batch.submit(Render(3, "c", seed=1))
    assert batch.cancel(3)
    # The press goes before the spare.
    assert batch.tick() == (0.01, [Started(2)])
    assert batch.tick() == (0.1, [Progress(2, 1, 4)])
    batch.promote(1)
    assert batch.tick() == (0.01, [Started(1)])
    seconds, told = batch.tick()
    assert (seconds, told) == (pytest.approx(0.1333, abs=1e-4), [Progress(1, 1, 4), Progress(2, 2, 4)])
    ends = []
    while batch.busy:
        ends += [one.job for one in batch.tick()[1] if isinstance(one, Rendered)]
    assert ends == [2, 1]


def test_a_log_is_a_performance(tmp_path):
    lines = [
        {"event": "JobChanged", "job": job, "state": state, "prompt": prompt, "pad": pad, "times": {"pressed": at}}
        for job, state, prompt, pad, at in (
            (1, "queued", "rain", "36", 7.0), (1, "rendering", "rain", "36", 7.0), (2, "queued", "typed", None, 8.0),
            (3, "queued", "bell", "37", 9.5), (4, "queued", "rain", "36", 10.5),
        )
    ]  # fmt: skip
    log = tmp_path / "log.jsonl"
    log.write_text("".join(json.dumps({"at": 1.0, **line}) + "\n" for line in lines))
    performance = read_presses(log)
    assert performance == Performance((Press(0.0, "rain"), Press(2.5, "bell"), Press(3.5, "rain")), 3.5 + 1.75)
    presses = list(islice(played_by(7, [performance], random.Random(1)), 9))
    assert [at for at, _ in presses] == sorted(at for at, _ in presses)
    assert presses[3][0] - presses[0][0] == pytest.approx(performance.seconds)
    assert presses[0][1].endswith(", 7")
    log.write_text("")
    with pytest.raises(ClipError):
        read_presses(log)


def test_what_comes_with_it_is_played_as_fast_as_people_do():
    assert [1 < one.a_minute < 40 for one in recorded()] == [True] * 3


def test_a_curve_without_a_point_is_told():
    assert "overrun everywhere" in picture([Panel("x", [Curve("p50", "red", [(1, float("inf"))])])])
