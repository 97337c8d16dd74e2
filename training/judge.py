"""``python -m training.judge``: a classifier of mel spectrograms that names a sound's family.

Trained on real sounds of the teacher only and never used to train anything else, so that it can judge. Writes
``judge.pt`` with the share of held-out real sounds that it names right.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.captions import NAMES
from training.clips import Clips
from training.loop import Loop, Stateful, learning_rate, parser
from training.presets import PRESETS, SAMPLE_RATE
from training.spectra import mel_bank

#: What is this far (60 dB) below the loudest moment is not heard.
FLOOR = 1e-3
#: Window and hop of the spectrogram in samples, its bands, and the seconds that are looked at.
WINDOW, HOP, BANDS, SECONDS = 1024, 512, 64, 3.0


class Mel(nn.Module):
    """Log-mel spectrograms (n, 2, bands, frames), middle and side, of audio (n, 2, samples), cut or padded to 3 s."""

    bank: Tensor
    hann: Tensor

    def __init__(self) -> None:
        super().__init__()
        bank = torch.cat([torch.zeros(1, BANDS), mel_bank(WINDOW, BANDS)])
        self.register_buffer("bank", bank, persistent=False)
        self.register_buffer("hann", torch.hann_window(WINDOW), persistent=False)

    def forward(self, audio: Tensor) -> Tensor:
        """Natural logarithms, shifted and scaled to about unit size, of what is audible beside the loudest moment."""
        length = round(SECONDS * SAMPLE_RATE)
        audio = functional.pad(audio, (0, max(0, length - audio.shape[-1])))[..., :length]
        views = torch.stack([audio[:, 0] + audio[:, 1], audio[:, 0] - audio[:, 1]], dim=1).flatten(0, 1) / 2
        spectrum = torch.stft(views, WINDOW, HOP, window=self.hann, return_complex=True).abs() / (WINDOW / 4)
        mel = (spectrum.transpose(1, 2) @ self.bank).transpose(1, 2)
        mel = mel.unflatten(0, (-1, 2))
        loudest = mel.square().sum(dim=(1, 2)).amax(dim=1).sqrt().clamp(min=1e-5)
        scaled: Tensor = ((mel / loudest[:, None, None, None] + FLOOR).log() + 4) / 2
        return scaled


class Judge(nn.Module):
    """A small convolutional network over log-mel spectrograms."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mel = Mel()
        sizes = (2, width, 2 * width, 4 * width, 4 * width)
        layers: list[nn.Module] = []
        for inner, outer in pairwise(sizes):
            layers += [nn.Conv2d(inner, outer, 3, padding=1, bias=False), nn.BatchNorm2d(outer), nn.ReLU()]
            layers += [nn.MaxPool2d(2)]
        self.layers = nn.Sequential(*layers)
        # Where on the frequency axis something lies tells families apart: only time is averaged away.
        self.head = nn.Sequential(nn.Dropout(0.2), nn.Linear(2 * 4 * width * (BANDS // 16), len(NAMES)))

    def forward(self, mel: Tensor) -> Tensor:
        """Scores (n, families) of ``Mel``'s output."""
        maps = self.layers(mel.contiguous(memory_format=torch.channels_last)).flatten(1, 2)
        scores: Tensor = self.head(torch.cat([maps.mean(dim=2), maps.amax(dim=2)], dim=1))
        return scores

    @torch.no_grad()
    def name(self, audio: Tensor, batch: int = 32) -> Tensor:
        """Class numbers of sounds (n, 2, samples)."""
        self.eval()
        device = next(self.parameters()).device
        return torch.cat([self(self.mel(part.to(device))).argmax(dim=1).cpu() for part in audio.split(batch)])


def load_judge(run: Path, width: int) -> Judge:
    """The trained classifier of a run."""
    judge = Judge(width)
    judge.load_state_dict(torch.load(run / "judge.pt", map_location="cpu", weights_only=True)["judge"])
    return judge.eval()


def spectrograms(clips: Clips, mel: Mel, device: torch.device) -> Tensor:
    """All of ``clips`` as half-precision spectrograms, kept on the CPU."""
    parts = torch.arange(len(clips)).split(64)
    return torch.cat([mel(clips.whole(part).to(device)).half().cpu() for part in parts])


def varied(mel: Tensor) -> Tensor:
    """Spectrograms as they might also have been: a little later, a little louder or softer."""
    shift = int(torch.randint(0, 4, ()))
    moved = functional.pad(mel, (shift, 0), value=float(mel.min()))[..., : mel.shape[-1]]
    return moved + torch.empty(len(mel), 1, 1, 1, device=mel.device).uniform_(-0.2, 0.2)


def main() -> None:
    """Train, then count what it gets right of the held-out sounds."""
    arguments = parser(__doc__).parse_args()
    preset = PRESETS[arguments.preset].judge
    device = torch.device(arguments.device)
    torch.manual_seed(arguments.seed)
    judge = Judge(preset.width).to(device)
    train, test = Clips(arguments.run, "train"), Clips(arguments.run, "test")
    cache = arguments.run / "judge-mels.pt"
    if not cache.exists():
        torch.save(
            {name: spectrograms(clips, judge.mel, device) for name, clips in (("train", train), ("test", test))}, cache
        )
    mels = torch.load(cache, map_location="cpu", weights_only=True)
    optimiser = torch.optim.AdamW(judge.parameters(), lr=preset.rate, weight_decay=0.05)
    parts: dict[str, Stateful] = {"judge": judge, "optimiser": optimiser}
    loop = Loop(
        arguments.run / "judge.pt", preset.steps, arguments.seed, parts, arguments.minutes, extend=arguments.extend
    )
    judge.train()
    for _ in loop.steps():
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(loop, preset.rate)
        chosen = torch.randint(len(train), (preset.batch,))
        mel = varied(mels["train"][chosen].to(device).float())
        with torch.autocast(device.type, dtype=torch.bfloat16):
            scores = judge(mel)
        loss = functional.cross_entropy(scores.float(), train.families[chosen].to(device), label_smoothing=0.05)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        loop.log(loss=loss)
    judge.eval()
    with torch.no_grad():
        named = torch.cat([judge(part.to(device).float()).argmax(1).cpu() for part in mels["test"].split(64)])
    right = (named == test.families).float()
    worst = sorted((float(right[test.families == number].mean()), name) for number, name in enumerate(NAMES))[:5]
    loop.note({"held_out_real_sounds": round(float(right.mean()), 4), "worst": worst})


if __name__ == "__main__":
    main()
