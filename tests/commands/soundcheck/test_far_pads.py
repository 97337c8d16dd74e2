"""What a line means for pads whose takes took so long over it."""

from __future__ import annotations

import pytest

from midifrag.commands.soundcheck.far_pads import what_the_line_means
from midifrag.commands.soundcheck.rehearsal import Take
from midifrag.config.press_request import press_request
from midifrag.events import JobChanged, JobTimes
from midifrag.states import JobKind, JobState
from tests.support.shows import loaded, one_pad

FAR = "studio/open"


def found(landed, model=FAR, by=FAR, state=JobState.LANDED, stand_in="sketch", **pad):
    """What is said of a pad that has landed so many seconds after its press; a bar is two seconds long."""
    servers = {"studio": {"url": "ws://127.0.0.1:1"}}
    show = loaded(one_pad(**pad), model=model, servers=servers, engine={"stand_in": stand_in})
    [bank] = show.banks
    [(key, one)] = bank.pads.items()
    times = JobTimes(10.0, landed=10.0 + landed)
    job = JobChanged(1, JobKind.PAD, state, "rain", bank.slug, key, times, model=by)
    take = Take(bank, key, one, press_request(show.settings, bank, one), job)
    return [(str(finding.outcome), finding.text) for finding in what_the_line_means(show, take)]


@pytest.mark.parametrize(
    ("landed", "pad", "outcome", "said"),
    [
        (0.7, {}, "ok", "0.7 s from studio/open and back, landed; it lands when it is ready"),
        (0.7, {"land": "bar"}, "ok", "pressed later than that before its boundary (bar, 2.0 s), sketch plays it"),
        (0.7, {"land": "bar", "on_lost": "wait"}, "ok", "before its boundary (bar, 2.0 s), it lands one later"),
        (0.7, {"land": "bar", "stand_in": "none"}, "ok", "it lands one later"),
        (2.5, {"land": "bar"}, "note", "longer than its boundary (bar, 2.0 s): where no spare is ready, sketch plays"),
        (2.5, {"land": "bar"}, "note", "is made, or `on_lost: wait` leaves it to its own model"),
        (
            2.5,
            {"land": "bar", "on_lost": "wait"},
            "note",
            "it lands one later; a later boundary (land: 4 bars) is made",
        ),
    ],
)
def test_until_when_a_pad_makes_its_boundary(landed, pad, outcome, said):
    [(found_outcome, text)] = found(landed, **pad)
    assert found_outcome == outcome
    assert said in text


def test_a_pad_that_somebody_else_played_says_who():
    assert found(0.1, by="sketch") == [("note", "sketch played it: studio/open did not answer, or not in time")]


@pytest.mark.parametrize("pad", [{"model": "pocket", "by": "pocket"}, {"state": JobState.FAILED}])
def test_of_other_pads_nothing_is_said(pad):
    assert found(0.7, **pad) == []
