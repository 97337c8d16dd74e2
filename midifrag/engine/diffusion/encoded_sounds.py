"""The latents of sounds that takes begin from: each sound is encoded once, as long as there is room for it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from midifrag.audio import Audio, SourceSound
from midifrag.engine.loading.model import Model
from midifrag.engine.network.encoder import SoundEncoder

#: Bytes of latents that are kept, the least recently used going first; those of a minute take some 100 kB to 2 MB.
MOST_BYTES = 64_000_000


@dataclass(frozen=True, slots=True)
class _Key:
    """What tells encoded sounds from each other: the sound, and how many latents of it there are."""

    checksum: str
    frames: int


class EncodedSounds:
    """Encodes what requests begin from, a window at a time, and keeps it."""

    def __init__(self, model: Model, most_bytes: int = MOST_BYTES) -> None:
        self._model = model
        self._encoder = SoundEncoder(model.module, model.device)
        self._most = most_bytes
        self._kept: OrderedDict[_Key, Tensor] = OrderedDict()
        self._coming: dict[_Key, Generator[None, None, Tensor]] = {}
        #: How many sounds were encoded.
        self.runs = 0

    @property
    def bytes(self) -> int:
        """What the latents take that are kept."""
        return sum(each.nbytes for each in self._kept.values())

    def advance(self, sound: SourceSound, frames: int) -> Tensor | None:
        """The latents (1, channels, ``frames``) of a sound; None after a window of it, while there is more to do."""
        key = _Key(sound.checksum, frames)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        if key not in self._coming:
            audio = fitted(sound, self._model.sample_rate, self._model.channels, frames * self._model.downsampling)
            self._coming[key] = self._encoder.encode(torch.from_numpy(audio).unsqueeze(0))
            self.runs += 1
        try:
            next(self._coming[key])
        except StopIteration as end:
            latents: Tensor = end.value
            del self._coming[key]
            self._keep(key, latents)
            return latents
        except Exception:
            # Whatever it was, memory or a device: the next one begins it anew.
            del self._coming[key]
            raise
        return None

    def _keep(self, key: _Key, latents: Tensor) -> None:
        self._kept[key] = latents
        while self.bytes > self._most:
            self._kept.popitem(last=False)

    def forget_unfinished(self) -> None:
        """Nobody waits for what is being encoded."""
        self._coming.clear()

    def rest(self) -> None:
        """Free everything: nobody asks now, or memory is short."""
        self._kept.clear()
        self._coming.clear()
        self._encoder.release()


def fitted(sound: SourceSound, sample_rate: int, channels: int, samples: int) -> Audio:
    """A sound as a model takes it: at its rate, on its channels, and with silence behind it up to so many samples.

    One channel goes to all, of many the first ones count; for a model of one channel all are mixed.
    """
    audio = np.asarray(sound.audio, np.float32)
    if sound.sample_rate != sample_rate:
        import soxr

        audio = soxr.resample(audio.T, sound.sample_rate, sample_rate).T
    if channels == 1:
        audio = audio.mean(axis=0, keepdims=True)
    elif len(audio) < channels:
        audio = audio[[index % len(audio) for index in range(channels)]]
    taken = audio[:channels, :samples]
    return np.ascontiguousarray(np.pad(taken, ((0, 0), (0, samples - taken.shape[-1]))), np.float32)
