import threading

import numpy as np
import pytest

from midifrag.playback import player as module
from midifrag.playback.messages import (
    Load,
    Meters,
    PlaybackChanged,
    PlaybackState,
    Sounding,
    Start,
    Stop,
)
from midifrag.playback.player import Player
from tests.playback.toy_output import RATE, serve

#: Seconds for what is sure to come about.
PATIENCE = 60.0


class Rig:
    """A player on a toy device, and all that it told."""

    def __init__(self, folder, doing, **options):
        self.told = []
        self.changed = threading.Condition()
        self.lives = folder / "lives"
        self.player = Player(doing, 3, self.hear, client=str(self.lives), serve=serve, **options)
        self.player.start()

    def hear(self, event):
        with self.changed:
            self.told.append(event)
            self.changed.notify_all()

    def until(self, wanted):
        with self.changed:
            assert self.changed.wait_for(lambda: any(map(wanted, self.told)), PATIENCE), self.told
            return next(filter(wanted, self.told))

    def until_state(self, state, times=1):
        def there():
            return [one for one in self.of(PlaybackChanged) if one.state is state]

        with self.changed:
            assert self.changed.wait_for(lambda: len(there()) >= times, PATIENCE), self.told
            return there()[times - 1]

    def of(self, kind):
        return [one for one in self.told if isinstance(one, kind)]


@pytest.fixture
def rig(tmp_path):
    made = []

    def make(doing="plays", **options):
        made.append(Rig(tmp_path, doing, **options))
        return made[-1]

    yield make
    for one in made:
        one.player.close()


def sound(seconds, level=0.5):
    return np.full((2, round(seconds * RATE)), level, np.float32)


def test_it_plays_and_tells_what_and_how_loud(rig):
    one = rig()
    playing = one.until_state(PlaybackState.PLAYING)
    one.player.submit(Load(1, sound(0.2), RATE))
    one.player.submit(Start(1, 2))
    began = one.until(lambda told: isinstance(told, Sounding) and told.on)
    assert (began.slot, began.job, began.seconds) == (2, 1, pytest.approx(0.2))
    one.until(lambda told: isinstance(told, Meters) and told.slots[1] == 0.5 and told.master == 0.5)
    ended = one.until(lambda told: isinstance(told, Sounding) and not told.on)
    assert ended.at - began.at == pytest.approx(0.2, abs=0.05)
    states = [told.state for told in one.of(PlaybackChanged)]
    assert states[:2] == [PlaybackState.OPENING, PlaybackState.PLAYING]
    assert (playing.sample_rate, playing.block, playing.realtime, playing.text) == (RATE, 160, True, "")


def test_other_rates_are_resampled(rig):
    one = rig()
    one.until_state(PlaybackState.PLAYING)
    one.player.submit(Load(1, np.full((1, 44100), 0.5, np.float32), 44100))
    one.player.submit(Start(1, 1))
    assert one.until(lambda told: isinstance(told, Sounding)).seconds == pytest.approx(1.0)


def test_what_cannot_be_resampled_stays_silent_and_the_others_play(rig, monkeypatch, caplog):
    one = rig()
    one.until_state(PlaybackState.PLAYING)
    failed = threading.Event()
    monkeypatch.setattr(module, "resampled", lambda _load, _rate: (failed.set(), 1 / 0))
    one.player.submit(Load(1, np.zeros((1, 100), np.float32), 44100))
    assert failed.wait(PATIENCE)
    one.player.submit(Load(2, sound(0.1), RATE))
    one.player.submit(Start(1, 1))
    one.player.submit(Start(2, 2))
    assert one.until(lambda told: isinstance(told, Sounding)).job == 2
    one.player.close()
    assert "job 1 could not be brought to 8000 Hz" in caplog.text


def test_a_device_that_stands_still_is_opened_again_and_what_sounds_goes_on(rig):
    one = rig("stops plays")
    one.player.submit(Load(1, sound(1.0), RATE, loop=True))
    one.player.submit(Start(1, 1))
    first = one.until_state(PlaybackState.PLAYING)
    lost = one.until_state(PlaybackState.LOST)
    assert "does not take samples" in lost.text
    before = len(one.told)
    second = one.until_state(PlaybackState.PLAYING, times=2)
    assert first.device != second.device
    one.until(lambda told: isinstance(told, Meters) and told in one.told[before:] and told.slots[0] == 0.5)
    # It has not ended in between, as far as a show is concerned.
    assert [told.on for told in one.of(Sounding)] == [True]
    one.player.submit(Stop())
    one.until(lambda told: isinstance(told, Sounding) and not told.on)


@pytest.mark.parametrize(("doing", "says"), [("dies plays", "ended"), ("hangs plays", "does not take samples")])
def test_a_process_that_dies_or_hangs_is_replaced(rig, monkeypatch, doing, says):
    monkeypatch.setattr(module, "OPEN_PATIENCE", 1.0)
    one = rig(doing)
    assert says in one.until_state(PlaybackState.LOST).text
    one.until_state(PlaybackState.PLAYING)


def test_a_process_that_cannot_be_started_is_tried_again(rig, monkeypatch):
    start, tries = module.children.start, []

    def fails(process):
        tries.append(process)
        if len(tries) == 1:
            raise OSError("no more processes")
        start(process)

    monkeypatch.setattr(module.children, "start", fails)
    one = rig()
    assert "no more processes" in one.until_state(PlaybackState.LOST).text
    one.until_state(PlaybackState.PLAYING)


def test_without_portaudio_it_says_so_and_stays_off(rig):
    one = rig("missing")
    off = one.until_state(PlaybackState.OFF)
    assert off.text == "there is no PortAudio"
    one.player.submit(Load(1, sound(0.1), RATE))
    one.player.submit(Start(1, 1))
    one.player.close()
    assert one.of(Sounding) == []
    assert one.lives.read_text() == "+"


def test_what_should_sound_when_an_output_is_found_is_told_then(rig):
    one = rig("looks")
    one.player.submit(Load(1, sound(1.0), RATE, loop=True))
    one.player.submit(Start(1, 1))
    one.until(lambda told: isinstance(told, Sounding))
    states = [told.state if isinstance(told, PlaybackChanged) else "sounds" for told in one.told[:4]]
    assert states == [PlaybackState.OPENING, PlaybackState.LOST, PlaybackState.PLAYING, "sounds"]
    assert one.of(PlaybackChanged)[1].text == "silent: nothing is plugged in"


def test_missing_priority_is_told(rig):
    assert rig("slow").until_state(PlaybackState.PLAYING).text == "no real-time priority: blocks of 160 frames"


def test_a_mistake_of_ours_ends_nothing(rig):
    one = rig()
    one.until_state(PlaybackState.PLAYING)
    one.player.submit("nonsense")
    one.player.submit(Load(1, sound(0.1), RATE))
    one.player.submit(Start(1, 1))
    one.until(lambda told: isinstance(told, Sounding))


def test_one_that_was_never_started_can_be_closed(tmp_path):
    Player("plays", 3, print, serve=serve).close()
