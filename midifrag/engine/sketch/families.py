"""The one table of families: adding one is a function and a row here, and its synonyms in ``words``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from midifrag.audio import Audio
from midifrag.engine.sketch import drums, effects, loops, textures, tones
from midifrag.engine.sketch.voice import Voice
from midifrag.engine.sketch.words import AXES, FAMILY_SYNONYMS

#: What every sound can be asked: its end, tone, start, drive and space.
_COMMON = ("length", "brightness", "hardness", "distortion", "reverb", "width")


@dataclass(frozen=True)
class Family:
    """A kind of sound.

    ``axes`` are the adjectives that mean something for it, ``pitched`` says that keys and notes do too, and ``loop``
    that tempo and bars do. ``room`` and ``spread`` are its own reverb and stereo width in 0 … 1, ``gain`` its level
    among other layers, and ``texture`` marks what can stand alone when a prompt has no known word.
    """

    name: str
    function: Callable[[Voice], Audio]
    axes: tuple[str, ...]
    loop: bool = False
    pitched: bool = False
    texture: bool = False
    room: float = 0.1
    spread: float = 0.3
    gain: float = 0.8

    @property
    def synonyms(self) -> tuple[str, ...]:
        """Every other word for it."""
        return FAMILY_SYNONYMS[self.name]


def _family(
    function: Callable[[Voice], Audio],
    more: str,
    *,
    without: str = "",
    name: str = "",
    loop: bool = False,
    pitched: bool = False,
    texture: bool = False,
    room: float = 0.1,
    spread: float = 0.3,
    gain: float = 0.8,
) -> Family:
    asked = {*_COMMON, *more.split()} - set(without.split())
    axes = tuple(axis for axis in AXES if axis in asked)
    name = name or function.__name__
    return Family(name, function, axes, loop, pitched, texture, room, spread, gain)


_ROWS = (
    _family(drums.kick, "pitch", pitched=True, room=0.0, spread=0.0, gain=1.0),
    _family(drums.snare, "pitch", room=0.12, spread=0.15),
    _family(drums.hats, "pitch", room=0.04, spread=0.3, gain=0.5),
    _family(drums.clap, "pitch", room=0.2, spread=0.4, gain=0.7),
    _family(drums.tom, "pitch", pitched=True, room=0.12, spread=0.15),
    _family(drums.rim, "pitch", room=0.1, spread=0.15, gain=0.6),
    _family(drums.cymbal, "pitch", room=0.1, spread=0.5, gain=0.5),
    _family(drums.cowbell, "pitch", pitched=True, room=0.06, spread=0.1, gain=0.6),
    _family(tones.sub, "pitch direction", without="width", pitched=True, room=0.0, spread=0.0, gain=0.9),
    _family(tones.bass, "pitch direction", pitched=True, room=0.0, spread=0.1, gain=0.9),
    _family(tones.pluck, "pitch", pitched=True, room=0.2, spread=0.4),
    _family(tones.bell, "pitch", pitched=True, room=0.3, spread=0.5, gain=0.7),
    _family(tones.pad, "pitch speed direction", pitched=True, texture=True, room=0.35, spread=0.5, gain=0.6),
    _family(tones.lead, "pitch direction", pitched=True, room=0.2, spread=0.45, gain=0.7),
    _family(tones.organ, "pitch speed", pitched=True, room=0.2, spread=0.5, gain=0.6),
    _family(effects.sweep, "pitch direction", texture=True, room=0.2, spread=0.6, gain=0.6),
    _family(effects.riser, "pitch direction", without="hardness", pitched=True, room=0.2, spread=0.6, gain=0.6),
    _family(textures.wind, "pitch speed direction", texture=True, room=0.1, spread=0.6, gain=0.5),
    _family(textures.rain, "pitch density", texture=True, room=0.1, spread=0.7, gain=0.5),
    _family(textures.hiss, "direction", name="noise", texture=True, room=0.0, spread=0.6, gain=0.4),
    _family(textures.drone, "pitch speed direction", pitched=True, texture=True, room=0.2, spread=0.6, gain=0.7),
    _family(effects.laser, "pitch speed direction", room=0.12, spread=0.25, gain=0.6),
    _family(textures.crackle, "density", texture=True, room=0.03, spread=0.5, gain=0.4),
    _family(effects.siren, "pitch speed direction", pitched=True, room=0.25, spread=0.3, gain=0.6),
    _family(textures.bubbles, "pitch direction density", texture=True, room=0.15, spread=0.6, gain=0.6),
    _family(loops.beat, "pitch speed density", loop=True, room=0.06, spread=0.4, gain=0.9),
    _family(loops.arpeggio, "pitch speed direction density", loop=True, pitched=True, room=0.25, spread=0.5),
)

#: Family by name, in the order of the table.
FAMILIES: Mapping[str, Family] = MappingProxyType({family.name: family for family in _ROWS})
