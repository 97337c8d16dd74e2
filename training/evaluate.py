"""``python -m training.evaluate``: put an exported model through the gate.

Everything goes through the stock loader and sampler, at the model's default steps and guidance and with held-out
prompts unless the line says otherwise. Writes ``evaluation.json`` in the run; the exit status is 0 if the gate is met.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import NotRequired, TypedDict

import numpy as np
import torch
from torch import Tensor

from midifrag.engine.sketch import FAMILIES, SAMPLE_RATE, render_parameters
from training.captions import NAMES, WORDS, Caption, compose, draw
from training.clips import Clips
from training.generator import Generator
from training.judge import Judge, Mel, load_judge
from training.loop import parser
from training.measures import MEASURES, separation
from training.presets import PRESETS, RATIO

#: What must be reached: real and generated sounds named right, words told apart, silence in dBFS, seconds for 3 s.
REAL, NAMED, TOLD_APART, SILENCE, TIME = 0.97, 0.70, 0.90, -60.0, 0.5
#: How different sounds of one prompt are at least, in parts of what its teacher's are, and how many are compared.
VARIETY, SEEDS = 0.9, 8
#: How far adjectives move the teacher when its sounds are measured for comparison.
AMOUNT = 0.75
#: A measure is used for the families whose real sounds it tells apart this well.
MEASURABLE = 0.9


class Words(TypedDict):
    """How well the two words of an axis are told apart: areas under the curve, and for each family."""

    real: float
    generated: float
    families: dict[str, float]


class Evaluation(TypedDict):
    """``evaluation.json``. Shares are 0 … 1, levels dBFS; in the file the keys of the last three mappings are text."""

    steps: int
    guidance: float
    real: float
    reconstructed: float
    generated: float
    families: dict[str, float]
    words: dict[str, Words]
    silence: dict[str, float]
    seconds_for_3_s: float
    by_guidance: dict[float, float]
    by_steps: dict[float, float]
    after_the_end: dict[float, float]
    variety: float
    teacher_variety: NotRequired[float]
    missed: NotRequired[list[str]]


def held_out_captions(each: int, seed: int) -> list[Caption]:
    """``each`` captions of every family that no training clip has."""
    rng = np.random.default_rng(seed)
    return [draw(name, rng, evaluation=True) for _ in range(each) for name in NAMES]


def named_right(judge: Judge, audio: Tensor, captions: list[Caption]) -> tuple[float, dict[str, float]]:
    """The share of sounds whose family the judge names, over all and for each family."""
    names = [NAMES[number] for number in judge.name(audio).tolist()]
    rows: dict[str, list[float]] = {name: [] for name in NAMES}
    for name, caption in zip(names, captions, strict=True):
        rows[caption.family].append(float(name == caption.family))
    shares = {name: round(sum(row) / len(row), 3) for name, row in rows.items() if row}
    return round(float(np.mean([value for row in rows.values() for value in row])), 4), shares


def told_apart(axis: str, each: int, make: Callable[[list[Caption]], Tensor]) -> dict[str, float]:
    """Family → how well its sounds with the axis' two words are told apart by the axis' measure."""
    names = [name for name, family in FAMILIES.items() if axis in family.axes]
    captions = [compose(name, {axis: sign * AMOUNT}) for name in names for sign in (-1, 1) for _ in range(each)]
    values = [MEASURES[axis](sound.numpy()) for sound in make(captions)]
    split = np.asarray(values).reshape(len(names), 2, each).tolist()
    return {name: round(separation(low, high), 3) for name, (low, high) in zip(names, split, strict=True)}


def real_sounds(captions: list[Caption]) -> Tensor:
    """The teacher's sounds of 3 s."""
    return torch.stack(
        [
            torch.from_numpy(render_parameters(caption.parameters, 3.0, seed).audio)
            for seed, caption in enumerate(captions)
        ]
    )


def level(audio: Tensor) -> float:
    """RMS in dBFS, −200 at the least."""
    return round(20 * math.log10(max(float(audio.double().square().mean().sqrt()), 1e-10)), 1)


def silence(generator: Generator) -> dict[str, float]:
    """How loud silence is after encoding and decoding, from the posterior's mean and from a sample of it."""
    codec = generator.model.pretransform
    quiet = torch.zeros(1, 2, 128 * RATIO, device=generator.device)
    with torch.no_grad():
        latents = codec.model.encoder(codec.model.pretransform.encode(quiet)).chunk(2, dim=1)[0]
        mean, sample = codec.model.decode(latents), codec.decode(codec.encode(quiet))
    return {"mean": level(mean), "sample": level(sample)}


def tail(generator: Generator, seconds: float) -> float:
    """How loud the rest of a 3 s window is after ``seconds``, beside the sounds, in decibels."""
    window = torch.cat(
        [generator([f"long {name}"], seconds, samples=round(3.0 * SAMPLE_RATE)) for name in ("pad", "organ", "noise")]
    )
    end = round((seconds + 0.1) * SAMPLE_RATE)
    return round(level(window[..., end:]) - level(window[..., : round(seconds * SAMPLE_RATE)]), 1)


