"""The sounds that takes begin from: read as they were when they were asked for, and kept beside the takes.

Files are read by hands of their own: a drive that hangs keeps one of them waiting, and neither a press nor a landing.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias, assert_never

import numpy as np

from midifrag.audio import Audio, SourceSound
from midifrag.errors import AudioError, MidifragError, StorageError
from midifrag.fragment.archive_reader import ArchiveReader
from midifrag.fragment.audio_files import Sound, encode_audio, read_sound
from midifrag.fragment.file_names import SOURCES
from midifrag.fragment.files import discard, replace_file, signature_of, storage_error, write_whole
from midifrag.fragment.hands import Hand
from midifrag.fragment.slot_content import content_of
from midifrag.fragment.slots import Slots
from midifrag.fragment.writer_commands import ReadSound, SoundPlace
from midifrag.fragment.writer_events import SoundRead

#: What is softer than this all the way is silence: −80 dB of full scale.
SILENCE = 1e-4
#: What is shorter than so many seconds leaves nothing to hear of a take that is as long as it.
LEAST = 0.05
#: How often a slot or file is looked at while its file is being replaced, and seconds between.
LOOKS, BETWEEN = 5, 0.02

#: What an audio input has heard last: so many seconds of it at most. Raises `MidifragError`.
Listen: TypeAlias = Callable[[float], tuple[Audio, int]]

_log = logging.getLogger(__name__)


def no_input(_seconds: float) -> tuple[Audio, int]:
    """What is heard where no audio input is recorded."""
    raise AudioError("no audio input is recorded: write `input: {device: default}` into presets.yaml, and start again")


class SourceSounds:
    """Reads sounds for `ReadSound`; each answer goes to ``tell``, from the thread that read it."""

    def __init__(
        self, slots: Slots, archive: ArchiveReader, tell: Callable[[SoundRead], None], listen: Listen = no_input
    ) -> None:
        self._slots = slots
        self._archive = archive
        self._tell = tell
        self._listen = listen
        self._hands: dict[str, Hand] = {}

    def read(self, command: ReadSound) -> None:
        """Have a sound read. Never blocks."""
        place = command.place
        name = f"sound of {place.kind} {Path(place.file).parent if place.kind == 'file' else place.number}"
        hand = self._hands.setdefault(name, Hand(name))
        hand.later(lambda: self._answer(command))

    def close(self) -> None:
        """End the threads; what one of them is at is not told any more."""
        self._tell = lambda _event: None
        for hand in self._hands.values():
            hand.close()

    def _answer(self, command: ReadSound) -> None:
        try:
            audio, rate, notes = self._found(command)
            sound = SourceSound.of(audio, rate)
        except MidifragError as error:
            self._tell(SoundRead(command.request, command.place, None, reason=str(error)))
            return
        except Exception as error:
            _log.exception("a sound could not be read: %s", command.place)
            self._tell(SoundRead(command.request, command.place, None, reason=f"unexpected: {error!r}"))
            return
        self._tell(SoundRead(command.request, command.place, sound, notes=notes))
        # A take of the archive is there already, unless it was cut.
        if command.place.kind != "kept" and (command.place.kind != "take" or notes):
            try:
                keep_sound(self._archive.folder, sound)
            except MidifragError as error:
                _log.warning("a sound that takes begin from is not kept beside them: %s", error)

    def _found(self, command: ReadSound) -> tuple[Audio, int, tuple[str, ...]]:
        """The sound that is asked for, as far as it is. Raises `MidifragError`."""
        place, samples = command.place, 0
        told: tuple[str, ...] = ()
        match place.kind:
            case "slot":
                sound = self._in_slot(command)
                audio, rate, samples, told = sound.audio, sound.sample_rate, sound.samples, sound.notes
            case "take":
                audio, rate = self._archive.read(place.number)
            case "file":
                sound = _in_file(command)
                audio, rate, samples, told = sound.audio, sound.sample_rate, sound.samples, sound.notes
            case "input":
                audio, rate = self._listen(command.seconds)
            case "kept":
                audio, rate = read_kept(self._archive.folder, place.file)
            case _:
                assert_never(place.kind)
        if place.kind == "kept":
            # As it was used.
            return audio, rate, ()
        audio, rate, notes = fitting(audio, rate, command, samples)
        return audio, rate, (*told, *notes)

    def _in_slot(self, command: ReadSound) -> Sound:
        """What lay in a slot when it was asked for: its fragment, or by now the one before."""
        place = command.place
        path = self._slots.path(place.number)
        for look in range(LOOKS):
            time.sleep(BETWEEN * (look > 0))
            for one in (path, self._slots.path_before(place.number)):
                with suppress(StorageError):
                    before = signature_of(one)
                    if before is None or not _is_it(one, place):
                        continue
                    sound = read_sound(one, command.longest, from_end=command.from_end)
                    if signature_of(one) == before:
                        return sound
        if signature_of(path) is None:
            raise StorageError(f"slot {place.number} is empty: there is no {path.name}. Fill it, or name another")
        raise StorageError(f"slot {place.number} changed before it was read; press again")


def _in_file(command: ReadSound) -> Sound:
    """What a file holds, all of it of one version. Raises `MidifragError`."""
    path = Path(command.place.file)
    for look in range(LOOKS):
        time.sleep(BETWEEN * (look > 0))
        before = signature_of(path)
        sound = read_sound(path, command.longest, from_end=command.from_end)
        if signature_of(path) == before:
            return sound
    raise StorageError(f"{path} is being written; press again when it is whole")


def _is_it(path: Path, place: SoundPlace) -> bool:
    """Whether a file is the one that was asked for, be it under another name by now."""
    if place.version is None or signature_of(path) == place.version:
        return True
    content = content_of(path) if place.landed_at is not None else None
    return content is not None and content.landed_at == place.landed_at


def fitting(audio: Audio, rate: int, command: ReadSound, samples: int = 0) -> tuple[Audio, int, tuple[str, ...]]:
    """A sound that can be begun from, cut to what a model takes; of ``samples`` in all, where that is more.

    Raises `AudioError`.
    """
    what = command.place.told
    if audio.shape[-1] == 0:
        raise AudioError(f"{what} holds no sound at all; nothing can begin from it")
    there = max(samples, audio.shape[-1])
    if there < LEAST * rate:
        raise AudioError(f"{what} is {1000 * there / rate:.1f} ms long, which is too short to begin from")
    if not np.isfinite(audio).all():
        raise AudioError(f"{what} holds samples that are no numbers; nothing can begin from it")
    if float(np.abs(audio).max()) < SILENCE:
        raise AudioError(f"{what} is silent; nothing can begin from it")
    notes: tuple[str, ...] = ()
    most = audio.shape[-1] if command.longest is None else max(1, int(command.longest * rate))
    if there > most:
        which = "end" if command.from_end else "beginning"
        told = f"{what} is {there / rate:.1f} s long: the model takes {most / rate:.1f} s, its {which}"
        notes = (told,)
        audio = audio[:, -most:] if command.from_end else audio[:, :most]
    return np.ascontiguousarray(audio, np.float32), rate, notes


# --- beside the takes ------------------------------------------------------------------------------------------------


def kept_path(archive: Path, checksum: str) -> Path:
    """Where an archive keeps the sound with this checksum."""
    return archive / SOURCES / f"{checksum}.wav"


def keep_sound(archive: Path, sound: SourceSound) -> None:
    """Keep a sound beside the takes that begin from it, once. Raises `StorageError`."""
    path = kept_path(archive, sound.checksum)
    if path.exists():
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error("make", path.parent, error) from error
    aside = path.with_name(f"{path.stem}-{uuid.uuid4().hex[:12]}.part")
    try:
        write_whole(aside, encode_audio(sound.audio, sound.sample_rate, _bits(sound.audio)))
        replace_file(aside, path)
    except StorageError:
        discard(aside)
        raise


def read_kept(archive: Path, checksum: str) -> tuple[Audio, int]:
    """The sound with this checksum that an archive keeps. Raises `StorageError` and `AudioError`."""
    path = kept_path(archive, checksum)
    sound = read_sound(path)
    if SourceSound.of(sound.audio, sound.sample_rate).checksum != checksum:
        raise AudioError(f"{path} is not the sound that it was: put it back from a copy of the archive")
    return sound.audio, sound.sample_rate


def source_of(archive: ArchiveReader, checksum: str, take: int | None) -> SourceSound:
    """The sound that a take of the archive was made of: that of another ``take``, or what was kept of it.

    Raises `StorageError` and `AudioError`.
    """
    if take is not None:
        with suppress(MidifragError):
            audio, rate = archive.read(take)
            sound = SourceSound.of(np.ascontiguousarray(audio, np.float32), rate)
            if sound.checksum == checksum:
                return sound
    audio, rate = read_kept(archive.folder, checksum)
    return SourceSound(audio, rate, checksum)


def _bits(audio: Audio) -> int:
    """The fewest bits that hold each sample as it is."""
    for bits in (16, 24):
        steps = np.float32(2.0 ** (bits - 1))
        scaled = audio * steps
        if np.array_equal(np.rint(scaled), scaled) and float(np.abs(audio).max()) < 1.0:
            return bits
    return 32
