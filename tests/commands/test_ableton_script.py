import pytest
from click.testing import CliRunner

from midifrag.cli import app
from midifrag.commands import ableton_script
from midifrag.commands.console import out
from midifrag.doors.live import library
from midifrag.doors.live.answers import Status
from midifrag.doors.live.meeting import Meeting, meeting_file
from midifrag.errors import DoorError

STATUS = Status(
    live="12.4.1",
    has=("replace_sample", "create_audio_clip"),
    slots=2,
    objects={"1": "midifrag 1 / [Simpler]"},
    names={"1": "the track or chain midifrag 1", "2": "the track or chain midifrag 2"},
    selected="Bass",
    playing=(1,),
    troubles={"2": "no Simpler: give the track one"},
    landed=17,
    folder="/fragments/ableton",
    in_slots=(),
)


@pytest.fixture(autouse=True)
def script(tmp_path, monkeypatch):
    folder = tmp_path / "script"
    folder.mkdir()
    (folder / "__init__.py").write_text("# midifrag\nVERSION = 3\n")
    monkeypatch.setattr(library, "SCRIPT", folder)
    monkeypatch.setenv("MIDIFRAG_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(out, "_width", 200)
    (tmp_path / "Library").mkdir()


@pytest.fixture
def ableton(tmp_path):
    def call(name):
        return CliRunner().invoke(app, ["ableton", name, "--user-library", str(tmp_path / "Library")])

    return call


@pytest.fixture
def show(monkeypatch):
    """Have a show answer that."""

    def answers(status):
        monkeypatch.setattr(ableton_script, "ask_status", lambda _path: status)

    return answers


def test_install_says_what_is_left_to_do(ableton, tmp_path):
    result = ableton("install")
    assert result.exit_code == 0
    assert f"version 3, is in {tmp_path / 'Library' / 'Remote Scripts' / 'midifrag'}" in result.output
    assert "restart it" in result.output
    assert "choose midifrag as a Control Surface" in result.output
    assert "ableton: {}" in result.output


def test_remove_says_whether_it_was_there(ableton):
    assert "midifrag's script is not in " in ableton("remove").output
    ableton("install")
    assert "is gone from " in ableton("remove").output


def test_a_library_that_is_not_found_is_an_error(monkeypatch):
    def none():
        raise DoorError("no User Library")

    monkeypatch.setattr(library, "user_library", none)
    for name in ("install", "remove"):
        result = CliRunner().invoke(app, ["ableton", name])
        assert (result.exit_code, result.output) == (1, "no User Library\n")
    result = CliRunner().invoke(app, ["ableton", "status"])
    assert result.exit_code == 0
    assert "no User Library" in result.output


def test_status_tells_all_there_is_to_know(ableton, show):
    ableton("install")
    show(STATUS)
    Meeting(1, "a", 4711).write(meeting_file())
    lines = [" ".join(line.split()) for line in ableton("status").output.splitlines()]
    assert lines[0].startswith("script version 3, in ")
    assert lines[1:5] == [
        "midifrag runs, as process 4711",
        "Live 12.4.1, connected; 17 landed there",
        "copies /fragments/ableton",
        "selected Bass",
    ]
    assert lines[6:] == [
        "slot in Live now",
        "1 midifrag 1 / [Simpler] sounds",
        "2 nothing; looked for is the track or chain midifrag 2",
        "",
        "slot 2: no Simpler: give the track one",
    ]


def test_status_says_what_to_do_where_something_is_missing(ableton, show, tmp_path):
    output = ableton("status").output
    assert "`midifrag ableton install` puts it there" in output
    assert "none runs with ableton: {} in its presets.yaml" in output
    ableton("install")
    (tmp_path / "Library/Remote Scripts/midifrag/old.py").write_text("")
    show(STATUS.model_copy(update={"live": None, "selected": None}))
    output = ableton("status").output
    assert "version 3, not as this midifrag has it: `midifrag ableton install`, and restart Live" in output
    assert "not connected: is it running, with midifrag as a Control Surface in its settings?" in output
    show(STATUS.model_copy(update={"has": ("create_audio_clip",)}))
    assert "it has no replace_sample" in ableton("status").output


def test_a_show_that_does_not_answer_is_told(ableton, monkeypatch):
    def odd(_path):
        raise DoorError("does not answer")

    monkeypatch.setattr(ableton_script, "ask_status", odd)
    result = ableton("status")
    assert (result.exit_code, "does not answer" in result.output) == (0, True)


def test_a_narrow_terminal_gets_a_list(ableton, show, monkeypatch):
    monkeypatch.setattr(out, "_width", 60)
    show(STATUS)
    output = ableton("status").output
    assert max(map(len, output.splitlines())) <= 60
    assert "looked for is the track or chain" in output


@pytest.mark.parametrize("name", ["install", "remove", "status"])
def test_an_empty_name_of_a_library_is_not_this_folder(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["ableton", name, "--user-library", ""])
    assert result.exit_code == (0 if name == "status" else 1)
    assert "--user-library is empty" in result.output
    assert not (tmp_path / "Remote Scripts").exists()


def test_a_folder_where_midifrag_says_where_it_is_is_told(ableton):
    meeting_file().mkdir(parents=True)
    output = ableton("status").output
    assert "ableton.json is a folder, and the place of a file: move it away" in output
