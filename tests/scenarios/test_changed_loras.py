"""LoRAs whose files change: while ``midifrag run`` plays them, and between a take and ``midifrag takes N --again``."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from midifrag.config.loras import read_loras
from midifrag.engine.loading.checksum import checksum
from midifrag.fragment.archive import Archive
from midifrag.fragment.record import TakeRecord
from tests.doors.osc.peer import free_port, packet, send
from tests.engine.lora_maker import save_stock_lora
from tests.engine.sa3_models import sa3, save_repository
from tests.support.performing import Performance

#: How far from each other takes are at most, and at least.
SAME, OTHER = 1e-5, 1e-4
NAME = "stabilityai/stable-audio-3-small-music"

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.timeout(1800),  # shows and commands each load a model and its text encoder
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_repository(tmp_path_factory.mktemp("sa3"), NAME)


@pytest.fixture
def folder(tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A set with two LoRAs in turn, of which one is more than added."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for seed, (name, kind) in enumerate({"dusty": "lora", "vinyl": "dora-rows", "other": "lora"}.items()):
        save_stock_lora(sa3(), tmp_path / f"{name}.safetensors", kind, seed)
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets.yaml").write_text(
        f"model: mine\nprecision: fp32\nset_list: [one]\ntime: {{source: internal}}\nports: {{pads: {{in: nobody}}}}\n"
        f"osc: {{listen: {free_port()}}}\nengine: {{device: cpu, spares: {{enabled: true, count: 1}}}}\n"
        f"models: {{mine: {{folder: '{model}'}}}}\n"
    )
    (tmp_path / "presets" / "one.yaml").write_text(
        "name: One\ndefaults: {seconds: 0.5, seed: 7, steps: 2, loras: [{file: dusty.safetensors, strength: 2}]}\n"
        "pads:\n  36: {prompt: rain}\n"
        "  37: {prompt: rain, loras: [{file: vinyl.safetensors, strength: -1}]}\n"
    )
    return tmp_path


def press(show: Performance, pad: int) -> None:
    listen = int((show.folder / "presets.yaml").read_text().partition("listen: ")[2].partition("}")[0])
    before = len(show.log().jobs(pad))
    send(listen, packet("/midifrag/press", pad, 100))
    landed = ["landed"] * (before + 1)
    assert show.wait_for_log(lambda log: log.jobs(pad) == landed), show.lines


def takes(folder: Path) -> dict[int, TakeRecord]:
    with closing(Archive(folder / "fragments" / "archive")) as archive:
        return {record.number or 0: record for record in archive.find(limit=100)}


def audio(folder: Path, number: int) -> np.ndarray:
    with closing(Archive(folder / "fragments" / "archive")) as archive:
        return archive.read(number)[0]


def apart(folder: Path, one: int, other: int) -> float:
    """How far two takes are from each other; what is attached beside a LoRA rounds its sums otherwise."""
    return float(np.abs(audio(folder, one) - audio(folder, other)).max())


def again(folder: Path, number: int) -> tuple[int, str]:
    command = [sys.executable, "-m", "midifrag", "takes", str(number), "--again"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def played(record: TakeRecord) -> dict[str, tuple[float, str]]:
    return {one.name: (one.strength, one.checksum) for one in read_loras(str(record.parameters["loras"]))}


def test_a_take_is_rendered_again_with_its_loras_and_with_no_others(folder: Path) -> None:
    dusty, vinyl = folder / "dusty.safetensors", folder / "vinyl.safetensors"
    with Performance(folder) as show:
        show.wait_for_line("ready")
        press(show, 36)
        press(show, 37)
        assert show.interrupt() == 0, show.lines
    first, second = takes(folder)[1], takes(folder)[2]
    assert played(first) == {"dusty": (2.0, checksum(dusty))}
    assert played(second) == {"dusty": (2.0, checksum(dusty)), "vinyl": (-1.0, checksum(vinyl))}
    for number in (1, 2):
        code, told = again(folder, number)
        assert code == 0, told
        copy = number + 2
        assert played(takes(folder)[copy]) == played(takes(folder)[number])
        assert apart(folder, copy, number) < SAME
    assert apart(folder, 1, 2) > OTHER

    own = dusty.read_bytes()
    dusty.write_bytes((folder / "other.safetensors").read_bytes())
    code, told = again(folder, 1)
    assert (code, "is another LoRA than the one that is meant" in told) == (1, True), told
    dusty.unlink()
    code, told = again(folder, 2)
    assert (code, f"There is no LoRA {dusty}" in told) == (1, True), told
    assert len(takes(folder)) == 4
    dusty.write_bytes(own)
    assert again(folder, 2)[0] == 0
    assert apart(folder, 5, 2) < SAME


def test_a_file_that_is_replaced_while_a_show_runs_is_heard_and_its_spares_go(folder: Path) -> None:
    dusty = folder / "dusty.safetensors"
    old, new = checksum(dusty), checksum(folder / "other.safetensors")
    with Performance(folder) as show:
        show.wait_for_line("ready")
        press(show, 36)
        # As a copy does: the same file, which is half written in between.
        content = (folder / "other.safetensors").read_bytes()
        dusty.write_bytes(content[: len(content) // 2])
        show.wait_for_line("LoRA dusty: its file was replaced")
        press(show, 36)
        dusty.write_bytes(content)
        show.wait_for_line("LoRA dusty: its file was replaced", 2)
        press(show, 36)
        dusty.unlink()
        show.wait_for_line(f"LoRA dusty: {dusty} is gone; until the show ends, it plays as it was")
        press(show, 36)
        assert show.interrupt() == 0, show.lines
        landed = [line for line in show.log().lines if line["event"] == "JobChanged" and line["state"] == "landed"]
    made = takes(folder)
    assert [played(made[number])["dusty"][1] for number in sorted(made)] == [old, old, new, new]
    told = [line.get("text", "") for line in landed]
    assert ["it plays as it was before" in text for text in told] == [False, True, False, True], told
    assert apart(folder, 1, 2) < SAME
    assert apart(folder, 2, 3) > OTHER
    assert apart(folder, 3, 4) < SAME
