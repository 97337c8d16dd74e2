"""What was heard of each pad's take, and what will be late on stage."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from midifrag.audio import Audio
from midifrag.boundary import length_of
from midifrag.commands.soundcheck.checks import Finding, fault, note
from midifrag.commands.soundcheck.rehearsal import Take
from midifrag.config.loading import Loaded
from midifrag.config.press_request import press_request
from midifrag.config.settings import Settings
from midifrag.fragment.analysis import library
from midifrag.fragment.fades import peak
from midifrag.states import JobState

#: Seconds from a press to its landing beyond which a pad that lands when it is ready feels late.
LATE = 2.0
#: So many samples in a row at the very top are cut off there: a wave of full scale touches it with one or two.
FLAT = 4
#: The part of the peak from which on a sample is at the top: half a step of 16 bits below it counts.
TOP = 1 - 2**-15
#: Fewer such samples than this part of a take are not heard.
CLIPPED = 0.001
#: A take whose peak is below this (−40 dBFS) is made so much louder that its noise is heard.
QUIET = 0.01
#: A fragment may be this part longer or shorter than asked for; silence at its ends is cut, so shorter by more.
LONGER, SHORTER = 1.1, 0.5
#: Fingerprints that correlate by this much are one sound. Of 32 pads of the shipped set, different prompts stayed
#: below 0.98 (sketch 0.95, pocket 0.971); the one prompt that stands there twice came to 0.998 and more.
ALIKE = 0.98
#: A fingerprint's bands and slices of time, and its floor in dB below the loudest.
BANDS, SLICES, FLOOR = 32, 16, 60.0

Fingerprint = NDArray[np.float32]


def what_was_heard(take: Take) -> Iterator[Finding]:
    """What is wrong with a take: it failed (silent, not finite), or is clipped, quiet, too long or too short."""
    if take.job.state is not JobState.LANDED:
        yield fault(f"{take.job.text or take.job.state}; try other words in its prompt, or another seed")
        return
    if take.audio is not None:
        share = clipped_share(take.audio)
        level = peak(take.audio)
        if share > CLIPPED:
            yield note(f"clipped: {share:.1%} of it is cut off at the top; lower cfg_scale, or take another seed")
        if level < QUIET:
            yield note(f"all but silent: its peak is {20 * np.log10(max(level, 1e-9)):.0f} dBFS, and its noise rises")
    asked, got = asked_seconds(take), take.job.fragment_seconds
    if asked is None or got is None:
        return
    if got > asked * LONGER:
        yield note(f"{got:.1f} s long where {asked:.1f} s are asked for: its model renders nothing shorter")
    elif got < asked * SHORTER:
        yield note(f"{got:.1f} s long where {asked:.1f} s are asked for: the rest is silence; ask for less")


def asked_seconds(take: Take) -> float | None:
    """How long its pad asks for; None where the model decides."""
    return take.asked.length.seconds if take.asked.length is not None else take.asked.preset.seconds


def clipped_share(audio: Audio) -> float:
    """The part of the samples that lie in a row of at least `FLAT` at the peak; ``audio`` is (channels, samples)."""
    level = peak(audio)
    if level == 0 or audio.size == 0:
        return 0.0
    at_top = np.abs(audio) >= level * TOP
    padded = np.pad(at_top, ((0, 0), (1, 1))).astype(np.int8)
    lengths = [np.flatnonzero(steps < 0) - np.flatnonzero(steps > 0) for steps in np.diff(padded)]
    return float(sum(rows[rows >= FLAT].sum() for rows in lengths) / audio.size)


def mel(audio: Audio, sample_rate: int, bands: int = BANDS) -> NDArray[np.float32]:
    """A take's energy in dB below its loudest, of shape (bands, frames), bands on the mel scale from the lowest up."""
    hop = 512
    mono = audio.mean(axis=0)
    mono = np.pad(mono, (0, max(0, 2048 - mono.size)))
    librosa = library()
    with warnings.catch_warnings():
        # Bands that are empty at low rates are silent ones.
        warnings.simplefilter("ignore")
        power = librosa.feature.melspectrogram(y=mono, sr=sample_rate, n_mels=bands, hop_length=hop)
    return np.asarray(librosa.power_to_db(power, ref=np.max, top_db=FLOOR), dtype=np.float32)


def fingerprint(audio: Audio, sample_rate: int) -> Fingerprint:
    """How a take sounds over its length, whatever that is: its bands in `SLICES` slices, centred, of length 1."""
    energy = mel(audio, sample_rate)
    edges = np.linspace(0, energy.shape[1], SLICES + 1)
    slices = [energy[:, int(a) : max(int(a) + 1, int(b))].mean(axis=1) for a, b in pairwise(edges)]
    flat = np.concatenate(slices)
    flat = flat - flat.mean()
    return np.asarray(flat / max(float(np.linalg.norm(flat)), 1e-9), dtype=np.float32)


def alike(takes: Sequence[Take]) -> Iterator[tuple[Take, Take, float]]:
    """Pads that sound too much like each other, and how much (a correlation, at most 1)."""
    prints = [(one, fingerprint(one.audio, one.sample_rate)) for one in takes if one.audio is not None]
    for (one, mine), (other, its) in combinations(prints, 2):
        likeness = float(mine @ its)
        if likeness >= ALIKE:
            yield one, other, likeness


def deadline(loaded: Loaded, take: Take) -> tuple[float, str]:
    """Seconds within which a pad should land, and why: the boundary that its set has it wait for, else `LATE`."""
    settings = loaded.settings
    bank = next(one for one in loaded.banks if one.slug == take.bank.slug)
    land = press_request(settings, bank, bank.pads[take.key]).landing.land
    quarters = length_of(land, settings.time.signature)
    if quarters is None:
        return LATE, f"{LATE:g} s, beyond which a press feels late"
    seconds = quarters * 60 / settings.tempo
    return seconds, f"its boundary ({land}, {seconds:.1f} s at {settings.tempo:g} beats a minute)"


def late(loaded: Loaded, take: Take) -> Finding | None:
    """What is said of a pad that takes longer than it may, and what to change; None of one that does not."""
    taken = take.after("landed")
    if taken is None:
        return None
    limit, why = deadline(loaded, take)
    if taken <= limit:
        return None
    ways = "; or ".join(_ways_out(loaded.settings, take, limit / taken))
    return note(f"late: {taken:.1f} s from press to landed, longer than {why}: {ways}")


def _ways_out(settings: Settings, take: Take, share: float) -> Iterator[str]:
    if not settings.engine.spares.enabled:
        yield "switch on engine.spares, which render ahead"
    else:
        yield "leave time between presses for spares, which land at once"
    steps = take.job.used.get("steps")
    if isinstance(steps, int) and int(steps * share) >= 1:
        yield f"ask for {int(steps * share)} steps in place of {steps}"
    asked = asked_seconds(take)
    if asked is not None and asked * share >= 0.5:
        yield f"ask for {asked * share:.1f} s in place of {asked:.1f} s"
    yield "let it land at a later boundary (land: 4 bars)"
