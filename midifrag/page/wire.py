"""What the show's process and the page's process say to each other: state changes one way, intents the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from midifrag.config.loading import Loaded
from midifrag.config.settings import Settings
from midifrag.events import (
    BankChanged,
    ControlChanged,
    EngineChanged,
    JobChanged,
    LayoutChanged,
    Meters,
    Notice,
    PadChanged,
    PlaybackChanged,
    PortChanged,
    SlotsChanged,
    Sounding,
    TakeChanged,
    TimeChanged,
)
from midifrag.intents import Intent
from midifrag.midi.messages import MidiEvent


@dataclass(frozen=True, slots=True)
class Configuration:
    """The show as it is in use now, and the folders that its files lie in."""

    loaded: Loaded
    fragments: Path
    archive: Path


@dataclass(frozen=True, slots=True)
class Access:
    """Where the page listens, and what a browser must bring: ``token`` is None where none is needed."""

    host: str
    port: int
    token: str | None


@dataclass(frozen=True, slots=True)
class MidiSeen:
    """Something arrived on a port; ``text`` says what, ``time`` when (monotonic seconds), ``event`` what it was."""

    time: float
    text: str
    event: MidiEvent | None = None


@dataclass(frozen=True, slots=True)
class ReadAgain:
    """The page has changed a bank's file: take it over now."""


#: What the show's process says: every state change as it is, but a changed configuration as one that can be sent.
FromShow: TypeAlias = (
    PadChanged | JobChanged | BankChanged | ControlChanged | SlotsChanged | TakeChanged | EngineChanged | PortChanged
    | TimeChanged | PlaybackChanged | Sounding | Meters | Notice | LayoutChanged
    | Configuration | MidiSeen
)  # fmt: skip
#: What the page's process says; a notice is what went wrong in it.
FromPage: TypeAlias = Intent | ReadAgain | Notice


def configuration(loaded: Loaded) -> Configuration:
    """``loaded`` as it can be sent; folders are made absolute here, where the show was started."""
    fields: dict[str, Any] = {name: getattr(loaded.settings, name) for name in Settings.model_fields}
    plain = replace(loaded, settings=Settings.model_construct(**fields))
    return Configuration(plain, loaded.fragments_folder, loaded.archive_folder)
