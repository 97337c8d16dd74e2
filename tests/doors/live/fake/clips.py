"""Clips and clip slots."""

from __future__ import annotations

import io
import wave
from pathlib import Path
from typing import Any

from tests.doors.live.fake.lom import ArgumentError, LomObject, Named, Read, Several, flag, listens, number, text
from tests.doors.live.fake.rules import RULES

RATE = 44100
#: Live's palette, some of it.
PALETTE = (0xFF94A6, 0xFFA529, 0xCC9927, 0xF7F47C, 0xBFFB00, 0x1AFF2F, 0x25FFA8, 0x5CFFE8, 0x8BC5FF, 0x5480E4, 0xFFFFFF)


def seconds_of(path: str) -> float:
    """How long a WAV is, or what holds that as text, in the stead of sound. Raises RuntimeError, as Live does."""
    if RULES.to_refuse:
        RULES.to_refuse -= 1
        raise RuntimeError("Live is busy")
    try:
        data = Path(path).read_bytes()
        if not data.startswith(b"RIFF"):
            return float(data)
        with wave.open(io.BytesIO(data)) as sound:
            return sound.getnframes() / sound.getframerate()
    except (OSError, ValueError, EOFError, wave.Error):
        RULES.refused += 1
        raise RuntimeError("Invalid file path: " + path) from None


def nearest(colour: int) -> int:
    return min(PALETTE, key=lambda other: sum(abs((colour >> s & 255) - (other >> s & 255)) for s in (0, 8, 16)))


class WarpMarker:
    def __init__(self, sample_time: float, beat_time: float) -> None:
        self._sample_time = number(sample_time)
        self._beat_time = number(beat_time)

    @property
    def sample_time(self) -> float:
        return self._sample_time

    @property
    def beat_time(self) -> float:
        return self._beat_time


@listens("playing_status", "color", "looping", "warping")
class Clip(Named):
    def __init__(self, slot: Any, path: str, is_audio: bool = True) -> None:
        super().__init__(slot, Path(path).stem)
        self._path = path
        self._is_audio = is_audio
        self._color = PALETTE[0]
        self._seconds = seconds_of(path) if is_audio else 4.0
        # What a new clip is, hangs on Live's settings: the same file came up warped once and unwarped another time.
        self._warping = not is_audio or len(self._name) % 2 == 0
        self._looping = self._warping
        guess = 4.0
        while guess * 0.75 > self._seconds * 2:
            guess /= 2
        while guess * 1.5 < self._seconds * 2:
            guess *= 2
        self._markers = [WarpMarker(0.0, 0.0), WarpMarker(self._seconds, guess)]
        self._loop = [0.0, self._length()]
        self._ends = [0.0, self._length()]
        self._is_playing = False
        self._is_triggered = False
        self._is_recording = False

    def _length(self) -> float:
        return self._markers[-1].beat_time if self._warping else self._seconds

    def _sounds(self) -> bool:
        song = self._parent._parent._parent
        return self._is_recording or (song._is_playing and (self._is_playing or self._is_triggered))

    @property
    def color(self) -> int:
        self._touch("color")
        return self._color

    @color.setter
    def color(self, value: int) -> None:
        self._change("color")
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 0xFFFFFF:
            raise ArgumentError("did not match C++ signature: int")
        self._color = nearest(value)
        self._tell("color")

    @property
    def file_path(self) -> str:
        self._touch("file_path")
        if not self._is_audio:
            raise RuntimeError("Only available for audio clips")
        return self._path

    is_audio_clip = Read("_is_audio")
    is_playing = Read("_is_playing")

    @property
    def is_triggered(self) -> bool:
        self._touch("is_triggered")
        return self._is_triggered or self._is_playing

    is_recording = Read("_is_recording")

    @property
    def sample_length(self) -> int:
        self._touch("sample_length")
        return round(self._seconds * RATE)

    @property
    def warping(self) -> bool:
        self._touch("warping")
        return self._warping

    @warping.setter
    def warping(self, value: bool) -> None:
        self._change("warping")
        self._warping = flag(value)
        self._looping = self._looping and value
        self._loop = [0.0, self._length()]
        self._ends = [0.0, self._length()]
        self._tell("warping")

    @property
    def looping(self) -> bool:
        self._touch("looping")
        return self._looping

    @looping.setter
    def looping(self, value: bool) -> None:
        self._change("looping")
        if flag(value) and not self._warping:
            raise RuntimeError("Only warped clips can be looped")
        self._looping = value
        self._tell("looping")

    @property
    def loop_start(self) -> float:
        self._touch("loop_start")
        return (self._loop if self._looping else self._ends)[0]

    @loop_start.setter
    def loop_start(self, value: float) -> None:
        self._change("loop_start")
        bounds = self._loop if self._looping else self._ends
        if number(value) >= bounds[1]:
            raise RuntimeError("Cannot set LoopStart behind LoopEnd")
        bounds[0] = value

    @property
    def loop_end(self) -> float:
        self._touch("loop_end")
        return (self._loop if self._looping else self._ends)[1]

    @loop_end.setter
    def loop_end(self, value: float) -> None:
        self._change("loop_end")
        bounds = self._loop if self._looping else self._ends
        if number(value) <= bounds[0]:
            raise RuntimeError("Cannot set LoopEnd before LoopStart")
        bounds[1] = value

    @property
    def start_marker(self) -> float:
        self._touch("start_marker")
        return self._ends[0]

    @start_marker.setter
    def start_marker(self, value: float) -> None:
        self._change("start_marker")
        # Without a loop, Live takes no notice.
        if self._looping:
            self._ends[0] = number(value)

    @property
    def end_marker(self) -> float:
        self._touch("end_marker")
        return self._ends[1]

    @end_marker.setter
    def end_marker(self, value: float) -> None:
        self._change("end_marker")
        self._ends[1] = number(value)

    warp_markers = Several("_markers")

    def add_warp_marker(self, warp_marker: WarpMarker) -> None:
        self._change("add_warp_marker")
        if not isinstance(warp_marker, WarpMarker):
            raise ArgumentError("did not match C++ signature: TWarpMarker")
        if any(warp_marker.beat_time <= other.beat_time for other in self._markers):
            raise RuntimeError("Warp marker could not be added")
        self._markers.append(warp_marker)

    def remove_warp_marker(self, beat_time: float) -> None:
        self._change("remove_warp_marker")
        kept = [marker for marker in self._markers if marker.beat_time != number(beat_time)]
        if len(kept) == len(self._markers) or not kept:
            raise RuntimeError("Warp marker could not be removed")
        self._markers = kept

    def sample_to_beat_time(self, sample_time: float) -> float:
        self._touch("sample_to_beat_time")
        if not self._warping:
            raise RuntimeError("Only available for warped clips")
        last = self._markers[-1]
        a_second = last.beat_time / last.sample_time if last.sample_time else 2.0
        return number(sample_time) / RATE * a_second


