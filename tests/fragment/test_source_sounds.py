"""Sounds that takes begin from: read as they were, whatever file they lie in, and kept beside the takes."""

from __future__ import annotations

import queue
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from midifrag.audio import Audio, SourceSound
from midifrag.errors import AudioError, StorageError
from midifrag.fragment.archive import Archive
from midifrag.fragment.audio_files import read_sound, read_wav, write_wav
from midifrag.fragment.cutting import Fragment
from midifrag.fragment.encoding import encode_fragment
from midifrag.fragment.record import TakeRecord
from midifrag.fragment.slots import Slots
from midifrag.fragment.source_sounds import (
    SourceSounds,
    keep_sound,
    kept_path,
    no_input,
    read_kept,
    source_of,
)
from midifrag.fragment.writer_commands import ReadSound, SoundPlace
from midifrag.fragment.writer_events import SoundRead
from tests.support import PATIENCE

RATE = 8000


def noise(seed: int, seconds: float = 0.5, channels: int = 2) -> Audio:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (channels, round(seconds * RATE))).astype(np.float32)


class Reading:
    """Slots and an archive, and what is told of what is read there."""

    def __init__(self, folder: Path, **more: Any) -> None:
        self.slots, self.archive = Slots(folder, 4), Archive(folder / "archive")
        self.told: queue.SimpleQueue[SoundRead] = queue.SimpleQueue()
        self.sounds = SourceSounds(self.slots, self.archive, self.told.put, **more)
        self.landings = 0

    def land(self, seed: int, slot: int = 1) -> SoundPlace:
        """Land noise in a slot; the place that it has there."""
        self.landings += 1
        fragment = encode_fragment(Fragment(noise(seed), RATE), 16)
        record = TakeRecord("rain", job=self.landings)
        now = 1_700_000_000.0 + self.landings
        state = self.slots.landings.land(slot, fragment, record, now=now, turn=True)
        return SoundPlace("slot", slot, version=state.version, landed_at=state.landed_at)

    def read(self, place: SoundPlace, **more: Any) -> SoundRead:
        self.sounds.read(ReadSound(1, place, **more))
        return self.told.get(timeout=PATIENCE)

    def found(self, place: SoundPlace, **more: Any) -> Audio:
        told = self.read(place, **more)
        assert told.sound is not None, told.reason
        return told.sound.audio


@pytest.fixture
def reading(tmp_path: Path) -> Any:
    one = Reading(tmp_path, listen=lambda seconds: (noise(7, seconds), RATE))
    yield one
    one.sounds.close()
    one.slots.close()
    one.archive.close()


def near(wanted: Audio, found: Audio) -> bool:
    return found.shape == wanted.shape and bool(np.abs(found - wanted).max() < 1e-4)


def test_a_slot_is_read_as_it_was_though_something_else_has_landed_there_since(reading: Reading) -> None:
    first = reading.land(1)
    second = reading.land(2)
    assert near(noise(2), reading.found(second))
    assert near(noise(1), reading.found(first))
    reading.land(3)
    told = reading.read(first)
    assert told.sound is None
    assert told.reason == "slot 1 changed before it was read; press again"


def test_a_file_of_somebody_else_in_a_slot_is_read_and_an_empty_one_told(reading: Reading, tmp_path: Path) -> None:
    write_wav(tmp_path / "output02.wav", noise(5, channels=1), RATE)
    reading.slots.refresh()
    state = reading.slots.states[1]
    assert near(noise(5, channels=1), reading.found(SoundPlace("slot", 2, version=state.version)))
    told = reading.read(SoundPlace("slot", 3))
    assert told.reason == "slot 3 is empty: there is no output03.wav. Fill it, or name another"
    assert "there is no slot 9" in reading.read(SoundPlace("slot", 9)).reason


def test_takes_files_and_what_an_input_heard(reading: Reading, tmp_path: Path) -> None:
    record = reading.archive.store(noise(4), RATE, TakeRecord("rain"))
    assert near(noise(4), reading.found(SoundPlace("take", record.number or 0)))
    soundfile.write(tmp_path / "loop.flac", noise(6).T, RATE)
    assert near(noise(6), reading.found(SoundPlace("file", file=str(tmp_path / "loop.flac"))))
    assert near(noise(7, 0.25), reading.found(SoundPlace("input"), seconds=0.25))
    assert "no take 99" in reading.read(SoundPlace("take", 99)).reason
    gone = reading.read(SoundPlace("file", file=str(tmp_path / "gone.wav")))
    assert "gone.wav is not there" in gone.reason


def test_without_an_input_that_is_said() -> None:
    with pytest.raises(AudioError, match="no audio input is recorded"):
        no_input(1.0)


@pytest.mark.parametrize(
    ("audio", "words"),
    [
        (np.zeros((2, 800), np.float32), "odd.wav is silent"),
        (np.zeros((2, 0), np.float32), "odd.wav holds no sound at all"),
        (np.full((2, 3), 0.5, np.float32), "odd.wav is 0.4 ms long, which is too short to begin from"),
        (np.full((2, 800), np.nan, np.float32), "odd.wav holds samples that are no numbers"),
    ],
)
def test_what_nothing_can_begin_from_is_told(reading: Reading, tmp_path: Path, audio: Audio, words: str) -> None:
    soundfile.write(tmp_path / "odd.wav", audio.T, RATE, subtype="FLOAT")
    told = reading.read(SoundPlace("file", file=str(tmp_path / "odd.wav")))
    assert told.sound is None
    assert words in told.reason


