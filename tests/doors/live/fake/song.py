"""A Set: its tracks, scenes and transport. What is fired begins at the next tick, as in Live."""

from __future__ import annotations

from typing import Any

from tests.doors.live.fake.clips import ClipSlot
from tests.doors.live.fake.clock import CLOCK
from tests.doors.live.fake.lom import LomObject, Named, Read, Several, Vector, listens


@listens("devices", "clip_slots", "playing_slot_index")
class Track(Named):
    def __init__(self, song: Any, name: str, is_audio: bool, scenes: int) -> None:
        super().__init__(song, name)
        self._is_audio = is_audio
        self._is_frozen = False
        self._devices: list[Any] = []
        self._slots = [ClipSlot(self) for _ in range(scenes)]
        self._arrangement: list[Any] = []

    def _children(self) -> Any:
        return [*self._devices, *self._slots, *self._arrangement]

    def _playing(self) -> int:
        for index, slot in enumerate(self._slots):
            if slot._clip is not None and slot._clip._is_playing:
                return index
        return -1

    devices = Several("_devices")
    clip_slots = Several("_slots")
    arrangement_clips = Several("_arrangement")

    @property
    def take_lanes(self) -> Vector:
        self._touch("take_lanes")
        return Vector(())

    has_audio_input = Read("_is_audio")

    @property
    def is_foldable(self) -> bool:
        self._touch("is_foldable")
        return False

    is_frozen = Read("_is_frozen")

    @property
    def playing_slot_index(self) -> int:
        self._touch("playing_slot_index")
        return self._playing()


@listens("selected_track")
class SongView(LomObject):
    def __init__(self, song: Any) -> None:
        super().__init__(song)
        self._selected: Any = None

    selected_track = Read("_selected")


class BeatTime:
    """A place in a bar; ``quarters`` since that began, beats of ``unit`` quarter notes."""

    def __init__(self, bars: int, quarters: float, unit: float) -> None:
        self.bars = bars
        self.beats = int(quarters // unit) + 1
        self.sub_division = int(quarters % unit // 0.25) + 1
        self.ticks = int(quarters % 0.25 * 240)


@listens("tempo", "signature_numerator", "signature_denominator", "is_playing", "current_song_time", "tracks", "scenes")
class Song(LomObject):
    def __init__(self, file_path: str = "") -> None:
        super().__init__(None)
        self._tempo = 120.0
        self._signature = [4, 4]
        #: A bar from which on all have this signature: where it began, and its number.
        self._bar = (0.0, 1)
        self._is_playing = False
        self._beat = 0.0
        self._beat_at = CLOCK.now()
        self._tracks: list[Track] = []
        self._view = SongView(self)
        self._master = Track(self, "Main", False, 0)
        self._file_path = file_path
        #: What was fired, each with the ticks until it begins; and how many that are, as launch quantisation has it.
        self._fired: list[tuple[ClipSlot, int]] = []
        self._quantization = 1

    def _children(self) -> Any:
        return [*self._tracks, self._master, self._view]

    def _fire(self, slot: ClipSlot) -> None:
        if slot._clip is not None:
            slot._clip._is_triggered = True
            slot._clip._tell("playing_status")
            slot._tell("is_triggered")
        self._fired.append((slot, self._quantization))

    def _begin_fired(self) -> None:
        """At its tick what was fired begins; where the transport stands, at the next one, and starts it."""
        fired, self._fired = self._fired, []
        for slot, left in fired:
            if left > 1 and self._is_playing:
                self._fired.append((slot, left - 1))
            elif slot._is_alive and slot._clip is not None and slot._clip._is_alive:
                if not self._is_playing:
                    self._set_playing(True)
                self._play(slot)

    def _play(self, slot: ClipSlot) -> None:
        self._silence(slot._parent, but=slot)
        slot._clip._is_triggered = False
        slot._clip._is_playing = True
        slot._clip._tell("playing_status")
        slot._tell("playing_status")
        slot._parent._tell("playing_slot_index")

    def _silence(self, track: Track, but: Any = None) -> None:
        for slot in track._slots:
            self._fired = [(fired, left) for fired, left in self._fired if fired is not slot or slot is but]
            if slot is not but and slot._clip is not None and (slot._clip._is_playing or slot._clip._is_triggered):
                slot._clip._is_playing = slot._clip._is_triggered = False
                slot._clip._tell("playing_status")
                slot._tell("playing_status")
        track._tell("playing_slot_index")

    def _set_playing(self, on: bool) -> None:
        self._beat, self._beat_at = self._now(), CLOCK.now()
        self._is_playing = on
        self._tell("is_playing")

    def _now(self) -> float:
        return self._beat + ((CLOCK.now() - self._beat_at) * self._tempo / 60.0 if self._is_playing else 0.0)

    tempo = Read("_tempo")

    @property
    def signature_numerator(self) -> int:
        self._touch("signature_numerator")
        return self._signature[0]

    @property
    def signature_denominator(self) -> int:
        self._touch("signature_denominator")
        return self._signature[1]

    is_playing = Read("_is_playing")

    @property
    def current_song_time(self) -> float:
        self._touch("current_song_time")
        return self._now()

    def _bar_at(self, beat: float) -> tuple[float, int]:
        length = self._signature[0] * 4.0 / self._signature[1]
        count = int((beat - self._bar[0]) // length)
        return self._bar[0] + count * length, self._bar[1] + count

    def get_current_beats_song_time(self) -> BeatTime:
        self._touch("get_current_beats_song_time")
        began, number = self._bar_at(self._now())
        return BeatTime(number, self._now() - began, 4.0 / self._signature[1])

    tracks = Several("_tracks")

    @property
    def return_tracks(self) -> Vector:
        self._touch("return_tracks")
        return Vector(())

    master_track = Read("_master")
    view = Read("_view")
    file_path = Read("_file_path")
