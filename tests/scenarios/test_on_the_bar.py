"""Landing on the bar over real files and threads: a show whose pads wait, played through ports in memory."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from midifrag.clock import monotonic
from midifrag.events import JobChanged, PadChanged, SlotsChanged
from midifrag.fragment import sources
from midifrag.fragment.appointments import EARLY
from midifrag.fragment.archive import Archive
from midifrag.fragment.cutting import make_fragment
from midifrag.fragment.slot_content import content_of
from midifrag.intents import Again, Panic, SlotPlaying
from midifrag.midi.memory import MemoryBackend
from midifrag.pad_key import PadKey
from midifrag.states import JobState, PadState
from tests.support import PATIENCE
from tests.support.runtimes import PlayedShow, played_show
from tests.support.shows import bank, loaded


def on_the_bar(folder: Path, *, tempo: float = 120, **pad: object):
    """A show of eight pads that land on the bar, with a note for each landing."""
    pads = {note: {"prompt": "short kick", "seconds": 0.3, "seed": note, **pad} for note in range(36, 44)}
    return loaded(
        bank(pads=pads),
        fragments={"folder": str(folder)},
        engine={"host": "thread", "spares": {"enabled": False}},
        defaults={"land": "bar"},
        tempo=tempo,
        notify={"port": "midifrag"},
    )


def landed(show: PlayedShow, count: int) -> list[JobChanged]:
    """The first landings, in order, as soon as there are so many."""

    def look(changes):
        found = [one for one in changes if isinstance(one, JobChanged) and one.state is JobState.LANDED]
        return found if len(found) >= count else None

    return show.seen.wait_for(look)


def waits(show: PlayedShow, count: int = 1) -> None:
    """Wait until so many presses wait for their bar."""
    show.seen.wait_for(
        lambda changes: (
            len({one.job for one in changes if isinstance(one, JobChanged) and one.state is JobState.WAITING}) >= count
        )
    )


@pytest.fixture
def sent(monkeypatch):
    """When each note of a landing went out."""
    real, found = MemoryBackend.record, []

    def record(self, name, message):
        if message.type == "note_on" and message.channel == 15:
            found.append((message.note, monotonic()))
        real(self, name, message)

    monkeypatch.setattr(MemoryBackend, "record", record)
    return found


def test_eight_pads_land_together_on_the_bar_that_each_was_promised(tmp_path, sent):
    with played_show(tmp_path, on_the_bar(tmp_path)) as show:
        for note in range(36, 44):
            show.note(note)
        jobs = landed(show, 8)
        show.runtime.inbox.put(Panic())
    assert {job.slot for job in jobs} == set(range(1, 9))
    assert sorted(note for note, _ in sent) == list(range(1, 9))
    for job in jobs:
        content = content_of(tmp_path / f"output{job.slot:02d}.wav")
        assert (content.job, content.take) == (job.job, job.take)
        # However busy the machine is: never early.
        (at,) = (moment for note, moment in sent if note == job.slot)
        assert at >= job.lands_at - EARLY
    assert len({job.lands_at for job in jobs if not job.missed}) <= 2
    shown = [change for change in show.seen.changes if isinstance(change, PadChanged) and change.pad == PadKey(36)]
    states = [change.state for change in shown]
    assert states.index(PadState.WAITING) < states.index(PadState.LANDED)


def test_a_landing_waits_for_no_take_that_the_writer_is_at(tmp_path, sent, monkeypatch):
    """While the writer cuts another take for as long as one likes, what waits lands, and its note goes out."""
    begun, free = threading.Event(), threading.Event()

    def slow(*how):
        if begun.is_set():
            assert free.wait(PATIENCE)
        return make_fragment(*how)

    monkeypatch.setattr(sources, "make_fragment", slow)
    with played_show(tmp_path, on_the_bar(tmp_path)) as show:
        show.note(36)
        waits(show)
        begun.set()
        show.note(37)
        (job,) = landed(show, 1)
        assert (job.job, [note for note, _ in sent]) == (1, [job.slot])
        assert content_of(tmp_path / f"output{job.slot:02d}.wav").job == 1
        free.set()
        landed(show, 2)


def test_a_show_that_ends_while_something_waits_says_so_and_keeps_it(tmp_path):
    with played_show(tmp_path, on_the_bar(tmp_path, tempo=20, land="4 bars")) as show:
        show.note(36)
        waits(show)
        show.runtime.close()
        ends = [one for one in show.seen.changes if isinstance(one, JobChanged) and one.state.ended]
    assert [(one.state, one.text) for one in ends] == [
        (JobState.CANCELLED, "cancelled: the show ended before its boundary; take 1 is in the archive")
    ]
    assert not list(tmp_path.glob("*.wav"))
    archive = Archive(tmp_path / "archive")
    assert [take.job for take in archive.find()] == [1]
    archive.close()


def test_panic_cancels_what_waits_at_once(tmp_path):
    with played_show(tmp_path, on_the_bar(tmp_path, tempo=20, land="4 bars")) as show:
        show.note(36)
        waits(show)
        show.runtime.put(Panic())
        show.seen.wait_for_kind(JobChanged, state=JobState.CANCELLED)
    assert not list(tmp_path.glob("*.wav"))


def test_what_sounds_keeps_its_slot_and_what_landed_lands_again(tmp_path):
    with played_show(tmp_path, on_the_bar(tmp_path, tempo=300, land="beat")) as show:
        show.note(36)
        (first,) = landed(show, 1)
        show.runtime.put(SlotPlaying(2, True))
        show.seen.wait_for(
            lambda changes: any(isinstance(one, SlotsChanged) and one.slots[1].sounds for one in changes)
        )
        show.runtime.put(Again(PadKey(36), "repeat"))
        second = landed(show, 2)[1]
    assert (first.slot, second.slot, second.take) == (1, 3, first.take)
    assert content_of(tmp_path / "output03.wav").prompt == "short kick"
    assert len(list((tmp_path / "archive").glob("output*.wav"))) == 1
