from pathlib import Path

import pytest

from midifrag.doors.live import library
from midifrag.doors.live.library import (
    install,
    installed_in,
    named_library,
    remove,
    script_folder,
    user_library,
)
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


@pytest.mark.parametrize("older", [False, True])
@pytest.mark.parametrize("stage", ["write_whole", "replace_file"])
@pytest.mark.parametrize("at", [0, 1])
def test_a_disk_that_is_full_leaves_what_was_there_and_the_next_installation_works(
    script, there, monkeypatch, older, stage, at
):
    if older:
        install(there)
        (script / "core.py").write_text("newer = 1\n")
    before = library._text(script_folder(there) / "core.py")
    calls, does = iter(range(9)), getattr(library, stage)

    def full(*arguments):
        if next(calls) == at:
            raise StorageError("cannot write: the disk is full: delete something or choose another folder")
        does(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(library, stage, full)
        with pytest.raises(StorageError, match=r"the disk is full: .* Then run `midifrag ableton install` again"):
            install(there)
    assert script_folder(there).exists() is older
    if older:
        assert not list(script_folder(there).glob("*.part"))
        assert stage == "replace_file" or library._text(script_folder(there) / "core.py") == before
    assert install(there).is_current
    assert installed_in(there).is_current
    assert remove(there) is not None


@pytest.mark.parametrize("files", [{"core.py": "x = 1"}, {"core.py.part": "x"}, {"core.py": "", "__init__.py": "\0\0"}])
@pytest.mark.parametrize("work", [install, remove])
def test_what_a_power_cut_left_half_is_ours(script, there, files, work):
    folder = script_folder(there)
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    work(there)
    assert remove(there) == (folder if work is install else None)
    assert not folder.exists()


@pytest.mark.parametrize("name", ["mine.py", "core.py/x", "core.txt"])
def test_files_of_somebody_else_s_are_not_taken_for_half_of_ours(script, there, name):
    place = script_folder(there) / name
    place.parent.mkdir(parents=True)
    place.write_text("mine")
    if "/" in name:
        (script_folder(there) / "own.py").write_text("mine")
    for work in (install, remove):
        with pytest.raises(DoorError, match="was not made by midifrag: move it away"):
            work(there)
    assert place.read_text() == "mine"


@pytest.mark.parametrize(
    "said", ["User Library", "User Library/Remote Scripts", "User Library/remote scripts/", "",
             "User Library/Remote Scripts/midifrag", "User Library/../User Library"],
)  # fmt: skip
def test_a_folder_in_or_around_a_user_library_means_it(there, tmp_path, said):
    assert named_library(str(tmp_path / said)) == there


def test_a_library_of_another_name_is_one_by_what_is_in_it(tmp_path):
    moved = tmp_path / "live things"
    moved.mkdir()
    assert named_library(str(moved)) == moved
    (moved / "Presets").mkdir()
    assert named_library(str(moved)) == moved


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("", "--user-library is empty"),
        ("  ", "--user-library is empty"),
        ("~nosuchuser/Library", "a user whom this machine does not know"),
        ("none", "there is no folder "),
        ("none/Remote Scripts", "there is no folder "),
        ("a file", "is a file, and no folder"),
        ("a file/below", "there is no folder "),
        ("full", "is no User Library of Live's: none of its folders is in it"),
        ("Ableton Live 12 Suite.app/Contents/App-Resources/MIDI Remote Scripts", "belongs to Live itself"),
        ("Live.app/Contents/x", "belongs to Live itself"),
        ("Ableton/Live 12 Suite/Resources", "belongs to Live itself"),
        ("Ableton/Live 12.1/Preferences/User Remote Scripts", "belongs to Live itself"),
        ("MIDI Remote Scripts", "belongs to Live itself"),
    ],
)
def test_a_folder_that_is_no_user_library_is_told_with_the_way_out(tmp_path, monkeypatch, said, why):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a file").write_text("")
    for folder in ("full/holidays", "Live.app/Contents/x", "Ableton/Live 12 Suite/Resources", "MIDI Remote Scripts"):
        (tmp_path / folder).mkdir(parents=True)
    with pytest.raises(DoorError, match="or leave --user-library out, and Live's own preferences are asked") as told:
        named_library(said)
    assert why in str(told.value)
