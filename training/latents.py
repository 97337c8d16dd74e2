"""``python -m training.latents``: encode the clips with the trained autoencoder.

Writes ``latents-<split>.pt`` with posterior means in half precision, divided by each channel's size over the train
split, and ``codec.pt``, the averaged autoencoder whose own latents are of that unit size.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from training.clips import Clips
from training.codec import AUTOENCODER, Codec
from training.loop import Average, parser, save
from training.presets import PRESETS, Preset

#: Clips encoded at once, and clips that the channels' sizes are measured on.
BATCH, MEASURED = 16, 324


def averaged_codec(checkpoint: Path, preset: Preset) -> Codec:
    """The autoencoder with the averaged parameters of its training's checkpoint."""
    codec = Codec(preset.autoencoder)
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    average = Average(codec)
    average.load_state_dict(state["average"])
    average.copy_to(codec)
    return codec


def load_codec(run: Path, preset: Preset) -> Codec:
    """The autoencoder with latents of unit size."""
    codec = Codec(preset.autoencoder)
    codec.load_state_dict(torch.load(run / "codec.pt", map_location="cpu", weights_only=True)["codec"])
    return codec


@torch.no_grad()
def encode(codec: Codec, clips: Clips, count: int, device: torch.device) -> Tensor:
    """Posterior means (count, 64, frames) of the first of ``clips``, in half precision."""
    parts = []
    for part in torch.arange(count).split(BATCH):
        with torch.autocast(device.type, dtype=torch.bfloat16):
            parts.append(codec.encode(clips.whole(part).to(device)).half().cpu())
        if int(part[0]) % (64 * BATCH) == 0:
            print(f"encoded {int(part[-1]) + 1} of {count}", flush=True)
    return torch.cat(parts)


def main() -> None:
    """Make the latents of unit size and write them for the splits that diffusion is trained on."""
    arguments_parser = parser(__doc__)
    arguments_parser.add_argument("--clips", type=int, help="encode only so many of the first clips of each split")
    arguments = arguments_parser.parse_args()
    device = torch.device(arguments.device)
    run = arguments.run
    codec = averaged_codec(run / AUTOENCODER, PRESETS[arguments.preset]).to(device).eval()
    train = Clips(run, "train")
    some = torch.randperm(len(train), generator=torch.Generator().manual_seed(arguments.seed))[:MEASURED]
    with torch.no_grad():
        means = torch.cat([codec.encode(train.whole(part).to(device)) for part in some.split(BATCH)])
    codec.divide_latents(means.square().mean(dim=(0, 2)).sqrt())
    save({"codec": codec.state_dict()}, run / "codec.pt")
    for split in ("train", "rare", "missed", "long"):
        if not (run / "data" / f"{split}.json").exists():
            continue
        clips = Clips(run, split)
        count = len(clips) if arguments.clips is None else min(arguments.clips, len(clips))
        save({"latents": encode(codec, clips, count, device)}, run / f"latents-{split}.pt")


if __name__ == "__main__":
    main()
