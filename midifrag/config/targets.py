"""What a control or a velocity moves: a generation parameter, a LoRA's strength, how a slot is mixed, or the tempo."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from midifrag.config import loras
from midifrag.config.midi_rules import FASTEST, SLOWEST
from midifrag.config.names import none_of
from midifrag.config.parameters import NUMBERS, Parameter

#: In dB: from silence to four times as much.
GAIN_LIMITS = (-60.0, 12.0)


@dataclass(frozen=True, slots=True)
class Target:
    """A number that a control may set. ``way`` is its range where none is given.

    One that ``mixes`` is about the player's mix, and nothing that is rendered, and can be a slot's own. The tempo alone
    ``keeps_time``: it is the show's, and nobody's value.
    """

    parameter: Parameter
    way: tuple[float, float] | None = None
    keeps_time: bool = False
    mixes: bool = False

    def __str__(self) -> str:
        return self.parameter.name

    @property
    def renders(self) -> bool:
        """Whether it is something that a take is rendered with."""
        return not self.mixes and not self.keeps_time


def _mix(name: str, label: str, line: str, limits: tuple[float, float], way: tuple[float, float], kind: type) -> Target:
    slider = way
    return Target(
        Parameter(label, line, limits=limits, slider=slider, settable=True, name=name, kind=kind), way, mixes=True
    )


#: How a slot sounds from this machine; without a slot, all of them.
MIX = {
    "gain": _mix("gain", "Gain", "how loud, in dB; −60 is silence", GAIN_LIMITS, (-60.0, 0.0), float),
    "pan": _mix("pan", "Pan", "−1 is left, 1 right", (-1.0, 1.0), (-1.0, 1.0), float),
    "mute": _mix("mute", "Mute", "1 is not heard", (0, 1), (0, 1), int),
}
#: The tempo of midifrag's own clock.
TIME = {
    "tempo": Target(
        Parameter(
            "Tempo",
            "the tempo of midifrag's own clock",
            unit="BPM",
            limits=(SLOWEST, FASTEST),
            slider=(40, 240),
            settable=True,
            name="tempo",
            kind=float,
        ),
        (40, 240),
        keeps_time=True,
    )
}
#: How much of another prompt a sound is of, where a pad's ``morph`` says which CC moves that.
MORPH = Target(
    Parameter(
        "Morph",
        "how much of the other prompt: 0 is none, 1 all",
        limits=(0, 1),
        slider=(0, 1),
        settable=True,
        name="morph",
        kind=float,
    )
)
#: The generation parameters that a control may set, by what a bank file calls them.
PARAMETER_TARGETS = {name: Target(parameter) for name, parameter in NUMBERS.items() if parameter.settable}
#: Every target.
TARGETS = PARAMETER_TARGETS | MIX | TIME


#: How a LoRA's strength is written.
LORA = f"{loras.PREFIX}NAME"
#: What to write of all that there is.
WRITTEN = f"one of {', '.join(TARGETS)}, or {LORA} for a LoRA's strength"


@lru_cache(maxsize=256)
def lora_target(name: str) -> Target:
    """The strength of a LoRA, by what a bank file calls it: ``lora.dusty``."""
    label = f"LoRA {name.removeprefix(loras.PREFIX)}"
    limits = loras.STRENGTHS
    line = "how strongly a LoRA counts; 1 as it was trained"
    return Target(Parameter(label, line, limits=limits, slider=limits, settable=True, name=name, kind=float), limits)


def found_target(written: object) -> Target | None:
    """The target that a bank file calls ``written``; None where there is none."""
    if isinstance(written, str) and written.startswith(loras.PREFIX) and loras.is_name(written[len(loras.PREFIX) :]):
        return lora_target(written)
    return TARGETS.get(written) if isinstance(written, str) else None


def target(written: object) -> Target:
    """The target that a bank file calls ``written``. Raises ValueError that says which there are."""
    found = written if isinstance(written, Target) else found_target(written)
    if found is None:
        raise ValueError(none_of(written, (*TARGETS, LORA)))
    return found


def value_name(name: str, slot: int | None) -> str:
    """What the value of a target is called while a show runs: ``gain``, or ``gain 3`` for that of a slot."""
    return name if slot is None else f"{name} {slot}"


def morph_value(cc: int | None) -> str:
    """What the value is called that this CC sets for pads' ``morph``."""
    return f"{MORPH} cc {cc}"


_MORPH_VALUES = frozenset(map(morph_value, range(128)))


def named(value: str) -> tuple[Target, int | None] | None:
    """The target and the slot of such a name; None for what is none."""
    whole = found_target(value)
    if whole is not None:
        return whole, None
    if value in _MORPH_VALUES:
        return MORPH, None
    name, _, slot = value.partition(" ")
    found = TARGETS.get(name)
    if found is None or not found.mixes or not slot.isdecimal():
        return None
    return found, int(slot)
