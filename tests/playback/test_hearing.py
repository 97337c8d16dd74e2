"""What an audio input has heard last, also where its process ends, or stands still."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from midifrag.errors import AudioError
from midifrag.playback.hearing import Hearing
from tests.playback.toy_input import RATE, block, serve
from tests.support import PATIENCE


class Ears:
    """A hearing, and all that it told."""

    def __init__(self, device: str, **options: float) -> None:
        self.told: list[tuple[str, bool]] = []
        self.changed = threading.Condition()
        self.hearing = Hearing(device, self.tell, serve=serve, **options)
        self.hearing.start()

    def tell(self, text: str, trouble: bool) -> None:
        with self.changed:
            self.told.append((text, trouble))
            self.changed.notify_all()

    def until(self, wanted: str, times: int = 1) -> None:
        with self.changed:
            enough = self.changed.wait_for(lambda: sum(wanted in text for text, _ in self.told) >= times, PATIENCE)
        assert enough, self.told


@pytest.fixture
def ears() -> Iterator[Callable[..., Ears]]:
    made: list[Ears] = []

    def make(device: str, **options: float) -> Ears:
        made.append(Ears(device, **options))
        return made[-1]

    yield make
    for one in made:
        one.hearing.close()


def test_the_last_seconds_are_remembered_and_no_more_than_a_minute(ears: Callable[..., Ears]) -> None:
    one = ears("steady")
    one.until("the audio input steady is heard")
    waited = threading.Event()
    for _ in range(int(PATIENCE * 20)):
        audio, rate = one.hearing.listen(0.25) if one.hearing._frames > 60 * RATE - 100 else (np.zeros((2, 0)), 0)
        if audio.shape[-1] and audio[0, -1] == 69_999:
            break
        waited.wait(0.05)
    assert rate == RATE
    np.testing.assert_array_equal(audio, np.concatenate([block(number) for number in (697, 698, 699)])[-250:].T)
    # Seventy seconds came.
    assert one.hearing.listen(1000)[0].shape == (2, 60 * RATE)


def test_where_there_is_no_input_that_is_told_and_nothing_waits(ears: Callable[..., Ears]) -> None:
    one = ears("nothing")
    one.until("the audio input is not heard: there is no audio input")
    with pytest.raises(AudioError, match="the audio input is not heard: there is no audio input"):
        one.hearing.listen(1)
    one.hearing._thread.join(PATIENCE)
    assert not one.hearing._thread.is_alive()
    assert one.told[-1][1]


def test_a_process_that_ends_or_stands_still_is_started_again(ears: Callable[..., Ears]) -> None:
    for device, why in (("dies", "its process ended"), ("stands", "its process stands still")):
        one = ears(device, still=1.0, again=0.05)
        one.until(f"the audio input {device} is heard", 2)
        assert any(why in text and trouble for text, trouble in one.told)
        one.hearing.close()


def test_before_anything_is_heard_that_is_said() -> None:
    with pytest.raises(AudioError, match="it is being opened"):
        Hearing("steady", lambda _text, _trouble: None).listen(1)
