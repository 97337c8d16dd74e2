"""What a press asks for: the one place where its levels, live values and the tempo come together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from midifrag.boundary import Land
from midifrag.config.banks import Bank
from midifrag.config.lengths import musical_length, told_bars
from midifrag.config.pads import LandingKeys, Pad, resolve
from midifrag.config.parameters import Preset, layered
from midifrag.config.settings import Settings
from midifrag.config.targets import PARAMETER_TARGETS
from midifrag.fragment.length import MusicalLength
from midifrag.fragment.options import FragmentOptions
from midifrag.timeline import Signature

#: What a prompt says of the key where nobody has named one.
ANY_KEY = "any key"


@dataclass(frozen=True, slots=True)
class LandRequest:
    """What a fragment waits for, ``lead`` seconds before which it lies in its slot.

    With ``protect``, it takes the turn of no slot that sounds while there is another one.
    """

    land: Land = "now"
    lead: float = 0.0
    protect: bool = True


#: Lands when it is ready.
WHEN_READY = LandRequest()


@dataclass(frozen=True, slots=True)
class PressRequest:
    """What is to be rendered, by which model, how the take becomes a fragment, and when that lands.

    ``length`` is one in music, ``gain`` how loud the fragment sounds, in dB.
    """

    preset: Preset
    model: str
    options: FragmentOptions
    landing: LandRequest
    length: MusicalLength | None = None
    gain: float = 0.0


def land_request(settings: Settings, bank: Bank, pad: Pad | None = None, live: Land | None = None) -> LandRequest:
    """How a press of ``pad`` lands, or (None) what no pad began; ``live`` is what an action has set over all."""
    levels: list[LandingKeys] = [*([pad] if pad else []), bank.defaults, settings.defaults]
    land: Land = next((level.land for level in levels if level.land is not None), "now")
    lead = next((level.lead_ms for level in levels if level.lead_ms is not None), settings.fragments.lead_ms)
    return LandRequest(live or land, lead / 1000, settings.fragments.protect_playing)


def press_request(
    settings: Settings,
    bank: Bank,
    pad: Pad,
    *,
    values: Mapping[str, float] | None = None,
    velocity: float | None = None,
    bpm: float | None = None,
    signature: Signature | None = None,
    land: Land | None = None,
) -> PressRequest:
    """What a press of ``pad`` in ``bank`` asks for.

    ``values`` are what controls have set over the presets, by parameter; ``velocity`` is 0–1, None for a press that has
    none; ``bpm`` is the tempo in quarter notes a minute and ``signature`` that of its bars, None for the show's own;
    ``land`` as in `land_request`.
    """
    over = {name: value for name, value in (values or {}).items() if name in PARAMETER_TARGETS}
    gain = 0.0
    if pad.velocity is not None and velocity is not None:
        if pad.velocity.sets.mixes:
            gain = pad.velocity.value(velocity)
        else:
            over = layered(over, {str(pad.velocity.sets): pad.velocity.value(velocity)})
    preset = resolve(pad, bank.defaults, settings.defaults, values=over)
    bpm = settings.tempo if bpm is None else bpm
    signature = settings.time.signature if signature is None else signature
    return PressRequest(
        filled(preset, bpm, signature, bank.key or settings.key),
        preset.model or settings.model,
        settings.fragments.options(pad.fragment),
        land_request(settings, bank, pad, land),
        musical_length(preset, bpm, signature),
        gain,
    )


def filled(preset: Preset, bpm: float, signature: Signature, key: str | None) -> Preset:
    """A preset whose prompt says what its placeholders stand for (`midifrag.config.pads.PLACEHOLDERS`)."""
    prompt = preset.prompt.replace("{bpm}", str(round(bpm))).replace("{bars}", told_bars(preset, bpm, signature))
    return replace(preset, prompt=prompt.replace("{key}", key or ANY_KEY))
