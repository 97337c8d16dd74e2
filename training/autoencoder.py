"""``python -m training.autoencoder``: learn to turn sounds into 64 numbers per 1024 samples and back.

Starts from principal components, or with ``--model`` from the autoencoder of a model folder.

Writes ``autoencoder.pt`` and ``autoencoder.log``, and at intervals pairs of real and reconstructed sounds in
``samples/``, and how many of them the judge names right.
"""

from __future__ import annotations

from pathlib import Path

import soundfile
import torch
from torch import Tensor

from training.clips import Clips, harder
from training.codec import AUTOENCODER, Codec
from training.judge import Judge, load_judge
from training.loop import Average, Loop, Stateful, learning_rate, parser
from training.losses import ReconstructionLoss
from training.presets import PRESETS, SAMPLE_RATE

#: The most noise added to the latents while training, beside their unit size: what diffusion will get wrong at least.
NOISE = 0.12
#: Weight of keeping the latents small.
SIZE = 2e-3
#: Held-out clips that are reconstructed for the judge, and how many of them are written.
JUDGED, WRITTEN = 108, 27
#: Clips that the principal components are taken from.
STARTERS = 400


def latent_size(latents: Tensor) -> Tensor:
    """The part of the divergence from a unit normal that the means are to blame for."""
    return 0.5 * latents.square().mean()


@torch.no_grad()
def judge_reconstructions(codec: Codec, judge: Judge, test: Clips, folder: Path, step: int) -> dict[str, float]:
    """Write real and reconstructed sounds, one after the other; note what share of the latter is named right."""
    folder.mkdir(parents=True, exist_ok=True)
    device = next(codec.parameters()).device
    chosen = torch.arange(min(JUDGED, len(test)))
    right = 0
    for part in chosen.split(12):
        real = test.whole(part)
        made = codec.decode(codec.encode(real.to(device))).cpu()
        right += int((judge.name(made) == test.families[part]).sum())
        for index, pair in zip(part.tolist(), torch.cat([real, made], dim=2).clamp(-1, 1), strict=True):
            if index < WRITTEN:
                name = f"autoencoder-{step:06d}-{test.prompts[index].replace(' ', '-')}.flac"
                soundfile.write(folder / name, pair.T.numpy(), SAMPLE_RATE)
    return {"step": step, "named_right": round(right / len(chosen), 3)}


def main() -> None:
    """Train until the preset's last step."""
    arguments_parser = parser(__doc__)
    arguments_parser.add_argument("--model", type=Path, help="folder of a model whose autoencoder is trained on")
    arguments = arguments_parser.parse_args()
    preset = PRESETS[arguments.preset].autoencoder
    device = torch.device(arguments.device)
    # Cards round to ten bits in convolutions unless told otherwise.
    torch.backends.cudnn.allow_tf32 = False
    torch.manual_seed(arguments.seed)
    train, test = Clips(arguments.run, "train", device), Clips(arguments.run, "test")
    path = arguments.run / AUTOENCODER
    codec, steps, rate = Codec(preset), preset.steps, preset.rate
    if arguments.model is not None:
        codec.start_from(arguments.model)
        steps, rate = preset.further_steps, preset.further_rate
    elif not path.exists():
        codec.start_linear(train.crops(STARTERS, preset.crop)[0].cpu())
    codec.to(device)
    parameters = [value for value in codec.parameters() if value.requires_grad]
    optimiser = torch.optim.AdamW(parameters, lr=rate, betas=(0.8, 0.99), weight_decay=0.0)
    average = Average(codec)
    parts: dict[str, Stateful] = {"codec": codec, "optimiser": optimiser, "average": average}
    loop = Loop(path, steps, arguments.seed, parts, arguments.minutes, extend=arguments.extend)
    judge = load_judge(arguments.run, PRESETS[arguments.preset].judge.width).to(device)
    loss = ReconstructionLoss().to(device)
    weights = harder(train) if arguments.model is not None else None
    for step in loop.steps():
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(loop, rate)
        real = train.crops(preset.batch, preset.crop, weights)[0].to(device)
        with torch.autocast(device.type, dtype=torch.bfloat16):
            latents = codec.encode(real)
        noise = NOISE * torch.rand(len(real), 1, 1, device=device) * torch.randn_like(latents)
        # In single precision: what half precision rounds is hiss to the loss, as loud as upper partials are.
        made = codec.decode(latents + noise)
        terms = loss(made, real)
        size = latent_size(latents)
        optimiser.zero_grad()
        (terms["total"] + SIZE * size).backward()
        loop.share(parameters)
        norm = torch.nn.utils.clip_grad_norm_(parameters, 5.0)
        optimiser.step()
        average.update(codec)
        loop.log(**terms, size=size, norm=norm)
        if (step + 1) % preset.sample_every == 0 and loop.team.rank == 0:
            with average.in_place_of(codec):
                loop.note(judge_reconstructions(codec, judge, test, arguments.run / "samples", step + 1))


if __name__ == "__main__":
    main()
