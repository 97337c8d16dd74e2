"""PortAudio, by sounddevice, with native code in place of that one's callbacks, which wrap Python."""

from __future__ import annotations

import contextlib
import ctypes
from typing import TYPE_CHECKING, Any

from midifrag.playback.outputs import Output

if TYPE_CHECKING:
    # Not for whoever only lists outputs: it takes numpy along.
    from midifrag.playback.memory import Whole

#: PortAudio keeps the address of a name that it was given.
_NAMES: list[Any] = []


class PortAudio:
    """A `midifrag.playback.sound_system.SoundSystem`. Raises OSError where the library is missing."""

    error: type[Exception]

    def __init__(self) -> None:
        import sounddevice

        self._library: Any = sounddevice
        self.error = sounddevice.PortAudioError

    def look(self, client: str) -> list[Output]:
        """See `SoundSystem`."""
        self._library._terminate()
        with contextlib.suppress(OSError, AttributeError):
            name = ctypes.create_string_buffer(client.encode())
            ctypes.CDLL(self._library._libname).PaJack_SetClientName(name)
            _NAMES.append(name)
        self._library._initialize()
        return self.outputs()

    def outputs(self) -> list[Output]:
        """All outputs that were there when it looked."""
        hosts = self._library.query_hostapis()
        preferred = self._library.default.device[1]
        if preferred is None or preferred < 0:
            defaults = (host["default_output_device"] for host in hosts)
            preferred = next((device for device in defaults if device >= 0), -1)
        return [
            Output(
                index,
                device["name"],
                hosts[device["hostapi"]]["name"],
                device["max_output_channels"],
                round(device["default_samplerate"]),
                index == preferred,
            )
            for index, device in enumerate(self._library.query_devices())
            if device["max_output_channels"] > 0
        ]

    def open(self, output: Output, channels: int, block: int, user_data: Whole) -> _Stream:
        """See `SoundSystem`."""
        from midifrag.playback import native

        ffi = self._library._ffi
        made = self._library._StreamBase(
            "output",
            samplerate=output.rate,
            blocksize=block,
            device=output.index,
            channels=channels,
            dtype="float32",
            latency="low",
            callback=ffi.cast("PaStreamCallback *", native.stream_callback.address),
            userdata=ffi.cast("void *", user_data.ctypes.data),
        )
        return _Stream(made, output)


class _Stream:
    def __init__(self, made: Any, output: Output) -> None:
        self._made = made
        self.rate = output.rate
        self.blocksize = int(made.blocksize)
        self._latency = 0.0 if output.is_jack else float(made.latency)

    def latency(self, block: int) -> float:  # noqa: ARG002 — it knows its own
        return self._latency

    def start(self) -> None:
        self._made.start()

    def close(self) -> None:
        # Else it would wait until what it was given has been played.
        self._made.abort()
        self._made.close()
