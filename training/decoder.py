"""``python -m training.decoder``: train on the decoder of a finished model, alone.

The latents stay what they were, so the transformer that knows them goes on fitting. The decoder learns from encoded
sounds and from such that the model's last step has gone over, by distances and by what a discriminator says of both.

Writes ``decoder.pt`` and ``decoder.log``, and at intervals pairs of real and reconstructed sounds in ``samples/``, and
how many of them the judge names right.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from training.autoencoder import NOISE, judge_reconstructions
from training.clips import Clips, harder
from training.codec import DECODER, Codec
from training.discriminator import Discriminator, given_away, mistaken, unlike
from training.judge import load_judge
from training.loop import Average, Loop, Stateful, learning_rate, parser
from training.losses import Heard, ReconstructionLoss
from training.played import Played, compared
from training.presets import PRESETS, AutoencoderPreset
from training.student import same_encoder
from training.team import Team

#: The clips that crops are of, step by step.
SPLITS = ("train", "rare", "train", "missed")
#: What the discriminator says counts this much beside the distances, by the gradients' sizes, and after how many steps
#: these are compared (a prime, so that each split comes up in both ways of hearing), and how fast followed.
BESIDE, WEIGH_EVERY, FOLLOW = 0.5, 41, 0.3
#: The most that its two terms weigh, what they weigh at first, and in how many steps they come in while it learns.
MOST, FIRST, ALONE = 20.0, (0.2, 4.0), 300
#: How slowly the averaged weights follow.
DECAY = 0.998


class Batch(NamedTuple):
    """Sounds that were decoded and real ones (n, 2, samples), and what both are (n)."""

    made: Tensor
    real: Tensor
    families: Tensor


class Examples:
    """What a decoder is taught on."""

    def __init__(self, splits: Sequence[Clips], played: Played, preset: AutoencoderPreset) -> None:
        self.splits, self.played, self.preset = splits, played, preset
        self.often = [harder(clips) for clips in splits]

    def by_channel(self, step: int) -> bool:
        """Whether a step hears left and right, not middle and side: each split in turn, as drive is of a channel."""
        return step // len(self.splits) % 2 == 1

    def draw(self, codec: Codec, step: int) -> Batch:
        """The batch of a step, decoded: half of it encoded, half as the last step leaves it."""
        turn = step % len(self.splits)
        clips, often, frames, half = self.splits[turn], self.often[turn], self.preset.crop, self.preset.batch // 2
        real, chosen = clips.crops(half, frames, often)
        real = real.to(self.played.teacher.device)
        with torch.no_grad(), torch.autocast(real.device.type, dtype=torch.bfloat16):
            latents = codec.encode(real)
        noise = NOISE * torch.rand(len(real), 1, 1, device=real.device) * torch.randn_like(latents)
        left = self.played.crops(codec, clips, half, frames, often)
        # In single precision: what half precision rounds is hiss to the loss, as loud as upper partials are.
        made = torch.cat([codec.decode(latents + noise), compared(codec.decode(left.latents), left.begins, frames)])
        families = clips.families[torch.cat([chosen, left.clips])].to(real.device)
        return Batch(made, torch.cat([real, left.real]), families)


class Adversary(nn.Module):
    """The discriminator, and the ``weights`` (2) of its terms: how clearly sounds are told, how unlike pairs are."""

    weights: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.discriminator = Discriminator()
        self.register_buffer("weights", torch.tensor(FIRST))

    def learn(self, heard: Heard, there: Heard, families: Tensor) -> Tensor:
        """How far it is from telling the two apart, with gradients for itself alone."""
        plain = {window: mel.detach() for window, mel in heard.mels.items()}
        wrong = mistaken(self.discriminator(plain, families), self.discriminator(there.mels, families))
        self.zero_grad()
        wrong.backward()
        return wrong.detach()

    def teach(self, heard: Heard, there: Heard, families: Tensor) -> tuple[Tensor, Tensor]:
        """Its two terms for the decoder: how clearly sounds are told from real ones, how unlike pairs look to it."""
        self.requires_grad_(False)
        seen = self.discriminator(heard.mels, families)
        with torch.no_grad():
            true = self.discriminator(there.mels, families)
        self.requires_grad_(True)
        return given_away(seen), unlike(seen, true)

    def weigh(self, distances: Tensor, terms: Sequence[Tensor], made: Tensor, team: Team) -> None:
        """Follow the gradients' sizes: each of ``terms`` is to change ``made`` by `BESIDE` of what distances do."""
        first, *sizes = (
            float(torch.autograd.grad(term, made, retain_graph=True)[0].norm()) + 1e-9 for term in (distances, *terms)
        )
        wanted = torch.tensor([min(BESIDE * first / size, MOST) for size in sizes])
        # The same for all of a team: each would go after another sum.
        team.mean([wanted], torch.zeros(1))
        self.weights.lerp_(wanted.to(self.weights.device), FOLLOW)


