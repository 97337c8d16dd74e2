"""``python -m training.diffusion``: learn to draw latents of a prompt from noise.

Starts from random weights, or with ``--model`` from the transformer of a model folder whose latents were like these.

Writes ``diffusion.pt`` and ``diffusion.log``; at intervals it draws a sound of each family, writes them to ``samples/``
and notes how many of them the judge names right.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
import torch
from stable_audio_tools.models.diffusion import ConditionedDiffusionModelWrapper
from torch import Tensor, nn

from training.captions import NAMES, draw, scarcity
from training.clips import Clips
from training.judge import load_judge
from training.latents import load_codec
from training.loop import Average, Loop, Stateful, learning_rate, parser
from training.presets import PRESETS, RATIO, SAMPLE_RATE, Preset
from training.transformer import Conditions, build, plain_attention, sample, start_from, velocity

#: How often the prompt is left out, so that guidance has something to depart from.
DROPPED = 0.1
#: The share of times drawn where the sampler's steps lie; the rest are uniform.
LIKE_SAMPLER = 0.6
#: How fast the classes' mean losses are followed, and how far their weights may go from 1.
FOLLOW, MOST = 0.02, 3.0
#: Steps and guidance of the sounds drawn while training, and how many of each family.
STEPS, GUIDANCE, EACH = 16, 3.0, 2
#: The positions learn faster than the rest by this.
POSITION_RATE = 5.0


def times(count: int) -> Tensor:
    """Noise levels in 0 … 1, most of them where a sampler of few steps takes its steps: near 1."""
    like_sampler = torch.sigmoid(-torch.empty(count).uniform_(-6.5, 2.5))
    return torch.where(torch.rand(count) < LIKE_SAMPLER, like_sampler, torch.rand(count))


class Balance(nn.Module):
    """Weights that keep families which are hard to predict from taking over the loss."""

    means: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("means", torch.ones(len(NAMES)))

    def forward(self, losses: Tensor, families: Tensor) -> Tensor:
        """The mean of per-sound ``losses``, each over its family's usual one."""
        with torch.no_grad():
            counts = torch.zeros_like(self.means).index_add(0, families, torch.ones_like(losses))
            sums = torch.zeros_like(self.means).index_add(0, families, losses)
            followed = 1 - (1 - FOLLOW) ** counts
            self.means += followed * (sums / counts.clamp(min=1) - self.means)
        weights = (self.means.mean() / self.means[families]).clamp(1 / MOST, MOST)
        return (losses * weights).mean()


class Latents:
    """Encoded clips of some splits of one length, with what was said of them."""

    def __init__(self, run: Path, *splits: str) -> None:
        self.prompts: list[str] = []
        latents, families, seconds = [], [], []
        for split in splits:
            # Data of one's own may have no such splits.
            if not (run / f"latents-{split}.pt").exists():
                continue
            clips = Clips(run, split)
            latents.append(torch.load(run / f"latents-{split}.pt", map_location="cpu", weights_only=True)["latents"])
            # Only the first clips may have been encoded.
            count = len(latents[-1])
            self.prompts += clips.prompts[:count]
            families.append(clips.families[:count])
            seconds.append(clips.seconds[:count])
        self.latents, self.families, self.seconds = torch.cat(latents), torch.cat(families), torch.cat(seconds)
        self.weights = torch.tensor([scarcity(prompt) for prompt in self.prompts])

    def draw(self, count: int) -> tuple[Tensor, list[str], Tensor, Tensor]:
        """A batch: latents, prompts, seconds, families; cut at a random frame after the sounds' ends."""
        chosen = torch.multinomial(self.weights, count, replacement=True)
        seconds = self.seconds[chosen]
        shortest = int(np.ceil(float(seconds.max()) * SAMPLE_RATE / RATIO))
        frames = int(torch.randint(min(shortest, self.latents.shape[2]), self.latents.shape[2] + 1, ()))
        latents = self.latents[chosen][..., :frames].float()
        return latents, [self.prompts[index] for index in chosen], seconds, self.families[chosen]


def optimisers(
    model: ConditionedDiffusionModelWrapper, rate: float, position_rate: float = POSITION_RATE
) -> list[torch.optim.Optimizer]:
    """Muon for the transformer's matrices, AdamW for everything else."""
    transformer = model.model.model.transformer
    matrices = [value for value in transformer.layers.parameters() if value.ndim == 2 and value.requires_grad]
    # Not every model has a table of positions.
    positions = list(transformer.pos_emb.parameters()) if hasattr(transformer, "pos_emb") else []
    taken = {id(value) for value in (*matrices, *positions)}
    trained = (*model.model.parameters(), *model.conditioner.parameters())
    others = [value for value in trained if id(value) not in taken and value.requires_grad]
    groups = [{"params": others, "factor": 1.0}, {"params": positions, "factor": position_rate}]
    muon = torch.optim.Muon(matrices, lr=rate, weight_decay=0.01, adjust_lr_fn="match_rms_adamw")
    return [muon, torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98), weight_decay=0.0)]


