"""The autoencoder while it is trained: stock modules, their linear start, and encoding to posterior means."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from stable_audio_tools.models.autoencoders import AudioAutoencoder, ResidualUnit, create_autoencoder_from_config
from stable_audio_tools.models.utils import load_ckpt_state_dict
from torch import Tensor, nn

from training.config import autoencoder_config
from training.convolutions import Convolution, bias, direction_and_length, kernel, padding, set_kernel
from training.fast import run
from training.presets import LATENTS, SAMPLE_RATE, AutoencoderPreset

#: A run's checkpoint, and that of a decoder which is trained on alone: the latents of the two are others.
AUTOENCODER, DECODER = "autoencoder.pt", "decoder.pt"
#: Where an autoencoder's weights lie in a whole model's.
INSIDE = "pretransform.model."
#: The posterior's standard deviation in the exported model, beside latents of about unit size.
POSTERIOR = 0.02
#: How large the signals between the stages are at the start: small enough that ELU leaves them nearly unchanged.
STREAM = 0.15


class Codec(nn.Module):
    """A stock autoencoder with the two directions that training needs."""

    def __init__(self, preset: AutoencoderPreset) -> None:
        super().__init__()
        config = {"sample_rate": SAMPLE_RATE, "model": autoencoder_config(preset)}
        self.stock: AudioAutoencoder = create_autoencoder_from_config(config).eval()
        _quiet_branches(self.stock)
        _fix_posterior(self.stock)

    def bands(self, audio: Tensor) -> Tensor:
        """Wavelet coefficients (n, 256, 8 × frames) of audio (n, 2, 1024 × frames)."""
        with torch.no_grad():
            bands: Tensor = self.stock.pretransform.encoder(audio)
        return bands

    def encode(self, audio: Tensor) -> Tensor:
        """Posterior means (n, 64, frames)."""
        return run(self.stock.encoder, self.bands(audio))[:, :LATENTS].float()

    def decode(self, latents: Tensor) -> Tensor:
        """Audio (n, 2, 1024 × frames)."""
        bands = run(self.stock.decoder, latents)
        audio: Tensor = self.stock.pretransform.decoder(bands.float())
        return audio

    def start_from(self, folder: Path) -> None:
        """Take the autoencoder of a model folder."""
        state = load_ckpt_state_dict(str(folder / "model.safetensors"))
        own = {name.removeprefix(INSIDE): value.float() for name, value in state.items() if name.startswith(INSIDE)}
        self.stock.load_state_dict(own)

    @torch.no_grad()
    def divide_latents(self, sizes: Tensor) -> None:
        """Fold a division of each latent channel by ``sizes`` into the encoder, and the way back into the decoder."""
        last, first = self.stock.encoder.layers[4], self.stock.decoder.layers[0]
        _, length = direction_and_length(last)
        length[:LATENTS] /= sizes[:, None, None]
        bias(last)[:LATENTS] /= sizes
        set_kernel(first, kernel(first) * sizes[None, :, None])

    @torch.no_grad()
    def start_linear(self, audio: Tensor) -> None:
        """Set the weights so that each stage keeps the principal components of the one before, on ``audio``."""
        loudness = audio.square().mean(dim=(1, 2), keepdim=True).sqrt() + 1e-3
        signal = self.bands(audio / loudness * loudness.square().mean().sqrt())
        encoder, decoder = self.stock.encoder.layers, self.stock.decoder.layers
        stages = [
            (encoder[0], decoder[4], 1),
            (encoder[1].layers[4], decoder[2].layers[1], 4),
            (encoder[2].layers[4], decoder[1].layers[1], 2),
            (encoder[4], decoder[0], 1),
        ]
        for number, (down, up, stride) in enumerate(stages):
            grouped = signal.unflatten(-1, (-1, stride)).permute(0, 2, 3, 1).flatten(0, 1).flatten(1)
            kept = LATENTS if number == 3 else down.out_channels
            values, vectors = torch.linalg.eigh(grouped.T @ grouped / len(grouped))
            basis, spread = vectors[:, -kept:].flip(1), values[-kept:].flip(0).clamp(min=1e-9).sqrt()
            there = torch.full((kept,), STREAM / float(spread.square().mean().sqrt()) if number == 0 else 1.0)
            if number == 3:
                # Between equal gains and equal sizes: weak channels matter less but are not lost in the noise.
                there = spread.clamp(min=1e-3 * float(spread[0])) ** -0.5
                there = there / float((spread * there).square().mean().sqrt())
            signal = (grouped @ basis * there).unflatten(0, (len(audio), -1)).transpose(1, 2)
            _set_down(down, basis * there, stride)
            _set_up(up, basis / there, stride)


@torch.no_grad()
def _quiet_branches(stock: AudioAutoencoder) -> None:
    """Let residual branches see signals of unit size and add next to nothing at first."""
    for module in stock.modules():
        if isinstance(module, ResidualUnit):
            for layer, gain in ((1, 3 / STREAM), (3, 0.01 * STREAM)):
                _, length = direction_and_length(module.layers[layer])
                length.mul_(gain)
            bias(module.layers[3]).zero_()


@torch.no_grad()
def _fix_posterior(stock: AudioAutoencoder) -> None:
    """Make the second half of the encoder's output a constant: a narrow posterior, whatever the sound."""
    last = stock.encoder.layers[4]
    _, length = direction_and_length(last)
    length[LATENTS:] = 0
    bias(last)[LATENTS:] = math.log(math.expm1(POSTERIOR))


@torch.no_grad()
def _set_down(conv: nn.Conv1d, basis: Tensor, stride: int) -> None:
    """Make ``conv`` project groups of ``stride`` inputs, (stride × channels, kept), onto its first outputs."""
    kept, first = basis.shape[1], padding(conv)
    bias(conv)[:kept] = 0
    weight = torch.zeros_like(kernel(conv)[:kept])
    taps = basis.T.unflatten(1, (stride, -1)).transpose(1, 2)
    weight[:, : taps.shape[1], first : first + stride] = taps
    set_kernel(conv, weight)


@torch.no_grad()
def _set_up(conv: Convolution, basis: Tensor, stride: int) -> None:
    """Make ``conv`` the way back, from ``kept`` channels to groups of ``stride`` outputs; further inputs are unused."""
    kept, first = basis.shape[1], padding(conv)
    taps = basis.unflatten(0, (stride, -1))
    direction, _ = direction_and_length(conv)
    weight = torch.zeros_like(direction)
    if isinstance(conv, nn.ConvTranspose1d):
        weight[:kept, : taps.shape[1], first : first + stride] = taps.permute(2, 1, 0)
        weight[kept:] = direction[kept:] * 0.1
    else:
        weight[: taps.shape[1], :kept, first] = taps[0]
        weight[taps.shape[1] :] = direction[taps.shape[1] :] * 0.1
    set_kernel(conv, weight)
    if conv.bias is not None:
        conv.bias.zero_()