class Trainer:
    """A decoder and its adversary."""

    def __init__(self, codec: Codec, examples: Examples, rate: float) -> None:
        device = next(codec.parameters()).device
        self.codec, self.examples, self.rate = codec, examples, rate
        self.loss, self.adversary = ReconstructionLoss().to(device), Adversary().to(device)
        self.average = Average(codec, DECAY)
        self.own = [value for value in codec.parameters() if value.requires_grad]
        self.others = list(self.adversary.parameters())
        self.optimiser, self.opposing = (
            torch.optim.AdamW(values, lr=rate, betas=(0.8, 0.99), weight_decay=0.0)
            for values in (self.own, self.others)
        )

    @property
    def parts(self) -> dict[str, Stateful]:
        """What a checkpoint holds."""
        return {
            "codec": self.codec,
            "optimiser": self.optimiser,
            "average": self.average,
            "adversary": self.adversary,
            "opposing": self.opposing,
        }

    def step(self, loop: Loop) -> dict[str, Tensor]:
        """One step of both; what there is to log."""
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(loop, self.rate)
        batch = self.examples.draw(self.codec, loop.step)
        channels = self.examples.by_channel(loop.step)
        heard = self.loss.hear(batch.made, channels=channels)
        with torch.no_grad():
            there = self.loss.hear(batch.real, channels=channels)
        wrong = self.adversary.learn(heard, there, batch.families)
        loop.team.mean([value.grad for value in self.others if value.grad is not None], torch.zeros(1))
        torch.nn.utils.clip_grad_norm_(self.others, 10.0)
        self.opposing.step()
        terms = self.loss.compare(batch.made, batch.real, heard, there)
        told, unlike_pairs = self.adversary.teach(heard, there, batch.families)
        if loop.step % WEIGH_EVERY == 0:
            self.adversary.weigh(terms["total"], (told, unlike_pairs), batch.made, loop.team)
        self.optimiser.zero_grad()
        beside = (self.adversary.weights * torch.stack([told, unlike_pairs])).sum()
        (terms["total"] + min(1.0, (loop.step - loop.origin) / ALONE) * beside).backward()
        loop.share(self.own)
        norm = torch.nn.utils.clip_grad_norm_(self.own, 5.0)
        self.optimiser.step()
        self.average.update(self.codec)
        return {**terms, "wrong": wrong, "given_away": told, "unlike": unlike_pairs, "norm": norm}


def main() -> None:
    """Train until the preset's last step."""
    arguments_parser = parser(__doc__)
    arguments_parser.add_argument("--model", type=Path, required=True, help="folder of the model")
    given = arguments_parser.parse_args()
    preset, device, run = PRESETS[given.preset].autoencoder, torch.device(given.device), given.run
    # Cards round to ten bits in convolutions unless told otherwise.
    torch.backends.cudnn.allow_tf32 = False
    torch.manual_seed(given.seed)
    rendered = {split: Clips(run, split, device) for split in SPLITS if (run / "data" / f"{split}.json").exists()}
    splits = [rendered[split] for split in SPLITS if split in rendered]
    codec, test, played = Codec(preset), Clips(run, "test"), Played(given.model, device)
    codec.start_from(given.model)
    codec.stock.encoder.requires_grad_(False)
    trainer = Trainer(codec.to(device), Examples(splits, played, preset), preset.further_rate)
    loop = Loop(run / DECODER, preset.further_steps, given.seed, trainer.parts, given.minutes, extend=given.extend)
    if not same_encoder(codec, played.teacher):
        raise SystemExit(f"{run / DECODER} is of another model than {given.model}: give each a run of its own")
    judge = load_judge(run, PRESETS[given.preset].judge.width).to(device)
    for step in loop.steps():
        loop.log(**trainer.step(loop))
        if (step + 1) % preset.sample_every == 0 and loop.team.rank == 0:
            with trainer.average.in_place_of(codec):
                loop.note(judge_reconstructions(codec, judge, test, run / "samples", step + 1))


if __name__ == "__main__":
    main()
