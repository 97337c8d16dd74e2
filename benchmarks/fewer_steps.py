"""How far a model's sounds with few steps are from those with many, beside how far two seeds are from each other.

    uv run python -m benchmarks.fewer_steps --model pocket --steps 4 6 8 16

Needs no judge: distances are means over log-mel spectrograms (decibels, down to 60 dB below the loudest), of the same
prompt and seed with 32 steps against fewer, and with 32 steps against another seed. Levels are RMS, in decibels beside
that with 32 steps.
"""

from __future__ import annotations

import argparse
import math
import statistics

import torch
from torch import Tensor

from midifrag.engine.api import load_model, render
from training.judge import Mel

MANY, SECONDS, SEEDS = 32, 3.0, (1, 2)
PROMPTS = (
    "short dark kick",
    "hard bright snare",
    "slow wide pad",
    "low distorted bass",
    "bright bell",
    "fast siren",
    "soft wind",
    "dark drone",
)
#: Decibels of a unit of `Mel`'s scale, which is half a natural logarithm of an amplitude.
_DECIBELS = 2 * 20 / math.log(10)


def main() -> None:
    """Measure, and print a row for each number of steps."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="pocket")
    parser.add_argument("--steps", type=int, nargs="+", default=[4, 6, 8, 16])
    chosen = parser.parse_args()
    model, mel = load_model(chosen.model, "cpu"), Mel()

    def made(prompt: str, steps: int, seed: int) -> Tensor:
        return torch.from_numpy(render(model, prompt, seconds=SECONDS, steps=steps, seed=seed).audio).unsqueeze(0)

    def apart(one: Tensor, other: Tensor) -> float:
        return float((mel(one) - mel(other)).abs().mean()) * _DECIBELS

    def level(audio: Tensor) -> float:
        return 20 * math.log10(float(audio.square().mean().sqrt()) + 1e-9)

    whole = {prompt: [made(prompt, MANY, seed) for seed in SEEDS] for prompt in PROMPTS}
    seeds = statistics.mean(apart(*pair) for pair in whole.values())
    print(f"two seeds with {MANY} steps: {seeds:.2f} dB apart", flush=True)
    for steps in chosen.steps:
        few = {prompt: made(prompt, steps, SEEDS[0]) for prompt in PROMPTS}
        distance = statistics.mean(apart(few[prompt], whole[prompt][0]) for prompt in PROMPTS)
        levels = [level(few[prompt]) - level(whole[prompt][0]) for prompt in PROMPTS]
        print(
            f"{steps} steps: {distance:.2f} dB from {MANY}, {distance / seeds:.2f} of two seeds; "
            f"level {statistics.mean(levels):+.1f} dB, worst {max(levels, key=abs):+.1f} dB",
            flush=True,
        )


if __name__ == "__main__":
    main()
