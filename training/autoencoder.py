"""``python -m training.autoencoder``: learn to turn sounds into 64 numbers per 1024 samples and back.

Starts from principal components. Writes ``autoencoder.pt`` and ``autoencoder.log``, and at intervals pairs of real and
reconstructed sounds in ``samples/``.
"""

from __future__ import annotations

from pathlib import Path

import soundfile
import torch
from torch import Tensor

from .clips import Clips
from .codec import Codec
from .loop import Average, Loop, learning_rate, parser
from .losses import ReconstructionLoss
from .presets import PRESETS, SAMPLE_RATE

#: Noise added to the latents while training, beside their unit size: what diffusion will get wrong at least.
NOISE = 0.1
#: Weight of keeping the latents small.
SIZE = 2e-3
#: Clips that the principal components are taken from.
STARTERS = 400


def latent_size(latents: Tensor) -> Tensor:
    """The part of the divergence from a unit normal that the means are to blame for."""
    return 0.5 * latents.square().mean()


def write_samples(codec: Codec, test: Clips, folder: Path, step: int) -> None:
    """Write real and reconstructed sounds, one after the other, of the first clip of each family."""
    folder.mkdir(parents=True, exist_ok=True)
    count = min(27, len(test))
    with torch.no_grad():
        real = test.whole(torch.arange(count))
        made = codec.decode(codec.encode(real))
    pairs = torch.cat([real, made], dim=2).transpose(1, 2).clamp(-1, 1).numpy()
    for prompt, pair in zip(test.prompts, pairs, strict=False):
        soundfile.write(folder / f"autoencoder-{step:06d}-{prompt.replace(' ', '-')}.flac", pair, SAMPLE_RATE)


def main() -> None:
    """Train until the preset's last step."""
    arguments = parser(__doc__).parse_args()
    preset = PRESETS[arguments.preset].autoencoder
    device = torch.device(arguments.device)
    torch.manual_seed(arguments.seed)
    train, test = Clips(arguments.run, "train"), Clips(arguments.run, "test")
    path = arguments.run / "autoencoder.pt"
    codec = Codec(preset)
    if not path.exists():
        codec.start_linear(train.crops(STARTERS, preset.crop))
    codec.to(device)
    parameters = [value for value in codec.parameters() if value.requires_grad]
    optimiser = torch.optim.AdamW(parameters, lr=preset.rate, betas=(0.8, 0.99), weight_decay=0.0)
    average = Average(codec)
    parts = {"codec": codec, "optimiser": optimiser, "average": average}
    loop = Loop(path, preset.steps, arguments.seed, parts, arguments.minutes)
    loss = ReconstructionLoss().to(device)
    for step in loop.steps():
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(loop, preset.rate)
        real = train.crops(preset.batch, preset.crop).to(device)
        with torch.autocast(device.type, dtype=torch.bfloat16):
            latents = codec.encode(real)
            made = codec.decode(latents + NOISE * torch.randn_like(latents))
        terms = loss(made, real)
        size = latent_size(latents)
        optimiser.zero_grad()
        (terms["total"] + SIZE * size).backward()
        norm = torch.nn.utils.clip_grad_norm_(parameters, 5.0)
        optimiser.step()
        average.update(codec)
        loop.log(**terms, size=size, norm=norm)
        if (step + 1) % preset.sample_every == 0:
            write_samples(codec, test, arguments.run / "samples", step + 1)


if __name__ == "__main__":
    main()
