"""What a right set says and will hardly do as meant: files that are not there, bindings that are never heard."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from midifrag.config.actions import Action
from midifrag.config.banks import PLACEHOLDER, Bank, Control
from midifrag.config.catalogue import engine_names
from midifrag.config.loading import Loaded
from midifrag.config.lost_words import lost_words_in
from midifrag.config.names import none_of
from midifrag.config.parameters import shown
from midifrag.config.press_request import press_request
from midifrag.config.unplayable import FactsOf, sampler_kind, troubles

#: What a control may set that a model cannot render though it is within the parameter's limits.
_MAY_BE_TOO_MUCH = ("seconds", "sigma_min", "sigma_max")
_IN_BRACES = re.compile(r"\{[^{}]*\}")


def hints(loaded: Loaded) -> Iterator[str]:
    """A line for each, with its file and key."""
    yield from _sources(loaded)
    yield from map(str, lost_words_in(loaded.files))
    facts = FactsOf(loaded.source)
    for bank in loaded.banks:
        file = f"presets/{bank.slug}.yaml"
        for key, pad in bank.pads.items():
            for found in _IN_BRACES.findall(pad.prompt):
                if found != PLACEHOLDER:
                    yield f"{file}: pads.{key}.prompt: {found} stays as it is; what is replaced is {PLACEHOLDER}"
        yield from _hidden_pads(loaded, bank, file)
        yield from _unused(loaded, bank, file, facts)
        yield from _too_far(loaded, bank, file, facts)
    for file, controls in _control_lists(loaded):
        yield from _hidden_controls(loaded, controls, file)
        yield from _taken_fine_halves(loaded, controls, file)
        for name, times in Counter(control.id for control in controls).items():
            if times > 1:
                yield f"{file}: {name}: stands there {times} times, and only the last counts"


def _sources(loaded: Loaded) -> Iterator[str]:
    """What models' entries name that is not there."""
    for name, entry in loaded.settings.models.items():
        source = loaded.source(name)
        for key in ("config", "checkpoint", "folder"):
            if key in source and not _is_there(source[key]):
                yield f"{loaded.path.name}: models.{name}.{key}: {source[key]} is not there"
        if entry.engine is not None and entry.engine not in engine_names():
            yield f"{loaded.path.name}: models.{name}.engine: {none_of(entry.engine, engine_names())}"


def _unused(loaded: Loaded, bank: Bank, file: str, facts: FactsOf) -> Iterator[str]:
    """σ that a pad's sampler does not use."""
    for key, pad in bank.pads.items():
        asked = press_request(loaded.settings, bank, pad)
        kind = sampler_kind(asked.preset, facts(asked.model))
        if kind is None or kind.uses_sigma_min:
            continue
        name = asked.preset.sampler or f"the usual sampler of {asked.model}"
        if asked.preset.sigma_max is not None and asked.preset.sigma_max > 1:
            yield f"{file}: pads.{key}: sigma_max {shown(asked.preset.sigma_max)} is more than {name} uses, 1"
        if asked.preset.sigma_min is not None:
            yield f"{file}: pads.{key}: sigma_min does nothing here; {name} ends at 0"


def _too_far(loaded: Loaded, bank: Bank, file: str, facts: FactsOf) -> Iterator[str]:
    """Velocities and controls that ask for what a pad's model cannot render, at an end of their range."""
    lists = ((loaded.path.name, loaded.settings.controls), (file, bank.controls))
    controls = [(where, one) for where, found in lists for one in found if str(one.sets) in _MAY_BE_TOO_MUCH]
    for key, pad in bank.pads.items():
        asked = press_request(loaded.settings, bank, pad)
        known = set(troubles(asked.preset, facts(asked.model)))
        ranges = (
            [(f"{file}: pads.{key}.velocity", pad.velocity)]
            if pad.velocity is not None and not pad.velocity.sets.mixes
            else []
        )
        for place, one in (*ranges, *((f"{where}: {control.id}", control) for where, control in controls)):
            for end in one.range:
                value: dict[str, Any] = {str(one.sets): end}
                for trouble in troubles(replace(asked.preset, **value), facts(asked.model)):
                    if trouble not in known:
                        yield f"{place}: at {shown(end)}: {trouble.sentence} (pad {key} of {bank.slug})"


def _is_there(path: str) -> bool:
    try:
        return Path(path).exists()
    except OSError:
        return False


def _hidden_pads(loaded: Loaded, bank: Bank, file: str) -> Iterator[str]:
    """What of a bank's messages an action takes."""
    for action in loaded.settings.actions:
        for key, pad in bank.pads.items():
            if action.note == key.note and _meet(action, key.channel, pad.port):
                yield f"{file}: pads.{key}: its note does {action.does} (actions of {loaded.path.name})"
        if action.program is not None and action.program == bank.program and _meet(action, None, None):
            yield f"{file}: program: {bank.program} does {action.does} instead (actions of {loaded.path.name})"


def _hidden_controls(loaded: Loaded, controls: Iterable[Control], file: str) -> Iterator[str]:
    """Controls whose messages an action takes."""
    for action in loaded.settings.actions:
        for control in controls:
            if control.cc is not None and control.cc == action.cc and _meet(action, control.channel, control.port):
                yield f"{file}: {control.id}: does {action.does} instead (actions of {loaded.path.name})"


def _taken_fine_halves(loaded: Loaded, controls: Iterable[Control], file: str) -> Iterator[str]:
    """14-bit controls whose fine CC something else names: there it is that one's."""
    taken: list[tuple[Action | Control, str]] = [(action, f"does {action.does}") for action in loaded.settings.actions]
    taken += [(other, f"sets {other.sets}") for _, others in _control_lists(loaded) for other in others]
    for control in controls:
        for other, what in taken if control.bits == 14 and control.cc is not None else ():
            ports, channels = {control.port, other.port} - {None}, {control.channel, other.channel} - {None}
            if other.cc == (control.cc or 0) + 32 and len(ports) <= 1 and len(channels) <= 1:
                yield f"{file}: {control.id}: its fine half, cc {other.cc}, {what}; only the coarse half counts there"


def _meet(action: Action, channel: int | None, port: str | None) -> bool:
    """Whether everything that comes on ``channel`` of ``port`` is the action's."""
    return action.channel in (None, channel) and action.port in (None, port)


def _control_lists(loaded: Loaded) -> Iterator[tuple[str, tuple[Control, ...]]]:
    yield loaded.path.name, loaded.settings.controls
    for bank in loaded.banks:
        yield f"presets/{bank.slug}.yaml", bank.controls
