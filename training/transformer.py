"""The diffusion transformer while it is trained: the stock model, its start, its batches' conditions, its sampling."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import torch
from stable_audio_tools.models.diffusion import ConditionedDiffusionModelWrapper
from stable_audio_tools.models.factory import create_model_from_config
from stable_audio_tools.models.transformer import Attention
from stable_audio_tools.models.utils import load_ckpt_state_dict
from torch import Tensor

from training.config import model_config
from training.presets import LATENTS, Preset
from training.tokens import save_tokenizer

#: The log-SNR that the stock rectified-flow sampler begins and ends with.
LOG_SNR = (-6.0, 2.0)
#: How quiet the sines are that the positions start as.
POSITION_SIZE = 0.2


def build(run: Path, preset: Preset) -> ConditionedDiffusionModelWrapper:
    """The stock conditional model with random weights and its tokenizer in ``run``."""
    folder = save_tokenizer(run / "tokenizer").resolve()
    model = create_model_from_config(model_config(preset.autoencoder, preset.diffusion, tokenizer=str(folder)))
    with torch.no_grad():
        model.conditioner.conditioners["prompt"].token_embedder.weight.normal_(0, 0.5)
        # The library scales the table by this when it is used.
        table = model.model.model.transformer.pos_emb
        table.emb.weight.copy_(_sines(*table.emb.weight.shape) * POSITION_SIZE / table.scale)
    return model


def start_from(model: ConditionedDiffusionModelWrapper, folder: Path) -> None:
    """Take the transformer and what reads conditions of a model folder. Raises RuntimeError for other shapes."""
    state = load_ckpt_state_dict(str(folder / "model.safetensors"))
    for name, part in (("model", model.model), ("conditioner", model.conditioner)):
        inside = f"{name}."
        part.load_state_dict({key.removeprefix(inside): state[key].float() for key in state if key.startswith(inside)})


def _sines(length: int, width: int) -> Tensor:
    time = torch.arange(length)[:, None]
    speed = torch.exp(-math.log(1000.0) * torch.arange(width // 2) / (width // 2))
    return torch.cat([(time * speed).sin(), (time * speed).cos()], dim=1)


def plain_attention(model: ConditionedDiffusionModelWrapper) -> None:
    """Spell out the softmax, whose backward pass is quicker than the fused one's on a CPU."""

    def attend(q: Tensor, k: Tensor, v: Tensor, **_: object) -> Tensor:
        scores = (q @ k.transpose(-1, -2)) * q.shape[-1] ** -0.5
        attended: Tensor = scores.softmax(dim=-1).to(v.dtype) @ v
        return attended

    for module in model.modules():
        if isinstance(module, Attention):
            if module.num_heads != module.kv_heads:
                raise ValueError("grouped heads are not spelled out")
            module.apply_attn = attend


class Conditions:
    """The stock conditioning of prompts and seconds, for training: remembers the numbers of each prompt's words."""

    def __init__(self, model: ConditionedDiffusionModelWrapper) -> None:
        self.words, self.seconds = (model.conditioner.conditioners[name] for name in ("prompt", "seconds_total"))
        self.start = model.conditioner.conditioners["seconds_start"]
        self.known: dict[str, list[int]] = {}

    def _numbers(self, prompt: str) -> list[int]:
        if prompt not in self.known:
            read = self.words.tokenizer
            encoded = read(prompt, truncation=True, max_length=self.words.max_length, padding="max_length")
            # Words that are not there become 0, which is the padding's number.
            pairs = zip(encoded["input_ids"], encoded["attention_mask"], strict=True)
            self.known[prompt] = [number * said for number, said in pairs]
        return self.known[prompt]

    def __call__(self, prompts: Sequence[str], seconds: Sequence[float], device: torch.device) -> dict[str, Tensor]:
        """The transformer's ``cross_attn_cond`` and ``global_embed``."""
        numbers = torch.tensor([self._numbers(prompt) for prompt in prompts], device=device)
        words = self.words.token_embedder(numbers) * (numbers > 0).unsqueeze(-1)
        start, total = self.start([0.0] * len(seconds), device)[0], self.seconds(list(seconds), device)[0]
        return {
            "cross_attn_cond": torch.cat([words, start, total], dim=1),
            "global_embed": torch.cat([start, total], dim=-1).squeeze(1),
        }


def velocity(
    model: ConditionedDiffusionModelWrapper, x: Tensor, t: Tensor, conditions: dict[str, Tensor], **options: float
) -> Tensor:
    """The transformer's guess of noise minus sound."""
    guess: Tensor = model.model.model(x, t, use_checkpointing=False, **conditions, **options)
    return guess


@torch.no_grad()
def sample(
    model: ConditionedDiffusionModelWrapper,
    conditions: dict[str, Tensor],
    frames: int,
    steps: int,
    guidance: float,
    noise: Tensor | None = None,
) -> Tensor:
    """Latents (n, 64, frames) by Euler steps over the stock schedule."""
    embed = conditions["global_embed"]
    x = torch.randn(len(embed), LATENTS, frames, device=embed.device) if noise is None else noise
    times = torch.sigmoid(-torch.linspace(*LOG_SNR, steps + 1))
    times[0], times[-1] = 1.0, 0.0
    for now, then in zip(times.tolist(), times[1:].tolist(), strict=False):
        t = torch.full((len(x),), now, device=x.device)
        x = x + (then - now) * velocity(model, x, t, conditions, cfg_scale=guidance, apg_scale=0.0).float()
    return x
