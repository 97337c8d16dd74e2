"""The sizes to train at: one table, chosen by ``--preset``."""

from __future__ import annotations

from dataclasses import dataclass, field

SAMPLE_RATE = 44_100
#: Samples per latent frame.
RATIO = 1024
LATENTS = 64


@dataclass(frozen=True)
class DataPreset:
    """How many clips of each family to render, ``rare_clips`` more of those that have a rare axis.

    ``missed_clips`` are of each adjective that a family has less of because prompts with it are held out.

    ``frames`` are latent frames of 1024 samples (3.02 s and 6.01 s).
    """

    clips: int = 400
    rare_clips: int = 400
    missed_clips: int = 120
    long_clips: int = 50
    test_clips: int = 20
    frames: int = 130
    long_frames: int = 259


@dataclass(frozen=True)
class JudgePreset:
    """The mel classifier's training."""

    steps: int = 1500
    batch: int = 48
    rate: float = 2e-3
    width: int = 32


@dataclass(frozen=True)
class AutoencoderPreset:
    """The autoencoder's size and training; ``crop`` is in latent frames.

    ``further_steps`` and ``further_rate`` are those of a decoder that has learned before.
    """

    encoder_channels: int = 64
    decoder_channels: int = 96
    multiples: tuple[int, int] = (2, 2)
    steps: int = 5000
    batch: int = 8
    crop: int = 24
    rate: float = 8e-4
    sample_every: int = 500
    further_steps: int = 12_000
    further_rate: float = 3e-4


@dataclass(frozen=True)
class DiffusionPreset:
    """The transformer's size and training; after ``long_from`` of it every ``long_every``-th batch is of long clips.

    ``batch`` is what each process of a team takes, ``further_rate`` is of one that has learned before.
    """

    width: int = 192
    depth: int = 8
    heads: int = 3
    steps: int = 12_000
    batch: int = 16
    rate: float = 2e-3
    further_rate: float = 8e-4
    decay: float = 0.999
    long_from: float = 0.5
    long_every: int = 4
    sample_every: int = 500


@dataclass(frozen=True)
class DistillationPreset:
    """The training of a student; its teacher goes ``ways`` at once, and others every ``renew_every`` steps.

    ``batch`` and ``ways`` are what each process of a team takes; ``further_steps`` and ``further_rate`` are those of
    a student that has learned before.
    """

    steps: int = 6000
    further_steps: int = 3000
    further_rate: float = 2.5e-4
    batch: int = 24
    ways: int = 18
    renew_every: int = 40
    rate: float = 3e-4
    decay: float = 0.998
    measure_every: int = 250


@dataclass(frozen=True)
class Preset:
    """Everything that is chosen before a run."""

    data: DataPreset = field(default_factory=DataPreset)
    judge: JudgePreset = field(default_factory=JudgePreset)
    autoencoder: AutoencoderPreset = field(default_factory=AutoencoderPreset)
    diffusion: DiffusionPreset = field(default_factory=DiffusionPreset)
    distillation: DistillationPreset = field(default_factory=DistillationPreset)


PRESETS: dict[str, Preset] = {
    # Proves in a minute that every step works; learns nothing.
    "tiny": Preset(
        DataPreset(clips=2, rare_clips=1, missed_clips=1, long_clips=1, test_clips=1, frames=48, long_frames=64),
        JudgePreset(steps=4, batch=4, width=4),
        AutoencoderPreset(
            encoder_channels=32, decoder_channels=32, steps=3, batch=2, crop=16, sample_every=3, further_steps=2
        ),
        DiffusionPreset(width=64, depth=1, heads=1, steps=4, batch=4, long_from=0.4, long_every=2, sample_every=4),
        DistillationPreset(steps=4, further_steps=2, batch=4, ways=2, renew_every=2, measure_every=2),
    ),
    # Two cores, some hours.
    "cpu": Preset(),
    # One large accelerator, under half an hour.
    "h200": Preset(
        DataPreset(clips=1200, rare_clips=1200, missed_clips=360, long_clips=200),
        JudgePreset(steps=3000, batch=128),
        AutoencoderPreset(steps=30_000, batch=64, crop=32, rate=8e-4, sample_every=2500),
        DiffusionPreset(steps=40_000, batch=256, sample_every=4000),
        DistillationPreset(steps=20_000, batch=256, ways=108, measure_every=1000),
    ),
}
