"""Takes as FLAC: half of what float32 is, or less, for a line that is slow.

FLAC holds whole numbers. Samples are divided by the take's peak, so that nothing clips, and rounded to 24 bits; the
peak follows the last byte of audio, and makes them samples again. What is rounded away is at most half a step of 24
bits, 144 dB below the peak, whatever the take's level is.
"""

from __future__ import annotations

import io

import numpy as np

from midifrag.audio import Audio
from midifrag.engine.line.messages import MOST_AUDIO, Rendered
from midifrag.errors import LineError

#: What FLAC can hold (RFC 9639): channels, and samples a second.
MOST_CHANNELS, MOST_RATE = 8, 655_350
#: The largest number of 24 bits, and the bits that a 32 bit number has below it.
_MOST, _BELOW = (1 << 23) - 1, 8


def as_flac(audio: Audio, sample_rate: int) -> tuple[bytes, float] | None:
    """A take (channels, samples) as FLAC, and its peak; None where FLAC cannot hold it. Takes milliseconds a second."""
    peak = float(np.abs(audio).max(initial=0.0))
    if len(audio) > MOST_CHANNELS or sample_rate > MOST_RATE or not np.isfinite(peak):
        return None
    import soundfile

    scale = peak or 1.0
    steps = np.rint(audio.T.astype(np.float64) * (_MOST / scale)).astype(np.int32) << _BELOW
    stream = io.BytesIO()
    soundfile.write(stream, steps, sample_rate, format="FLAC", subtype="PCM_24")
    return stream.getvalue(), scale


def from_flac(data: bytes | bytearray, told: Rendered) -> Audio:
    """The samples (channels, samples) again. Raises `LineError` for what is not as it was ``told``."""
    if 4 * told.channels * told.samples > MOST_AUDIO:
        # Silence is a few bytes of FLAC, however long.
        raise LineError("a take is larger than any can be")
    import soundfile

    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            shape = (file.format, file.channels, file.frames, file.samplerate)
            if shape != ("FLAC", told.channels, told.samples, told.sample_rate):
                raise LineError(f"a take came as another one than was told: {shape}")
            steps = file.read(told.samples, dtype="int32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError, ValueError) as error:
        raise LineError(f"a take's FLAC cannot be read: {error}") from error
    if len(steps) != told.samples:
        raise LineError(f"a take has {len(steps)} samples of {told.samples}")
    return np.ascontiguousarray(((steps >> _BELOW) * (told.scale / _MOST)).T.astype(np.float32))
