"""A show in an Ableton Link session: it lands on the bar that a peer on the loopback counts."""

from __future__ import annotations

import time

import pytest

from midifrag.clock import monotonic
from midifrag.events import JobChanged, TimeChanged
from midifrag.fragment.appointments import EARLY
from midifrag.show.link import LibrarySession
from midifrag.states import JobState
from tests.jack import EACH, again_and_again
from tests.support.links import link_alone
from tests.support.runtimes import played_show
from tests.support.shows import loaded, one_pad

#: Beats by which the bars of two peers may lie apart: their clocks are measured, and the show looks now and then.
APART = 0.05


@pytest.fixture
def peer():
    with link_alone():
        one = LibrarySession(120.0)
        yield one
        one.close()


def beat_of(peer, moment):
    """Where in its bar of four beats a peer is at a moment of ours; below nothing just before it."""
    before, micros, after = monotonic(), peer.micros(), monotonic()
    _bpm, beat, _peers = peer.look(micros + round((moment - (before + after) / 2) * 1e6), 4.0)
    return (beat + 2) % 4 - 2


def test_a_peer_of_link_drives_a_show_that_lands_on_its_bar(tmp_path, peer):
    """Other programs of this machine may be in the session as well: what they do to it in between is tried again."""
    bpms = iter([133.0, 97.5] * 1000)
    show = loaded(
        one_pad(seconds=0.2, land="bar"),
        fragments={"folder": str(tmp_path)},
        engine={"host": "thread", "spares": {"enabled": False}},
        time={"source": "link"},
    )
    with played_show(tmp_path, show, open_link=LibrarySession) as one:
        landed = []

        def of(kind):
            return [change for change in one.seen.changes if isinstance(change, kind)]

        def leads(bpm):
            """Whether the show goes by what the peer says: what it says before both have met is its own alone."""
            peer.lead(bpm, 0.3, peer.micros(), 4.0)
            deadline = time.monotonic() + EACH
            while time.monotonic() < deadline:
                if any(abs(change.timeline.bpm - bpm) < 0.01 for change in of(TimeChanged)[-1:]):
                    return True
                time.sleep(0.02)
            return False

        def attempt():
            bpm = next(bpms)
            assert again_and_again(lambda: leads(bpm))
            assert of(TimeChanged)[-1].timeline.source == "link"
            one.note(36)
            one.seen.wait_for(lambda _changes: len(jobs()) > len(landed))
            landed.append(jobs()[-1])
            assert landed[-1].times.landed > landed[-1].lands_at - EARLY - 0.001
            return (
                abs(beat_of(peer, landed[-1].lands_at)) < APART and abs(peer.look(peer.micros(), 4.0)[0] - bpm) < 0.01
            )

        def jobs():
            return [job for job in of(JobChanged) if job.state is JobState.LANDED]

        assert again_and_again(attempt)
        assert again_and_again(attempt)
