"""A file is shown by the system's own file manager, which is given it as one word."""

import sys

import pytest

from midifrag.page import reveal as module
from midifrag.page.reveal import RevealError, is_here, reveal

NAME = "rain, on -R $(tin) & glass;.wav"


class Programs:
    """Programs that there are, with what they end with; and what was run."""

    def __init__(self, **there):
        self.there, self.run = there, []

    def __call__(self, command):
        self.run.append(command)
        program = command.partition(" ")[0] if isinstance(command, str) else command[0]
        code = self.there.get(program.replace("-", "_"))
        if code is None:
            raise FileNotFoundError(program)
        return code


@pytest.fixture
def path(tmp_path):
    file = tmp_path / NAME
    file.touch()
    return file


@pytest.mark.parametrize(
    ("address", "here"),
    [
        ("127.0.0.1", True),
        ("127.3.2.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("192.168.1.7", False),
        ("::ffff:192.168.1.7", False),
        ("fe80::1", False),
        ("localhost", False),
        ("", False),
    ],
)
def test_only_a_browser_on_this_machine_is_here(address, here):
    assert is_here(address) is here


@pytest.mark.parametrize(
    ("platform", "code", "command"),
    [("darwin", 0, lambda path: ["open", "-R", path]), ("win32", 1, lambda path: f'explorer /select,"{path}"')],
)
def test_macos_and_windows_have_one_program_for_it(path, platform, code, command):
    programs = Programs(open=code, explorer=code)
    reveal(path, platform, programs)
    assert programs.run == [command(str(path))]


def test_on_linux_the_file_manager_is_asked_over_its_bus(path):
    programs = Programs(dbus_send=0)
    reveal(path, "linux", programs)
    ((program, *words),) = programs.run
    assert program == "dbus-send"
    (item,) = (word for word in words if word.startswith("array:string:"))
    assert item == f"array:string:{path.as_uri()}"
    assert "," not in item
    assert "org.freedesktop.FileManager1.ShowItems" in words


@pytest.mark.parametrize("dbus", [{}, {"dbus_send": 1}])
def test_where_none_answers_the_folder_is_opened(path, dbus):
    programs = Programs(xdg_open=0, **dbus)
    reveal(path, "linux", programs)
    assert programs.run[-1] == ["xdg-open", str(path.parent)]


@pytest.mark.parametrize(("platform", "there"), [("linux", {}), ("linux", {"xdg_open": 3}), ("darwin", {"open": 1})])
def test_where_nothing_shows_it_its_place_is_told(path, platform, there):
    with pytest.raises(RevealError, match="No file manager") as told:
        reveal(path, platform, Programs(**there))
    assert str(path) in str(told.value)


def test_a_file_that_is_gone_is_told_and_nothing_run(tmp_path):
    programs = Programs(xdg_open=0)
    with pytest.raises(RevealError, match="is gone"):
        reveal(tmp_path / "none.wav", "linux", programs)
    assert programs.run == []


def test_a_program_is_run_and_not_waited_for_for_ever(monkeypatch):
    assert module.run([sys.executable, "-c", "raise SystemExit(3)"]) == 3
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    started = []
    monkeypatch.setattr(module.subprocess, "Popen", lambda *_, **__: started.append(Hangs()) or started[-1])
    assert module.run(["hangs"]) == 0
    assert started[0].waited == 0.05


class Hangs:
    """A program that does not end."""

    def wait(self, seconds):
        self.waited = seconds
        raise module.subprocess.TimeoutExpired("hangs", seconds)
