"""miniaudio, which brings its own code for ALSA, PulseAudio and JACK: for machines that have no PortAudio.

Its own devices ask a Python generator for sound; here its C functions are given native code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from midifrag.playback.outputs import Output

if TYPE_CHECKING:
    # Not for whoever only lists outputs: it takes numpy along.
    from midifrag.playback.memory import Whole

#: The sound systems that are asked for outputs, by miniaudio's name and as shown. Its null device is no output.
BACKENDS = {
    "JACK": "JACK",
    "PULSEAUDIO": "PulseAudio",
    "ALSA": "ALSA",
    "COREAUDIO": "Core Audio",
    "WASAPI": "Windows WASAPI",
}
#: How many blocks a device keeps.
PERIODS = 2
#: The rate of a device that has none of its own, in frames a second.
USUAL_RATE = 48000


class Miniaudio:
    """A `midifrag.playback.sound_system.SoundSystem`. Raises ImportError where the library is missing."""

    error: type[Exception]

    def __init__(self) -> None:
        import miniaudio

        self._library: Any = miniaudio
        self.error = miniaudio.MiniaudioError
        #: The context of each backend that is there, and the device that each output's index means.
        self._found: list[tuple[Any, Any]] = []

    def look(self, client: str) -> list[Output]:  # noqa: ARG002 — it has no way to say that name
        """See `SoundSystem`."""
        self._found, there = [], []
        for name, host in BACKENDS.items():
            try:
                devices = self._library.Devices([self._library.Backend[name]])
                playbacks = devices.get_playbacks()
            except self.error:
                # That one does not run here.
                continue
            for playback in playbacks:
                there.append(self._output(len(self._found), host, playback))
                self._found.append((devices, playback["id"]))
        return there

    def _output(self, index: int, host: str, playback: dict[str, Any]) -> Output:
        formats = playback.get("formats") or [{}]
        channels, rate = (int(formats[0].get(what) or 0) for what in ("channels", "samplerate"))
        is_default = "default" in playback["name"].lower()
        return Output(index, playback["name"], host, channels or 2, rate or USUAL_RATE, is_default)

    def open(self, output: Output, channels: int, block: int, user_data: Whole) -> _Stream:
        """See `SoundSystem`."""
        from midifrag.playback import native

        library = self._library
        ffi, lib = library.ffi, library.lib
        devices, identity = self._found[output.index]
        config = lib.ma_device_config_init(lib.ma_device_type_playback)
        config.sampleRate = output.rate
        config.playback.channels = channels
        config.playback.format = library.SampleFormat.FLOAT32.value
        config.playback.pDeviceID = identity
        config.periodSizeInFrames, config.periods = block, PERIODS
        config.pUserData = ffi.cast("void *", user_data.ctypes.data)
        config.dataCallback = ffi.cast(ffi.typeof(config.dataCallback), native.device_callback.address)
        if ffi.offsetof("ma_device", "pUserData") != native.USER_DATA_AT:
            raise self.error("this version of miniaudio keeps its user data elsewhere: install another one")
        # On JACK, one block lies between JACK's own call and what it asks for here.
        return _Stream(library, devices, config, block, 1 if output.is_jack else PERIODS)


class _Stream:
    def __init__(self, library: Any, devices: Any, config: Any, block: int, kept: int) -> None:
        self._library = library
        # A device lives no longer than its context.
        self._devices = devices
        self._device = library.ffi.new("ma_device *")
        self._check(library.lib.ma_device_init(devices._context, library.ffi.addressof(config), self._device))
        self.rate = int(self._device.sampleRate)
        self.blocksize = block
        self._kept = kept

    def latency(self, block: int) -> float:
        return self._kept * block / self.rate

    def start(self) -> None:
        self._check(self._library.lib.ma_device_start(self._device))

    def close(self) -> None:
        self._library.lib.ma_device_uninit(self._device)

    def _check(self, result: int) -> None:
        if result != self._library.lib.MA_SUCCESS:
            raise self._library.MiniaudioError("the output cannot be opened", result)
