"""The audio inputs of a machine, and which of them a set means."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from types import SimpleNamespace

import pytest

from midifrag.errors import PlaybackError
from midifrag.playback import output_list
from midifrag.playback.inputs import Input, find_input, list_inputs, look

MIC, USB, JACK = (
    Input(0, "Mic", "ALSA", 1, 48000, True),
    Input(1, "USB 2i2", "ALSA", 2, 44100),
    Input(2, "system", "JACK", 2, 44100),
)


def test_an_input_is_found_by_its_name_or_a_part_of_it_and_jack_s_is_the_usual_one() -> None:
    assert find_input([MIC, USB], "default") == MIC
    assert find_input([MIC, USB, JACK], "default") == JACK
    assert find_input([MIC, USB], "usb") == USB
    assert find_input([USB, MIC], "Mic") == MIC


def test_one_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(PlaybackError, match="there is no audio input 'Line'; there is Mic, USB 2i2"):
        find_input([MIC, USB], "Line")
    with pytest.raises(PlaybackError, match="there is no audio input; plug one in"):
        find_input([], "default")


def test_only_what_has_input_channels_is_an_input() -> None:
    devices = [
        {"name": "Speakers", "hostapi": 0, "max_input_channels": 0, "default_samplerate": 48000.0},
        {"name": "Mic", "hostapi": 0, "max_input_channels": 1, "default_samplerate": 48000.0},
    ]
    for preferred in (1, -1):
        library = SimpleNamespace(
            query_hostapis=lambda: [{"name": "ALSA", "default_input_device": 1}],
            query_devices=lambda: devices,
            default=SimpleNamespace(device=(preferred, 0)),
        )
        assert look(library) == [Input(1, "Mic", "ALSA", 1, 48000, True)]


def test_they_are_listed_by_another_process_that_may_fail_or_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(code: int, out: str, told: str) -> None:
        done = subprocess.CompletedProcess([sys.executable], code, out, told)
        monkeypatch.setattr(output_list.subprocess, "run", lambda *_args, **_more: done)

    answer(0, f"noise\n{json.dumps([dataclasses.asdict(MIC)])}", "")
    assert list_inputs() == [MIC]
    answer(1, "", "PortAudio is not there")
    with pytest.raises(PlaybackError, match="PortAudio is not there"):
        list_inputs()
    answer(1, "", "")
    with pytest.raises(PlaybackError, match="cannot be asked"):
        list_inputs()

    def hang(*_args: object, **_more: object) -> None:
        raise subprocess.TimeoutExpired("x", 1)

    monkeypatch.setattr(output_list.subprocess, "run", hang)
    with pytest.raises(PlaybackError, match="does not answer"):
        list_inputs()
