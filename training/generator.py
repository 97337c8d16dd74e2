"""The exported model through stable-audio-tools' own front door, as anybody would use it."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from stable_audio_tools.inference.generation import generate_diffusion_cond
from stable_audio_tools.inference.sampling import LogSNRShift
from stable_audio_tools.models.factory import create_model_from_config
from stable_audio_tools.models.utils import load_ckpt_state_dict
from torch import Tensor

from midifrag.config.model_inputs import GUIDANCE_NAME, STEPS_NAME
from midifrag.engine.loading.silence_output import silence_output
from training.presets import RATIO, SAMPLE_RATE
from training.transformer import LOG_SNR


class Generator:
    """A model folder, loaded; ``steps`` and ``guidance`` are the defaults that its configuration names."""

    def __init__(self, folder: Path, device: str = "cpu") -> None:
        config = json.loads((folder / "model_config.json").read_text())
        prompt = config["model"]["conditioning"]["configs"][0]["config"]
        # A relative tokenizer is looked for from the current folder and then on the hub.
        prompt["tokenizer_name"] = str((folder / prompt["tokenizer_name"]).resolve())
        self.device = device
        with silence_output():
            self.model = create_model_from_config(config)
        self.model.load_state_dict(load_ckpt_state_dict(str(folder / "model.safetensors")))
        self.model.to(device).eval().requires_grad_(False)
        self.inputs = set(self.model.conditioner.conditioners)
        defaults = config["midifrag"]["defaults"]
        self.steps, self.guidance = int(defaults["steps"]), float(defaults["cfg_scale"])

    def told(self, steps: int, guidance: float) -> dict[str, float]:
        """What a distilled model is told of how it is played."""
        return {name: value for name, value in ((GUIDANCE_NAME, guidance), (STEPS_NAME, steps)) if name in self.inputs}

    def __call__(
        self,
        prompts: Sequence[str],
        seconds: float = 3.0,
        *,
        seed: int = 0,
        steps: int | None = None,
        guidance: float | None = None,
        batch: int = 27,
        samples: int | None = None,
    ) -> Tensor:
        """Sounds (n, 2, samples) by ``generate_diffusion_cond``, with its default sampler and the model's own way."""
        length = round(seconds * SAMPLE_RATE) if samples is None else samples
        steps, guidance = steps or self.steps, self.guidance if guidance is None else guidance
        # Guided by what it hears, a distilled model takes one pass.
        told = self.told(steps, guidance)
        parts = []
        for start in range(0, len(prompts), batch):
            rows = [
                {"prompt": prompt, "seconds_start": 0, "seconds_total": seconds, **told}
                for prompt in prompts[start : start + batch]
            ]
            with silence_output(), torch.no_grad():
                audio = generate_diffusion_cond(
                    self.model,
                    steps=steps,
                    cfg_scale=1.0 if GUIDANCE_NAME in told else guidance,
                    conditioning=rows,
                    batch_size=len(rows),
                    sample_size=-(-length // RATIO) * RATIO,
                    sample_rate=SAMPLE_RATE,
                    seed=seed + start,
                    device=self.device,
                    apg_scale=0.0,
                    dist_shift=LogSNRShift(rate=0, anchor_logsnr=LOG_SNR[0], logsnr_end=LOG_SNR[1]),
                )
            parts.append(audio[..., :length].float().cpu())
        return torch.cat(parts)

    def seconds_for(self, seconds: float, repeats: int = 5) -> float:
        """The median time in seconds that one fragment of ``seconds`` takes, after one that does not count."""
        taken = []
        for seed in range(repeats + 1):
            began = time.perf_counter()
            self(["kick"], seconds, seed=seed)
            taken.append(time.perf_counter() - began)
        return sorted(taken[1:])[repeats // 2]
