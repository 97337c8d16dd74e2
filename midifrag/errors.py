"""Every error midifrag raises on purpose, under one root.

    MidifragError
    ├── ConfigurationError     a mistake in presets.yaml, a bank, the environment or a flag      (exit 2)
    ├── EditConflictError      a pad is another one than when its edit began
    ├── PortError              no such port, or several that match
    │   ├── NoMidiError        no MIDI system on this machine
    │   └── MidiGoneError      the MIDI system ended; it may come back
    ├── PlaybackError          no such audio output, or one that cannot be opened
    ├── DoorError              another program beside the show: not found, or not as it should be
    ├── SurfaceError           no such surface, or a plug-in that is none
    ├── ClipError              a MIDI file that cannot be played                                 (exit 2)
    ├── ModelError             a model cannot be loaded
    │   ├── CheckpointError    the file is missing, truncated or of another architecture
    │   │   ├── UnfitCheckpointError    none to play, and not damaged: another copy would not help
    │   │   └── LoraError      the same of a LoRA, or one that does not fit its model
    │   └── HubError           the hub refuses, lacks or cuts off a download
    ├── LineError          what came over the line from another machine is no message, or not what was sent
    ├── CaptureError           a device that cannot record its work; the engine has to begin anew, without
    ├── EngineError            an engine cannot do what was asked
    │   ├── RequestError       a request that this engine can never render
    │   ├── OddEventError      an engine said what none may say
    │   ├── NonFiniteError     the render went to NaN or infinity
    │   └── MemoryShortError   the device ran out of memory, also after the engine made itself smaller
    ├── AudioError             audio that cannot become a fragment
    │   ├── SilentTakeError    nothing above the silence threshold
    │   └── NonFiniteTakeError NaN or infinite samples
    └── StorageError           disk full, folder gone, file held open by another program
        ├── DriveHangsError    a drive or a network that does not answer at all
        ├── NoFreeSlotError    every slot is locked, or the one asked for is
        └── UnknownTakeError   no such take in the archive

Each message says what was found and what to do next, in words a performer can act on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from midifrag.legible import legible


class MidifragError(Exception):
    """Root of midifrag's errors. ``exit_code`` is what the command line ends with."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in the configuration: where it stands and what is allowed there."""

    file: str
    line: int | None
    key: str
    message: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        parts = (place, self.key, self.message) if self.key else (place, self.message)
        return ": ".join(legible(part) for part in parts)


class ConfigurationError(MidifragError):
    """Wrong configuration or arguments. ``problems`` has one entry per mistake, in file order."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: Sequence[Problem] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class EditConflictError(MidifragError):
    """A pad in a bank's file is another one than when its edit began.

    ``now`` is what the file says of it, None where it has no such pad; ``keys`` are those that would be overwritten.
    """

    def __init__(self, pad: str, now: Mapping[str, Any] | None, keys: Iterable[str] = ()) -> None:
        self.now = now
        self.keys: Sequence[str] = tuple(keys)
        what = "is not in the file any more" if now is None else "has been changed or taken meanwhile"
        super().__init__(f"{pad} {what}; look at it, and save again if it shall be overwritten")


class PortError(MidifragError):
    """A MIDI port cannot be opened."""


class PlaybackError(MidifragError):
    """An audio output that is not there, or that cannot be opened."""


class DoorError(MidifragError):
    """Another program that midifrag works with is not found, or is not as it should be."""


class SurfaceError(MidifragError):
    """A surface that is not there, or that comes from a package that cannot be used."""


class ClipError(MidifragError):
    """A MIDI file that cannot be played."""

    exit_code = 2


class MidiGoneError(PortError):
    """The MIDI system ended, or does not answer any more; it may come back."""


class NoMidiError(PortError):
    """No MIDI system to open ports on."""


class ModelError(MidifragError):
    """A model cannot be loaded."""


class CheckpointError(ModelError):
    """A checkpoint file is missing, truncated or does not fit the architecture."""


class UnfitCheckpointError(CheckpointError):
    """A checkpoint that is none to play and was not damaged either: another copy of it would be as it is."""


class LoraError(CheckpointError):
    """A LoRA's file is missing, damaged or of another kind, or does not fit its model."""


class HubError(ModelError):
    """The model hub refuses, lacks or cuts off a download."""


class LineError(MidifragError):
    """What the other end of a line sent is no message of ours, or a take did not arrive as it was sent."""


class CaptureError(MidifragError):
    """A device's work could not be captured as a graph, after which nothing more can be done with it in this process.

    No `EngineError`: what is asked of the engine is not at fault, and it cannot go on.
    """


class EngineError(MidifragError):
    """An engine cannot do what was asked."""


class RequestError(EngineError):
    """A request that this engine can never render, such as an unknown sampler."""


class OddEventError(EngineError):
    """What an engine said is not what `midifrag.engine.messages` has; the engine's author has to mend it."""


class NonFiniteError(EngineError):
    """A render went to NaN or infinity."""


class MemoryShortError(EngineError):
    """The device ran out of memory, also after the engine made itself smaller."""


class AudioError(MidifragError):
    """Audio that cannot become a fragment."""


class SilentTakeError(AudioError):
    """A take with nothing above the silence threshold; ``found`` says how loud it is, without what to do about it."""

    def __init__(self, found: str) -> None:
        self.found = found
        super().__init__(f"the take is silent: {found}. Try another prompt, seed or cfg_scale.")


class NonFiniteTakeError(AudioError):
    """A take with NaN or infinite samples; ``found`` says how many, without what to do about it."""

    def __init__(self, found: str) -> None:
        self.found = found
        super().__init__(f"{found}. Try fewer steps, a lower cfg_scale, or precision: fp32.")


class StorageError(MidifragError):
    """A file cannot be written now: disk full, folder gone, or held open by another program."""


class DriveHangsError(StorageError):
    """A drive that neither does what it is asked nor refuses it."""


class NoFreeSlotError(StorageError):
    """Every slot is locked, or the one asked for is, or there is no slot of this number."""


class UnknownTakeError(StorageError):
    """No such take in the archive."""
