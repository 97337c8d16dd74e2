"""LoRAs over JACK with ``midifrag run``: a knob moves one while a chord of pads with strengths of their own renders."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import mido
import pytest

from midifrag.config.loras import read_loras
from midifrag.fragment.archive import Archive
from midifrag.fragment.record import TakeRecord
from tests.engine.lora_maker import save_stock_lora
from tests.engine.stock import loaded
from tests.engine.tiny_models import tiny_model_folder
from tests.jack import EACH, again_and_again
from tests.support.performing import Performance
from tools.jack_server import BACKEND

#: Where the knob stands: two thirds of the way from −1 to 2, as far as seven bits say that.
POSITION, STRENGTH = 85, -1 + 3 * 85 / 127


def write_set(folder: Path) -> None:
    tiny_model_folder(folder / "tiny")
    for seed, name in enumerate(("dusty", "vinyl")):
        save_stock_lora(loaded("v"), folder / f"{name}.safetensors", seed=seed)
    (folder / "presets").mkdir()
    (folder / "presets.yaml").write_text(
        f"model: tiny\nprecision: fp32\nbackend: {BACKEND}\nset_list: [one]\ntime: {{source: midi}}\n"
        'ports: {pads: {in: "pads out", out: "pads in"}}\n'
        "engine: {device: cpu, spares: {enabled: false}}\n"
        "models: {tiny: {folder: tiny, loras: [{file: dusty.safetensors, strength: 0.2}]}}\n"
        "controls: [{cc: 24, sets: lora.dusty}]\n"
    )
    (folder / "presets" / "one.yaml").write_text(
        "name: One\n"
        "defaults: {seconds: 0.5, seed: 7, steps: 12, sampler: dpmpp-2m}\n"
        "pads:\n"
        "  36: {prompt: rain}\n"
        "  37: {prompt: rain, loras: [{name: dusty, strength: 0.9}, {file: vinyl.safetensors}]}\n"
        "  38: {prompt: rain, loras: [{name: dusty, strength: 0}]}\n"
    )


def strengths(record: TakeRecord) -> dict[str, float]:
    loras = read_loras(str(record.parameters["loras"])) if record.parameters.get("loras") else ()
    assert all(one.checksum for one in loras)
    return {one.name: round(one.strength, 4) for one in loras}


@pytest.mark.thorough
@pytest.mark.timeout(900)  # a model is built and loaded twice, on whatever else goes on
def test_a_knob_on_a_lora_while_a_chord_renders(tmp_path, peer, monkeypatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    pads = peer("pads")
    write_set(tmp_path)
    knob = mido.Message("control_change", control=24, value=POSITION)

    def chord(show: Performance) -> None:
        for note in (36, 37, 38):
            before = show.log().heard(note)

            def is_heard(note: int = note, before: int = before) -> bool:
                pads.send(mido.Message("note_on", note=note, velocity=100))
                return show.wait_for_log(lambda log: log.heard(note) > before, EACH)

            assert again_and_again(is_heard)

    def has_moved(log) -> bool:
        return any(line["event"] == "ControlChanged" and line["name"] == "lora.dusty" for line in log.lines)

    with Performance(tmp_path) as show:
        for part in ("ready", "input pads", "output pads"):
            show.wait_for_line(part)
        chord(show)
        assert again_and_again(lambda: (pads.send(knob), show.wait_for_log(has_moved, EACH))[1])
        chord(show)
        for note in (36, 37, 38):
            assert show.wait_for_log(lambda log, note=note: log.has_landed(note)), show.lines
        assert show.interrupt() == 0, show.lines
        log = show.log()
    with closing(Archive(show.fragments / "archive")) as archive:
        takes = {record.job: strengths(record) for record in archive.find(limit=100)}
    changes = (line for line in log.lines if line["event"] == "JobChanged" and line["state"] == "landed")
    jobs = {line["job"]: line["pad"] for line in changes}
    told = {pad: [takes[job] for job in sorted(jobs) if jobs[job] == pad] for pad in ("36", "37", "38")}
    moved = round(STRENGTH, 4)
    # Each press has the strength that the knob had when it came.
    assert (told["36"][0], told["36"][-1]) == ({"dusty": 0.2}, {"dusty": moved})
    assert (told["37"][0], told["37"][-1]) == ({"dusty": 0.9, "vinyl": 1.0}, {"dusty": moved, "vinyl": 1.0})
    assert (told["38"][0], told["38"][-1]) == ({}, {"dusty": moved})
