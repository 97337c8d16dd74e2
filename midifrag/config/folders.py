"""Where a set keeps its fragments and takes, for commands that need to know no more of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from midifrag.config.yaml_files import plain, read

#: Where fragments go if nobody says it.
FRAGMENTS = "fragments"
_VARIABLES = ("MIDIFRAG_FRAGMENTS", "MIDIFRAG_ARCHIVE")


def fragments_folder(name: str) -> Path:
    """The folder of the slots by its name in the configuration; relative to the current folder."""
    return Path(name).expanduser().absolute()


def archive_folder(fragments: str, archive: str | None = None) -> Path:
    """The folder of the raw takes by the two names in the configuration."""
    return fragments_folder(fragments) / "archive" if archive is None else Path(archive).expanduser().absolute()


def archive_folder_of(show: Path, environment: Mapping[str, str]) -> Path | None:
    """Where the set of this presets.yaml keeps its takes, read without the rest of it.

    None where only reading all of it tells: it has mistakes there, or variables of the environment name folders.
    """
    document = None if any(name.upper().startswith(_VARIABLES) for name in environment) else plain(read(show, []))
    names = []
    for group, otherwise in (("fragments", FRAGMENTS), ("archive", None)):
        settings = document.get(group, {}) if isinstance(document, dict) else None
        if not isinstance(settings, dict):
            return None
        names.append(settings.get("folder", otherwise))
    fragments, archive = names
    if isinstance(fragments, str) and (archive is None or isinstance(archive, str)):
        return archive_folder(fragments, archive)
    return None
