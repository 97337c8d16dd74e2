"""Waveforms and exports."""

import xml.etree.ElementTree as ET
import zipfile

import numpy as np
import pytest
import soundfile

from midifrag.errors import UnknownTakeError
from midifrag.fragment.archive import Archive
from midifrag.fragment.record import TakeRecord
from midifrag.page.web.export import write_export
from midifrag.page.web.waves import BLOCK, COLUMNS, peaks, picture


def test_each_column_is_the_highest_level_of_its_stretch(tmp_path):
    frames = np.zeros((24000, 2), np.float32)
    frames[100, 1] = -0.5
    frames[23999, 0] = 0.25
    soundfile.write(tmp_path / "a.wav", frames, 44100, subtype="FLOAT")
    levels = peaks(tmp_path / "a.wav")
    assert levels.shape == (COLUMNS,)
    assert (levels[1], levels[-1]) == (0.5, 0.25)
    assert np.count_nonzero(levels) == 2


@pytest.mark.parametrize("count", [1, 7, COLUMNS, BLOCK + 1, 3 * BLOCK])
def test_every_length_is_drawn_to_its_end(tmp_path, count):
    frames = np.linspace(0, 1, count, dtype=np.float32)
    soundfile.write(tmp_path / "a.wav", frames, 44100, subtype="FLOAT")
    levels = peaks(tmp_path / "a.wav")
    assert levels.max() == frames.max()
    assert np.all(np.diff(levels[levels > 0]) >= 0)


def test_what_is_not_finite_or_too_loud_is_drawn_within_bounds(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.float32([np.nan, np.inf, 7, -1]), 44100, subtype="FLOAT")
    levels = peaks(tmp_path / "a.wav")
    assert np.all((levels >= 0) & (levels <= 1))


def test_an_empty_file_is_a_flat_line_and_no_audio_an_error(tmp_path):
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), 44100)
    assert not peaks(tmp_path / "empty.wav").any()
    (tmp_path / "text.wav").write_text("no audio")
    for name in ("text.wav", "missing.wav"):
        with pytest.raises(OSError, match=r".+"):
            peaks(tmp_path / name)


def test_the_picture_is_symmetric_and_sound_xml():
    drawn = ET.fromstring(picture(np.float32([0, 1, 0.5]), "#123456"))
    points = [tuple(map(float, point.split(","))) for point in drawn[0].get("points").split()]
    assert points == [(0, 32), (1, 1), (2, 16.5), (2, 47.5), (1, 63), (0, 32.5)]


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
