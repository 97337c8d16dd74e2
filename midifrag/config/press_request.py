"""What a press asks for: the one place where its levels, live values and the tempo come together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from midifrag.config.banks import Bank, Pad, resolve
from midifrag.config.lengths import musical_length, told_bars
from midifrag.config.parameters import Preset, layered
from midifrag.config.settings import Settings
from midifrag.fragment.length import MusicalLength
from midifrag.fragment.options import FragmentOptions
from midifrag.timeline import Signature

#: What a prompt says of the key where nobody has named one.
ANY_KEY = "any key"


@dataclass(frozen=True, slots=True)
class PressRequest:
    """What is to be rendered, by which model, and how the take becomes a fragment; ``length`` is one in music."""

    preset: Preset
    model: str
    options: FragmentOptions
    length: MusicalLength | None = None


def press_request(
    settings: Settings,
    bank: Bank,
    pad: Pad,
    *,
    values: Mapping[str, float] | None = None,
    velocity: float | None = None,
    bpm: float | None = None,
    signature: Signature | None = None,
) -> PressRequest:
    """What a press of ``pad`` in ``bank`` asks for.

    ``values`` are what controls have set over the presets, by parameter; ``velocity`` is 0–1, None for a press that has
    none; ``bpm`` is the tempo in quarter notes a minute and ``signature`` that of its bars, None for the show's own.
    """
    over = dict(values or {})
    if pad.velocity is not None and velocity is not None:
        over = layered(over, {str(pad.velocity.sets): pad.velocity.value(velocity)})
    preset = resolve(pad, bank.defaults, settings.defaults, values=over)
    bpm = settings.tempo if bpm is None else bpm
    signature = settings.time.signature if signature is None else signature
    return PressRequest(
        filled(preset, bpm, signature, bank.key or settings.key),
        preset.model or settings.model,
        settings.fragments.options(pad.fragment),
        musical_length(preset, bpm, signature),
    )


def filled(preset: Preset, bpm: float, signature: Signature, key: str | None) -> Preset:
    """A preset whose prompt says what its placeholders stand for (`midifrag.config.banks.PLACEHOLDERS`)."""
    prompt = preset.prompt.replace("{bpm}", str(round(bpm))).replace("{bars}", told_bars(preset, bpm, signature))
    return replace(preset, prompt=prompt.replace("{key}", key or ANY_KEY))
