"""What the show's process and the page's process say to each other, beside state changes and intents."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from midifrag.config.loading import Loaded
from midifrag.config.settings import Show


@dataclass(frozen=True, slots=True)
class Configuration:
    """The show as it is in use now, and the folders that its files lie in."""

    loaded: Loaded
    fragments: Path
    archive: Path


@dataclass(frozen=True, slots=True)
class Door:
    """Who may come in: ``hosts`` are the names and addresses in a browser's address bar, None for any address.

    ``token`` is None where none is needed.
    """

    host: str
    port: int
    token: str | None


@dataclass(frozen=True, slots=True)
class MidiSeen:
    """Something arrived on a port; ``text`` says what, ``time`` when (monotonic seconds)."""

    time: float
    text: str


@dataclass(frozen=True, slots=True)
class ReadAgain:
    """The page has changed a bank's file: take it over now."""


def configuration(loaded: Loaded) -> Configuration:
    """``loaded`` as it can be sent; folders are made absolute here, where the show was started."""
    fields: dict[str, Any] = {name: getattr(loaded.show, name) for name in Show.model_fields}
    plain = replace(loaded, show=Show.model_construct(**fields))
    return Configuration(plain, loaded.fragments_folder, loaded.archive_folder)
