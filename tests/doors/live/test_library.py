from pathlib import Path

import pytest

from midifrag.doors.live import library
from midifrag.doors.live.library import install, installed_in, remove, script_folder, user_library
from midifrag.errors import DoorError, StorageError

CONFIG = """<?xml version="1.0" encoding="UTF-8"?>
<Ableton><ContentLibrary><UserLibrary><LibraryProject>
<ProjectName Value="User Library" /><ProjectPath Value="{path}" />
</LibraryProject></UserLibrary></ContentLibrary></Ableton>
"""


@pytest.fixture
def script(tmp_path, monkeypatch):
    """A script to be copied, of version 3."""
    folder = tmp_path / "script"
    folder.mkdir()
    (folder / "__init__.py").write_text('"""midifrag in Live."""\n\nVERSION = 3\n', encoding="utf-8")
    (folder / "core.py").write_text("ö = 1\n", encoding="utf-8")
    (folder / "notes.txt").write_text("")
    monkeypatch.setattr(library, "SCRIPT", folder)
    return folder


@pytest.fixture
def there(tmp_path):
    """A User Library."""
    made = tmp_path / "User Library"
    made.mkdir()
    return made


def says(home, version, path, system="darwin"):
    """Have a Live of this version say in its preferences where its library is."""
    place = home / "Library/Preferences/Ableton" if system == "darwin" else home / "AppData/Roaming/Ableton"
    folder = place / f"Live {version}" / ("" if system == "darwin" else "Preferences")
    folder.mkdir(parents=True)
    (folder / "Library.cfg").write_text(CONFIG.format(path=path), encoding="utf-8")


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_the_library_is_where_the_newest_live_says(tmp_path, system):
    for version in ("9.7.7", "12.1", "12.0.25", "11.3.25"):
        moved = tmp_path / f"moved {version}"
        (moved / "User Library").mkdir(parents=True)
        says(tmp_path, version, moved, system)
    assert user_library({}, tmp_path, system) == tmp_path / "moved 12.1" / "User Library"
    (tmp_path / "moved 12.1" / "User Library").rmdir()
    assert user_library({}, tmp_path, system) == tmp_path / "moved 12.1"
    (tmp_path / "moved 12.1").rmdir()
    assert user_library({}, tmp_path, system) == tmp_path / "moved 12.0.25" / "User Library"


def test_windows_says_where_preferences_are(tmp_path):
    says(tmp_path / "roaming home", "12.1", tmp_path, "win32")
    (tmp_path / "User Library").mkdir()
    environment = {"APPDATA": str(tmp_path / "roaming home" / "AppData" / "Roaming")}
    assert user_library(environment, tmp_path / "home", "win32") == tmp_path / "User Library"


def test_a_beta_comes_after_the_version_that_it_became(tmp_path):
    for version in ("12.1", "12.1b3"):
        (tmp_path / f"of {version}").mkdir()
        says(tmp_path, version, tmp_path / f"of {version}")
    assert user_library({}, tmp_path, "darwin") == tmp_path / "of 12.1"


@pytest.mark.parametrize(
    "text", ["", "<a>", "rubbish", '<!DOCTYPE a [<!ENTITY e "e">]><a/>', CONFIG.format(path="/none")]
)
@pytest.mark.parametrize(("system", "usual"), [("darwin", "Music"), ("win32", "Documents")])
def test_where_nobody_says_it_it_is_where_live_makes_it(tmp_path, text, system, usual):
    says(tmp_path, "12.1", "", system)
    (next(tmp_path.rglob("Library.cfg"))).write_text(text)
    with pytest.raises(DoorError, match="start Live once, or name the folder with --user-library"):
        user_library({}, tmp_path, system)
    (tmp_path / usual / "Ableton" / "User Library").mkdir(parents=True)
    assert user_library({}, tmp_path, system) == tmp_path / usual / "Ableton" / "User Library"


def test_where_live_does_not_run_there_is_none(tmp_path):
    with pytest.raises(DoorError, match="Live does not run on this system"):
        user_library({}, tmp_path, "linux")


def test_the_script_is_put_there_renewed_and_taken_out_again(script, there):
    assert installed_in(there) is None
    assert remove(there) is None
    done = install(there)
    assert (done.folder, done.version, done.is_current) == (there / "Remote Scripts" / "midifrag", 3, True)
    assert sorted(path.name for path in done.folder.iterdir()) == ["__init__.py", "core.py"]
    assert installed_in(there) == done
    (done.folder / "__pycache__").mkdir()
    (done.folder / "__pycache__" / "core.cpython-311.pyc").write_bytes(b"")
    (done.folder / "old.py").write_text("")
    assert not installed_in(there).is_current
    (script / "core.py").write_text("other = 1\n")
    install(there)
    assert sorted(path.name for path in done.folder.iterdir()) == ["__init__.py", "core.py"]
    assert installed_in(there).is_current
    (done.folder / "__pycache__").mkdir()
    assert remove(there) == done.folder
    assert list((there / "Remote Scripts").iterdir()) == []


def test_a_version_that_nobody_can_read_is_none(script, there):
    install(there)
    (script_folder(there) / "__init__.py").write_text("# midifrag")
    assert installed_in(there).version is None


def test_a_folder_of_somebody_else_s_is_left_alone(script, there):
    folder = script_folder(there)
    folder.mkdir(parents=True)
    install(there)
    (folder / "__init__.py").write_text("# mine")
    for work in (install, remove):
        with pytest.raises(DoorError, match="was not made by midifrag: move it away"):
            work(there)
    assert (folder / "__init__.py").read_text() == "# mine"
    assert (folder / "core.py").exists()


def test_a_file_in_its_place_is_left_alone(script, there):
    folder = script_folder(there)
    folder.parent.mkdir()
    folder.write_text("mine")
    with pytest.raises(DoorError, match="is no folder: move it away"):
        install(there)
    with pytest.raises(DoorError, match="is no folder: move it away"):
        remove(there)


def test_what_else_lies_in_it_keeps_the_folder(script, there):
    folder = install(there).folder
    (folder / "mine.txt").write_text("")
    with pytest.raises(DoorError, match=r"nothing is removed, as .* also holds mine\.txt: move that away first"):
        remove(there)
    assert installed_in(there).is_current
    (folder / "mine.txt").unlink()
    assert remove(there) == folder


@pytest.mark.parametrize("litter", [".DS_Store", "desktop.ini", "Thumbs.db", "._core.py", "core.py.part"])
def test_what_file_managers_leave_in_it_goes_with_it(script, there, litter):
    folder = install(there).folder
    (folder / litter).write_bytes(b"x")
    assert remove(there) == folder
    assert not folder.exists()


def test_a_folder_that_holds_only_what_file_managers_leave_is_nobody_s(script, there):
    folder = script_folder(there)
    folder.mkdir(parents=True)
    (folder / ".DS_Store").write_bytes(b"x")
    assert install(there).is_current


def test_what_could_not_be_removed_at_once_is_removed_later(script, there, monkeypatch):
    folder = install(there).folder
    unlink = Path.unlink

    def refuses(path, **keys):
        if path.name == "core.py":
            raise PermissionError(13, "no", str(path))
        unlink(path, **keys)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", refuses)
        with pytest.raises(StorageError, match="cannot remove"):
            remove(there)
    assert remove(there) == folder


def test_a_library_that_is_none_is_told(script, tmp_path):
    with pytest.raises(DoorError, match="there is no folder"):
        install(tmp_path / "none")
    (tmp_path / "Remote Scripts").write_text("")
    with pytest.raises(StorageError, match="cannot write"):
        install(tmp_path)
