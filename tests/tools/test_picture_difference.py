"""How much of a picture looks different."""

import numpy as np
import pytest
from PIL import Image

from tools.picture_difference import FIELD, difference

SIZE = 10 * FIELD


@pytest.fixture
def saved(tmp_path):
    def save(name, levels):
        Image.fromarray(np.asarray(levels, np.uint8)).save(tmp_path / name)
        return tmp_path / name

    return save


def plain(level=60):
    return np.full((SIZE, SIZE, 3), level, np.uint8)


def test_the_same_picture_does_not_differ(saved):
    assert difference(saved("a.png", plain()), saved("b.png", plain())) == 0


def test_a_field_of_another_colour_is_a_field_s_share(saved):
    changed = plain()
    changed[:FIELD, :FIELD] = (200, 60, 60)
    assert difference(saved("a.png", plain()), saved("b.png", changed)) == pytest.approx(0.01)


def test_a_shade_and_a_few_pixels_are_not_seen(saved):
    changed = plain(61)
    changed[3, 3] = 90
    assert difference(saved("a.png", plain()), saved("b.png", changed)) == 0


def test_the_same_lightness_in_another_hue_is_seen(saved):
    one, other = plain(), plain()
    one[:], other[:] = (150, 0, 0), (0, 90, 0)
    assert difference(saved("a.png", one), saved("b.png", other)) == 1


def test_another_size_or_no_picture_is_all_of_it(saved, tmp_path):
    one = saved("a.png", plain())
    assert difference(one, saved("b.png", plain()[:-1])) == 1
    assert difference(one, tmp_path / "none.png") == 1
