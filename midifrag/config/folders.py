"""Where a set keeps its fragments and takes, for commands that need to know no more of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from midifrag.config.yaml_files import plain, read

#: Where fragments go if nobody says it.
FRAGMENTS = "fragments"
#: The variable that names another folder than .midifrag in the home folder, for what belongs to no set.
HOME = "MIDIFRAG_HOME"
_VARIABLES = ("MIDIFRAG_FRAGMENTS", "MIDIFRAG_ARCHIVE")


def folder_problem(name: str) -> str | None:
    """Why ``name`` can be no folder's, whatever there is on the disk; None where it can."""
    if not name.strip():
        return "is empty; name a folder, or leave the key out"
    if "\0" in name:
        return f"{name!r} has a character that no name can have"
    try:
        Path(name).expanduser()
    except RuntimeError:
        return f"{name!r} begins in the home folder of a user whom this machine does not know"
    return None


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
    usable = all(isinstance(name, str) and folder_problem(name) is None for name in names if name is not None)
    return archive_folder(fragments, archive) if usable and fragments is not None else None
