"""What people outside may rely on: a name that goes, comes or is renamed is a change for them, made on purpose."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import midifrag
from midifrag import surface
from midifrag.config import catalogue

#: Scripts import these.
PACKAGE = ["load_model", "render"]
#: Authors of engines and surfaces import these. The rest of the package is ours to change.
FOR_PLUGINS = {
    "midifrag.engine.protocol": [
        "Engine",
        "EngineChoice",
        "EngineFactory",
        "Engines",
        "Worker",
        "WorkerFactory",
        "missing_from",
    ],
    "midifrag.engine.messages": [
        "Cancel",
        "Cancelled",
        "Command",
        "Died",
        "EngineEvent",
        "EngineInfo",
        "Failed",
        "JobEvent",
        "Progress",
        "Promote",
        "Ready",
        "Render",
        "Rendered",
        "Resumed",
        "Stalled",
        "Started",
        "Warm",
        "Warming",
    ],
    "midifrag.engine.limits": ["check_limits", "check_sound"],
    "midifrag.engine.conformance": ["EngineConformance", "WorkerConformance"],
    "midifrag.surface.driver": [
        "DEFAULT_COLOUR",
        "Gridded",
        "InTempo",
        "LOOKS",
        "Look",
        "Motion",
        "PadLight",
        "Surface",
        "colour_of",
        "note",
        "palette_code",
        "sysex",
    ],
    "midifrag.states": [
        "COUNTS_DOWN",
        "EngineState",
        "JobKind",
        "JobState",
        "NoticeLevel",
        "PadState",
        "TROUBLES",
        "UNDER_WAY",
    ],
    "midifrag.errors": [
        "AudioError",
        "CaptureError",
        "CheckpointError",
        "ClipError",
        "ConfigurationError",
        "DoorError",
        "DriveHangsError",
        "EditConflictError",
        "EngineError",
        "HubError",
        "LineError",
        "LoraError",
        "MemoryShortError",
        "MidiGoneError",
        "MidifragError",
        "ModelError",
        "NoFreeSlotError",
        "NoMidiError",
        "NonFiniteError",
        "NonFiniteTakeError",
        "OddEventError",
        "PlaybackError",
        "PortError",
        "Problem",
        "RequestError",
        "SilentTakeError",
        "StorageError",
        "SurfaceError",
        "UnfitCheckpointError",
        "UnknownTakeError",
    ],
}


def defined(module: str) -> Iterator[str]:
    """The names without an underscore that ``module`` defines, or lists in ``__all__``."""
    imported = importlib.import_module(module)
    if hasattr(imported, "__all__"):
        yield from imported.__all__
        return
    for node in ast.parse(Path(imported.__file__ or "").read_text(encoding="utf-8")).body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.Assign(targets=targets):
                yield from (target.id for target in targets if isinstance(target, ast.Name))


def test_the_package_has_these_names():
    assert sorted(midifrag.__all__) == PACKAGE
    assert all(callable(getattr(midifrag, name)) for name in PACKAGE)
    with pytest.raises(AttributeError, match="no attribute 'play'"):
        _ = midifrag.play


@pytest.mark.parametrize("module", FOR_PLUGINS)
def test_plug_ins_find_these_names(module):
    assert sorted(name for name in defined(module) if not name.startswith("_")) == FOR_PLUGINS[module]


def test_plug_ins_are_found_under_these_groups():
    assert (catalogue.GROUP, surface.GROUP) == ("midifrag.engines", "midifrag.surfaces")
