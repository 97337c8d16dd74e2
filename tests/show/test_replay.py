import pytest
from click.testing import CliRunner

from midifrag.cli import app
from midifrag.errors import ClipError
from midifrag.fragment.archive import Archive
from midifrag.intents import Press, Prompt
from midifrag.midi.messages import ControlChange, NoteOn
from midifrag.show.replay import is_performed, read_performance
from tests.support.runtimes import played_show


def test_a_show_can_be_played_again_from_its_log(tmp_path, monkeypatch):
    first = tmp_path / "first"
    with played_show(first) as show:
        for note in (36, 37, 36):
            show.note(note)
        show.runtime.put(Prompt("short rim", {"seconds": 1}, show.runtime.clock.now()))
        show.seen.wait_for(
            lambda changes: sum(getattr(c, "state", "") == "landed" and hasattr(c, "slot") for c in changes) == 4
        )
    (log,) = (first / "archive" / "sessions").glob("*.jsonl")
    monkeypatch.chdir(tmp_path)
    CliRunner().invoke(app, ["init", "."])
    result = CliRunner().invoke(app, ["play", str(log), "--speed", "10", "--fragments", "again", "--model", "sketch"])
    assert result.exit_code == 0, result.output
    prompts = [take.prompt for take in reversed(Archive(tmp_path / "again" / "archive").find())]
    assert prompts == ["rain on tin, close", "low bowed cello drone, dark hall", "rain on tin, close", "short rim"]


def test_acts_keep_their_distances_and_get_new_times(tmp_path):
    log = tmp_path / "log.jsonl"
    log.write_text(
        '{"at": 100.0, "event": "NoteOn", "port": "p", "channel": 1, "note": 36, "velocity": 90, "time": 5.0}\n'
        '{"at": 101.0, "event": "JobChanged", "job": 1}\n'
        '{"at": 102.0, "event": "ControlChange", "port": "p", "channel": 1, "cc": 7, "value": 3, "time": 7.0}\n'
        '{"at": 103.0, "event": "NoteOn", "por',
        encoding="utf-8",
    )
    acts = list(read_performance(log).at_speed(2.0, now=50.0))
    assert acts == [(0.0, NoteOn("p", 1, 36, 90, 50.0)), (1.0, ControlChange("p", 1, 7, 3, 51.0))]


@pytest.mark.parametrize(
    "content",
    ["", "nonsense", '{"at": 1.0, "event": "JobChanged"}', '{"event": "Panic"}', '{"at": "x", "event": "Panic"}'],
)
def test_what_holds_no_performance_is_said(tmp_path, content):
    log = tmp_path / "log.jsonl"
    log.write_text(content, encoding="utf-8")
    with pytest.raises(ClipError, match=r"log\.jsonl"):
        read_performance(log)


def test_what_a_performer_does_is_logged_and_the_rest_is_not():
    assert is_performed(Press(36, 1, "p", 0.5, 0.0))
    assert not is_performed(object())