def variety(generator: Generator, mel: Mel) -> float:
    """How far sounds of one prompt are apart: the mean distance of the log-mel spectrograms of `SEEDS` seeds."""
    apart = []
    for name in NAMES:
        spectra = mel(generator([name] * SEEDS)).flatten(1)
        first, second = torch.triu_indices(SEEDS, SEEDS, offset=1)
        apart.append((spectra[first] - spectra[second]).abs().mean())
    return round(float(torch.stack(apart).mean()), 4)


def reconstructed(generator: Generator, judge: Judge, test: Clips) -> float:
    """The share of all held-out real sounds that the judge still names right after the autoencoder."""
    codec, right = generator.model.pretransform.model, 0
    with torch.no_grad():
        for part in torch.arange(len(test)).split(12):
            sounds = codec.pretransform.encode(test.whole(part).to(generator.device))
            made = codec.decode(codec.encoder(sounds).chunk(2, dim=1)[0])
            right += int((judge.name(made.cpu()) == test.families[part]).sum())
    return round(right / len(test), 4)


def all_told_apart(generator: Generator, pairs: int) -> dict[str, Words]:
    """Each axis' words → how well they are told apart, over the families whose real sounds the measure tells apart."""
    rows: dict[str, Words] = {}
    for axis in MEASURES:
        teacher = told_apart(axis, pairs, real_sounds)
        made = told_apart(axis, pairs, lambda captions: generator([caption.prompt for caption in captions]))
        families = [name for name, value in teacher.items() if value >= MEASURABLE]
        rows["/".join(WORDS[axis])] = {
            "real": round(float(np.mean([teacher[name] for name in families])), 3),
            "generated": round(float(np.mean([made[name] for name in families])), 3),
            "families": {name: made[name] for name in families},
        }
    return rows


def evaluate(generator: Generator, judge: Judge, test: Clips, each: int, pairs: int) -> Evaluation:
    """All the numbers; ``each`` held-out prompts a family, ``pairs`` sounds for each word and family."""
    captions = held_out_captions(each, 11)
    prompts = [caption.prompt for caption in captions]
    few, few_prompts = captions[: 2 * len(NAMES)], prompts[: 2 * len(NAMES)]
    right = [judge.name(test.whole(part)) == test.families[part] for part in torch.arange(len(test)).split(27)]
    generated, families = named_right(judge, generator(prompts), captions)
    return {
        "steps": generator.steps,
        "guidance": generator.guidance,
        "real": round(float(torch.cat(right).float().mean()), 4),
        "reconstructed": reconstructed(generator, judge, test),
        "generated": generated,
        "families": families,
        "by_guidance": {
            scale: named_right(judge, generator(few_prompts, guidance=scale), few)[0] for scale in (1.0, 2.0, 4.0, 7.0)
        },
        "by_steps": {
            steps: named_right(judge, generator(few_prompts, steps=steps), few)[0] for steps in (2, 4, 8, 16, 32)
        },
        "words": all_told_apart(generator, pairs),
        "silence": silence(generator),
        "after_the_end": {seconds: tail(generator, seconds) for seconds in (1.0, 2.0)},
        "seconds_for_3_s": round(generator.seconds_for(3.0), 3),
        "variety": variety(generator, judge.mel),
    }


def failures(result: Evaluation) -> list[str]:
    """What a model's numbers miss of the gate."""
    missed = [
        f"{word}: {row['generated']} is below {TOLD_APART}"
        for word, row in result["words"].items()
        if row["generated"] < TOLD_APART
    ]
    for name, value, least in (("real", result["real"], REAL), ("generated", result["generated"], NAMED)):
        if value < least:
            missed.append(f"{name}: {value} is below {least}")
    if result["silence"]["mean"] > SILENCE:
        missed.append(f"silence: {result['silence']['mean']} dBFS is above {SILENCE}")
    if result["variety"] < VARIETY * result.get("teacher_variety", 0.0):
        missed.append(f"variety: {result['variety']} is below {VARIETY} of its teacher's, {result['teacher_variety']}")
    if result["seconds_for_3_s"] > TIME:
        missed.append(f"seconds_for_3_s: {result['seconds_for_3_s']} is above {TIME}")
    return missed


def main() -> None:
    """Evaluate the run's exported model."""
    arguments_parser = parser(__doc__)
    arguments_parser.add_argument("--model", type=Path, help="folder of the model; the run's export if not given")
    arguments_parser.add_argument("--teacher", type=Path, help="folder of a model that it has to vary as much as")
    arguments_parser.add_argument("--each", type=int, default=10, help="held-out prompts of each family")
    arguments_parser.add_argument("--pairs", type=int, default=4, help="sounds for each word and family")
    arguments = arguments_parser.parse_args()
    preset = PRESETS[arguments.preset]
    generator = Generator(arguments.model or arguments.run / "export", arguments.device)
    judge = load_judge(arguments.run, preset.judge.width)
    result = evaluate(generator, judge, Clips(arguments.run, "test"), arguments.each, arguments.pairs)
    if arguments.teacher is not None:
        result["teacher_variety"] = variety(Generator(arguments.teacher, arguments.device), judge.mel)
    result["missed"] = failures(result)
    (arguments.run / "evaluation.json").write_text(json.dumps(result, indent=2))
    print(json.dumps(result, indent=2))
    raise SystemExit(1 if result["missed"] else 0)


if __name__ == "__main__":
    main()
