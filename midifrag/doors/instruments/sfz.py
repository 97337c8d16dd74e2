"""SFZ files beside the slots, written anew at each landing.

``sfz/slots.sfz`` has all slots, ``sfz/slot01.sfz`` and so on one each: reading a file again cuts what sounds of it, so
that a player may be given one alone. A sound that lands is a new sample under a new name, as players keep what they
have read under a name; the last ones of each slot are kept, since a player may still read them.
"""

from __future__ import annotations

from pathlib import Path

from midifrag.config.loading import Loaded
from midifrag.doors.door import Door, Put
from midifrag.doors.instruments.keeping import Keeping
from midifrag.doors.instruments.sfz_text import (
    ALL_SLOTS,
    SAMPLES,
    Sample,
    file_of,
    numbered,
    region,
    sample_in,
    sample_name,
    slot_file,
)
from midifrag.doors.instruments.slot_files import SlotSound
from midifrag.doors.instruments.written import Folder
from midifrag.events import StateChange
from midifrag.fragment.file_names import SFZ
from midifrag.fragment.files import discard

#: How many samples of a slot are kept beside the one that it plays.
KEPT = 4


class SfzFiles:
    """The SFZ files of ``count`` slots, the first of which plays on ``first_note``. Everything here may hang."""

    def __init__(self, folder: Folder, count: int, first_note: int) -> None:
        self.folder = folder
        self._notes = {slot: first_note + slot - 1 for slot in range(1, count + 1)}
        #: What each slot plays, as its file says; and which samples are loops.
        self._plays: dict[int, Sample | None] = {}
        self._loops: dict[str, bool] = {}
        self._highest = 0

    def put(self, sound: SlotSound) -> None:
        """Give a slot another sound. Raises `StorageError`; the files then say what they said before."""
        if not self._plays:
            self._plays = {slot: sample_in(self.folder.text(slot_file(slot))) for slot in self._notes}
            self._loops = {sample.name: sample.loop for sample in self._plays.values() if sample is not None}
        sample = None if sound.content is None else self._sample(sound, sound.content)
        self.folder.write(slot_file(sound.slot), file_of([region(self._notes[sound.slot], sample)]))
        self._plays[sound.slot] = sample
        lines = (region(note, self._plays[slot]) for slot, note in self._notes.items())
        self.folder.write(ALL_SLOTS, file_of(lines))
        self._tidy(sound.slot)

    def names(self) -> list[str]:
        """The files that players read."""
        samples = [f"{SAMPLES}/{sample.name}" for sample in self._plays.values() if sample is not None]
        return [ALL_SLOTS, *map(slot_file, self._plays), *samples]

    def forget(self) -> None:
        """What was written may be gone; what each slot plays is found again with its sound."""

    def _sample(self, sound: SlotSound, content: bytes) -> Sample:
        """A sample of this content: one that is there, as after a restart or where it was put back, or a new one."""
        there = (name for _, name in reversed(self._samples(sound.slot)))
        name = next((one for one in there if self.folder.holds(f"{SAMPLES}/{one}", content)), None)
        if name is None:
            number = 1 + max([self._highest, *(number for number, _ in self._samples(None))])
            name = sample_name(sound.slot, number, sound.prompt, Path(sound.name).suffix)
        # One that is there is not touched, but looked after from now on.
        self.folder.write(f"{SAMPLES}/{name}", content)
        self._highest = max(number for number, _ in [(self._highest, ""), *self._samples(None)])
        self._loops[name] = self._loops.get(name, False) if sound.loop is None else sound.loop
        return Sample(name, self._loops[name])

    def _samples(self, slot: int | None) -> list[tuple[int, str]]:
        """The numbers and names of a slot's samples, or of all, the oldest first."""
        found = ((numbered(name), name) for name in self.folder.names(SAMPLES))
        return sorted((place[1], name) for place, name in found if place is not None and slot in (None, place[0]))

    def _tidy(self, slot: int) -> None:
        """Remove what is older than the last ones of a slot, but for what an .sfz file in the folder speaks of."""
        old = [name for _, name in self._samples(slot)[: -KEPT - 1]]
        if not old:
            return
        said = "".join(self.folder.text(name) for name in self.folder.names() if name.lower().endswith(".sfz"))
        for name in old:
            if name not in said:
                discard(self.folder.path / SAMPLES / name)
                self._loops.pop(name, None)


class SfzDoor:
    """Keeps a show's SFZ files as its slots are."""

    name = "SFZ"

    def __init__(self, slots: Path, count: int, first_note: int, put: Put) -> None:
        self._keeping = Keeping(slots, SfzFiles(Folder(slots / SFZ), count, first_note), put, "SFZ files")

    def start(self) -> None:
        """Nothing is touched before the slots are told: the drive may hang."""
        self._keeping.start()

    def handle(self, change: StateChange) -> None:
        """Write what a landing, or anything else that befell a slot's file, makes new."""
        self._keeping.follow(change)

    def close(self) -> None:
        """Leave the files as they are."""
        self._keeping.close()


def make_sfz(loaded: Loaded, put: Put) -> Door | None:
    """The door of a set that wants SFZ files."""
    wanted = loaded.settings.instruments
    if not wanted.sfz:
        return None
    return SfzDoor(loaded.fragments_folder, loaded.settings.fragments.count, wanted.first_note, put)
