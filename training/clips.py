"""Rendered clips as batches of tensors."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .captions import NAMES
from .presets import RATIO

#: A crop below this peak counts as silence, and is drawn again so many times.
SILENCE, RETRIES = 0.003, 2
#: The share of crops that are made to hold a clip's start.
STARTS = 0.4


class Clips:
    """One split of the data: prompts, families (class numbers), seconds, and audio on demand."""

    def __init__(self, run: Path, split: str) -> None:
        rows = json.loads((run / "data" / f"{split}.json").read_text())
        self.audio = np.load(run / "data" / f"{split}.npy", mmap_mode="r")
        self.prompts: list[str] = [row["prompt"] for row in rows]
        self.families = torch.tensor([NAMES.index(row["family"]) for row in rows])
        self.seconds = torch.tensor([row["seconds"] for row in rows])

    def __len__(self) -> int:
        return len(self.prompts)

    def whole(self, indices: Tensor) -> Tensor:
        """Clips (n, 2, samples) within ±1."""
        return torch.stack([torch.from_numpy(self.audio[index].astype(np.float32)) for index in indices]) / 32_767

    def crops(self, count: int, frames: int) -> Tensor:
        """Random crops (count, 2, frames × 1024), few of them silent, from torch's global generator."""
        return torch.stack([self._crop(frames * RATIO) for _ in range(count)])

    def _crop(self, length: int) -> Tensor:
        for _ in range(RETRIES + 1):
            index = int(torch.randint(len(self), ()))
            # Many crops hold the clip's start, at any position: that is where most happens.
            latest = length // 8 if torch.rand(()) < STARTS else self.audio.shape[2] - length
            start = int(torch.randint(-length // 2, latest, ()))
            crop = np.zeros((2, length), dtype=np.float32)
            part = self.audio[index][:, max(start, 0) : start + length]
            crop[:, length - part.shape[1] :] = part
            if np.abs(crop[:, ::16]).max() > SILENCE * 32_767:
                break
        return torch.from_numpy(crop / 32_767)