def test_what_is_longer_than_the_model_takes_is_cut_and_that_is_told(reading: Reading) -> None:
    place = reading.land(1)
    assert near(noise(1)[:, :1600], reading.found(place, longest=0.2))
    told = reading.read(place, longest=0.2, from_end=True)
    assert told.sound is not None
    assert near(noise(1)[:, -1600:], told.sound.audio)
    assert told.notes == ("slot 1 is 0.5 s long: the model takes 0.2 s, its end",)


def test_a_file_that_is_cut_off_is_begun_from_as_far_as_it_is_there_and_that_is_told(
    reading: Reading, tmp_path: Path
) -> None:
    file = tmp_path / "loop.wav"
    soundfile.write(file, noise(6).T, RATE, subtype="FLOAT")
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    told = reading.read(SoundPlace("file", file=str(file)))
    assert told.sound is not None
    assert told.notes == ("loop.wav is unfinished or cut off: its header is wrong, and what is there was read",)
    assert told.sound.audio.shape[-1] < noise(6).shape[-1]


def test_a_file_that_is_written_while_it_is_read_is_read_once_more(
    reading: Reading, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, writes = tmp_path / "loop.wav", [2, 3]
    soundfile.write(file, noise(1).T, RATE, subtype="FLOAT")

    def meanwhile(*args: Any, **more: Any) -> Any:
        read = read_sound(*args, **more)
        if writes:
            soundfile.write(file, noise(writes.pop(0), 0.6 + 0.1 * len(writes)).T, RATE, subtype="FLOAT")
        return read

    monkeypatch.setattr("midifrag.fragment.source_sounds.read_sound", meanwhile)
    monkeypatch.setattr("midifrag.fragment.source_sounds.BETWEEN", 0.0)
    np.testing.assert_array_equal(reading.found(SoundPlace("file", file=str(file))), noise(3, 0.6))
    # Who never stops writing is told.
    writes += range(4, 20)
    told = reading.read(SoundPlace("file", file=str(file)))
    assert told.reason == f"{file} is being written; press again when it is whole"


@pytest.mark.parametrize(("from_end", "which"), [(False, "beginning"), (True, "end")])
def test_of_a_file_that_is_longer_only_that_part_is_read(
    reading: Reading, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, from_end: bool, which: str
) -> None:
    soundfile.write(tmp_path / "long.wav", noise(2, 2.0).T, RATE)
    read: list[int] = []
    stock = soundfile.SoundFile.read

    def noted(self: soundfile.SoundFile, frames: int = -1, **more: Any) -> Audio:
        found: Audio = stock(self, frames, **more)
        read.append(len(found))
        return found

    monkeypatch.setattr(soundfile.SoundFile, "read", noted)
    told = reading.read(SoundPlace("file", file=str(tmp_path / "long.wav")), longest=0.25, from_end=from_end)
    assert told.sound is not None
    assert near(noise(2, 2.0)[:, -2000:] if from_end else noise(2, 2.0)[:, :2000], told.sound.audio)
    assert told.notes == (f"long.wav is 2.0 s long: the model takes 0.2 s, its {which}",)
    assert read == [2000]


def test_a_sound_is_kept_beside_the_takes_to_the_bit_and_once(tmp_path: Path) -> None:
    for audio in (noise(1), np.round(noise(2) * 2**15).astype(np.float32) / np.float32(2**15), noise(3) * 4):
        sound = SourceSound.of(audio, RATE)
        keep_sound(tmp_path, sound)
        before = kept_path(tmp_path, sound.checksum).stat().st_mtime_ns
        keep_sound(tmp_path, sound)
        assert kept_path(tmp_path, sound.checksum).stat().st_mtime_ns == before
        found, rate = read_kept(tmp_path, sound.checksum)
        np.testing.assert_array_equal(found, audio)
        assert rate == RATE
    assert [one.suffix for one in (tmp_path / "sources").iterdir()] == [".wav"] * 3


def test_what_is_read_is_kept_and_found_again_by_its_checksum(reading: Reading) -> None:
    told = reading.read(reading.land(1))
    assert told.sound is not None
    # The same hand does one thing after the other: by its next answer it has kept the first.
    reading.read(SoundPlace("slot", 1))
    again = reading.read(SoundPlace("kept", file=told.sound.checksum), longest=0.1)
    assert again.sound == told.sound
    np.testing.assert_array_equal(again.sound.audio, told.sound.audio)


def test_the_sound_of_a_record_is_its_take_or_what_was_kept(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")
    record = archive.store(noise(1), RATE, TakeRecord("rain"))
    audio, rate = archive.read(record.number or 0)
    sound = SourceSound.of(np.ascontiguousarray(audio), rate)
    assert source_of(archive, sound.checksum, record.number) == sound
    other = SourceSound.of(noise(2), RATE)
    with pytest.raises(StorageError, match="is not there"):
        source_of(archive, other.checksum, record.number)
    keep_sound(archive.folder, other)
    assert source_of(archive, other.checksum, record.number) == other
    archive.close()


def test_a_kept_sound_that_somebody_changed_is_not_taken_for_it(tmp_path: Path) -> None:
    sound = SourceSound.of(noise(1), RATE)
    keep_sound(tmp_path, sound)
    write_wav(kept_path(tmp_path, sound.checksum), noise(2), RATE)
    with pytest.raises(AudioError, match="is not the sound that it was"):
        read_kept(tmp_path, sound.checksum)
    assert read_wav(kept_path(tmp_path, sound.checksum))[1] == RATE
