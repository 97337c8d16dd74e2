"""The demo as a newcomer starts it: a process of its own, nothing plugged in."""

import json
import subprocess
import sys
from types import SimpleNamespace

import pytest
import soundfile

from midifrag.commands.demo import _until_ready
from midifrag.errors import EngineError
from midifrag.show.clip import read_clip


def demo(folder, *flags):
    command = [sys.executable, "-m", "midifrag", "demo", "--speed", "4", "--model", "sketch", *flags]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100, check=False)


def test_the_clip_is_what_the_demo_promises():
    from midifrag.commands.demo import CLIP

    clip = read_clip(CLIP)
    kinds = {message.type for _, message in clip.messages}
    assert clip.presses >= 12
    assert {"program_change", "control_change", "note_on"} <= kinds


def test_the_demo_lands_every_press_and_says_what_is_where(tmp_path):
    result = demo(tmp_path)
    assert result.returncode == 0, result.stderr
    assert "15 of 15 presses landed" in result.stdout
    assert "midifrag init my-set" in result.stdout
    for number in range(1, 9):
        assert soundfile.info(tmp_path / "fragments" / f"output{number:02d}.wav").frames > 0


def test_nothing_is_played_before_every_model_is_ready(monkeypatch):
    waiting = [["pocket", "sketch"], ["pocket"], []]
    runtime = SimpleNamespace(engines=SimpleNamespace(waiting=lambda: waiting.pop(0), info=lambda _model: "there"))
    _until_ready(runtime, "pocket", SimpleNamespace(lost=""))
    assert waiting == []
    slow = SimpleNamespace(engines=SimpleNamespace(waiting=lambda: ["pocket"]))
    # It is lost, but the listener has not heard of it yet.
    told = SimpleNamespace(lost="")
    gone = SimpleNamespace(waiting=list, info=lambda _model: setattr(told, "lost", "no weights"))
    with pytest.raises(EngineError, match="no weights"):
        _until_ready(SimpleNamespace(engines=gone), "pocket", told)
    with pytest.raises(EngineError, match="no weights"):
        _until_ready(slow, "pocket", SimpleNamespace(lost="no weights"))
    monkeypatch.setattr("midifrag.commands.demo.LOAD_TIMEOUT", 0.1)
    with pytest.raises(EngineError, match="not ready"):
        _until_ready(slow, "pocket", SimpleNamespace(lost=""))


def test_json_is_one_object_with_every_takes_timings(tmp_path):
    result = demo(tmp_path, "--json", "--fragments", "elsewhere")
    report = json.loads(result.stdout)
    assert [take["take"] for take in report["takes"]] == list(range(1, 16))
    for take in report["takes"]:
        moments = take["after_press"]
        assert 0 <= moments["queued"] <= moments["started"] <= moments["rendered"] <= moments["landed"]
    assert (tmp_path / "elsewhere" / "output01.wav").exists()
