"""How the controllers that we know call themselves: their ports' names on each system, and their identity replies.

A controller shows several ports; ``lights`` finds the one with its pads and lights, ``others`` those that are not it.
Names as RtMidi gives them: ALSA puts the client before and an address behind, Windows puts an index behind and numbers
the second and further ports (MIDIIN2, MIDIOUT2), and Linux cuts long names off. Sources: Novation's programmer's
reference manuals (interfaces and device inquiry), Akai's communication protocols, Ableton's Push 2 MIDI interface
manual, and what users of open drivers report.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

#: Universal device inquiry, to all devices: system exclusive data without F0 and F7.
IDENTITY_REQUEST = (0x7E, 0x7F, 0x06, 0x01)
#: How a reply begins: any device, then the sub-ids.
_REPLY = (0x06, 0x02)


class Family(NamedTuple):
    """A model: its surface, its name, its ports' names as regular expressions, and how its identity reply begins.

    ``identity`` is the maker's id and the family code; empty where no source gives it.
    """

    surface: str
    model: str
    any_port: str
    lights: str
    others: str
    identity: tuple[int, ...] = ()


def _second(name: str) -> str:
    return rf"MIDI(?:IN|OUT)2 \({name}\)"


def _launchpad(model: str, short: str, code: int) -> Family:
    """A Launchpad whose first port is for DAWs and whose second one has the pads."""
    return Family(
        "launchpad",
        model,
        rf"{model}\b|\b{short}\b",
        rf"{_second(f'{short} MIDI')}|{model}.*{short} MI|\b{short} MIDI (?:In|Out)\b|{model} MIDI 2\b",
        rf"{short} DA|\bDAW\b|^{short} MIDI|{model} MIDI 1\b",
        (0x00, 0x20, 0x29, code, 0x01),
    )


def _simple(surface: str, model: str, name: str, identity: tuple[int, ...] = ()) -> Family:
    """A controller of one port, or whose ports do not differ in their names."""
    return Family(surface, model, name, name, r"(?!)", identity)


FAMILIES: tuple[Family, ...] = (
    _launchpad("Launchpad Mini MK3", "LPMiniMK3", 0x13),
    _launchpad("Launchpad X", "LPX", 0x03),
    # Here the first port has the pads; the second is the DIN sockets, the third for DAWs.
    Family(
        "launchpad",
        "Launchpad Pro MK3",
        r"Launchpad Pro MK3|\bLPProMK3\b",
        r"Launchpad Pro MK3.*LPProMK3 MI|^LPProMK3 MIDI|Launchpad Pro MK3 MIDI 1\b",
        r"LPProMK3 D|\bDAW\b|\bDIN\b|MIDI(?:IN|OUT)\d \(|Launchpad Pro MK3 MIDI [23]\b",
        (0x00, 0x20, 0x29, 0x23, 0x01),
    ),
    Family(
        "apc_mini_mk2",
        "APC mini mk2",
        r"APC mini mk2",
        r"APC mini mk2 Cont|APC mini mk2 MIDI 1\b|^APC mini mk2(?: \d+)?$",
        r"APC mini mk2 Note|MIDI(?:IN|OUT)2 \(|APC mini mk2 MIDI 2\b",
        (0x47, 0x4F),
    ),
    Family("apc40", "APC40 mkII", r"APC40 mkII", r"APC40 mkII", r"MIDI(?:IN|OUT)2 \(", (0x47, 0x29)),
    Family("apc40", "Akai APC40", r"APC40(?! mkII)", r"APC40(?! mkII)", r"MIDI(?:IN|OUT)2 \(|mkII", (0x47, 0x73)),
    Family(
        "push2",
        "Ableton Push 2",
        r"Ableton Push 2",
        rf"Ableton Push 2 User|{_second('Ableton Push 2')}|Ableton Push 2 MIDI 2\b",
        r"Ableton Push 2 Live|^Ableton Push 2(?: \d+)?$|Ableton Push 2 MIDI 1\b",
        (0x00, 0x21, 0x1D, 0x67, 0x32),
    ),
    Family(
        "minilab3",
        "Minilab3",
        r"Mini[Ll]ab ?3",
        r"(?<!\()Mini[Ll]ab ?3 MIDI(?! [234]\b)",
        r"\bDIN\b|\bMCU\b|\bALV\b|MIDI(?:IN|OUT)\d \(|Mini[Ll]ab ?3 MIDI [234]\b",
        (0x00, 0x20, 0x6B, 0x02, 0x00, 0x04),
    ),
    _simple("launchpad_mk2", "Launchpad MK2", r"Launchpad MK2", (0x00, 0x20, 0x29, 0x69)),
    _simple("launchpad_mini", "Launchpad Mini", r"Launchpad (?:Mini|S)\b(?! MK3)(?!.*LPMini)|^Launchpad(?: \d+)?$"),
    Family(
        "launchkey",
        "Launchkey MK3",
        r"Launchkey (?:Mini )?MK3",
        rf"Launchkey (?:Mini )?MK3.*\bDAW|Launchkey (?:Mini )?MK3 MIDI 2\b|{_second('.*Launchkey (?:Mini )?MK3.*')}",
        r"Launchkey (?:Mini )?MK3 MIDI(?! 2\b)|Launchkey.*LK.*MI",
    ),
    Family(
        "launch_control_xl",
        "Launch Control XL",
        r"Launch Control XL",
        r"^(?!MIDI(?:IN|OUT)2).*Launch Control XL(?!.*HUI)",
        r"HUI|MIDI(?:IN|OUT)2 \(",
    ),
    _simple("apc_mini", "APC mini", r"APC MINI\b"),
    _simple("mpd218", "MPD218", r"\bMPD218\b"),
    _simple("lpd8", "LPD8", r"\bLPD8\b"),
    _simple("nanopad2", "nanoPAD2", r"nanoPAD2"),
    Family(
        "push1",
        "Ableton Push",
        r"Ableton Push\b(?! [23])",
        rf"Ableton Push User|{_second('Ableton Push')}|Ableton Push MIDI 2\b",
        r"Ableton Push Live|^Ableton Push(?: \d+)?$|Ableton Push MIDI 1\b",
    ),
    _simple("midi_fighter_twister", "Midi Fighter Twister", r"Midi Fighter Twister"),
    _simple("xtouch_mini", "X-Touch Mini", r"X-TOUCH MINI"),
    _simple("ec4", "Faderfox EC4", r"Faderfox EC4"),
    Family(
        "electra_one",
        "Electra One",
        r"Electra (?:Controller|CTRL|Port)",
        r"Electra (?:Controller )?(?:Electra )?CTRL|MIDI(?:IN|OUT)3 \(Electra|Electra Controller MIDI 3\b",
        r"Electra Port|Electra Controller MIDI [12]\b|^Electra Controller(?: \d+)?$|MIDI(?:IN|OUT)2 \(Electra",
    ),
)


#: A surface by its name, or its models where it is none of those here.
Models: TypeAlias = str | tuple[Family, ...]


def families(surface: Models) -> list[Family]:
    """The models that ``surface`` lights."""
    if not isinstance(surface, str):
        return list(surface)
    return [family for family in FAMILIES if family.surface == surface]


def ports_of(surface: Models, names: Iterable[str]) -> list[str]:
    """Those of ``names`` that are the pads and lights of a controller that ``surface`` lights.

    Where a controller shows none that is known to be, it is the one that is not known to be something else.
    """
    names = list(dict.fromkeys(names))
    found: list[str] = []
    for family in families(surface):
        own = [name for name in names if re.search(family.any_port, name)]
        sure = [name for name in own if re.search(family.lights, name)]
        found += sure or [name for name in own if not re.search(family.others, name)]
    return list(dict.fromkeys(found))


def is_identity_reply(data: Sequence[int]) -> bool:
    """Whether the bytes of a message are a device's answer to the inquiry."""
    return len(data) > 6 and (data[0], data[1]) == (0xF0, 0x7E) and tuple(data[3:5]) == _REPLY


def model_of(data: Sequence[int], surface: Models) -> str | None:
    """The model that an identity reply tells, if ``surface`` lights it."""
    told = tuple(data[5:])
    matching = (one.model for one in families(surface) if one.identity and told[: len(one.identity)] == one.identity)
    return next(matching, None)


def is_named(surface: Models, device: str) -> bool:
    """Whether the name of a port already tells a model that ``surface`` lights."""
    return any(re.search(family.any_port, device) for family in families(surface))
