"""Several processes training one model, each on its own batches: ``torchrun --nproc-per-node 2 -m training.…``.

On a busy CPU two processes of one thread each get far more done than one of two threads, which wait for each other in
every operation. Started without torchrun, a process is a team of one.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import torch
from torch import Tensor, distributed


class Team:
    """The place of this process among the others."""

    def __init__(self) -> None:
        self.size = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = int(os.environ.get("RANK", "0"))
        if self.size > 1 and not distributed.is_initialized():
            distributed.init_process_group("gloo")

    def mean(self, gradients: Sequence[Tensor], extra: Tensor) -> Tensor:
        """Replace ``gradients`` by their means over the team and return the sum of ``extra`` over it."""
        if self.size == 1:
            return extra
        flat = torch.cat([extra.float(), *(gradient.flatten().float().cpu() for gradient in gradients)])
        distributed.all_reduce(flat)
        place = len(extra)
        for gradient in gradients:
            gradient.copy_(flat[place : place + gradient.numel()].view_as(gradient) / self.size)
            place += gradient.numel()
        return flat[: len(extra)]
