"""What is heard of takes that were made up, and of the built-in synthesiser's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from midifrag.commands.soundcheck import hearing
from midifrag.commands.soundcheck.checks import Outcome
from midifrag.commands.soundcheck.rehearsal import Take
from midifrag.config.press_request import press_request
from midifrag.events import JobChanged, JobTimes
from midifrag.states import JobKind, JobState
from tests.support.shows import loaded, one_pad

RATE = 22050


def tone(frequency, seconds=1.0, level=0.5):
    return (level * np.sin(2 * np.pi * frequency * np.arange(int(RATE * seconds)) / RATE)).astype(np.float32)[None]


def a_take(audio=None, landed=1.0, state=JobState.LANDED, text="", got=1.0, **pad):
    show = loaded(one_pad(**{"seconds": 1, **pad}))
    bank = show.banks[0]
    key, one = next(iter(bank.pads.items()))
    times = JobTimes(10.0, 10.0, 10.0, 10.0, 10.0 + landed)
    job = JobChanged(
        1, JobKind.PAD, state, "rain", bank.slug, key, times, text=text, used={"steps": 8}, fragment_seconds=got
    )
    return show, Take(bank, key, one, press_request(show.settings, bank, one), job, audio=audio, sample_rate=RATE)


def texts(take):
    return [finding.text for finding in hearing.what_was_heard(take)]


def test_a_take_that_is_well_has_nothing_said_of_it():
    assert texts(a_take(tone(440))[1]) == []


def test_a_silent_or_infinite_take_is_a_fault():
    (found,) = hearing.what_was_heard(a_take(state=JobState.FAILED, text="the take is silent")[1])
    assert found.outcome is Outcome.FAULT
    assert "silent" in found.text


def test_clipping_is_flat_tops_and_not_a_loud_wave():
    assert hearing.clipped_share(tone(440, level=1.0)) == 0
    assert hearing.clipped_share(np.zeros((1, 0), dtype=np.float32)) == 0
    assert texts(a_take(np.clip(tone(440, level=3.0), -1, 1))[1])[0].startswith("clipped")


@pytest.mark.parametrize(("got", "said"), [(1.5, "shorter"), (0.2, "the rest is silence")])
def test_too_long_and_too_short(got, said):
    assert said in texts(a_take(tone(440), got=got)[1])[0]


def test_a_quiet_take_is_told():
    assert texts(a_take(tone(440, level=0.002))[1])[0].startswith("all but silent: its peak is -54 dBFS")


def test_the_same_sound_at_another_level_and_length_is_alike_and_another_one_is_not():
    takes = [a_take(audio)[1] for audio in (tone(440), tone(440, 1.5, 0.1), tone(3000))]
    found = [(one is takes[0], other is takes[1]) for one, other, _likeness in hearing.alike(takes)]
    assert found == [(True, True)]


def test_late_is_longer_than_the_boundary_or_than_two_seconds():
    show, take = a_take(tone(440), landed=1.9)
    assert hearing.late(show, take) is None
    show, take = a_take(tone(440), landed=4.0)
    said = hearing.late(show, take).text
    assert "4.0 s from press to landed, longer than 2 s" in said
    assert "ask for 4 steps in place of 8" in said
    assert "ask for 0.5 s in place of 1.0 s" in said
    assert "engine.spares" in said
    show, take = a_take(tone(440), landed=4.0, land="4 bars")
    assert hearing.late(show, take) is None
    show, take = a_take(tone(440), landed=4.0, land="bar")
    assert "its boundary (bar, 2.0 s at 120 beats a minute)" in hearing.late(show, take).text
    assert hearing.late(show, replace(take, job=replace(take.job, times=JobTimes(1.0)))) is None
