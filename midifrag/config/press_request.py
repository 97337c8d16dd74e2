"""What a press asks for: the one place where its levels, live values and the tempo come together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from midifrag.boundary import Land
from midifrag.config.banks import Bank
from midifrag.config.controls import Range
from midifrag.config.lengths import musical_length, told_bars
from midifrag.config.morphing import at, read_morph
from midifrag.config.pads import LandingKeys, Pad, resolve
from midifrag.config.parameter_values import layered
from midifrag.config.parameters import Preset
from midifrag.config.press_keys import Hold, OnRepress, PressKeys, PressMode
from midifrag.config.settings import Settings
from midifrag.config.sound_in import sound_wanted
from midifrag.config.targets import found_target, morph_value
from midifrag.fragment.length import MusicalLength
from midifrag.fragment.options import FragmentOptions
from midifrag.timeline import Signature

#: What a prompt says of the key where nobody has named one.
ANY_KEY = "any key"


@dataclass(frozen=True, slots=True)
class LandRequest:
    """What a fragment waits for, ``lead`` seconds before which it lies in its slot.

    With ``protect``, it takes the turn of no slot that sounds while there is another one; ``among`` are the slots whose
    turn it may take, None for all.
    """

    land: Land = "now"
    lead: float = 0.0
    protect: bool = True
    among: tuple[int, ...] | None = None


#: Lands when it is ready.
WHEN_READY = LandRequest()


@dataclass(frozen=True, slots=True)
class Released:
    """How a pad was let go: after so many seconds, and how fast (0–1)."""

    held: float
    velocity: float


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


def land_request(
    settings: Settings,
    bank: Bank,
    pad: Pad | None = None,
    live: Land | None = None,
    slots: tuple[int, ...] | None = None,
) -> LandRequest:
    """How a press of ``pad`` lands, or (None) what no pad began; ``live`` is what an action has set over all.

    ``slots`` are those that it may take, None for all.
    """
    levels: list[LandingKeys] = [*([pad] if pad else []), bank.defaults, settings.defaults]
    land: Land = next((level.land for level in levels if level.land is not None), "now")
    lead = next((level.lead_ms for level in levels if level.lead_ms is not None), settings.fragments.lead_ms)
    return LandRequest(live or land, lead / 1000, settings.fragments.protect_playing, slots)


@dataclass(frozen=True, slots=True)
class PressRules:
    """How a pad takes a press, as all levels say together."""

    press: PressMode
    on_repress: OnRepress
    #: Whether it renders when it is let go.
    on_release: bool

    @property
    def is_held(self) -> bool:
        """Whether it matters when the pad is let go."""
        return self.on_release or self.press == "gate"


def press_rules(settings: Settings, bank: Bank, pad: Pad) -> PressRules:
    """How ``pad`` takes a press; one that renders when it is let go is no gate and no toggle."""
    levels: list[PressKeys] = [pad, bank.defaults, settings.defaults]
    press: PressMode = next((level.press for level in levels if level.press is not None), "trigger")
    repress: OnRepress = next((level.on_repress for level in levels if level.on_repress is not None), "queue")
    return PressRules("trigger" if pad.renders_on_release else press, repress, pad.renders_on_release)


def press_request(
    settings: Settings,
    bank: Bank,
    pad: Pad,
    *,
    values: Mapping[str, float] | None = None,
    velocity: float | None = None,
    released: Released | None = None,
    bpm: float | None = None,
    signature: Signature | None = None,
    land: Land | None = None,
    slots: tuple[int, ...] | None = None,
    share: float | None = None,
) -> PressRequest:
    """What a press of ``pad`` in ``bank`` asks for.

    ``values`` are what controls have set over the presets, by parameter; ``velocity`` is 0–1, None for a press that has
    none; ``released`` is how it was let go, of a pad that renders then; ``bpm`` is the tempo in quarter notes a minute
    and ``signature`` that of its bars, None for the show's own; ``land`` and
    ``slots`` as in `land_request`; ``share`` is how much of the other prompt of its ``morph`` counts, whatever a hand
    says of that.
    """
    over = {name: value for name, value in (values or {}).items() if _renders(name)}
    bpm = settings.tempo if bpm is None else bpm
    signature = settings.time.signature if signature is None else signature
    gain = 0.0
    for way, value in _of_the_hand(pad, velocity, released, bpm, signature):
        if way.sets.mixes:
            gain = value
        else:
            over = layered(over, {str(way.sets): value})
    preset = resolve(
        pad, bank.defaults, settings.defaults, values=over, loras=lambda model: settings.loras(model or settings.model)
    )
    sound = sound_wanted(pad, bank.defaults, settings.defaults)
    preset = replace(preset, morph=_morphed(preset.morph, values or {}, velocity, share), sound=sound)
    return PressRequest(
        filled(preset, bpm, signature, bank.key or settings.key),
        preset.model or settings.model,
        settings.fragments.options(pad.fragment),
        land_request(settings, bank, pad, land, slots),
        None if preset.sound is not None and preset.sound.makes_part else musical_length(preset, bpm, signature),
        gain,
    )


def _renders(name: str) -> bool:
    found = found_target(name)
    return found is not None and found.renders


def _of_the_hand(
    pad: Pad, velocity: float | None, released: Released | None, bpm: float, signature: Signature
) -> Iterator[tuple[Range, float]]:
    """What a pad's velocities and its hold set, and to which values."""
    if pad.velocity is not None and velocity is not None:
        yield pad.velocity, pad.velocity.value(velocity)
    if released is None:
        return
    if pad.release_velocity is not None:
        yield pad.release_velocity, pad.release_velocity.value(released.velocity)
    if pad.hold is not None:
        yield pad.hold, held(pad.hold, released.held, bpm, signature)[0]


def _morphed(line: str | None, values: Mapping[str, float], velocity: float | None, share: float | None) -> str | None:
    """A line of ``morph`` with the number that the hand says: 0 where no hand has said any."""
    if line is None or share is not None:
        return at(line, share)
    morph = read_morph(line)
    if morph.cc is not None:
        return at(line, values.get(morph_value(morph.cc), 0.0))
    return at(line, (velocity or 0.0) if morph.by == "velocity" else None)


def held(hold: Hold, seconds: float, bpm: float, signature: Signature) -> tuple[float, float]:
    """What ``hold`` sets after so many seconds, and how much of its way that is (0–1)."""
    quarter = 60 / bpm
    return hold.held(seconds, signature.beat * quarter, signature.bar * quarter)


def filled(preset: Preset, bpm: float, signature: Signature, key: str | None) -> Preset:
    """A preset whose prompt says what its placeholders stand for (`midifrag.config.pads.PLACEHOLDERS`), and which."""
    says = {"{bpm}": str(round(bpm)), "{bars}": told_bars(preset, bpm, signature), "{key}": key or ANY_KEY}

    def fill(text: str) -> str:
        for name, value in says.items():
            text = text.replace(name, value)
        return text

    return replace(
        preset,
        prompt=fill(preset.prompt),
        morph=None if preset.morph is None else fill(preset.morph),
        key=(key or "") if "{key}" in preset.prompt else "",
        bpm=round(bpm) if "{bpm}" in preset.prompt else None,
    )