class Sampler:
    """Draws sounds while training goes on, writes them and has them judged."""

    def __init__(self, run: Path, preset: Preset, device: torch.device, seed: int = 7) -> None:
        self.run, self.preset, self.device = run, preset, device
        self.codec = load_codec(run, preset).to(device).eval()
        self.frames = preset.data.frames
        rng = np.random.default_rng(seed)
        captions = [draw(name, rng, evaluation=True) for name in NAMES for _ in range(EACH)]
        self.prompts = [caption.prompt for caption in captions]
        self.families = torch.tensor([NAMES.index(caption.family) for caption in captions])

    @torch.no_grad()
    def __call__(self, model: ConditionedDiffusionModelWrapper, step: int) -> dict[str, float]:
        """The share of families that the judge names right of sounds of held-out prompts."""
        model.eval()
        seconds = [self.frames * RATIO // SAMPLE_RATE] * len(self.prompts)
        with torch.autocast(self.device.type, dtype=torch.bfloat16):
            conditions = Conditions(model)(self.prompts, seconds, self.device)
            latents = sample(model, conditions, self.frames, STEPS, GUIDANCE)
            audio = torch.cat([self.codec.decode(part) for part in latents.split(9)]).cpu().clamp(-1, 1)
        model.train()
        folder = self.run / "samples"
        folder.mkdir(parents=True, exist_ok=True)
        for prompt, sound in list(zip(self.prompts, audio, strict=True))[::EACH]:
            path = folder / f"diffusion-{step:06d}-{prompt.replace(' ', '-')}.flac"
            soundfile.write(path, sound.T.numpy(), SAMPLE_RATE)
        right = load_judge(self.run, self.preset.judge.width).name(audio) == self.families
        return {"step": step, "named_right": round(float(right.float().mean()), 3)}


def main() -> None:
    """Train until the preset's last step."""
    arguments_parser = parser(__doc__)
    arguments_parser.add_argument("--model", type=Path, help="folder of a model whose transformer is trained on")
    arguments = arguments_parser.parse_args()
    preset = PRESETS[arguments.preset]
    size, run, device = preset.diffusion, arguments.run, torch.device(arguments.device)
    torch.manual_seed(arguments.seed)
    model = build(run, preset)
    if arguments.model is not None:
        start_from(model, arguments.model)
    model.to(device).train()
    if device.type == "cpu":
        plain_attention(model)
    usual, long = Latents(run, "train", "rare", "missed"), Latents(run, "long")
    trained = nn.ModuleDict({"transformer": model.model, "conditioner": model.conditioner})
    average, balance = Average(trained, size.decay), Balance().to(device)
    peak = size.rate if arguments.model is None else size.further_rate
    muon, adam = optimisers(model, peak)
    parts: dict[str, Stateful] = {"trained": trained, "muon": muon, "adam": adam}
    parts |= {"average": average, "balance": balance}
    loop = Loop(run / "diffusion.pt", size.steps, arguments.seed, parts, arguments.minutes, extend=arguments.extend)
    conditions = Conditions(model)
    parameters = [value for value in trained.parameters() if value.requires_grad]
    sampler = Sampler(run, preset, device)
    for step in loop.steps():
        rate = learning_rate(loop, peak)
        for group in (*muon.param_groups, *adam.param_groups):
            group["lr"] = rate * group.get("factor", 1.0)
        late = loop.progress > size.long_from and step % size.long_every == 0
        latents, prompts, seconds, families = (long if late else usual).draw(size.batch // (2 if late else 1))
        latents, t = latents.to(device), times(len(latents)).to(device)
        noise = torch.randn_like(latents)
        x = latents + t[:, None, None] * (noise - latents)
        with torch.autocast(device.type, dtype=torch.bfloat16):
            given = conditions(prompts, seconds.tolist(), device)
            guess = velocity(model, x, t, given, cfg_dropout_prob=DROPPED)
        losses = (guess.float() - (noise - latents)).square().mean(dim=(1, 2))
        for optimiser in (muon, adam):
            optimiser.zero_grad()
        balance(losses, families.to(device)).backward()
        loop.share(parameters)
        norm = torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        for optimiser in (muon, adam):
            optimiser.step()
        average.update(trained)
        loop.log(loss=losses.mean(), norm=norm)
        if (step + 1) % size.sample_every == 0 and loop.team.rank == 0:
            with average.in_place_of(trained):
                loop.note(sampler(model, step + 1))


if __name__ == "__main__":
    main()
