"""The set that a campaign plays: banks with every rule for a second press, a small archive, a page."""

from __future__ import annotations

import random
from pathlib import Path

from tools.jack_server import BACKEND

CONTROLLER = "hands"
SLOTS = 8
#: Notes whose every press is a job of its own, in both banks.
EACH_COUNTS = (36, 37, 40, 42, 43)
#: Notes whose presses may be ignored, or end the one before.
SOME_COUNT = (38, 39, 41, 44)
NOTES = (*EACH_COUNTS, *SOME_COUNT)
KNOB, PANIC, LOCK, NEXT_BANK, STOP, TAP = 21, 119, 111, 98, 102, 103

_SET = """\
model: {model}
backend: {backend}
ports:
  pads: {{in: "{controller} out", out: "{controller} in"}}
set_list: [first, second]
page: {{port: 0}}
time: {{source: midi}}
playback: {{device: {device}}}
queue: {{size: {queue}}}
engine: {{spares: {{enabled: {spares}}}}}
fragments: {{fade_ms: {fade}}}
controls:
  - {{cc: 21, sets: cfg_scale, range: [1, 6], takeover: pickup}}
actions:
  - {{cc: 119, does: panic}}
  - {{cc: 111, does: toggle_lock, slot: 1}}
  - {{note: 98, does: next_bank}}
  - {{cc: 102, does: stop, slot: 2}}
  - {{cc: 103, does: tap}}
"""
_BANK = """\
name: {name}
program: {program}
defaults: {{steps: {steps}}}
pads:
  36: {{prompt: "short kick", seconds: 0.4}}
  37: {{prompt: "{prompt}", seconds: 1}}
  38: {{prompt: "rim", seconds: 0.4, on_repress: ignore}}
  39: {{prompt: "glass bell", seconds: 0.5, on_repress: replace, choke: bells}}
  40: {{prompt: "hat", seconds: 0.3, model: sketch}}
  41: {{prompt: "low tom", seconds: 0.5, on_repress: cancel, choke: bells}}
  42: {{prompt: "short kick", beats: 1, land: beat, fragment: {{loop: true}}}}
  43: {{prompt: "snare", seconds: 0.4, land: bar, fallback: last}}
  44: {{prompt: "low tom", beats: 2, land: bar, on_repress: cancel, slot: 3}}
"""


def models(model: str) -> frozenset[str]:
    """What a set with this model renders with: a pad of each bank has one of its own."""
    return frozenset({model, "sketch"})


def write_set(folder: Path, dice: random.Random, model: str, *, spares: bool, queue: int) -> Path:
    """A set with some of it drawn, so that writing it again is a change; returns its file."""
    presets = folder / "presets"
    presets.mkdir(parents=True, exist_ok=True)
    path = folder / "presets.yaml"
    values = {"spares": str(spares).lower(), "queue": queue, "fade": dice.choice([1, 5, 10])}
    values["device"] = dice.choice(["default", "default", "off"])
    path.write_text(_SET.format(model=model, backend=BACKEND, controller=CONTROLLER, **values), encoding="utf-8")
    for program, name in enumerate(("first", "second"), 1):
        write_bank(folder, dice, name, program)
    return path


def write_bank(folder: Path, dice: random.Random, name: str, program: int) -> None:
    """One of the two banks; its notes are always the same, its steps and prompts are drawn."""
    prompt = dice.choice(["rain", "wind: low", "C# pad", "bells", "größer", "snare, 120 bpm"])
    text = _BANK.format(name=name.title(), program=program, steps=dice.randint(2, 8), prompt=prompt)
    (folder / "presets" / f"{name}.yaml").write_text(text, encoding="utf-8")
