"""Waveforms and their pictures."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest
import soundfile

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
