"""WAV files: audio with text that belongs to it.

soundfile reads and writes the audio. The text lies in a RIFF INFO list after the audio, written and read here, because
libsndfile drops texts of more than 2 kB without a word; other programs find the prompt as the file's title.

Samples are rounded to the nearest step and not dithered: a fragment is at full scale, so its rounding noise lies some
90 dB below it, while dither would put noise into faded ends and make equal takes unequal files.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import soundfile

from midifrag.audio import Audio
from midifrag.errors import AudioError
from midifrag.fragment.files import replace_file, storage_error, write_whole

INFO_CHUNKS = {"title": b"INAM", "comment": b"ICMT", "software": b"ISFT", "date": b"ICRD"}
_INFO_NAMES = {chunk: name for name, chunk in INFO_CHUNKS.items()}


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


def with_texts(content: bytes, metadata: Mapping[str, str]) -> bytes:
    """Return a WAV file without texts with those in ``metadata``, by the names in `INFO_CHUNKS`."""
    body = b"INFO" + b"".join(_text(name, text) for name, text in metadata.items())
    end = b"\0" * (len(content) % 2) + _chunk(b"LIST", body)
    size = struct.pack("<I", len(content) + len(end) - 8)
    return b"".join((content[:4], size, memoryview(content)[8:], end))


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
        with path.open("rb") as file:
            frames, sample_rate = soundfile.read(file, dtype="float32", always_2d=True)
    except OSError as error:
        raise storage_error("read", path, error) from error
    except soundfile.LibsndfileError as error:
        reason = error.error_string.rstrip(".")
        raise AudioError(f"{path} cannot be read as audio ({reason}). Is it audio? Then convert it to WAV.") from error
    return np.ascontiguousarray(frames.T), int(sample_rate)


def read_metadata(path: Path) -> dict[str, str]:
    """Return the texts in a WAV file by their names in `INFO_CHUNKS`; empty if it has none or is no whole WAV file.

    Raises OSError if the file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(12)
        size = file.seek(0, io.SEEK_END)
        if (
            len(head) < 12
            or head[:4] != b"RIFF"
            or head[8:] != b"WAVE"
            or struct.unpack("<I", head[4:8])[0] + 8 != size
        ):
            return {}
        return _read_info(file, 12, size)


def _rounded(frames: Audio, bits: int) -> npt.NDArray[np.int16] | npt.NDArray[np.int32]:
    """Return whole steps as libsndfile takes them; float32 holds every step of 24 bits exactly."""
    steps = 2.0 ** (bits - 1)
    scaled = frames * np.float32(steps)
    np.rint(scaled, out=scaled)
    np.clip(scaled, -steps, steps - 1, out=scaled)
    return scaled.astype(np.int16) if bits == 16 else scaled.astype(np.int32) << (32 - bits)


def _read_info(file: BinaryIO, at: int, end: int) -> dict[str, str]:
    texts: dict[str, str] = {}
    while at + 8 <= end:
        file.seek(at)
        kind, size = struct.unpack("<4sI", file.read(8))
        if kind == b"LIST" and file.read(4) == b"INFO":
            texts |= _read_info(file, at + 12, min(at + 8 + size, end))
        elif kind in _INFO_NAMES:
            texts[_INFO_NAMES[kind]] = file.read(size).rstrip(b"\0").decode("utf-8", "replace")
        at += 8 + size + size % 2
    return texts


def _text(name: str, text: str) -> bytes:
    return _chunk(INFO_CHUNKS[name], text.replace("\0", "").encode("utf-8", "replace") + b"\0")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
