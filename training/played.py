"""Latents as a model leaves them when it is played, beside the sounds that they are of.

A decoder that has only met what the encoder makes is helpless before what the transformer gets slightly wrong. So
clips are encoded, noised as far as before the model's last step, and gone to the end by it: what is lost there is lost
as on stage, and the sound that should come of it is still known.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from midifrag.config.model_inputs import GUIDANCE_NAME, STEPS_NAME
from training.clips import SILENCE, Clips
from training.codec import Codec
from training.lessons import guided
from training.presets import RATIO
from training.student import Teacher, ask
from training.ways import schedule

#: Crops that are cut of each clip, the first at its start: the transformer's pass is of all of it.
CUTS = 2
#: Latents on each side of a crop that the decoder sees and that are not compared. A crop's ends are none when it is
#: played, and count less so: what they change in the first latent is 14 dB below it, without this 6.
AROUND = 3


class Crops(NamedTuple):
    """Latents (n, channels, frames + 2 × `AROUND`), sounds (n, 2, frames × `RATIO`) and the clips' numbers (n).

    ``begins`` (n) is the latent that each sound begins at.
    """

    latents: Tensor
    real: Tensor
    clips: Tensor
    begins: Tensor


class Played:
    """The transformer of a model folder, at its usual steps and guidance."""

    def __init__(self, folder: Path, device: torch.device) -> None:
        self.teacher = Teacher(folder, device)
        self.before_last = float(schedule(self.teacher.steps)[-2])
        own = {GUIDANCE_NAME: self.teacher.guidance, STEPS_NAME: float(self.teacher.steps)}
        numbers = {name: value for name, value in own.items() if name in self.teacher.module.conditioner.conditioners}
        self.teacher.beside = {**self.teacher.beside, **numbers}
        # A student answers in one pass what guidance makes of two.
        self.distilled = GUIDANCE_NAME in numbers

    @torch.no_grad()
    def finished(self, latents: Tensor, prompts: Sequence[str], seconds: Sequence[float]) -> Tensor:
        """What the last step makes of ``latents`` (n, channels, frames) of sounds with these prompts and lengths."""
        told, t = self.teacher.told(prompts, seconds), torch.full((len(latents),), self.before_last)
        x, t = latents + self.before_last * (torch.randn_like(latents) - latents), t.to(latents.device)
        if self.distilled:
            answer = ask(self.teacher.module, x, t, told)
        else:
            answer = guided(*self.teacher.both(x, t, told), torch.full_like(t, self.teacher.guidance))
        return x - self.before_last * answer

    def crops(self, codec: Codec, clips: Clips, count: int, frames: int, weights: Tensor) -> Crops:
        """Crops of clips that ``codec`` encodes and the last step finishes; ``weights`` (clips) say how often of each.

        Raises ValueError for clips that are shorter than a crop and what is around it.
        """
        wide = frames + 2 * AROUND
        if clips.audio.shape[-1] < wide * RATIO:
            raise ValueError(f"clips of {clips.audio.shape[-1]} samples are too short for crops of {wide * RATIO}")
        chosen = torch.multinomial(weights, -(-count // CUTS), replacement=True)
        sounds = clips.whole(chosen).to(self.teacher.device)
        with torch.no_grad(), torch.autocast(sounds.device.type, dtype=torch.bfloat16):
            encoded = codec.encode(sounds)
        prompts = [clips.prompts[index] for index in chosen]
        latents = self.finished(encoded, prompts, clips.seconds[chosen].tolist())
        places = [_place(sounds[number // CUTS], frames, first=number % CUTS == 0) for number in range(count)]
        return Crops(
            torch.stack([latents[number // CUTS, :, start : start + wide] for number, (start, _) in enumerate(places)]),
            torch.stack(
                [
                    sounds[number // CUTS, :, (start + begin) * RATIO : (start + begin + frames) * RATIO]
                    for number, (start, begin) in enumerate(places)
                ]
            ),
            chosen.repeat_interleave(CUTS)[:count],
            torch.tensor([begin for _, begin in places], device=sounds.device),
        )


def _place(sound: Tensor, frames: int, *, first: bool) -> tuple[int, int]:
    """The first latent of a crop of (2, samples) where something is heard, and which of its latents to compare from.

    The ends of a clip are what they are when it is played; elsewhere a crop's own ends are no ends.
    """
    last = sound.shape[-1] // RATIO - frames - 2 * AROUND
    heard = (sound.unflatten(-1, (-1, RATIO)).abs().amax(dim=(0, 2)) > SILENCE).nonzero()
    start = 0
    if not first and len(heard):
        start = min(max(int(heard[torch.randint(len(heard), ())]) - frames // 2 - AROUND, 0), last)
    return start, 0 if start == 0 else 2 * AROUND if start == last else AROUND


def compared(audio: Tensor, begins: Tensor, frames: int) -> Tensor:
    """The parts (n, 2, frames × `RATIO`) of decoded crops that begin at the latents ``begins`` (n)."""
    places = begins[:, None] * RATIO + torch.arange(frames * RATIO, device=audio.device)
    return audio.gather(2, places[:, None].expand(-1, audio.shape[1], -1))
