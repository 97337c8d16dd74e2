"""The cue sheet as a page."""

from __future__ import annotations

from midifrag.commands.soundcheck.cue_html import html_sheet, pad_picture
from tests.commands.soundcheck.sheets import a_row, a_section


def test_a_row_has_prompt_length_time_picture_and_notes():
    row = a_row(prompt="雨", name="<Rain>", notes=("late: so much",))
    page = html_sheet("A & B", [a_section(row, lacking="3 pads were not rendered")]).decode()
    for piece in ("A &amp; B", "&lt;Rain&gt;", "雨", "1.0 s", "0.25 s (heard 0.50 s)", "late: so much", "<svg"):
        assert piece in page
    assert "data:image/png;base64," in page
    assert "3 pads were not rendered" in page


def test_the_picture_shows_where_the_pad_lies():
    drawn = pad_picture(a_row(5))
    assert 'aria-label="row 2, column 2"' in drawn
    assert drawn.count('fill="#000"') == 1
    assert drawn.count("<rect") == 16


def test_a_bank_without_rows_has_no_table():
    page = html_sheet("A", [a_section(lacking="2 of its 2 pads were not rendered")]).decode()
    assert "<table" not in page
    assert "2 of its 2 pads" in page
