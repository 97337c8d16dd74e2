import json
import subprocess

import pytest

from midifrag.errors import PlaybackError
from midifrag.playback import output_list as module
from midifrag.playback.output_list import list_outputs
from midifrag.playback.outputs import Output
from midifrag.playback.sound_system import NO_SOUND

LAPTOP = Output(0, "Speakers", "Core Audio", 2, 48000, is_default=True)


def asked(monkeypatch, stdout="", stderr="", code=0):
    done = subprocess.CompletedProcess([], code, stdout, stderr)
    monkeypatch.setattr(module.subprocess, "run", lambda *_args, **_more: done)


def test_they_are_listed_by_a_process_of_its_own(monkeypatch):
    asked(monkeypatch, "ALSA says something\n" + json.dumps([{**OUTPUT, "is_default": True}]))
    assert list_outputs() == [LAPTOP]
    asked(monkeypatch, stderr=f"ALSA\n{NO_SOUND}\n", code=1)
    with pytest.raises(PlaybackError, match="Neither PortAudio nor"):
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


class Quiet:
    def look(self, client):
        assert client == "midifrag"
        return [LAPTOP]


def test_as_a_program_it_prints_them(monkeypatch, capsys):
    monkeypatch.setattr(module, "sound_system", Quiet)
    module.main()
    assert json.loads(capsys.readouterr().out) == [{**OUTPUT, "is_default": True}]


def test_as_a_program_it_says_that_there_is_none(monkeypatch):
    def none():
        raise PlaybackError(NO_SOUND)

    monkeypatch.setattr(module, "sound_system", none)
    with pytest.raises(SystemExit, match="Neither PortAudio nor"):
        module.main()
