"""What the script imports in Live: ``Live`` and ``_Framework.ControlSurface``."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any, Callable, Iterable

from tests.doors.live.fake import clips, devices, song
from tests.doors.live.fake.clock import Timer
from tests.doors.live.fake.rules import RULES


class Application:
    version = (12, 4, 1)

    def get_major_version(self) -> int:
        return self.version[0]

    def get_minor_version(self) -> int:
        return self.version[1]

    def get_bugfix_version(self) -> int:
        return self.version[2]


#: Which class stands where in ``Live``.
PLACES: dict[str, list[type]] = {
    "Base": [Timer],
    "Clip": [clips.Clip, clips.WarpMarker],
    "ClipSlot": [clips.ClipSlot],
    "Device": [devices.Device],
    "SimplerDevice": [devices.SimplerDevice],
    "Sample": [devices.Sample],
    "RackDevice": [devices.RackDevice],
    "DrumPad": [devices.DrumPad],
    "Chain": [devices.Chain],
    "Track": [song.Track],
    "Song": [song.Song],
    "Application": [Application],
}


class CInstance:
    """What Live hands to `create_instance`."""

    def __init__(self, a_song: song.Song, log: Callable[[str], None]) -> None:
        self._song = a_song
        self._log = log

    def song(self) -> song.Song:
        return self._song

    def log_message(self, text: str) -> None:
        if "\n" in text:
            RULES.broken("a log entry of several lines")
        self._log(text)


class ControlSurface:
    """The part of Live's that the script relies on; names that Live's own uses may not be taken."""

    _OWN = ("_c_instance", "_tasks", "_components", "_displays", "_suggested_input_port", "_is_disconnected")

    def __init__(self, c_instance: CInstance) -> None:
        self._c_instance = c_instance
        self._is_disconnected = False

    def __setattr__(self, name: str, value: Any) -> None:
        if sys._getframe(1).f_globals["__name__"] != __name__ and (name in self._OWN or hasattr(ControlSurface, name)):
            raise RULES.broken(name + " is an attribute of Live's own class")
        object.__setattr__(self, name, value)

    def log_message(self, *message: Any) -> None:
        self._c_instance.log_message(" ".join(map(str, message)))

    def song(self) -> song.Song:
        return self._c_instance.song()

    def update_display(self) -> None:
        pass

    def disconnect(self) -> None:
        self._is_disconnected = True


def install(lacking: Iterable[str]) -> None:
    """Let the script find its imports, of a Live that lacks some functions."""
    for name in lacking:
        for one in {one for classes in PLACES.values() for one in classes if name in vars(one)}:
            delattr(one, name)
    live = ModuleType("Live")
    for place, classes in PLACES.items():
        module = ModuleType("Live." + place)
        for one in classes:
            setattr(module, one.__name__, one)
        setattr(live, place, module)
        sys.modules["Live." + place] = module
    live.Application.get_application = Application
    sys.modules["Live"] = live
    framework, surface = ModuleType("_Framework"), ModuleType("_Framework.ControlSurface")
    surface.ControlSurface = ControlSurface
    framework.ControlSurface = surface
    sys.modules.update({"_Framework": framework, "_Framework.ControlSurface": surface})
