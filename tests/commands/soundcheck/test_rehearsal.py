"""Every pad once, into a folder of its own."""

from __future__ import annotations

import threading

import pytest

from midifrag.clock import monotonic
from midifrag.commands.soundcheck import rehearsal
from midifrag.commands.soundcheck.rehearsal import rehearse, rehearsed
from midifrag.errors import EngineError
from midifrag.playback.messages import Load, PlaybackChanged, PlaybackState, Sounding, Start, Stop
from midifrag.states import JobState
from tests.support.runtimes import NeverRenders
from tests.support.shows import bank, loaded


def show(folder, *banks, **settings):
    engine = {"host": "thread", "spares": {"enabled": False}}
    return loaded(*banks, fragments={"folder": str(folder / "own")}, engine=engine, **settings)


def test_each_pad_of_every_bank_lands_once_and_nothing_of_the_performers_is_touched(tmp_path):
    pads = {36: {"prompt": "rain", "seconds": 1}, "37/10": {"prompt": "kick", "seconds": 1, "press": "gate", "slot": 3}}
    banks = (bank("one", pads), bank("two", {36: {"prompt": "wind", "seconds": 1, "port": "midifrag"}}))
    takes = list(rehearse(show(tmp_path, *banks), tmp_path / "aside"))
    assert [take.name for take in takes] == ["one 36", "one 37/10", "two 36"]
    for take in takes:
        assert take.job.state is JobState.LANDED
        assert 0 <= take.after("queued") <= take.after("rendered") <= take.after("landed")
        assert take.audio is not None
        assert take.audio.any()
        assert (take.heard, take.unheard) == (None, "playback is off")
    assert [file.name for file in tmp_path.iterdir()] == ["aside"]


def test_a_hold_is_rendered_at_its_longest_when_it_is_pressed(tmp_path):
    held = bank("one", {36: {"prompt": "rain", "bars": 1, "hold": {"sets": "seconds", "range": [1, 2]}}})
    (take,) = rehearse(show(tmp_path, held, defaults={"land": "4 bars"}), tmp_path / "aside")
    assert take.asked.preset.seconds == 2
    assert take.asked.length is None
    assert take.asked.landing.land == "now"


def test_doors_ports_and_spares_of_the_set_stay_out_of_it(tmp_path):
    whole = show(tmp_path, osc={"listen": 7400}, ableton={}, instruments={"sfz": True}, notify={"port": "midifrag"})
    alone = rehearsed(whole, tmp_path / "aside").settings
    assert not alone.osc.is_on
    assert not alone.ableton.enabled
    assert not alone.instruments.sfz
    assert not alone.page.enabled
    assert alone.notify is None
    assert list(alone.ports) == ["soundcheck"]


def test_a_pad_that_never_lands_is_an_error_with_its_name(tmp_path, monkeypatch):
    monkeypatch.setattr("midifrag.show.runtime._create", lambda _choice, _host: NeverRenders())
    with pytest.raises(EngineError, match=r"opening 36.*did not land"):
        list(rehearse(show(tmp_path), tmp_path / "aside", patience=0.05))


class FakePlayer:
    """An output that is ``state``; what is started sounds ``after`` so many seconds, or never."""

    def __init__(self, state, after, text=""):
        self.state, self.after, self.text = state, after, text
        self.commands, self.begun = [], []

    def __call__(self, _settings, listener):
        self.listener = listener
        return self

    def start(self):
        self.listener(PlaybackChanged(PlaybackState.OPENING))
        self.listener(PlaybackChanged(self.state, text=self.text))

    def submit(self, command):
        self.commands.append(type(command))
        if isinstance(command, Start) and self.after is not None:
            self.begun.append(monotonic() + self.after)
            self.listener(Sounding(command.slot, command.job, True, self.begun[-1]))

    def close(self):
        pass


def two_pads(tmp_path):
    pads = {36: {"prompt": "rain", "seconds": 1}, 37: {"prompt": "kick", "seconds": 1}}
    return show(tmp_path, bank("one", pads), playback={"device": "Desk"})


def test_heard_is_the_moment_of_the_first_sample_at_the_output_after_the_press(tmp_path):
    player = FakePlayer(PlaybackState.PLAYING, after=7.0)
    takes = list(rehearse(two_pads(tmp_path), tmp_path / "aside", make_player=player))
    assert [take.heard for take in takes] == [
        begun - take.job.times.pressed for begun, take in zip(player.begun, takes, strict=True)
    ]
    assert all(take.heard > 7 and not take.unheard for take in takes)
    # Each is ended before the next one is pressed.
    assert player.commands[:3] == [Load, Start, Stop]


def test_without_an_output_it_is_said_why_nothing_is_heard(tmp_path):
    player = FakePlayer(PlaybackState.LOST, None, "silent: Desk is gone")
    takes = list(rehearse(two_pads(tmp_path), tmp_path / "aside", make_player=player))
    why = "there is no output to be heard from (silent: Desk is gone)"
    assert [(take.heard, take.unheard) for take in takes] == [(None, why)] * 2


def test_what_never_begins_to_sound_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(rehearsal, "HEARD_PATIENCE", 0.01)
    player = FakePlayer(PlaybackState.PLAYING, None)
    takes = list(rehearse(two_pads(tmp_path), tmp_path / "aside", make_player=player))
    assert all(take.heard is None and "did not begin to sound" in take.unheard for take in takes)


def test_no_pad_is_pressed_before_the_output_has_opened(tmp_path):
    class Slow(FakePlayer):
        def start(self):
            self.listener(PlaybackChanged(PlaybackState.OPENING))
            self.opens = threading.Timer(0.3, self._open)
            self.opens.start()

        def _open(self):
            self.opened = monotonic()
            self.listener(PlaybackChanged(PlaybackState.PLAYING))

    player = Slow(PlaybackState.PLAYING, after=0.0)
    takes = list(rehearse(two_pads(tmp_path), tmp_path / "aside", make_player=player))
    assert all(take.job.times.pressed >= player.opened and take.heard is not None for take in takes)
