"""A selection of takes as one zip."""

import time
import zipfile

import numpy as np
import pytest

from midifrag.errors import UnknownTakeError
from midifrag.fragment.archive import Archive
from midifrag.fragment.record import TakeRecord
from midifrag.page.web.export import describe, write_export


def test_a_take_says_everything_that_is_known_of_it():
    rendered = time.mktime((2026, 3, 14, 12, 0, 0, 0, 0, -1))
    parameters = {"prompt": "rain", "seed": 5, "steps": 8, "sampler": "", "cfg_scale": None}
    take = TakeRecord(
        "rain", preset="storm", bank="one", model="sketch", checksum="abc", seed=5, parameters=parameters,
        rendered_at=rendered, file="output001.wav", sample_rate=44100, channels=2, seconds=1.25, slot=3,
        note="for the end",
    )  # fmt: skip
    assert describe(take).splitlines() == [
        "output001.wav",
        "  prompt: rain",
        "  preset: storm",
        "  bank: one",
        "  model: sketch",
        "  checksum: abc",
        "  seed: 5",
        "  steps: 8",
        "  length: 1.25 s, 44100 Hz, 2 channels",
        "  rendered: 2026-03-14 12:00:00",
        "  slot: 3",
        "  note: for the end",
    ]


def test_what_is_not_known_is_left_out():
    take = TakeRecord("rain", preset="rain", file="output001.wav", starred=True)
    lines = ["output001.wav *", "  prompt: rain", "  length: 0.00 s, 0 Hz, 0 channels"]
    assert describe(take).splitlines() == lines


def test_an_export_has_every_take_once_and_what_made_it(tmp_path):
    archive = Archive(tmp_path / "archive")
    noise = np.random.default_rng(0).normal(size=(2, 441)).astype(np.float32) / 8
    for prompt in ("rain", "bell"):
        record = TakeRecord(
            prompt=prompt, bank="one", model="sketch", seed=5, parameters={"steps": 8, "cfg_scale": None}
        )
        archive.store(noise, 44100, record)
    archive.star(2)
    write_export(archive, [2, 1, 2], tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as bundle:
        assert bundle.testzip() is None
        assert sorted(bundle.namelist()) == [
            f"midifrag-takes/{name}" for name in ("output001.wav", "output002.wav", "takes.txt")
        ]
        assert bundle.read("midifrag-takes/output001.wav") == archive.path(1).read_bytes()
        text = bundle.read("midifrag-takes/takes.txt").decode()
    assert text.index("output002.wav *") < text.index("output001.wav")
    assert "  steps: 8\n" in text
    assert "cfg_scale" not in text
    with pytest.raises(UnknownTakeError):
        write_export(archive, [3], tmp_path / "none.zip")
    archive.close()
