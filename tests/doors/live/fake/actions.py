"""What a performer does in Live: builds a Set, plays it, renames and deletes things; by hand or at random."""

from __future__ import annotations

import random
from typing import Any, Iterator

from tests.doors.live.fake import clips, devices, song


def build(tracks: list[dict[str, Any]], file_path: str) -> song.Song:
    """A Set of these tracks: ``{"name", "audio", "devices": [...], "scenes"}``; devices as `_device` says."""
    a_song = song.Song(file_path)
    for described in tracks:
        track = song.Track(a_song, described["name"], described.get("audio", False), described.get("scenes", 8))
        track._devices = [_device(track, one) for one in described.get("devices", ())]
        a_song._tracks.append(track)
    a_song._view._selected = a_song._tracks[0] if a_song._tracks else a_song._master
    return a_song


def _device(holder: Any, described: dict[str, Any]) -> Any:
    """By its key: ``simpler``, ``sampler``, ``effect`` and ``max`` have a name.

    ``{"rack": name, "chains": {name: [...]}}`` and ``{"drums": name, "pads": {note: {chain: [...]}}}`` hold others.
    """
    if "simpler" in described:
        return devices.SimplerDevice(holder, described["simpler"])
    if "sampler" in described:
        return devices.Sampler(holder, described["sampler"])
    if "max" in described:
        return devices.MaxEffect(holder, described["max"])
    if "effect" in described:
        return devices.Device(holder, described["effect"])
    if "rack" in described:
        rack = devices.RackDevice(holder, described["rack"], has_pads=False)
        rack._chains = [_chain(rack, name, inner) for name, inner in described["chains"].items()]
        return rack
    rack = devices.RackDevice(holder, described["drums"], has_pads=True)
    for note, chains in described["pads"].items():
        rack._pads[int(note)]._chains = [_chain(rack, name, inner) for name, inner in chains.items()]
    return rack


def _chain(rack: Any, name: str, inner: list[dict[str, Any]]) -> devices.Chain:
    chain = devices.Chain(rack, name)
    chain._devices = [_device(chain, one) for one in inner]
    return chain


def simplers(holder: Any) -> Iterator[devices.SimplerDevice]:
    """All in a Set, a track or a chain."""
    for inner in getattr(holder, "_tracks", ()):
        yield from simplers(inner)
    for device in getattr(holder, "_devices", ()):
        if isinstance(device, devices.SimplerDevice):
            yield device
        for chain in device.chains if isinstance(device, devices.RackDevice) else ():
            yield from simplers(chain)


class Performer:
    """Each method is one thing that a performer does; ``do`` picks one by its name."""

    def __init__(self, a_song: song.Song) -> None:
        self.song = a_song

    def do(self, what: str, **named: Any) -> None:
        getattr(self, "do_" + what)(**named)

    def _track(self, name: str) -> song.Track:
        return next(track for track in self.song._tracks if track._name == name)

    def do_play(self, on: bool) -> None:
        self.song._set_playing(on)

    def do_tempo(self, bpm: float) -> None:
        self.song._beat, self.song._beat_at = self.song._now(), _now()
        self.song._tempo = bpm
        self.song._tell("tempo")

    def do_signature(self, numerator: int, denominator: int) -> None:
        """From the bar on that is played."""
        self.song._bar = self.song._bar_at(self.song._now())
        self.song._signature = [numerator, denominator]
        self.song._tell("signature_numerator")
        self.song._tell("signature_denominator")

    def do_jump(self, beat: float) -> None:
        self.song._beat, self.song._beat_at = beat, _now()

    def do_select(self, track: str) -> None:
        self.song._view._selected = self._track(track)
        self.song._view._tell("selected_track")

    def do_rename(self, track: str, name: str) -> None:
        found = self._track(track)
        found._name = name
        found._tell("name")

    def do_delete_track(self, track: str) -> None:
        found = self._track(track)
        self.song._tracks.remove(found)
        found._die()
        self.song._tell("tracks")

    def do_delete_device(self, track: str, index: int = 0) -> None:
        found = self._track(track)
        found._devices.pop(index)._die()
        found._tell("devices")

    def do_add_track(self, **described: Any) -> None:
        for track in build([described], "")._tracks:
            track._parent = self.song
            self.song._tracks.append(track)
        self.song._tell("tracks")

    def do_freeze(self, track: str, on: bool) -> None:
        self._track(track)._is_frozen = on

    def do_clip(self, track: str, scene: int, path: str, audio: bool = True) -> None:
        slot = self._track(track)._slots[scene]
        slot._clip = clips.Clip(slot, path, audio)
        slot._tell("has_clip")

    def do_arrange(self, track: str, path: str) -> None:
        found = self._track(track)
        found._arrangement.append(clips.Clip(found._slots[0], path))

    def do_fire(self, track: str, scene: int) -> None:
        self.song._fire(self._track(track)._slots[scene])

    def do_quantize(self, ticks: int) -> None:
        self.song._quantization = ticks

    def do_stop(self, track: str) -> None:
        self.song._silence(self._track(track))

    def do_sound(self, track: str, on: bool) -> None:
        for simpler in simplers(self._track(track)):
            simpler._is_playing = on
            simpler._tell("playing_position_enabled")

    def do_something(self, chance: random.Random) -> None:
        """One thing at random, as often silence as sound, so that nothing waits for ever."""
        tracks = self.song._tracks
        if not tracks:
            return
        track = chance.choice(tracks)
        what = chance.random()
        if what < 0.30:
            playable = [slot for slot in track._slots if slot._clip is not None]
            if playable:
                self.song._fire(chance.choice(playable))
        elif what < 0.65:
            self.song._silence(track)
        elif what < 0.80:
            self.do_sound(track._name, chance.random() < 0.5)
        elif what < 0.88:
            self.do_play(chance.random() < 0.6)
        elif what < 0.91:
            self.do_quantize(chance.choice([1, 3, 6]))
        elif what < 0.94:
            self.do_tempo(chance.choice([90.0, 120.0, 174.0]))
        else:
            self.do_select(track._name)


def _now() -> float:
    return song.CLOCK.now()
