"""Hydrogen's drum kit: a folder with one sample a slot, whose names and description never change.

Hydrogen 1.2 keeps a kit's description by the folder's name, and reads the samples again that it names. Their names are
bare ones: it leaves out what lies elsewhere, without a word.
"""

from __future__ import annotations

import io
import wave
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from midifrag.config.instruments import HYDROGEN_NOTE
from midifrag.doors.instruments.slot_files import SlotSound
from midifrag.doors.instruments.written import Folder

#: The kit's name, as Hydrogen shows it.
KIT = "midifrag"
_DESCRIPTION = "drumkit.xml"
_INSTRUMENT = """\
  <instrument>
   <id>{id}</id>
   <name>slot {slot}</name>
   <volume>1</volume>
   <isMuted>false</isMuted>
   <isSoloed>false</isSoloed>
   <pan>0</pan>
   <pitchOffset>0</pitchOffset>
   <randomPitchFactor>0</randomPitchFactor>
   <gain>1</gain>
   <applyVelocity>true</applyVelocity>
   <filterActive>false</filterActive>
   <filterCutoff>1</filterCutoff>
   <filterResonance>0</filterResonance>
   <Attack>0</Attack>
   <Decay>0</Decay>
   <Sustain>1</Sustain>
   <Release>1000</Release>
   <muteGroup>-1</muteGroup>
   <midiOutChannel>-1</midiOutChannel>
   <midiOutNote>{note}</midiOutNote>
   <isStopNote>false</isStopNote>
   <sampleSelectionAlgo>VELOCITY</sampleSelectionAlgo>
   <isHihat>-1</isHihat>
   <lower_cc>0</lower_cc>
   <higher_cc>127</higher_cc>
   <FX1Level>0</FX1Level>
   <FX2Level>0</FX2Level>
   <FX3Level>0</FX3Level>
   <FX4Level>0</FX4Level>
   <instrumentComponent>
    <component_id>0</component_id>
    <gain>1</gain>
    <layer>
     <filename>{file}</filename>
     <min>0</min>
     <max>1</max>
     <gain>1</gain>
     <pitch>0</pitch>
    </layer>
   </instrumentComponent>
  </instrument>
"""
_KIT = """\
<?xml version="1.0" encoding="UTF-8"?>
<drumkit_info xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns="http://www.hydrogen-music.org/drumkit">
 <name>{name}</name>
 <author>midifrag</author>
 <info>One instrument a slot; the samples are replaced when fragments land.</info>
 <license>undefined license</license>
 <image></image>
 <imageLicense>undefined license</imageLicense>
 <componentList>
  <drumkitComponent>
   <id>0</id>
   <name>Main</name>
   <volume>1</volume>
  </drumkitComponent>
 </componentList>
 <instrumentList>
{instruments} </instrumentList>
</drumkit_info>
"""


def sample_file(slot: int) -> str:
    """The sample of a slot."""
    return f"slot{slot:02d}.wav"


def note_of(slot: int) -> int:
    """The note that plays a slot."""
    return HYDROGEN_NOTE + slot - 1


def kit_text(count: int) -> str:
    """The description of a kit of so many slots."""
    instruments = "".join(
        _INSTRUMENT.format(id=slot - 1, slot=slot, note=note_of(slot), file=sample_file(slot))
        for slot in range(1, count + 1)
    )
    return _KIT.format(name=KIT, instruments=instruments)


@cache
def silence() -> bytes:
    """The sample of an empty slot: a hundredth of a second."""
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(44100)
        written.writeframes(bytes(2 * 441))
    return file.getvalue()


class Kit:
    """The kit of ``count`` slots in a folder. Everything here may hang."""

    def __init__(self, folder: Path, count: int) -> None:
        self.folder = Folder(folder)
        self._count = count
        self._whole = False

    def put(self, sound: SlotSound) -> None:
        """Give a slot another sound. Raises `StorageError`."""
        if not self._whole:
            self._make_whole()
        content = silence() if sound.content is None else sound.content
        self.folder.write(sample_file(sound.slot), content)

    def names(self) -> Iterable[str]:
        """The files that Hydrogen reads."""
        return (_DESCRIPTION, *map(sample_file, range(1, self._count + 1)))

    def forget(self) -> None:
        """What was written may be gone."""
        self._whole = False

    def _make_whole(self) -> None:
        self.folder.write(_DESCRIPTION, kit_text(self._count).encode())
        there = self.folder.names()
        for slot in range(1, self._count + 1):
            if sample_file(slot) not in there:
                self.folder.write(sample_file(slot), silence())
        self._whole = True
