"""``python -m training.card``: an evaluated model's card, with pictures of real sounds beside generated ones.

Writes ``README.md`` and ``spectrograms.png`` into the exported folder from the run's ``evaluation.json``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from midifrag.config.model_inputs import GUIDANCE_NAME
from training.evaluate import (
    NAMED,
    REAL,
    SILENCE,
    TIME,
    TOLD_APART,
    VARIETY,
    Evaluation,
    held_out_captions,
    real_sounds,
)
from training.generator import Generator
from training.judge import Mel
from training.lessons import ALL_STEPS, GUIDANCE
from training.loop import parser
from training.presets import RATIO
from training.transformer import LOG_SNR

#: Families in the picture, two columns of real and generated.
SHOWN = 18
#: Frames that are shown of each spectrogram, and the gap between pictures in pixels.
FRAMES, GAP = 240, 4
#: What is said of a model that hears how it is played.
_DISTILLED = f""" It hears the guidance and the number of steps as numbers beside the
prompt (`training/distill.py`), so a step takes one pass: `cfg_scale=1` is what the sampler is told. Guidance beyond
{GUIDANCE[0]:g} to {GUIDANCE[1]:g}, and steps beyond {ALL_STEPS}, are heard as the nearest of these."""


def picture(real: Tensor, made: Tensor) -> Image.Image:
    """Mel spectrograms, each real one with the generated one on its right, low frequencies at the bottom."""
    mel = Mel()

    def tiles(audio: Tensor) -> npt.NDArray[np.uint8]:
        shade: Tensor = (mel(audio)[:, 0, :, :FRAMES] + 1.45) / 3.2
        return (shade.clamp(0, 1) * 255).byte().flip(1).numpy()

    pairs = [np.concatenate([left, right], axis=1) for left, right in zip(tiles(real), tiles(made), strict=True)]
    padded = [np.pad(pair, GAP, constant_values=255) for pair in pairs]
    rows = [np.concatenate(padded[start : start + 2], axis=1) for start in range(0, len(padded) // 2 * 2, 2)]
    return Image.fromarray(np.concatenate(rows))


def card(result: Evaluation, prompts: list[str], told: Mapping[str, float]) -> str:
    """The text: what the model is, what it was measured to do, and how that was measured.

    ``told`` are the numbers that it hears of how it is played.
    """
    words = "\n".join(
        f"| {word} told apart (area under the curve; real sounds {row['real']}) | {row['generated']} | ≥ {TOLD_APART} |"
        for word, row in result["words"].items()
    )
    families = ", ".join(f"{name} {share:.0%}" for name, share in result["families"].items())
    rows, scale = _rows_of_variety(result), 1.0 if GUIDANCE_NAME in told else result["guidance"]
    asked = json.dumps({"prompt": "short dark kick", "seconds_start": 0, "seconds_total": 3, **told})
    pairs = [", ".join(prompts[start : start + 2]) for start in range(0, len(prompts) // 2 * 2, 2)]
    return f"""---
license: mit
tags: [text-to-audio, stable-audio-tools]
---
# pocket

A small text-to-audio latent diffusion model in stable-audio-tools' format: short sounds for playing live, on a laptop's
processor. 44.1 kHz stereo, up to 6 s. Trained from scratch on sounds of midifrag's synthesiser `sketch`, and on nothing
else, so there is no recording of anybody's in it; it can do what that synthesiser can and no more.

A prompt is one sound and up to three adjectives, in any order: "short dark kick", "wide rising pad". Synonyms are
understood, other words are ignored.

## Measured

`python -m training.evaluate`, with the stock loader and `generate_diffusion_cond`, {result["steps"]} steps and CFG
{result["guidance"]}, on prompts that are not in the training data.{_DISTILLED if told else ""}

