"""What a press asks for: the one place where its levels, live values and the tempo come together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from midifrag.config.banks import PLACEHOLDER, Bank, Pad, resolve
from midifrag.config.parameters import Preset
from midifrag.config.settings import Settings
from midifrag.config.targets import PARAMETER_TARGETS
from midifrag.fragment.options import FragmentOptions


@dataclass(frozen=True, slots=True)
class PressRequest:
    """What is to be rendered, by which model, how the take becomes a fragment, and how loud that sounds, in dB."""

    preset: Preset
    model: str
    options: FragmentOptions
    gain: float = 0.0


def press_request(
    settings: Settings,
    bank: Bank,
    pad: Pad,
    *,
    values: Mapping[str, float] | None = None,
    velocity: float | None = None,
    bpm: float | None = None,
) -> PressRequest:
    """What a press of ``pad`` in ``bank`` asks for.

    ``values`` are what controls have set over the presets, by parameter; ``velocity`` is 0–1, None for a press that has
    none; ``bpm`` is the tempo in beats a minute, None for the show's own.
    """
    over = {name: value for name, value in (values or {}).items() if name in PARAMETER_TARGETS}
    gain = 0.0
    if pad.velocity is not None and velocity is not None:
        if pad.velocity.sets.mixes:
            gain = pad.velocity.value(velocity)
        else:
            over[str(pad.velocity.sets)] = pad.velocity.value(velocity)
    preset = resolve(pad, bank.defaults, settings.defaults, values=over)
    told = preset.prompt.replace(PLACEHOLDER, str(round(settings.tempo if bpm is None else bpm)))
    return PressRequest(
        replace(preset, prompt=told), preset.model or settings.model, settings.fragments.options(pad.fragment), gain
    )
