"""The cue sheet as a page."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from midifrag.commands.soundcheck.cue_sheet import cue_sheet, pad_picture, png, write_cue_sheet
from midifrag.pad_key import PadKey
from tests.commands.soundcheck.test_hearing import a_take, tone
from tests.support.shows import bank


def test_a_row_has_prompt_length_time_picture_and_notes(tmp_path):
    _show, take = a_take(tone(440), landed=1.25, name="<Rain>")
    page = cue_sheet("A & B", [take], {take.name: ["late: so much"]})
    for piece in ("A &amp; B", "&lt;Rain&gt;", "1.0 s", "1.25 s", "late: so much", "data:image/png;base64,", "<svg"):
        assert piece in page
    for notes in ({take.name: ["late: so much"]}, {}):
        write_cue_sheet(tmp_path / "sheet.html", "A & B", [take], notes)
    assert [file.name for file in tmp_path.iterdir()] == ["sheet.html"]
    assert "late" not in (tmp_path / "sheet.html").read_text(encoding="utf-8")


def test_the_picture_shows_where_the_pad_lies():
    drawn = pad_picture(bank(pads={36: {"prompt": "a"}, 41: {"prompt": "b"}}), PadKey(41))
    assert 'aria-label="row 2, column 2"' in drawn
    assert drawn.count('fill="#000"') == 1


def test_a_picture_is_read_back_as_it_was():
    grey = np.arange(6, dtype=np.uint8).reshape(2, 3)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png(grey)))), grey)