| what | measured | gate |
| --- | --- | --- |
| real held-out sounds whose family the judge names | {result["real"]:.1%} | ≥ {REAL:.0%} |
| generated sounds whose family the judge names | {result["generated"]:.1%} | ≥ {NAMED:.0%} |
{words}
| silence after encoding and decoding, posterior mean (sample) | {result["silence"]["mean"]} dBFS \
({result["silence"]["sample"]} dBFS) | ≤ {SILENCE:.0f} dBFS |
| a fragment of 3 s, on the machine of the evaluation | {result["seconds_for_3_s"]} s | ≤ {TIME} s |
{rows}
The judge names {result["reconstructed"]:.1%} of what the autoencoder makes of real sounds.
Named right by CFG: {_row(result["by_guidance"], "{:.0%}")}; by steps: {_row(result["by_steps"], "{:.0%}")} \
({2 * len(result["families"])} sounds each).
Level after the asked-for end, beside the sound, by seconds: {_row(result["after_the_end"], "{} dB")}.
Named right by family: {families}.

What is measured (`training/measures.py`): length is when nine tenths of the energy have been heard; speed the rate on
which changes of loudness and tone centre, with a floor under what hardly moves; brightness the centre of gravity of the
power spectrum; pitch the frequency with half of the energy below it; distortion the level beside the peak. A pair of
words counts for the families whose real sounds it tells apart.

![Spectrograms](spectrograms.png)

Real on the left, generated on the right of each pair; row by row: {"; ".join(pairs)}.

## Use

With stable-audio-tools 0.0.20. Its own default guidance is another one (APG), and so is its schedule: `apg_scale=0` is
plain CFG, and `dist_shift` the noise levels that the model was measured with. Up to 0.0.19 both are what there is:
leave them out.

```python
import json
from stable_audio_tools.inference.generation import generate_diffusion_cond
from stable_audio_tools.inference.sampling import LogSNRShift
from stable_audio_tools.models.factory import create_model_from_config
from stable_audio_tools.models.utils import load_ckpt_state_dict

config = json.load(open("model_config.json"))  # in this folder: the tokenizer's path is relative to it
model = create_model_from_config(config)
model.load_state_dict(load_ckpt_state_dict("model.safetensors"))
audio = generate_diffusion_cond(
    model.eval(), steps={result["steps"]}, cfg_scale={scale}, device="cpu", sample_size=130 * {RATIO},
    apg_scale=0.0, dist_shift=LogSNRShift(rate=0, anchor_logsnr={LOG_SNR[0]}, logsnr_end={LOG_SNR[1]}),
    conditioning=[{asked}],
)
```
"""


def _rows_of_variety(result: Evaluation) -> str:
    """How different sounds of one prompt are, where a teacher's were measured."""
    if "teacher_variety" not in result:
        return ""
    share = result["variety"] / result["teacher_variety"]
    return f"| how far eight sounds of one prompt are apart, beside the teacher's | {share:.2f} | ≥ {VARIETY} |\n"


def _row(values: Mapping[float, float], pattern: str) -> str:
    return ", ".join(f"{key}: {pattern.format(value)}" for key, value in values.items())


def main() -> None:
    """Write the card and its picture."""
    arguments_parser = parser(__doc__)
    arguments_parser.add_argument("--model", type=Path, help="folder of the model; the run's export if not given")
    arguments = arguments_parser.parse_args()
    folder: Path = arguments.model or arguments.run / "export"
    captions = held_out_captions(1, 11)[:SHOWN]
    prompts = [caption.prompt for caption in captions]
    generator = Generator(folder, arguments.device)
    with torch.no_grad():
        image = picture(real_sounds(captions), generator(prompts))
    image.save(folder / "spectrograms.png", optimize=True)
    result: Evaluation = json.loads((arguments.run / "evaluation.json").read_text())
    told = generator.told(result["steps"], result["guidance"])
    (folder / "README.md").write_text(card(result, prompts, told))


if __name__ == "__main__":
    main()
