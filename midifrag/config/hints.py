"""What a right set says and will hardly do as meant: files that are not there, bindings that are never heard."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from midifrag.config.actions import Action
from midifrag.config.banks import PLACEHOLDER, Bank, Control
from midifrag.config.catalogue import engine_names, too_long
from midifrag.config.loading import Loaded
from midifrag.config.lost_words import lost_words_in
from midifrag.config.names import none_of
from midifrag.config.press_request import press_request

_IN_BRACES = re.compile(r"\{[^{}]*\}")


def hints(loaded: Loaded) -> Iterator[str]:
    """A line for each, with its file and key."""
    yield from _sources(loaded)
    yield from map(str, lost_words_in(loaded.files))
    for bank in loaded.banks:
        file = f"presets/{bank.slug}.yaml"
        for key, pad in bank.pads.items():
            for found in _IN_BRACES.findall(pad.prompt):
                if found != PLACEHOLDER:
                    yield f"{file}: pads.{key}.prompt: {found} stays as it is; what is replaced is {PLACEHOLDER}"
        yield from _hidden_pads(loaded, bank, file)
        yield from _too_long(loaded, bank, file)
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


def _too_long(loaded: Loaded, bank: Bank, file: str) -> Iterator[str]:
    """Pads that ask for more than their model can render, as far as that is known without loading it."""
    for key, pad in bank.pads.items():
        asked = press_request(loaded.settings, bank, pad)
        trouble = too_long(asked.preset.seconds, asked.model, loaded.source(asked.model))
        if trouble is not None:
            yield f"{file}: pads.{key}: {trouble}"


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
