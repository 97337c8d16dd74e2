"""Rendered clips as batches of tensors."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from training.captions import NAMES
from training.presets import RATIO

#: A crop below this peak counts as silence; so many more crops are cut, for those that are not to take their places.
SILENCE, SPARE = 0.003, 0.5
#: The share of crops that are made to hold a clip's start.
STARTS = 0.4
#: How many times as often as others, by what has learned before, clips are heard of families that come back worst,
#: and clips that have adjectives which come back least.
HARDER = {
    "lead": 10.0,
    "rim": 4.0,
    **dict.fromkeys(("kick", "pluck", "pad", "sweep", "laser", "rain", "crackle"), 3.0),
    **dict.fromkeys(("tom", "drone", "riser", "siren", "wind"), 2.0),
}
HARDER_WORDS = {"clean": 3.0, "distorted": 3.0}


class Clips:
    """One split of the data: prompts, families (class numbers), seconds, and audio on demand.

    On an accelerator the audio is kept in its memory; on a CPU it stays in its file.
    """

    def __init__(self, run: Path, split: str, device: torch.device | None = None) -> None:
        rows = json.loads((run / "data" / f"{split}.json").read_text())
        # Copy on write: torch wants an array that could be written.
        audio = torch.from_numpy(np.load(run / "data" / f"{split}.npy", mmap_mode="c"))
        self.audio = audio if device is None else audio.to(device)
        self.prompts: list[str] = [row["prompt"] for row in rows]
        self.families = torch.tensor([NAMES.index(row["family"]) for row in rows])
        self.seconds = torch.tensor([row["seconds"] for row in rows])

    def __len__(self) -> int:
        return len(self.prompts)

    def whole(self, indices: Tensor) -> Tensor:
        """Clips (n, 2, samples) within ±1."""
        return self.audio[indices.to(self.audio.device)].float() / 32_767

    def crops(self, count: int, frames: int, weights: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Random crops (count, 2, frames × `RATIO`), few of them silent, and the numbers of their clips (count).

        Drawn from torch's global generator. ``weights`` (clips) say how often to take each; all alike without them.
        """
        crops, clips = self._cut(count + round(count * SPARE), frames * RATIO, weights)
        silent = crops.abs().amax(dim=(1, 2)) < SILENCE
        kept = torch.argsort(silent.int(), stable=True)[:count]
        return crops[kept], clips[kept.to(clips.device)]

    def _cut(self, count: int, length: int, weights: Tensor | None) -> tuple[Tensor, Tensor]:
        if weights is None:
            clips = torch.randint(len(self), (count,))
        else:
            clips = torch.multinomial(weights, count, replacement=True)
        # Many crops hold the clip's start, at any position: that is where most happens.
        anywhere = torch.randint(-length // 2, self.audio.shape[2] - length, (count,))
        early = torch.randint(-length // 2, length // 8, (count,))
        starts = torch.where(torch.rand(count) < STARTS, early, anywhere)
        device = self.audio.device
        places = starts.to(device)[:, None] + torch.arange(length, device=device)
        inside = self.audio[clips.to(device)[:, None], :, places.clamp(min=0)].transpose(1, 2)
        return inside.float() * (places >= 0)[:, None] / 32_767, clips


def harder(clips: Clips) -> Tensor:
    """How often to take each of so many clips (n)."""
    families = torch.tensor([HARDER.get(name, 1.0) for name in NAMES])[clips.families]
    words = [math.prod(HARDER_WORDS.get(word, 1.0) for word in prompt.split()) for prompt in clips.prompts]
    return families * torch.tensor(words)
