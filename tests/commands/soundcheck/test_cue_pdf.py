"""The cue sheet as a PDF, read back by another library."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader

from midifrag.commands.soundcheck import cue_fonts
from midifrag.commands.soundcheck.cue_pdf import pdf_sheet
from tests.commands.soundcheck.sheets import GREY, a_row, a_section


@pytest.fixture(autouse=True)
def no_other_fonts(monkeypatch):
    monkeypatch.setattr(cue_fonts, "FURTHER", ())


def read(*sections, title="Cue sheet of friday"):
    return PdfReader(io.BytesIO(pdf_sheet(title, sections)))


def texts(pdf):
    """The words of each page, in one line."""
    return [" ".join(page.extract_text().split()) for page in pdf.pages]


def squares(page):
    """How many of the squares that a page draws are filled black, and how many white."""
    filled, fill = [], ""
    for line in page.get_contents().get_data().decode("latin-1").split("\n"):
        if line.endswith(" rg"):
            fill = line
        elif "re" in line.split():
            filled.append(fill)
    return filled.count("0 0 0 rg"), filled.count("1 1 1 rg")


def test_a_row_has_prompt_length_time_picture_and_notes():
    row = a_row(5, "rain on <tin> & glass", name="Café", notes=("late: so much",))
    pdf = read(a_section(row))
    (page,) = texts(pdf)
    for piece in ("Cue sheet of friday", "Opening · program 1", "41 F1", "Café", "rain on <tin> & glass", "1.0 s"):
        assert piece in page
    for piece in ("0.25 s (heard 0.50 s)", "! late: so much", "page 1 of 1"):
        assert piece in page
    (picture,) = pdf.pages[0].images
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(picture.data)).convert("L")), GREY)
    assert pdf.metadata.title == "Cue sheet of friday"


def test_the_picture_shows_the_bank_with_one_pad_black():
    assert squares(read(a_section(a_row(5))).pages[0]) == (1, 15)


def test_its_page_fits_on_a4_and_on_letter():
    box = read(a_section(a_row())).pages[0].mediabox
    assert (round(box.width), round(box.height)) == (595, 792)


def test_a_bank_of_sixteen_has_a_page_and_one_of_sixty_four_has_its_head_on_each():
    small = a_section(*(a_row(one, "rain on tin, close, with a bell") for one in range(16)))
    large = a_section(*(a_row(one, pads=64) for one in range(64)), name="Large")
    pages = texts(read(small, large))
    assert "Opening" in pages[0]
    assert len(pages) > 3
    for number, page in enumerate(pages[1:], 2):
        assert "Large · program 1 pad where prompt length expected sound" in page
        assert f"page {number} of {len(pages)}" in page
    found = [pad for pad in range(36, 100) if any(f" {pad} " in page for page in pages[1:])]
    assert found == list(range(36, 100))


def test_a_bank_without_rows_says_so():
    (page,) = texts(read(a_section(lacking="2 of its 2 pads were not rendered")))
    assert "2 of its 2 pads were not rendered" in page


@pytest.mark.parametrize("prompt", ["word " * 2000, "w" * 4000], ids=["words", "a word"])
def test_a_prompt_longer_than_a_page_goes_on_overleaf(prompt):
    pages = texts(read(a_section(a_row(0), a_row(1, prompt, notes=("n",) * 80), a_row(2, "the last"))))
    assert len(pages) > 2
    assert sum(page.replace("sound", "").replace("words", "").count("w") for page in pages) >= prompt.count("w")
    assert "the last" in pages[-1]


def test_odd_names_are_shown_as_far_as_fonts_go():
    row = a_row(0, "雨 🎸 ไทย", name="n" * 500)
    (page,) = texts(read(a_section(row, name="b" * 5000), title="t" * 5000))[-1:]
    assert "[guitar] [???]" in page
    assert "b" * 20 in page
