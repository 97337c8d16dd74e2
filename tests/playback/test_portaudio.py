import sys
from types import SimpleNamespace

import numpy as np
import pytest

from midifrag.playback import native
from midifrag.playback.outputs import Output
from midifrag.playback.portaudio import PortAudio

JACK = Output(0, "system", "JACK Audio Connection Kit", 8, 44100)
SPEAKERS = Output(3, "Speakers", "ALSA", 2, 48000, is_default=True)


class PortAudioError(Exception):
    pass


class Sounddevice:
    """What is used of the module."""

    PortAudioError = PortAudioError
    _libname = "no such library"

    def __init__(self, devices=(), hosts=(), default=0):
        self.devices, self.hosts = devices, hosts
        self.default = SimpleNamespace(device=[-1, default])
        self.did, self.streams = [], []
        self._ffi = SimpleNamespace(cast=lambda kind, value: (kind, value))

    def _terminate(self):
        self.did.append("terminate")

    def _initialize(self):
        self.did.append("initialize")

    def query_hostapis(self):
        return self.hosts

    def query_devices(self):
        return self.devices

    def _StreamBase(self, kind, **options):  # noqa: N802 — its name
        self.streams.append((kind, options))
        did = self.did
        return SimpleNamespace(
            latency=0.012,
            blocksize=256,
            **{name: lambda name=name: did.append(name) for name in ("start", "abort", "close")},
        )


def device(name, host, channels):
    return {"name": name, "hostapi": host, "max_output_channels": channels, "default_samplerate": 44100.0}


def system(monkeypatch, *args, **options):
    library = Sounddevice(*args, **options)
    monkeypatch.setitem(sys.modules, "sounddevice", library)
    return library, PortAudio()


@pytest.mark.parametrize(("default", "preferred"), [(2, 2), (-1, 1), (None, 1)])
def test_outputs_are_devices_that_have_any(monkeypatch, default, preferred):
    devices = [device("mic", 0, 0), device("out", 0, 2), device("other", 1, 4)]
    hosts = [{"name": "ALSA", "default_output_device": 1}, {"name": "JACK", "default_output_device": -1}]
    library, portaudio = system(monkeypatch, devices, hosts, default)
    assert portaudio.look("mine") == [
        Output(1, "out", "ALSA", 2, 44100, preferred == 1),
        Output(2, "other", "JACK", 4, 44100, preferred == 2),
    ]
    # Its devices are looked at anew.
    assert library.did == ["terminate", "initialize"]


def test_a_stream_calls_native_code(monkeypatch):
    library, portaudio = system(monkeypatch)
    data = np.zeros(4, np.int64)
    stream = portaudio.open(SPEAKERS, 2, 256, data)
    assert library.streams[:1] == [
        (
            "output",
            {
                "samplerate": 48000,
                "blocksize": 256,
                "device": 3,
                "channels": 2,
                "dtype": "float32",
                "latency": "low",
                "callback": ("PaStreamCallback *", native.stream_callback.address),
                "userdata": ("void *", data.ctypes.data),
            },
        )
    ]
    assert (stream.rate, stream.latency(256), stream.blocksize) == (48000, 0.012, 256)
    assert portaudio.open(JACK, 2, 0, data).latency(128) == 0.0
    stream.start()
    stream.close()
    assert library.did == ["start", "abort", "close"]
    assert portaudio.error is PortAudioError
