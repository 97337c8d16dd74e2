"""What every training command shares: where it runs, checkpoints that survive a stop at any moment, averages, a log."""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from training.presets import PRESETS
from training.team import Team

#: Seconds between two checkpoints, and steps between two lines of the log.
SAVE_EVERY, LOG_EVERY = 60.0, 50
#: What a checkpoint says of its schedule: steps done, the step it began at, seconds spent, whether it is finished.
COUNTS = ("step", "origin", "spent", "finished")


def parser(description: str | None) -> argparse.ArgumentParser:
    """The arguments that all commands take."""
    result = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    result.add_argument("--run", type=Path, default=Path("training/runs/pocket"), help="folder of the run")
    result.add_argument("--preset", choices=PRESETS, default="cpu")
    result.add_argument("--device", default="cpu", help="cpu or cuda")
    result.add_argument("--seed", type=int, default=1)
    result.add_argument(
        "--minutes", type=float, help="end the schedule after this long if the steps are not done by then"
    )
    result.add_argument("--extend", action="store_true", help="train on from a finished checkpoint, in a new schedule")
    return result


def save(state: Mapping[str, object], path: Path) -> None:
    """Write ``state`` so that ``path`` is always either the old file or the new one, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)


class Stateful(Protocol):
    """What a checkpoint can hold: a module, an optimiser, an average."""

    def state_dict(self) -> dict[str, Any]:
        """All of it, as tensors and numbers by name."""

    def load_state_dict(self, state: dict[str, Any], /) -> object:
        """Go on from what `state_dict` gave."""


class Average:
    """An exponential moving average of a module's parameters; ``decay`` is reached after a warm-up."""

    def __init__(self, module: nn.Module, decay: float = 0.999) -> None:
        self.decay = decay
        self.count = 0
        self.values = {name: value.detach().clone() for name, value in module.named_parameters()}

    def state_dict(self) -> dict[str, Any]:
        """How many steps it has taken, and its parameters by name."""
        return {"count": self.count, "values": self.values}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        self.count = state["count"]
        for name, value in state["values"].items():
            self.values[name].copy_(value)

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Take one step towards ``module``."""
        self.count += 1
        weight = 1 - min(self.decay, (1 + self.count) / (10 + self.count))
        parameters = dict(module.named_parameters())
        torch._foreach_lerp_(list(self.values.values()), [parameters[name] for name in self.values], weight)

    @torch.no_grad()
    def copy_to(self, module: nn.Module) -> None:
        """Give ``module`` the averaged parameters."""
        for name, value in module.named_parameters():
            value.copy_(self.values[name])

    @contextlib.contextmanager
    @torch.no_grad()
    def in_place_of(self, module: nn.Module) -> Iterator[None]:
        """Lend ``module`` the averaged parameters."""
        own = {name: value.detach().clone() for name, value in module.named_parameters()}
        self.copy_to(module)
        yield
        for name, value in module.named_parameters():
            value.copy_(own[name])


class Loop:
    """Counts steps from the checkpoint to ``total``, saving ``parts`` on the way and when asked to stop.

    A random generator seeded by seed and step makes a resumed run draw what an uninterrupted one would have drawn.
    """

    def __init__(
        self,
        path: Path,
        total: int,
        seed: int,
        parts: Mapping[str, Stateful],
        minutes: float | None = None,
        *,
        extend: bool = False,
    ) -> None:
        self.path, self.total, self.seed, self.parts = path, total, seed, parts
        self.limit = float("inf") if minutes is None else minutes * 60
        self.team = Team()
        self.step, self.origin, self.spent = 0, 0, 0.0
        finished = False
        self.began = self.saved = time.monotonic()
        self.sums: dict[str, Tensor] = {}
        self.summed = 0
        self.asked_to_stop = self.stopping = False
        if path.exists():
            state = torch.load(path, map_location="cpu", weights_only=True)
            self.step, self.origin, self.spent, finished = (state[key] for key in COUNTS)
            if finished and extend:
                self.origin, self.spent, finished = self.step, 0.0, False
            for name, part in parts.items():
                if name in state:
                    part.load_state_dict(state[name])
            print(f"{path}: going on from step {self.step}", flush=True)
        self.first = self.step
        self.progress = 1.0 if finished else self._progress()

    @property
    def seconds(self) -> float:
        """Time spent on this schedule, earlier runs included."""
        return self.spent + time.monotonic() - self.began

    def _progress(self) -> float:
        """0 at the start to 1 when either the steps or the minutes are used up."""
        return min(1.0, max((self.step - self.origin) / max(self.total, 1), self.seconds / self.limit))

    def steps(self) -> Iterator[int]:
        """Yield the number of each step still to do; saves at the end and on SIGTERM or Ctrl-C."""
        old = {number: signal.signal(number, self._stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            while self.progress < 1 and not self.stopping:
                torch.manual_seed((self.seed * 1_000_003 + self.step) * self.team.size + self.team.rank)
                yield self.step
                self.step += 1
                if self.team.size == 1:
                    self.progress, self.stopping = self._progress(), self.asked_to_stop
                if time.monotonic() - self.saved > SAVE_EVERY:
                    self.save()
            self.save()
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)
        if self.stopping:
            raise SystemExit(f"stopped at step {self.step}; the same command goes on from there")

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.asked_to_stop = True

    def share(self, parameters: Sequence[nn.Parameter]) -> None:
        """Give all processes of a team the same gradients and the same idea of when to stop."""
        mine = torch.tensor([float(self.asked_to_stop), self._progress() / self.team.size])
        gradients = [value.grad for value in parameters if value.grad is not None]
        asked, progress = self.team.mean(gradients, mine).tolist()
        if self.team.size > 1:
            self.stopping, self.progress = asked > 0, min(progress, 1.0) if progress < 0.9999 else 1.0

    def save(self) -> None:
        """Write the checkpoint."""
        self.saved = time.monotonic()
        if self.team.rank:
            return
        counts = dict(zip(COUNTS, (self.step, self.origin, self.seconds, self.progress >= 1), strict=True))
        save({**counts, **{name: part.state_dict() for name, part in self.parts.items()}}, self.path)

    def log(self, **values: Tensor) -> None:
        """Add up ``values``; every so often print their means and append them to the log file."""
        for name, value in values.items():
            self.sums[name] = self.sums.get(name, 0) + value.detach()
        self.summed += 1
        if (self.step + 1) % LOG_EVERY:
            return
        means = {name: round(float(value) / self.summed, 4) for name, value in self.sums.items()}
        self.sums, self.summed = {}, 0
        pace = (time.monotonic() - self.began) / (self.step + 1 - self.first)
        self.note({"step": self.step + 1, "seconds_a_step": round(pace, 3), **means})

    def note(self, row: Mapping[str, object]) -> None:
        """Print ``row`` and append it to the log file beside the checkpoint."""
        if self.team.rank:
            return
        print(" ".join(f"{key} {value}" for key, value in row.items()), flush=True)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_suffix(".log").open("a") as file:
            file.write(json.dumps(row) + "\n")


def learning_rate(loop: Loop, peak: float, first: int = 100) -> float:
    """A linear start over ``first`` steps, then a cosine from ``peak`` to a twentieth of it."""
    cosine = 0.5 * (1 + math.cos(math.pi * loop.progress))
    return peak * min(1.0, (loop.step - loop.origin + 1) / first) * (0.05 + 0.95 * cosine)
