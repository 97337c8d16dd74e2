"""A fragment of so many bars or beats: cut to the sample, stretched where the tempo has moved, a loop's seam closed."""

from __future__ import annotations

import logging

import numpy as np

from midifrag.audio import Audio
from midifrag.errors import AudioError
from midifrag.fragment.fades import crossfaded, faded, in_words, longest_fade
from midifrag.fragment.length import SAME, MusicalLength
from midifrag.fragment.options import FragmentOptions
from midifrag.fragment.stretching import stretched

#: The longest fragment of a length in music, in seconds: a slow tempo and long bars must not fill the memory.
LONGEST = 1200.0
#: A sound that would become longer or shorter than by this factor is cut and not stretched.
FARTHEST = 2.0
#: Seconds of the crossfade that closes the seam of a stretched loop, and of the fade that takes a click out of a seam.
_SEAM, _CLICK = 0.010, 0.001
#: Seconds that are stretched with a sound, before its beginning and beyond its end: a stretcher is sure of neither.
_BEFORE, _AFTER = 0.5, 0.25

_log = logging.getLogger(__name__)
Cut = tuple[Audio, tuple[str, ...]]


def cut_exactly(audio: Audio, sample_rate: int, options: FragmentOptions, length: MusicalLength) -> Cut:
    """Cut a fragment of shape (channels, samples) that is exactly as long as ``length`` says, and what to tell of it.

    ``audio`` begins with the first sound. What follows the end is what a loop is crossfaded with; where there is too
    little sound, silence follows it. Raises `AudioError` for what is beyond `LONGEST`.
    """
    if length.seconds > LONGEST:
        at = f"{length} at {round(length.bpm, 2):g} BPM are {length.seconds:.0f} s"
        raise AudioError(f"{at}, and a fragment has {LONGEST:.0f} s at most: ask for less")
    wanted, made = length.samples(sample_rate), length.as_made
    own = made.samples(sample_rate)
    if abs(own - wanted) <= SAME * sample_rate:
        return _cut(audio, wanted, sample_rate, options)
    was, now = (f"{round(one.bpm, 2):g}" for one in (made, length))
    why = ""
    if options.stretch and 1 / FARTHEST <= wanted / own <= FARTHEST:
        try:
            fragment, notes = (_stretched_loop if options.loop else _stretched)(
                audio, own, wanted, sample_rate, options
            )
        except Exception as error:
            # The sound itself can be played all the same.
            _log.exception("a take could not be stretched")
            why = f"; it could not be stretched: {error}"
        else:
            return fragment, (f"stretched from {was} to {now} BPM", *notes)
    elif options.stretch:
        why = "; too far to be stretched"
    fragment, notes = _cut(audio, wanted, sample_rate, options)
    return fragment, (f"made for {was} BPM and cut at {now}: beats in it keep {was}{why}", *notes)


def _cut(audio: Audio, samples: int, sample_rate: int, options: FragmentOptions) -> Cut:
    """Exactly so many samples from the beginning on."""
    if audio.shape[1] < samples:
        return _padded(audio, samples, sample_rate, options)
    if options.loop:
        wanted = round(options.loop_crossfade_ms * sample_rate / 1000)
        length = min(wanted, audio.shape[1] - samples, samples // 2)
        closed = crossfaded(audio[:, : samples + length], length)
        notes = () if length == wanted else (f"crossfade shortened to {in_words(length, sample_rate)}",)
        return _without_click(closed, sample_rate), notes
    wanted = round(options.fade_ms * sample_rate / 1000)
    length = min(wanted, longest_fade(samples))
    notes = () if length == wanted else (f"fades shortened to {in_words(length, sample_rate)}, half of the sound",)
    return faded(audio[:, :samples], length), notes


def _padded(audio: Audio, samples: int, sample_rate: int, options: FragmentOptions) -> Cut:
    """All that there is, faded, and silence after it."""
    fade = min(round(options.fade_ms * sample_rate / 1000), longest_fade(audio.shape[1]))
    fragment = np.zeros((audio.shape[0], samples), np.float32)
    fragment[:, : audio.shape[1]] = faded(audio, fade)
    sound, whole = (in_words(one, sample_rate) for one in (audio.shape[1], samples))
    if options.loop:
        fragment = _without_click(fragment, sample_rate)
    return fragment, (f"{sound} of {whole} are sound, and silence follows: the take is too short",)


def _stretched(audio: Audio, own: int, wanted: int, sample_rate: int, options: FragmentOptions) -> Cut:
    source = audio[:, : own + round(_AFTER * sample_rate)]
    longer = stretched(source, sample_rate, round(source.shape[1] * wanted / own))
    return _cut(longer, wanted, sample_rate, options)


def _stretched_loop(audio: Audio, own: int, wanted: int, sample_rate: int, options: FragmentOptions) -> Cut:
    """No stretcher keeps a seam: a turn is stretched with some of those before and after it, and closed again."""
    loop, notes = _cut(audio, own, sample_rate, options)
    before, after = (min(own, round(one * sample_rate)) for one in (_BEFORE, _AFTER))
    turns = np.concatenate([loop[:, own - before :], loop, loop[:, :after]], axis=1)
    longer = stretched(turns, sample_rate, round(turns.shape[1] * wanted / own))
    first = round(before * wanted / own)
    seam = min(round(_SEAM * sample_rate), longer.shape[1] - first - wanted, wanted // 2)
    return _without_click(crossfaded(longer[:, first : first + wanted + seam], seam), sample_rate), notes


def _without_click(loop: Audio, sample_rate: int) -> Audio:
    """A loop whose step at the seam is no larger than the largest inside: one that has nothing to fade is faded out."""
    step = np.abs(loop[:, 0] - loop[:, -1])
    inside = np.abs(np.diff(loop, axis=1)).max(axis=1, initial=0.0)
    if (step <= inside).all():
        return loop
    return faded(loop, min(round(_CLICK * sample_rate), longest_fade(loop.shape[1])))
