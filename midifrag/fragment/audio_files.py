"""Audio files, read and written with soundfile. Importing this loads libsndfile and numpy.

Samples are rounded to the nearest step and not dithered: a fragment is at full scale, so its rounding noise lies some
90 dB below it, while dither would put noise into faded ends and make equal takes unequal files.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from midifrag.audio import Audio
from midifrag.errors import AudioError
from midifrag.fragment.files import open_regular, replace_file, storage_error, write_whole
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


def write_wav(
    path: Path, audio: Audio, sample_rate: int, bits: int = 16, metadata: Mapping[str, str] | None = None
) -> None:
    """Write a WAV file, replacing what is there only once the new file is whole.

    Arguments as for `encode_audio` and `with_texts`. Raises `StorageError`.
    """
    aside = path.with_name(f".{path.name}.part")
    aside.unlink(missing_ok=True)
    content = encode_audio(audio, sample_rate, bits)
    write_whole(aside, with_texts(content, metadata) if metadata else content)
    replace_file(aside, path)


def read_wav(path: Path) -> tuple[Audio, int]:
    """Return a file's audio, float32 of shape (channels, samples), and its sample rate.

    Reads whatever libsndfile reads (WAV, AIFF, FLAC, …). Raises `StorageError` if the file cannot be read, and
    `AudioError` if it holds no audio.
    """
    try:
        with open_regular(path) as file:
            frames, sample_rate = soundfile.read(file, dtype="float32", always_2d=True)
    except OSError as error:
        raise storage_error("read", path, error) from error
    except soundfile.LibsndfileError as error:
        reason = error.error_string.rstrip(".")
        raise AudioError(f"{path} cannot be read as audio ({reason}). Is it audio? Then convert it to WAV.") from error
    return np.ascontiguousarray(frames.T), int(sample_rate)


def _rounded(frames: Audio, bits: int) -> npt.NDArray[np.int16] | npt.NDArray[np.int32]:
    """Return whole steps as libsndfile takes them; float32 holds every step of 24 bits exactly."""
    steps = 2.0 ** (bits - 1)
    scaled = frames * np.float32(steps)
    np.rint(scaled, out=scaled)
    np.clip(scaled, -steps, steps - 1, out=scaled)
    return scaled.astype(np.int16) if bits == 16 else scaled.astype(np.int32) << (32 - bits)
