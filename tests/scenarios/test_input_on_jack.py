"""What an audio input hears is played with: ``midifrag run`` over JACK, and an independent program that plays to it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from ctypes.util import find_library
from pathlib import Path

import numpy as np
import pytest

from midifrag.audio import Audio
from midifrag.fragment.archive import Archive
from midifrag.fragment.record import TakeRecord
from midifrag.fragment.source_sounds import read_kept
from tests.doors.osc.peer import free_port, packet, send
from tests.jack import again_and_again
from tests.jack_feeder import FRAMES, Feeder, sound
from tests.support.performing import Performance
from tools.jack_server import Server, realtime_allowed

RATE = 44100
#: Of what the feeder plays, so much is looked for in what was heard: the more, the more a cycle that JACK lost matters.
LOOKED_FOR = 4096
OVER = ("landed", "failed", "refused", "cancelled")

pytestmark = [
    pytest.mark.thorough,
    # Shows load a model, and wait for an input that is looked for every two seconds.
    pytest.mark.timeout(900),
    pytest.mark.skipif(find_library("portaudio") is None, reason="PortAudio is not installed (libportaudio2)"),
]


def write_set(folder: Path, listen: int, device: str) -> None:
    (folder / "presets").mkdir(parents=True)
    (folder / "presets.yaml").write_text(
        f"model: pocket\nset_list: [one]\nosc: {{listen: {listen}}}\ntime: {{source: internal}}\n"
        f"engine: {{device: cpu, spares: {{enabled: false}}}}\nports: {{pads: {{in: nobody}}}}\n"
        f"input: {{device: {device}, seconds: 1}}\n"
    )
    (folder / "presets" / "one.yaml").write_text(
        "name: One\ndefaults: {steps: 2, strength: 0.5}\n"
        "pads:\n  36: {prompt: bell, from: input}\n  37: {prompt: rain, from: input, seconds: 0.5}\n"
    )


class Stage:
    """A show with an input, pressed over OSC."""

    def __init__(self, folder: Path, device: str = "feeder") -> None:
        self._listen = free_port()
        write_set(folder, self._listen, device)
        self.show = Performance(folder)

    def press(self, pad: int = 36) -> str:
        """How a press ended, and what it said: ``landed``, or why not."""
        before = len(self.show.log().jobs(pad))
        send(self._listen, packet("/midifrag/press", pad, 100))
        assert self.show.wait_for_log(
            lambda log: (
                len(log.jobs(pad)) > before and log.jobs(pad)[-1] in ("landed", "failed", "refused", "cancelled")
            )
        ), self.show.lines
        changes = [line for line in self.show.log().lines if line["event"] == "JobChanged" and line["pad"] == str(pad)]
        return "; ".join(filter(None, (changes[-1]["state"], changes[-1].get("text", ""))))

    def lands(self, pad: int = 36) -> str:
        told = ""

        def landed() -> bool:
            nonlocal told
            told = self.press(pad)
            return told.startswith("landed")

        assert again_and_again(landed), told
        return told

    def heard(self) -> tuple[TakeRecord, Audio]:
        """The newest take, and what it began from."""
        with closing(Archive(self.show.fragments / "archive")) as archive:
            take = next(iter(archive.find(limit=1)))
            audio, rate = read_kept(archive.folder, take.source_checksum or "")
        assert rate == RATE
        return take, audio


@pytest.fixture
def feeder(jack_server: str) -> Iterator[Callable[..., Feeder]]:
    made: list[Feeder] = []

    def make(channels: int = 2) -> Feeder:
        made.append(Feeder("feeder", channels))
        return made[-1]

    yield make
    for one in made:
        one.unplug()


def has(audio: Audio, channel: int) -> bool:
    """Whether what was heard holds a stretch of what the feeder plays in a channel."""
    wanted = np.tile(sound(channel), 2)
    for start in range(0, len(audio) - LOOKED_FOR, LOOKED_FOR):
        piece = audio[start : start + LOOKED_FOR]
        size = 1 << int(np.ceil(np.log2(len(wanted) + LOOKED_FOR)))
        match = np.fft.irfft(np.fft.rfft(wanted, size) * np.fft.rfft(piece, size).conj(), size)[:FRAMES]
        at = int(np.argmax(match))
        if np.allclose(wanted[at : at + LOOKED_FOR], piece, atol=1e-6):
            return True
    return False


def test_a_press_transforms_what_another_program_just_played(tmp_path: Path, feeder: Callable[..., Feeder]) -> None:
    plays = feeder()
    plays.play()
    stage = Stage(tmp_path / "set")
    with stage.show as show:
        show.wait_for_line("ready")
        show.wait_for_line("the audio input feeder is heard")

        def is_heard() -> bool:
            told = stage.lands()
            take, audio = stage.heard()
            assert (take.source, take.parameters["strength"]) == ("input", 0.5)
            assert "from input" in told
            return audio.shape == (2, RATE) and has(audio[0], 0) and has(audio[1], 1)

        assert again_and_again(is_heard)
        # A pad that says how long it is begins from so much.
        stage.lands(37)
        assert stage.heard()[1].shape == (2, RATE // 2)

        plays.play(on=False)

        def is_silent() -> bool:
            return "is silent; nothing can begin from it" in stage.press(37)

        assert again_and_again(is_silent)
        assert show.interrupt() == 0, show.lines


def test_an_input_of_one_channel_is_mono(tmp_path: Path, feeder: Callable[..., Feeder]) -> None:
    feeder(1).play()
    stage = Stage(tmp_path / "set")
    with stage.show as show:
        show.wait_for_line("ready")
        show.wait_for_line("the audio input feeder is heard")

        def is_heard() -> bool:
            stage.lands()
            _take, audio = stage.heard()
            return audio.shape == (1, RATE) and has(audio[0], 0)

        assert again_and_again(is_heard)
        assert show.interrupt() == 0, show.lines


def test_an_input_that_is_unplugged_is_told_and_heard_again_when_it_is_back(
    tmp_path: Path, feeder: Callable[..., Feeder]
) -> None:
    plays = feeder()
    plays.play()
    stage = Stage(tmp_path / "set")
    with stage.show as show:
        show.wait_for_line("ready")
        show.wait_for_line("the audio input feeder is heard")
        stage.lands()
        plays.unplug()
        show.wait_for_line("the audio input is not heard: there is no audio input 'feeder'")
        assert "the audio input is not heard: there is no audio input 'feeder'" in stage.press()
        feeder().play()
        show.wait_for_line("the audio input feeder is heard", 2)
        stage.lands()
        assert has(stage.heard()[1][0], 0)
        assert show.interrupt() == 0, show.lines


def test_an_input_is_heard_again_when_jack_is_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER"):
        monkeypatch.setenv(name, os.environ.get(name, "1"))
    server = Server(realtime=realtime_allowed())
    plays = Feeder("feeder")
    try:
        plays.play()
        stage = Stage(tmp_path / "set")
        with stage.show as show:
            show.wait_for_line("ready")
            show.wait_for_line("the audio input feeder is heard")
            stage.lands()
            server.kill()
            show.wait_for_line("the audio input is not heard")
            assert "the audio input is not heard" in stage.press()
            plays.unplug()
            server = Server(realtime=realtime_allowed(), name=server.name)
            plays = Feeder("feeder")
            plays.play()
            show.wait_for_line("the audio input feeder is heard", 2)
            stage.lands()
            assert has(stage.heard()[1][0], 0)
            assert show.interrupt() == 0, show.lines
    finally:
        plays.unplug()
        server.stop()