@listens("has_clip", "playing_status", "is_triggered")
class ClipSlot(LomObject):
    def __init__(self, track: Any) -> None:
        super().__init__(track)
        self._clip: Clip | None = None

    def _children(self) -> Any:
        return [self._clip] if self._clip else []

    @property
    def has_clip(self) -> bool:
        self._touch("has_clip")
        return self._clip is not None

    clip = Read("_clip")

    @property
    def is_playing(self) -> bool:
        self._touch("is_playing")
        return self._clip is not None and self._clip._is_playing

    def create_audio_clip(self, file_path: str) -> Clip:
        self._change("create_audio_clip")
        if not self._parent._is_audio:
            raise RuntimeError("Audio clips can only be created on audio tracks")
        if self._parent._is_frozen:
            raise RuntimeError("Clips cannot be created on frozen tracks")
        if self._clip is not None:
            raise RuntimeError("The clip slot is not empty")
        if not Path(text(file_path)).is_absolute():
            raise RuntimeError("Invalid file path: " + file_path)
        self._clip = Clip(self, file_path)
        RULES.count("landings")
        RULES.has_landed(file_path)
        self._tell("has_clip")
        return self._clip

    def duplicate_clip_to(self, target: ClipSlot) -> None:
        self._change("duplicate_clip_to")
        if self._clip is None:
            raise RuntimeError("The clip slot is empty")
        if target._clip is not None:
            target.delete_clip()
        made = Clip(target, self._clip._path)
        made._warping, made._looping = self._clip._warping, self._clip._looping
        target._clip = made
        target._tell("has_clip")

    def delete_clip(self) -> None:
        self._change("delete_clip")
        if self._clip is None:
            raise RuntimeError("The clip slot is empty")
        if self._clip._sounds():
            RULES.broken(f"a clip that sounds was deleted in {self._parent._name}")
        clip, self._clip = self._clip, None
        clip._die()
        if clip._is_playing:
            self._parent._tell("playing_slot_index")
        self._tell("has_clip")

    def fire(self) -> None:
        self._change("fire")
        self._parent._parent._fire(self)
