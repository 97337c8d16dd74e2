"""Live's User Library, and our script in it: found, put there, looked at and taken away again.

Live writes where the library is into ``Library.cfg`` among its preferences, one folder of them each version.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from xml.parsers import expat

import platformdirs

from midifrag.config.folders import folder_problem
from midifrag.errors import DoorError, StorageError
from midifrag.fragment.files import discard, discard_folder, open_regular, replace_file, storage_error, write_whole

#: What the script's folder is called, and so in Live's list of control surfaces.
NAME = "midifrag"
#: What is copied.
SCRIPT = Path(__file__).parent / "script"
_PART, _ENTRY = ".part", "__init__.py"
_LITTER = ("__pycache__", ".DS_Store", "desktop.ini", "Thumbs.db")
_LIBRARY, _SCRIPTS = "User Library", "Remote Scripts"
#: Some of what Live makes in a User Library, in small letters.
_OF_LIBRARIES = {"ableton folder info", "remote scripts", "presets", "clips", "defaults", "templates", "grooves"}
#: Folders of which all below is Live's own: its program on macOS and on Windows, and its preferences.
_LIVE_ITSELF = re.compile(
    r"/([^/]+\.app/Contents|Ableton Live[^/]*\.app|Ableton/Live \d[^/]*|MIDI Remote Scripts)/", re.IGNORECASE
)
_WAY_OUT = (
    "name the User Library: in Live's browser, under Places, User Library's context menu shows it; or leave "
    "--user-library out, and Live's own preferences are asked"
)
_LARGEST = 16 * 1024 * 1024
_VERSION = re.compile(r"^VERSION = (\d+)$", re.MULTILINE)
_LIVE = re.compile(r"Live (\d+(?:\.\d+)*)(.*)")


@dataclass(frozen=True, slots=True)
class Installed:
    """Our script in a library: where, of which version (None where that cannot be read), and whether it is this one's.

    ``is_current`` is False where its files are other ones than those that this midifrag would copy.
    """

    folder: Path
    version: int | None
    is_current: bool


def user_library(
    environment: Mapping[str, str] = os.environ, home: Path | None = None, system: str = sys.platform
) -> Path:
    """The User Library of the newest Live whose preferences say where it is, else where Live makes it.

    Raises `DoorError` where there is none.
    """
    home = home or Path.home()
    for preferences in _preferences(environment, home, system):
        for said in _project_paths(preferences / "Library.cfg"):
            found = next((one for one in (said / "User Library", said) if one.is_dir()), None)
            if found is not None:
                return found
    usual = _usual(home, system)
    found = next((one for one in usual if one.is_dir()), None)
    if found is None:
        raise DoorError(
            f"no User Library of Live's is found ({', '.join(map(str, usual)) or 'Live does not run on this system'}); "
            "start Live once, or name the folder with --user-library"
        )
    return found


def named_library(name: str) -> Path:
    """The User Library that a performer names; of a folder in or around one, that one.

    Raises `DoorError` for what is none: Live would never look there, and a Live that is updated takes along what is in
    it.
    """
    problem = folder_problem(name)
    if problem is not None:
        raise DoorError(f"--user-library {problem}; {_WAY_OUT}")
    place = Path(os.path.normpath(Path(name.strip()).expanduser().absolute()))
    if _LIVE_ITSELF.search(f"{place.as_posix()}/"):
        raise DoorError(f"{place} belongs to Live itself, whose next update would take the script away; {_WAY_OUT}")
    if place.name == NAME and place.parent.name.casefold() == _SCRIPTS.casefold():
        place = place.parent
    if place.name.casefold() == _SCRIPTS.casefold():
        place = place.parent
    try:
        if not place.is_dir():
            what = f"{place} is a file, and no folder" if place.exists() else f"there is no folder {place}"
            if place.is_symlink() and not place.exists():
                what = f"{place} is a link to what is not there: connect its drive"
            raise DoorError(f"{what}; {_WAY_OUT}")
        within = place / _LIBRARY
        if within.is_dir():
            return within
        found = {path.name.casefold() for path in place.iterdir() if not _is_litter(path)}
    except OSError as error:
        raise storage_error("read", place, error) from error
    if found and place.name.casefold() != _LIBRARY.casefold() and found.isdisjoint(_OF_LIBRARIES):
        raise DoorError(f"{place} is no User Library of Live's: none of its folders is in it; {_WAY_OUT}")
    return place


def script_folder(library: Path) -> Path:
    """Where the script is in a library."""
    return library / _SCRIPTS / NAME


def installed_in(library: Path) -> Installed | None:
    """Our script as it is in a library; None where it is not there."""
    folder = script_folder(library)
    if not folder.is_dir():
        return None
    theirs = {path.name: _text(path) for path in folder.glob("*.py")}
    ours = {path.name: _text(path) for path in script_files()}
    return Installed(folder, _version(theirs.get(_ENTRY, "")), theirs == ours)


def install(library: Path) -> Installed:
    """Put our script into a library, in place of an older one. Raises `DoorError` and `StorageError`.

    All is written aside before anything becomes the new one, so that a full disk leaves what was there. Then a file at
    a time does, the entry last: what Live would load is whole, or the old one.
    """
    if not library.is_dir():
        raise DoorError(f"there is no folder {library}; name Live's User Library with --user-library")
    folder = script_folder(library)
    _check_ours(folder)
    is_new = not folder.exists()
    entries = sorted(script_files(), key=lambda path: path.name == _ENTRY)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in entries:
            discard(_aside(folder, path))
            write_whole(_aside(folder, path), path.read_bytes())
        for path in entries:
            replace_file(_aside(folder, path), folder / path.name)
        for old in {path.name for path in folder.glob("*.py")} - {path.name for path in entries}:
            (folder / old).unlink()
    except (OSError, StorageError) as error:
        _leave_nothing_half(folder, entries, is_new=is_new)
        cause = storage_error("write", folder, error) if isinstance(error, OSError) else error
        raise StorageError(f"{cause}. Then run `midifrag ableton install` again") from error
    discard_folder(folder / "__pycache__")
    return Installed(folder, script_version(), is_current=True)


def _aside(folder: Path, path: Path) -> Path:
    return folder / f"{path.name}{_PART}"


def _leave_nothing_half(folder: Path, entries: list[Path], *, is_new: bool) -> None:
    """After what went wrong: nothing is left aside, and nothing at all where nothing was."""
    for path in entries:
        discard(_aside(folder, path))
        if is_new:
            discard(folder / path.name)
    if is_new:
        with suppress(OSError):
            folder.rmdir()


def remove(library: Path) -> Path | None:
    """Take our script out of a library; its folder, None where it was not there. Raises as `install`."""
    folder = script_folder(library)
    if not folder.exists():
        return None
    _check_ours(folder)
    try:
        found = list(folder.iterdir())
        others = sorted(path.name for path in found if not path.name.endswith((".py", _PART)) and not _is_litter(path))
        if others:
            raise DoorError(f"nothing is removed, as {folder} also holds {', '.join(others)}: move that away first")
        # The entry last: by it the folder is known as ours, should one of the others not go now.
        for path in sorted(found, key=lambda path: path.name == _ENTRY):
            if path.name == "__pycache__":
                discard_folder(path)
            else:
                path.unlink(missing_ok=True)
        folder.rmdir()
    except OSError as error:
        raise storage_error("remove", folder, error) from error
    return folder


def script_files() -> list[Path]:
    """The files of the script that is copied."""
    return sorted(SCRIPT.glob("*.py"))


def script_version() -> int | None:
    """The version of the script that is copied."""
    return _version(_text(SCRIPT / _ENTRY))


def _check_ours(folder: Path) -> None:
    """Raise `DoorError` for a folder with our name that somebody else made."""
    try:
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            raise DoorError(f"{folder} is no folder: move it away")
        has_files = folder.is_dir() and any(not _is_litter(path) for path in folder.iterdir())
    except OSError as error:
        raise storage_error("read", folder, error) from error
    if has_files and "midifrag" not in _text(folder / _ENTRY) and not _is_half(folder):
        raise DoorError(f"{folder} was not made by midifrag: move it away")


def _is_half(folder: Path) -> bool:
    """Whether a folder is what an installation left that was killed: files of ours alone, and no entry yet.

    A power cut may leave an entry without its content.
    """
    names = {path.name for path in script_files()}
    left = [path.name.removesuffix(_PART) for path in folder.iterdir() if not _is_litter(path)]
    return not _text(folder / _ENTRY).strip("\0 \n") and names.issuperset(left)


def _is_litter(path: Path) -> bool:
    """Whether Python or a file manager leaves such a file or folder wherever it looks."""
    return path.name in _LITTER or path.name.startswith("._")


def _preferences(environment: Mapping[str, str], home: Path, system: str) -> Iterator[Path]:
    """The folders of preferences, that of the newest Live first."""
    if system == "darwin":
        place, below = home / "Library" / "Preferences" / "Ableton", ""
    elif system == "win32":
        place, below = Path(environment.get("APPDATA") or home / "AppData" / "Roaming") / "Ableton", "Preferences"
    else:
        return
    found = [(match, path) for path in place.glob("Live *") if (match := _LIVE.fullmatch(path.name)) and path.is_dir()]
    # Of 12.1 and 12.1b3 the one without a letter is the newer.
    found.sort(key=lambda one: ([int(part) for part in one[0][1].split(".")], not one[0][2]), reverse=True)
    yield from (path / below for _, path in found)


def _project_paths(path: Path) -> list[Path]:
    """Where a Library.cfg says that the library is; nothing where it cannot be read."""
    found: list[Path] = []

    def take(tag: str, attributes: dict[str, str]) -> None:
        if tag == "ProjectPath" and attributes.get("Value"):
            found.append(Path(attributes["Value"]))

    parser = expat.ParserCreate()
    parser.StartElementHandler = take
    parser.EntityDeclHandler = _no_entities
    try:
        with open_regular(path) as file:
            parser.Parse(file.read(_LARGEST), True)
    except (OSError, expat.ExpatError, ValueError):
        return []
    return found


def _no_entities(*_: object) -> None:
    raise ValueError("no Live writes entities")


def _usual(home: Path, system: str) -> list[Path]:
    if system == "darwin":
        return [home / "Music" / "Ableton" / "User Library"]
    if system == "win32":
        # Documents may lie in OneDrive.
        documents = dict.fromkeys((Path(platformdirs.user_documents_dir()), home / "Documents"))
        return [folder / "Ableton" / "User Library" for folder in documents]
    return []


def _text(path: Path) -> str:
    try:
        with open_regular(path) as file:
            return file.read(_LARGEST).decode("utf-8", "replace")
    except OSError:
        return ""


def _version(text: str) -> int | None:
    found = _VERSION.search(text)
    return int(found[1]) if found else None
