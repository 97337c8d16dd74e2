"""What lands and what sounds, joined: whole shows over ports in memory, with a player whose device is a toy."""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager

import pytest

from midifrag.clock import monotonic
from midifrag.events import JobChanged, PadChanged, PlaybackChanged, SlotsChanged, Sounding, TimeChanged
from midifrag.fragment.audio_files import read_wav
from midifrag.intents import Again, Panic, StopSlot
from midifrag.pad_key import PadKey
from midifrag.playback.messages import PlaybackState
from midifrag.playback.player import Player
from midifrag.states import JobState, PadState
from tests.playback.toy_output import serve
from tests.support.runtimes import played_show
from tests.support.shows import bank, loaded

LOOP = {"prompt": "rain", "seconds": 0.4, "fragment": {"loop": True}}
SHOT = {"prompt": "short kick", "seconds": 0.2}


@contextmanager
def heard(folder, pads, **show):
    """A show of these pads whose player plays, on a toy."""
    engine = {"host": "thread", "spares": {"enabled": show.pop("spares", False)}}
    show.setdefault("fragments", {})
    show["fragments"] |= {"folder": str(folder / "fragments"), "count": 3}
    made = loaded(bank(pads=pads), engine=engine, playback={"device": "default"}, **show)

    def player(settings, listener):
        return Player("plays", settings.fragments.count, listener, client=str(folder / "lives"), serve=serve)

    with played_show(folder, made, player) as one:
        one.seen.wait_for_kind(PlaybackChanged, state=PlaybackState.PLAYING)
        yield one


def of(show, kind):
    return [change for change in show.seen.changes if isinstance(change, kind)]


def landed(show, count):
    """The newest of so many landings."""
    return show.seen.wait_for(lambda changes: [one for one in changes if _is(one, JobState.LANDED)][count - 1 :])[0]


def _is(change, state):
    return isinstance(change, JobChanged) and change.state is state


def press(show, note):
    """Press a pad; its landing, once it sounds."""
    before = len([one for one in show.seen.changes if _is(one, JobState.LANDED)])
    show.note(note)
    job = landed(show, before + 1)
    show.seen.wait_for_kind(Sounding, job=job.job, on=True)
    return job


def silent(show, job):
    show.seen.wait_for_kind(Sounding, job=job.job, on=False)


def shown(show, note):
    """What a pad showed last."""
    return [one.state for one in of(show, PadChanged) if one.pad == PadKey(note)][-1]


def until_shown(show, note, state):
    show.seen.wait_for(lambda _changes: shown(show, note) is state)


def tempo(show, bpm):
    """Time goes on at another tempo, from where it is."""
    line, now = of(show, TimeChanged)[-1].timeline, monotonic()
    show.runtime.put(TimeChanged(dataclasses.replace(line, bpm=bpm, at=now, position=line.position_at(now))))
    show.seen.wait_for(lambda _changes: of(show, TimeChanged)[-1].timeline.bpm == bpm)


def test_a_pad_that_sounds_shows_it_and_its_slot_is_left_out_of_the_turn(tmp_path):
    with heard(tmp_path, {36: LOOP, 37: SHOT}) as show:
        loop = press(show, 36)
        assert loop.slot == 1
        until_shown(show, 36, PadState.SOUNDING)
        show.seen.wait_for(lambda _changes: of(show, SlotsChanged)[-1].slots[0].sounds)
        slots = []
        for _ in range(4):
            shot = press(show, 37)
            slots.append(shot.slot)
            silent(show, shot)
        assert slots == [2, 3, 2, 3]
        assert [one.on for one in of(show, Sounding) if one.slot == 1] == [True]
        show.runtime.put(StopSlot(1))
        silent(show, loop)
        until_shown(show, 36, PadState.IDLE)
        assert press(show, 37).slot == 1


def test_pads_of_one_choke_group_end_each_other_s_sound(tmp_path):
    other = SHOT | {"choke": "drums"}
    with heard(tmp_path, {36: LOOP | {"choke": "drums"}, 37: other, 38: SHOT}) as show:
        loop = press(show, 36)
        silent(show, press(show, 38))
        assert not any(one.job == loop.job and not one.on for one in of(show, Sounding))
        until_shown(show, 36, PadState.SOUNDING)
        press(show, 37)
        silent(show, loop)
        until_shown(show, 36, PadState.IDLE)


def test_panic_ends_what_waits_and_what_sounds(tmp_path):
    with heard(tmp_path, {36: LOOP, 37: LOOP | {"land": "4 bars"}}, tempo=20) as show:
        loop = press(show, 36)
        until_shown(show, 36, PadState.SOUNDING)
        show.note(37)
        waits = show.seen.wait_for_kind(JobChanged, state=JobState.WAITING)
        show.runtime.put(Panic())
        silent(show, loop)
        show.seen.wait_for_kind(JobChanged, job=waits.job, state=JobState.CANCELLED)
        until_shown(show, 36, PadState.IDLE)
        assert {one.job for one in of(show, Sounding)} == {loop.job}
        assert [path.name for path in (tmp_path / "fragments").glob("*.wav")] == ["output01.wav"]
        # And the show goes on.
        assert press(show, 36).job > waits.job


@pytest.mark.parametrize("again", [False, pytest.param(True, marks=pytest.mark.thorough)])
def test_bars_that_wait_while_the_tempo_moves_land_and_sound_at_the_tempo_of_their_bar(tmp_path, again):
    """``again`` is for what lands from its slot once more."""
    pad = {"prompt": "rain", "bars": 1, "land": "4 bars", "fragment": {"loop": True}}
    with heard(tmp_path, {36: pad}, tempo=240) as show:
        if again:
            press(show, 36)
        # Four bars are 16 s by then.
        tempo(show, 60)
        before = len(of(show, JobChanged))
        if again:
            show.runtime.put(Again(PadKey(36), "repeat"))
        else:
            show.note(36)
        show.seen.wait_for(lambda _changes: any(_is(one, JobState.WAITING) for one in of(show, JobChanged)[before:]))
        tempo(show, 120)
        show.seen.wait_for(
            lambda _changes: (
                [one for one in of(show, JobChanged) if _is(one, JobState.WAITING)][-1].fragment_seconds
                == pytest.approx(2.0, abs=1e-3)
            )
        )
        job = landed(show, 2 if again else 1)
        sounding = show.seen.wait_for_kind(Sounding, job=job.job, on=True)
    audio, rate = read_wav(tmp_path / "fragments" / f"output0{job.slot}.wav")
    assert audio.shape[1] == 2 * rate
    assert sounding.seconds == pytest.approx(2.0, abs=1e-3)
    assert job.fragment_seconds == pytest.approx(2.0, abs=1e-3)


def test_a_spare_of_bars_is_cut_for_the_tempo_of_its_press(tmp_path):
    with heard(tmp_path, {36: {"prompt": "rain", "bars": 1, "seed": 7}}, spares=True, tempo=100) as show:
        until_shown(show, 36, PadState.READY)
        tempo(show, 125)
        job = press(show, 36)
        sounding = show.seen.wait_for_kind(Sounding, job=job.job, on=True)
    audio, rate = read_wav(tmp_path / "fragments" / "output01.wav")
    assert audio.shape[1] == round(4 * 60 / 125 * rate)
    assert sounding.seconds == pytest.approx(4 * 60 / 125, abs=1e-3)
