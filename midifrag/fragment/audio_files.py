"""Audio files, read and written with soundfile. Importing this loads libsndfile and numpy.

Samples are rounded to the nearest step and not dithered: a fragment is at full scale, so its rounding noise lies some
90 dB below it, while dither would put noise into faded ends and make equal takes unequal files.
"""

from __future__ import annotations

import io
import stat
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from midifrag.audio import Audio
from midifrag.errors import AudioError, StorageError
from midifrag.fragment.files import open_regular, replace_file, storage_error, write_whole
from midifrag.fragment.slot_content import is_take
from midifrag.fragment.unfinished import finished
from midifrag.fragment.wav import with_texts


def encode_audio(audio: Audio, sample_rate: int, bits: int) -> bytes:
    """Return a whole WAV file without texts.

    ``audio`` is float32 of shape (channels, samples) within −1 … 1; what is outside is clipped, except with 32
    ``bits``, which are floating point and keep every value.
    """
    buffer = io.BytesIO()
    frames = np.ascontiguousarray(audio.T)
    subtype = "FLOAT" if bits == 32 else f"PCM_{bits}"
    soundfile.write(
        buffer, frames if bits == 32 else _rounded(frames, bits), sample_rate, format="WAV", subtype=subtype
    )
    return buffer.getvalue()


def decode_audio(content: bytes) -> tuple[Audio, int]:
    """What `encode_audio` made, as float32 of shape (channels, samples), and its sample rate."""
    frames, sample_rate = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
    return frames.T, int(sample_rate)


def write_wav(
    path: Path, audio: Audio, sample_rate: int, bits: int = 16, metadata: Mapping[str, str] | None = None
) -> None:
    """Write a WAV file, replacing what is there only once the new file is whole; a link stays one.

    Arguments as for `encode_audio` and `with_texts`. Raises `StorageError`.
    """
    content = encode_audio(audio, sample_rate, bits)
    target = check_target(path)
    aside = _aside(target)
    try:
        write_whole(aside, with_texts(content, metadata) if metadata else content)
    except StorageError as error:
        if isinstance(error.__cause__, OSError):
            raise storage_error("write", path, error.__cause__) from error
        raise
    replace_file(aside, target)


def check_target(path: Path) -> Path:
    """Return the file that `write_wav` would write, after a link. Raises `StorageError` if it could not be written.

    What can be known before there is anything to write: for work that takes a while.
    """
    try:
        target = path.resolve() if path.is_symlink() else path
        kind = target.stat().st_mode if target.exists() else stat.S_IFREG
    except (OSError, RuntimeError) as error:
        raise StorageError(f"{path} cannot be written: {getattr(error, 'strerror', None) or error}") from error
    if not target.absolute().parent.is_dir():
        raise StorageError(f"{path} cannot be written: there is no folder {target.parent}. Make it first.")
    if stat.S_ISDIR(kind):
        raise StorageError(f"{path} cannot be written: it is a folder. Name a file in it.")
    if not stat.S_ISREG(kind):
        raise StorageError(f"{path} cannot be written: it is a pipe or a device. Name a file.")
    if is_take(target):
        raise StorageError(f"{path} is a raw take, which is never overwritten. Choose another name.")
    probe = _aside(target)
    try:
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError as error:
        raise storage_error("write", path, error) from error
    return target


def read_wav(path: Path) -> tuple[Audio, int]:
    """Return a file's audio, float32 of shape (channels, samples), and its sample rate; else as `read_sound`."""
    sound = read_sound(path)
    return sound.audio, sound.sample_rate


@dataclass(frozen=True, slots=True)
class Sound:
    """What a file holds: audio, float32 of shape (channels, samples), and what is worth telling of the file.

    ``samples`` is how many there are in the file, of which these may be a part.
    """

    audio: Audio
    sample_rate: int
    notes: tuple[str, ...] = ()
    samples: int = 0


def read_sound(path: Path, longest: float | None = None, *, from_end: bool = False) -> Sound:
    """Read whatever libsndfile reads (WAV, AIFF, FLAC, …), and of an unfinished WAV file what is there.

    Of what is longer than ``longest`` seconds, only the beginning is read, or the end (``from_end``): a recording of
    hours is more than fits into memory. Raises `StorageError` if the file cannot be read, and `AudioError` if it holds
    no audio.
    """
    try:
        if path.is_dir():
            raise StorageError(f"{path} is a folder. Name a file in it.")
        with open_regular(path) as file:
            if not file.read(1):
                raise AudioError(f"{path} is empty: there is no sound in it. Record or export it again.")
            whole, was_unfinished = finished(file)
            with soundfile.SoundFile(whole) as sound:
                sample_rate, there = int(sound.samplerate), int(sound.frames)
                most = there if longest is None else min(there, max(1, int(longest * sample_rate)))
                if from_end and most < there:
                    sound.seek(there - most)
                frames = sound.read(-1 if most == there else most, dtype="float32", always_2d=True)
    except FileNotFoundError as error:
        message = f"{path} is not there: check its name. If it is gone, connect its drive again or put it back."
        raise StorageError(message) from error
    except PermissionError as error:
        raise StorageError(f"{path} may not be read: change its permissions, or copy it.") from error
    except OSError as error:
        raise storage_error("read", path, error) from error
    except TypeError as error:  # theirs, for a name that promises samples without a header
        raise AudioError(f"{path} cannot be read as audio (it has no header). Convert it to WAV.") from error
    except (MemoryError, ValueError) as error:
        raise AudioError(f"{path} says that it holds more sound than fits into memory. Is it whole?") from error
    except soundfile.LibsndfileError as error:
        reason = error.error_string.rstrip(".")
        raise AudioError(f"{path} cannot be read as audio ({reason}). Is it audio? Then convert it to WAV.") from error
    note = f"{path.name} is unfinished or cut off: its header is wrong, and what is there was read"
    samples = len(frames) if most == there else there
    return Sound(np.ascontiguousarray(frames.T), sample_rate, (note,) if was_unfinished else (), samples)


def _aside(target: Path) -> Path:
    # Not made of the target's name, which may be as long as a name can be.
    return target.with_name(f".midifrag-{uuid.uuid4().hex[:12]}.part")


def _rounded(frames: Audio, bits: int) -> npt.NDArray[np.int16] | npt.NDArray[np.int32]:
    """Return whole steps as libsndfile takes them; float32 holds every step of 24 bits exactly."""
    steps = 2.0 ** (bits - 1)
    scaled = frames * np.float32(steps)
    np.rint(scaled, out=scaled)
    np.clip(scaled, -steps, steps - 1, out=scaled)
    return scaled.astype(np.int16) if bits == 16 else scaled.astype(np.int32) << (32 - bits)
