import mido
from click.testing import CliRunner

from midifrag.cli import app
from midifrag.fragment.archive import Archive
from midifrag.show.playing import wait_until_landed
from tests.support.runtimes import played_show


def clip(path, presses):
    file = mido.MidiFile()
    track = mido.MidiTrack()
    file.tracks.append(track)
    for note in presses:
        track.append(mido.Message("note_on", note=note, velocity=90, time=60))
        track.append(mido.Message("note_off", note=note, time=60))
    file.save(path)


def test_waiting_sees_every_press_that_was_sent_before(tmp_path):
    with played_show(tmp_path) as show:
        for _ in range(5):
            show.note(37)
        assert wait_until_landed(show.runtime, 30)
        assert show.runtime.bridge.renders.jobs.pending() == []
    assert Archive(tmp_path / "archive").count() == 5


def test_play_takes_the_controllers_place_and_ends_when_all_has_landed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    runner.invoke(app, ["init", "."])
    clip(tmp_path / "clip.mid", [36, 40, 99, 40])
    result = runner.invoke(app, ["play", "clip.mid", "--speed", "4", "--model", "sketch"])
    assert result.exit_code == 0, result.output
    takes = Archive(tmp_path / "fragments" / "archive").find()
    assert [take.prompt for take in reversed(takes)] == ["rain on tin, close", "short dark kick", "short dark kick"]


def test_a_broken_clip_is_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    runner.invoke(app, ["init", "."])
    (tmp_path / "clip.mid").write_bytes(b"MThd\0\0")
    result = runner.invoke(app, ["play", "clip.mid"])
    assert result.exit_code == 2
    assert "clip.mid" in result.output
    result = runner.invoke(app, ["play", "nope.mid", "--port", "nobody"])
    assert result.exit_code in (1, 2)


def test_a_clip_that_presses_nothing_is_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    runner.invoke(app, ["init", "."])
    clip(tmp_path / "clip.mid", [99])
    result = runner.invoke(app, ["play", "clip.mid", "--speed", "4", "--model", "sketch"])
    assert result.exit_code == 0, result.output
    assert "Nothing in clip.mid pressed a pad" in result.output
