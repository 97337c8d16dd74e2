"""Devices, racks and what lies in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.doors.live.fake.clips import seconds_of
from tests.doors.live.fake.lom import LomObject, Named, Read, Several, Vector, listens, text
from tests.doors.live.fake.rules import RULES


class Sample(LomObject):
    def __init__(self, simpler: Any, path: str) -> None:
        super().__init__(simpler)
        self._path = path

    file_path = Read("_path")


class Device(Named):
    _class_name = "Reverb"
    _type = 2

    class_name = Read("_class_name")
    type = Read("_type")

    @property
    def can_have_chains(self) -> bool:
        self._touch("can_have_chains")
        return False

    @property
    def can_have_drum_pads(self) -> bool:
        self._touch("can_have_drum_pads")
        return False


class Sampler(Device):
    """An instrument that tells nothing of its samples."""

    _class_name = "MultiSampler"
    _type = 1


class MaxEffect(Device):
    """A Max device, which may hold a buffer of its own."""

    _class_name = "MxDeviceAudioEffect"


@listens("sample", "playing_position", "playing_position_enabled")
class SimplerDevice(Device):
    _class_name = "OriginalSimpler"
    _type = 1

    def __init__(self, holder: Any, name: str) -> None:
        super().__init__(holder, name)
        self._sample: Sample | None = None
        self._is_playing = False

    def _children(self) -> Any:
        return [self._sample] if self._sample else []

    sample = Read("_sample")
    playing_position_enabled = Read("_is_playing")

    @property
    def playing_position(self) -> float:
        self._touch("playing_position")
        return 0.5 if self._is_playing else 0.0

    def replace_sample(self, path: str) -> None:
        self._change("replace_sample")
        RULES.count("landings")
        if not Path(text(path)).is_absolute():
            raise RuntimeError("Invalid file path: " + path)
        seconds_of(path)
        if self._sample is not None:
            self._sample._die()
        self._sample = Sample(self, path)
        RULES.has_landed(path)
        self._name = Path(path).stem
        self._tell("sample")
        self._tell("name")


@listens("devices")
class Chain(Named):
    def __init__(self, rack: Any, name: str) -> None:
        super().__init__(rack, name)
        self._devices: list[Device] = []

    def _children(self) -> Any:
        return self._devices

    devices = Several("_devices")


class DrumPad(LomObject):
    def __init__(self, rack: Any, note: int) -> None:
        super().__init__(rack)
        self._note = note
        self._chains: list[Chain] = []

    def _children(self) -> Any:
        return self._chains

    @property
    def name(self) -> str:
        self._touch("name")
        return self._chains[0]._name if self._chains else ""

    note = Read("_note")
    chains = Several("_chains")


@listens("chains", "drum_pads")
class RackDevice(Device):
    _class_name = "DrumGroupDevice"
    _type = 1

    def __init__(self, holder: Any, name: str, has_pads: bool) -> None:
        super().__init__(holder, name)
        self._has_pads = has_pads
        self._pads = [DrumPad(self, note) for note in range(128)] if has_pads else []
        self._chains: list[Chain] = []

    def _children(self) -> Any:
        return [*self._pads, *self._chains]

    @property
    def can_have_chains(self) -> bool:
        self._touch("can_have_chains")
        return True

    can_have_drum_pads = Read("_has_pads")

    @property
    def has_drum_pads(self) -> bool:
        self._touch("has_drum_pads")
        if not self._has_pads:
            raise RuntimeError("The device is no drum rack")
        return True

    @property
    def drum_pads(self) -> Vector:
        self._touch("drum_pads")
        if not self._has_pads:
            raise RuntimeError("The device is no drum rack")
        return Vector(self._pads)

    @property
    def chains(self) -> Vector:
        self._touch("chains")
        return Vector([*self._chains, *(chain for pad in self._pads for chain in pad._chains)])
