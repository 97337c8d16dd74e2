import json
import subprocess
import sys
from types import SimpleNamespace

import pytest

from midifrag.errors import PlaybackError
from midifrag.playback import outputs as module
from midifrag.playback.outputs import NO_PORTAUDIO, Output, find_output, list_outputs, outputs

LAPTOP = Output(0, "Speakers", "Core Audio", 2, 48000, is_default=True)
DESK = Output(1, "Desk (USB)", "MME", 8, 44100)
DESK_AGAIN = Output(2, "Desk (USB)", "Windows WASAPI", 8, 48000)
JACK = Output(3, "system", "JACK Audio Connection Kit", 2, 44100)


def portaudio(devices, hosts, default):
    return SimpleNamespace(
        query_hostapis=lambda: hosts, query_devices=lambda: devices, default=SimpleNamespace(device=[-1, default])
    )


def device(name, host, channels):
    return {"name": name, "hostapi": host, "max_output_channels": channels, "default_samplerate": 44100.0}


@pytest.mark.parametrize(("default", "preferred"), [(2, 2), (-1, 1), (None, 1)])
def test_outputs_are_devices_that_have_any(default, preferred):
    devices = [device("mic", 0, 0), device("out", 0, 2), device("other", 1, 4)]
    hosts = [{"name": "ALSA", "default_output_device": 1}, {"name": "JACK", "default_output_device": -1}]
    assert outputs(portaudio(devices, hosts, default)) == [
        Output(1, "out", "ALSA", 2, 44100, preferred == 1),
        Output(2, "other", "JACK", 4, 44100, preferred == 2),
    ]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("default", LAPTOP),
        ("Speakers", LAPTOP),
        ("speak", LAPTOP),
        # The same device in two systems: the one that is nearer to it.
        ("desk", DESK_AGAIN),
        ("Desk (USB)", DESK_AGAIN),
        ("^D.*USB", DESK_AGAIN),
    ],
)
def test_an_output_is_found_by_its_name(wanted, found):
    assert find_output([LAPTOP, DESK, DESK_AGAIN], wanted) == found


def test_where_jack_runs_it_is_what_is_meant():
    assert find_output([LAPTOP, JACK], "default") == JACK
    assert find_output([LAPTOP, JACK], "Speakers") == LAPTOP


def test_what_is_not_there_is_told_with_what_is():
    with pytest.raises(PlaybackError, match=r"no audio output 'Moon \('; there is Speakers, Desk \(USB\)$"):
        find_output([LAPTOP, DESK, DESK_AGAIN], "Moon (")
    with pytest.raises(PlaybackError, match="there is no audio output; plug one in"):
        find_output([], "default")


def asked(monkeypatch, stdout="", stderr="", code=0):
    done = subprocess.CompletedProcess([], code, stdout, stderr)
    monkeypatch.setattr(module.subprocess, "run", lambda *_args, **_more: done)


def test_they_are_listed_by_a_process_of_its_own(monkeypatch):
    asked(monkeypatch, "ALSA says something\n" + json.dumps([{**OUTPUT, "is_default": True}]))
    assert list_outputs() == [LAPTOP]
    asked(monkeypatch, stderr=f"ALSA\n{NO_PORTAUDIO}\n", code=1)
    with pytest.raises(PlaybackError, match="PortAudio is missing"):
        list_outputs()
    asked(monkeypatch, code=-11)
    with pytest.raises(PlaybackError, match="cannot be asked"):
        list_outputs()


OUTPUT = {"index": 0, "name": "Speakers", "host": "Core Audio", "channels": 2, "rate": 48000}


def test_a_sound_system_that_hangs_is_not_waited_for(monkeypatch):
    def hangs(*_args, **_more):
        raise subprocess.TimeoutExpired("asked", 1)

    monkeypatch.setattr(module.subprocess, "run", hangs)
    with pytest.raises(PlaybackError, match="does not answer"):
        list_outputs()


def test_as_a_program_it_prints_them(monkeypatch, capsys):
    devices, hosts = [device("out", 0, 2)], [{"name": "ALSA", "default_output_device": 0}]
    monkeypatch.setitem(sys.modules, "sounddevice", portaudio(devices, hosts, 0))
    module.main()
    assert json.loads(capsys.readouterr().out) == [
        {"index": 0, "name": "out", "host": "ALSA", "channels": 2, "rate": 44100, "is_default": True}
    ]


def test_as_a_program_it_says_that_portaudio_is_missing(monkeypatch):
    class Missing:
        def find_spec(self, name, *_more):
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    with pytest.raises(SystemExit, match="PortAudio is missing"):
        module.main()
