import sys

import pytest

from midifrag.errors import PlaybackError
from midifrag.playback.sound_system import sound_system


class Missing:
    """A finder that fails as a module without its library does."""

    def __init__(self, **errors):
        self.errors = errors

    def find_spec(self, name, *_more):
        if name in self.errors:
            raise self.errors[name]


@pytest.fixture
def without(monkeypatch):
    def leave_out(**errors):
        for name in errors:
            monkeypatch.delitem(sys.modules, name, raising=False)
        monkeypatch.setattr(sys, "meta_path", [Missing(**errors), *sys.meta_path])

    return leave_out


PORTAUDIO = OSError("PortAudio library not found")


def test_portaudio_comes_first(monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", type("Module", (), {"PortAudioError": KeyError}))
    assert sound_system().error is KeyError


def test_where_it_is_missing_miniaudio_plays(without):
    miniaudio = pytest.importorskip("miniaudio", reason="there are no wheels of miniaudio for this machine")
    without(sounddevice=PORTAUDIO)
    assert sound_system().error is miniaudio.MiniaudioError


@pytest.mark.parametrize("trouble", [ImportError("miniaudio"), OSError("libasound")])
def test_where_both_are_missing_there_is_no_sound(without, trouble):
    without(sounddevice=PORTAUDIO, miniaudio=trouble)
    with pytest.raises(PlaybackError, match="Neither PortAudio nor miniaudio is there"):
        sound_system()
